"""Processor features as this package sees them and as CTranslate2 reports them (functions, processes)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hushbeam.transforms.transcribe.processor import multiplies_with_mkl
from hushbeam.transforms.transcribe.settings import TranscriptionSettings

PROCESSOR = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""


def told_by_ctranslate2(what: str, **environment: str) -> str:
    """What CTranslate2 says it computes with, in a process of its own."""
    inherited = {name: value for name, value in os.environ.items() if name != "CT2_FORCE_CPU_ISA"}
    code = "from hushbeam.transforms.transcribe.model import load, TranscriptionSettings as S; load(S(model='tiny.en'))"
    command = [sys.executable, "-c", code]
    environment = inherited | {"CT2_VERBOSE": "1"} | environment
    told = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=True).stderr
    return told.partition(f"{what}: ")[2].split("\n")[0]


@pytest.mark.skipif("avx512_vnni" not in PROCESSOR, reason="this processor has no AVX-512 with VNNI")
def test_avx_512_is_used_where_it_slows_nothing_else_down() -> None:
    assert told_by_ctranslate2("Selected ISA") == "AVX512"


@pytest.mark.skipif("avx2" not in PROCESSOR, reason="this processor has no AVX2")
def test_an_instruction_set_in_the_environment_is_used() -> None:
    assert told_by_ctranslate2("Selected ISA", CT2_FORCE_CPU_ISA="AVX2") == "AVX2"


@pytest.mark.skipif("vendor_id" not in PROCESSOR, reason="CTranslate2 has MKL for x86 alone")
@pytest.mark.parametrize("environment", [{}, {"CT2_USE_MKL": "0"}, {"CT2_USE_MKL": "1"}])
def test_the_library_for_matrix_products_is_known(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert told_by_ctranslate2("Use Intel MKL") == str(multiplies_with_mkl()).lower()


def test_batches_are_larger_where_each_product_arranges_the_weights_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hushbeam.transforms.transcribe.settings.cores", lambda: 2)
    monkeypatch.setenv("CT2_USE_MKL", "0")
    assert TranscriptionSettings(workers=2).batch == 16
    monkeypatch.setenv("CT2_USE_MKL", "1")
    assert TranscriptionSettings(workers=2).batch == 4
    assert TranscriptionSettings(workers=1).batch == 8
