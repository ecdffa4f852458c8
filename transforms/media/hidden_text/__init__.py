"""Removes from compressed pictures what is no picture and can hold text: captions, user data, comments."""
