"""Words and findings from the encrypted store, to render recordings again."""

from typing import TYPE_CHECKING

from hushbeam.transforms.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from hushbeam.transforms.restore_findings.fewer_policies import policies_left_out
    from hushbeam.transforms.restore_findings.transform import Changes, Rendering, RestoreFindings

__all__ = ["Changes", "Rendering", "RestoreFindings", "policies_left_out"]

__getattr__ = lazy_exports(
    __name__,
    fewer_policies=("policies_left_out",),
    transform=(
        "Changes",
        "Rendering",
        "RestoreFindings",
    ),
)
