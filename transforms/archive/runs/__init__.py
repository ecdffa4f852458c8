"""Files below `runs/` of an output root: summaries, timings, and which private roots runs used."""
