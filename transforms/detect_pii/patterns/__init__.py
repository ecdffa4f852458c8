"""Recognisers of formats: Presidio's, and the patterns and terms that the user names."""
