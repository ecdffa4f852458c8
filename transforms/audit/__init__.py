"""AuditOutput: the check of an output root, using only its files."""

from hushbeam.transforms.audit.settings import AuditSettings
from hushbeam.transforms.audit.transform import AuditOutput

__all__ = ["AuditOutput", "AuditSettings"]
