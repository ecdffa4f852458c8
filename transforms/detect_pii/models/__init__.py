"""The models that recognisers run, and where their files are."""
