"""Layout of an output root: status objects, certificates, tables, run files, locks, tombstones, reviews.

Stages write it, and commands such as `audit` and `erase` read it. Both import this package, and not each other.
"""
