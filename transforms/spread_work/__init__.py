"""Who hears what."""

from hushbeam.transforms.spread_work.transform import SpreadWork

__all__ = ["SpreadWork"]
