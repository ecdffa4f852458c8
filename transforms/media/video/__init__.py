"""Videos: writes them with the source's pictures and new audio, and searches published ones for hidden text."""
