"""What a command does before its pipeline runs: imports and models early, and job servers."""
