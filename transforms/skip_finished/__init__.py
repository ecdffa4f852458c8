"""Skipping of recordings whose output is up to date."""

from hushbeam.transforms.skip_finished.transform import SkipFinished, Unfinished

__all__ = ["SkipFinished", "Unfinished"]
