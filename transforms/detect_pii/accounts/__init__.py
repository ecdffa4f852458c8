"""Recognisers of e-mail and web addresses, user names and passwords."""
