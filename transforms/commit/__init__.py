"""From finished files to public ones."""

from hushbeam.transforms.commit.transform import Commit, RecoverCommitted

__all__ = ["Commit", "RecoverCommitted"]
