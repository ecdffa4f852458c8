"""What CTranslate2 makes of this machine's processor."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

_FACTS = Path("/proc/cpuinfo")
_WIDE_VECTORS = frozenset({"avx512f", "avx512cd", "avx512vl", "avx512bw", "avx512dq", "avx512_vnni"})
"""What CTranslate2's code for AVX-512 is compiled for, and VNNI."""


def use_wide_vectors() -> None:
    """Has CTranslate2 use AVX-512 where that pays.

    It does not by itself, since the first processors that had it slowed down as a whole; those that have VNNI as well
    do not. It asks for the variable once, when it first computes.
    """
    if frozenset(_fact("flags").split()) >= _WIDE_VECTORS:
        os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")


def multiplies_with_mkl() -> bool:
    """Whether CTranslate2 multiplies matrices with Intel's library: on Intel's processors, or where it is told to.

    On others oneDNN or Ruy arrange a model's weights anew for each product, which many rows at once pay for better.
    """
    told = os.environ.get("CT2_USE_MKL", "").lower()
    return told in ("1", "true") if told else _fact("vendor_id") == "GenuineIntel"


@cache
def _fact(name: str) -> str:
    """What Linux on x86 says of its first processor; empty elsewhere."""
    if not _FACTS.exists():
        return ""
    for line in _FACTS.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
