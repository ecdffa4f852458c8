"""Arbitrary manifests: each line becomes a recording or a rejection. The long run: `make fuzz`."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from hushbeam.transforms.read_manifest.line import ManifestLine
from hushbeam.transforms.read_manifest.parquet import fork_server
from tests.few_examples import few
from tests.fuzz.manifests import LINES, damaged, originals, outcomes

FILES = originals()
KEYS = st.sampled_from([*ManifestLine.model_fields]) | st.text(max_size=9)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module", autouse=True)
def one_server_for_all_files() -> Iterator[None]:
    with fork_server():
        yield


QUICK = few(150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_what_is_whole_is_read(tmp_path: Path) -> None:
    for suffix, content in FILES.items():
        (tmp_path / f"whole{suffix}").write_bytes(content)
        assert list(outcomes(tmp_path / f"whole{suffix}")) == ["recording"] * len(LINES)


@QUICK
@given(st.sampled_from(sorted(FILES)), st.integers(0, 2**32))
def test_damaged_manifests_give_lines_or_rejections(tmp_path: Path, suffix: str, seed: int) -> None:
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(damaged(FILES[suffix], list(FILES.values()), random.Random(seed)))
    assert set(outcomes(path)) <= {"recording", "rejected"}


@QUICK
@given(st.sampled_from([".jsonl", ".csv"]), st.binary(max_size=400))
def test_any_bytes_are_lines_or_rejections(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(content)
    assert set(outcomes(path)) <= {"recording", "rejected"}


@QUICK
@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_json_object_is_a_recording_or_rejected(tmp_path: Path, values: dict[str, Any]) -> None:
    path = tmp_path / "any.jsonl"
    path.write_text(json.dumps({"audio_url": "a.wav"} | values) + "\n")
    assert set(outcomes(path)) <= {"recording", "rejected"}


@pytest.mark.parametrize(
    "line",
    [
        '{"audio_url": "a.wav", "metadata": [1, 2]}',
        '{"audio_url": "a.wav", "redact_pii_policies": "' + "[" * 5_000 + '"}',
        '{"audio_url": "a.wav", "metadata": "' + "[" * 5_000 + '"}',
        '{"audio_url": ' + "1" * 5_000 + "}",
        '{"audio_url": "a.wav", "recording_id": "\\ud800"}',
        '{"audio_url": "\\ud800.wav"}',
        '{"audio_url": "a.wav", "metadata": {"\\ud800": "\\udfff"}}',
        "[" * 100_000,
    ],
)
def test_a_line_that_breaks_parsers_is_rejected_alone(tmp_path: Path, line: str) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(f'{line}\n{{"audio_url": "b.wav"}}\n')
    assert list(outcomes(path)) == ["rejected", "recording"]


def test_a_parquet_file_that_breaks_off_is_rejected_from_there_on(tmp_path: Path) -> None:
    path = tmp_path / "broken.parquet"
    pq.write_table(pa.Table.from_pylist([{"audio_url": f"{n}.wav"} for n in range(9)]), path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert list(outcomes(path)) == ["rejected"]
