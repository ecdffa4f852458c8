"""Encrypted store of words and findings, from which recordings can be rendered again."""

from hushbeam.transforms.archive.findings_store import FindingsStore
from hushbeam.transforms.store_findings.transform import StoreFindings

__all__ = ["FindingsStore", "StoreFindings"]
