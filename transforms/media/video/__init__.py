"""Videos: the pictures are copied, the audio is new. Looks for captions in what is published."""
