"""Basis of all stages: running them over recordings, unexpected errors, secrets, encryption, temporary files."""
