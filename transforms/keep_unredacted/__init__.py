"""Unredacted output: encrypted transcripts with all words, under a private root."""

from hushbeam.transforms.keep_unredacted.transform import KeepUnredacted, PublishUnredacted

__all__ = ["KeepUnredacted", "PublishUnredacted"]
