"""Manifest files in all three formats, valid and damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.read_manifest.files import read_lines
from hushbeam.transforms.read_manifest.line import ManifestDefaults, ManifestLineError, read_line


def lines(path: Path) -> list[tuple[int, object]]:
    return list(read_lines(str(path)))


def test_json_lines_are_numbered_over_blank_and_broken_ones(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"audio_url": "a.wav"}\n\n{"audio_url": \n[1]\n\xff\xfe\n{"audio_url": "b.wav"}')
    found = lines(path)
    assert [number for number, _ in found] == [1, 3, 4, 5, 6]
    assert found[0][1] == {"audio_url": "a.wav"}
    assert all(isinstance(values, ManifestLineError) for _, values in found[1:4])
    assert found[4][1] == {"audio_url": "b.wav"}


def test_a_line_without_end_costs_no_memory_and_the_next_one_is_read(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_bytes(b"x" * (3 << 20) + b'\n{"audio_url": "b.wav"}\n')
    (first, error), second = lines(path)
    assert first == 1
    assert isinstance(error, ManifestLineError)
    assert second == (2, {"audio_url": "b.wav"})


def test_csv_has_a_header_and_quoted_cells(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text('audio_url,redact_pii_policies\na.wav,"person_name,date"\nb.wav,date,surplus\nc.wav\n')
    found = lines(path)
    assert found[0] == (2, {"audio_url": "a.wav", "redact_pii_policies": "person_name,date"})
    assert isinstance(found[1][1], ManifestLineError)
    assert found[2] == (4, {"audio_url": "c.wav", "redact_pii_policies": None})


def test_parquet_rows_come_with_their_types(tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    rows = [{"audio_url": "a.wav", "redact_pii_policies": ["date"], "redact_pii_audio": None}]
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert lines(path) == [(1, rows[0])]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_a_transcript_may_be_named_in_every_format(tmp_path: Path, name: str) -> None:
    path, values = tmp_path / name, {"audio_url": "a.wav", "transcript_url": "a.json"}
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist([values, {"audio_url": "b.wav"}]), path)
    elif path.suffix == ".csv":
        path.write_text("audio_url,transcript_url\na.wav,a.json\nb.wav,\n")
    else:
        path.write_text(f'{json.dumps(values)}\n{{"audio_url": "b.wav"}}\n')
    recordings = [read_line(dict(read), ManifestDefaults(), str(path), 1) for _, read in read_lines(str(path))]  # type: ignore[arg-type]
    assert [recording.transcript_url for recording in recordings] == [str(tmp_path / "a.json"), None]


def test_rows_of_nothing_but_commas_are_blank(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfaudio_url,recording_id\r\na.wav,a\r\n,\r\nb.wav,b\r\n,\r\n")
    assert lines(path) == [
        (2, {"audio_url": "a.wav", "recording_id": "a"}),
        (4, {"audio_url": "b.wav", "recording_id": "b"}),
    ]


def test_the_numbers_of_rows_that_pandas_writes_are_no_column(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"audio_url": ["a.wav"], "__index_level_0__": [7]}), path)
    assert list(read_lines(str(path))) == [(1, {"audio_url": "a.wav"})]


def test_another_suffix_is_the_operators_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--manifest"):
        lines(tmp_path / "calls.xlsx")


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3), max_size=5))
def test_every_json_object_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]) -> None:
    path = tmp_path_factory.mktemp("manifest") / "calls.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [values for _, values in lines(path)] == rows
