"""Completeness of files: compares the sizes that a file states with its bytes."""
