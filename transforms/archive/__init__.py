"""How an output root is laid out: status objects, certificates, tables, run files, locks, tombstones, reviews.

Stages write it, and commands that look after an output read it. Both import from here, and never from each other.
"""
