"""AuditOutput: the check of an output root, using only its files."""

from typing import TYPE_CHECKING

from hushbeam.transforms.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from hushbeam.transforms.audit.settings import AuditSettings
    from hushbeam.transforms.audit.transform import AuditOutput

__all__ = ["AuditOutput", "AuditSettings"]

__getattr__ = lazy_exports(
    __name__,
    settings=("AuditSettings",),
    transform=("AuditOutput",),
)
