"""Sources: how stages look up and read recordings and given transcripts."""
