"""From the encrypted store back to what is to be rendered."""

from transforms.restore_findings.changes import Changes
from transforms.restore_findings.transform import RestoreFindings

__all__ = ["Changes", "RestoreFindings"]
