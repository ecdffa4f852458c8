"""Recognisers of what people say about themselves: nationality, religion, occupation, health."""
