"""Encrypted store of words and findings, from which recordings can be rendered again."""

from hushbeam.transforms.store_findings.transform import StoreFindings

__all__ = ["StoreFindings"]
