"""The unredacted output: what was said as it was said, sealed, and away from everything public."""

from transforms.keep_unredacted.output import UnredactedOutput
from transforms.keep_unredacted.transform import KeepUnredacted, PublishUnredacted

__all__ = ["KeepUnredacted", "PublishUnredacted", "UnredactedOutput"]
