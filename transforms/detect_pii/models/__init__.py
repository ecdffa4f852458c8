"""Models that recognisers run."""
