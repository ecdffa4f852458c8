"""Publishing of a recording's outputs, and recovery of what killed runs published."""

from hushbeam.transforms.commit.transform import Commit, RecoverCommitted

__all__ = ["Commit", "RecoverCommitted"]
