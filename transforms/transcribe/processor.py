"""Processor features that CTranslate2 uses."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

_FACTS = Path("/proc/cpuinfo")
_WIDE_VECTORS = frozenset({"avx512f", "avx512cd", "avx512vl", "avx512bw", "avx512dq", "avx512_vnni"})
"""Flags that CTranslate2's AVX-512 code needs, and VNNI."""


def use_wide_vectors() -> None:
    """Makes CTranslate2 use AVX-512 on processors that do not slow down with it: those with VNNI.

    By default CTranslate2 does not use it, because the first processors with AVX-512 slowed down. It reads the variable
    once, when it first computes.
    """
    if frozenset(_fact("flags").split()) >= _WIDE_VECTORS:
        os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")


def multiplies_with_mkl() -> bool:
    """Whether CTranslate2 multiplies matrices with Intel's MKL: on Intel processors, or if CT2_USE_MKL says so.

    Otherwise oneDNN or Ruy rearrange the model's weights for each product, which pays only with many rows at once.
    """
    setting = os.environ.get("CT2_USE_MKL", "").lower()
    return setting in ("1", "true") if setting else _fact("vendor_id") == "GenuineIntel"


@cache
def _fact(name: str) -> str:
    """A field of the first processor in Linux's list; empty on other systems."""
    if not _FACTS.exists():
        return ""
    for line in _FACTS.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
