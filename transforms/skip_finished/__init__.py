"""What the run need not do again."""

from hushbeam.transforms.skip_finished.transform import SkipFinished

__all__ = ["SkipFinished"]
