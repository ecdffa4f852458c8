"""ReadManifest and ReadRecords: manifests or records in, recordings out."""

from typing import TYPE_CHECKING

from hushbeam.transforms.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from hushbeam.transforms.read_manifest.line import ManifestDefaults
    from hushbeam.transforms.read_manifest.records import ReadRecords
    from hushbeam.transforms.read_manifest.transform import ReadManifest

__all__ = ["ManifestDefaults", "ReadManifest", "ReadRecords"]

__getattr__ = lazy_exports(
    __name__,
    line=("ManifestDefaults",),
    records=("ReadRecords",),
    transform=("ReadManifest",),
)
