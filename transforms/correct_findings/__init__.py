"""Corrections by reviewers, from `reviews/`, which every run applies in the same way."""

from hushbeam.transforms.correct_findings.transform import CorrectFindings

__all__ = ["CorrectFindings"]
