"""Re-checks what past runs published, from the output root alone."""

from hushbeam.transforms.audit.settings import AuditSettings
from hushbeam.transforms.audit.transform import AuditOutput

__all__ = ["AuditOutput", "AuditSettings"]
