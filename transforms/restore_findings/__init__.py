"""From the encrypted store back to what is to be rendered."""

from hushbeam.transforms.restore_findings.changes import Changes
from hushbeam.transforms.restore_findings.transform import RestoreFindings

__all__ = ["Changes", "RestoreFindings"]
