"""The unredacted output: what was said as it was said, sealed, and away from everything public."""

from hushbeam.transforms.archive.unredacted import UnredactedOutput
from hushbeam.transforms.keep_unredacted.transform import KeepUnredacted, PublishUnredacted

__all__ = ["KeepUnredacted", "PublishUnredacted", "UnredactedOutput"]
