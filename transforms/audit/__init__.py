"""Re-checks what past runs published, from the output root alone."""

from transforms.audit.settings import AuditSettings
from transforms.audit.transform import AuditOutput

__all__ = ["AuditOutput", "AuditSettings"]
