"""Words and findings from the encrypted store, to render recordings again."""

from typing import TYPE_CHECKING

from hushbeam.transforms.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from hushbeam.transforms.restore_findings.transform import Changes, Rendering, RestoreFindings

__all__ = ["Changes", "Rendering", "RestoreFindings"]

__getattr__ = lazy_exports(
    __name__,
    transform=(
        "Changes",
        "Rendering",
        "RestoreFindings",
    ),
)
