"""ReadManifest: manifests in, recordings out."""

from hushbeam.transforms.read_manifest.line import ManifestDefaults
from hushbeam.transforms.read_manifest.transform import ReadManifest

__all__ = ["ManifestDefaults", "ReadManifest"]
