"""Recognisers of names of people, places and organisations."""
