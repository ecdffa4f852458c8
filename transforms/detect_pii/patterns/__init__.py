"""Recognisers of formats: internet addresses, and the patterns and terms that the user names."""
