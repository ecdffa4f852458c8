"""Skipping of recordings whose output is up to date."""

from hushbeam.transforms.skip_finished.transform import SkipFinished

__all__ = ["SkipFinished"]
