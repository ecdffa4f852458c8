"""Who hears what."""

from transforms.spread_work.transform import SpreadWork

__all__ = ["SpreadWork"]
