"""Words and findings from the encrypted store, to render recordings again."""

from hushbeam.transforms.restore_findings.transform import Changes, Rendering, RestoreFindings

__all__ = ["Changes", "Rendering", "RestoreFindings"]
