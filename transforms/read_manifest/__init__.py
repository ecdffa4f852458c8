"""From manifests to recordings."""

from transforms.read_manifest.line import ManifestDefaults
from transforms.read_manifest.transform import ReadManifest

__all__ = ["ManifestDefaults", "ReadManifest"]
