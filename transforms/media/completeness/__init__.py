"""Compares what a file states about its own size with the bytes that are there."""
