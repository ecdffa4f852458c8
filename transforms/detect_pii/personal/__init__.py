"""Recognisers of personal attributes: nationality, religion, occupation, health."""
