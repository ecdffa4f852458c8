"""Recognisers of addresses and places."""
