"""Retention of outputs: audio that expires, and recordings that are erased."""
