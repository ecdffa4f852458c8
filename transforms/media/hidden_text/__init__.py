"""Removal of hidden text from compressed video: captions, user data, comments."""
