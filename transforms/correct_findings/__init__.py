"""What reviewers decided, kept in `reviews/` and applied in the same way by every run."""

from hushbeam.transforms.correct_findings.transform import CorrectFindings

__all__ = ["CorrectFindings"]
