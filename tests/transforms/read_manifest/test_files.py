"""Manifest files in all three formats, valid and damaged."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from decimal import Decimal
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


def test_a_file_that_is_no_manifest_is_the_operators_mistake(tmp_path: Path) -> None:
    (tmp_path / "calls.xlsx").write_bytes(b"PK\x03\x04 a spreadsheet")
    with pytest.raises(ConfigurationError, match="--manifest"):
        lines(tmp_path / "calls.xlsx")


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3), max_size=5))
def test_every_json_object_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]) -> None:
    path = tmp_path_factory.mktemp("manifest") / "calls.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [values for _, values in lines(path)] == rows


@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
def test_tables_with_other_separators_are_read(tmp_path: Path, separator: str) -> None:
    path = tmp_path / ("calls.tsv" if separator == "\t" else "calls.csv")
    rows = [["recording_id", " audio_url", "redact_pii_policies"], ["a", "a.wav", "person_name"]]
    path.write_text("".join(separator.join(row) + "\r\n" for row in rows), encoding="utf-8-sig")
    assert lines(path) == [(2, {"recording_id": "a", "audio_url": "a.wav", "redact_pii_policies": "person_name"})]


@given(
    st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), min_size=1, max_size=4),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_every_cell_comes_back_with_every_separator(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]], separator: str
) -> None:
    path = tmp_path_factory.mktemp("table") / "calls.csv"
    with path.open("w", newline="", encoding="utf-8", errors="replace") as file:
        writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL)
        writer.writerows([["audio_url", "recording_id"], *cells])
    expected = [
        {"audio_url": a.encode(errors="replace").decode(), "recording_id": b.encode(errors="replace").decode()}
        for a, b in cells
        if a or b
    ]
    assert [values for _, values in lines(path)] == expected


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("audio,recording_id", "one of them audio_url; if column 1 is meant, rename it"),
        ("recording_id,Audio_URL", "if column 2 is meant"),
        ("jane-doe.wav,jane", "one of them audio_url, with one column for each key"),
    ],
)
def test_a_table_without_the_column_of_urls_is_one_error_that_repeats_no_cell(
    tmp_path: Path, header: str, told: str
) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(f"{header}\na.wav,b\nc.wav,d\n")
    ((number, error),) = lines(path)
    assert number == 1
    assert told in str(error)
    assert "jane" not in str(error)


def test_a_saved_request_body_and_an_array_of_them_are_manifests(tmp_path: Path) -> None:
    body = {"audio_url": "a.wav", "redact_pii_policies": ["date"]}
    path = tmp_path / "request.json"
    path.write_text(json.dumps(body, indent=2))
    assert lines(path) == [(1, body)]
    path.write_text(json.dumps([body, 7, {"audio_url": "b.wav"}], indent=2))
    first, second, third = lines(path)
    assert (first, third) == ((1, body), (3, {"audio_url": "b.wav"}))
    assert isinstance(second[1], ManifestLineError)
    path.write_text(json.dumps([body, body]))
    assert len(lines(path)) == 2


def test_a_damaged_request_body_is_one_error_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text('{\n  "audio_url": "a.wav"\n  "recording_id": "a"\n}\n')
    ((number, error),) = lines(path)
    assert number == 1
    assert "line 3, column 3" in str(error)
    path.write_text("[\n" + '{"audio_url": "a.wav"},\n' * 300_000)
    ((_, error),) = lines(path)
    assert "more than 4 MiB" in str(error)


def test_a_manifest_without_a_known_suffix_is_recognised_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "nightly"
    for content in ('{"audio_url": "a.wav"}\n', "audio_url;recording_id\na.wav;a\n"):
        path.write_text(content)
        ((_, values),) = lines(path)
        assert dict(values)["audio_url"] == "a.wav"  # type: ignore[call-overload]
    pq.write_table(pa.table({"audio_url": ["a.wav"]}), path)
    assert lines(path) == [(1, {"audio_url": "a.wav"})]


def test_times_and_decimal_numbers_of_a_parquet_file_are_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    at = datetime(2026, 11, 23, 9, 30, 0, 500)
    columns = {
        "audio_url": ["a.wav", "b.wav"],
        "at": pa.array([at, None], pa.timestamp("ns", tz="Europe/Paris")),
        "local": pa.array([at, at], pa.timestamp("ns")),
        "day": pa.array([at.date(), None]),
        "price": pa.array([Decimal("1.20"), None]),
    }
    pq.write_table(pa.table(columns), path)
    first, second = (dict(values) for _, values in lines(path))  # type: ignore[call-overload]
    assert first == {
        "audio_url": "a.wav",
        "at": "2026-11-23 09:30:00.000500Z",
        "local": "2026-11-23 09:30:00.000500",
        "day": "2026-11-23",
        "price": "1.20",
    }
    assert (second["at"], second["day"], second["price"]) == (None, None, None)
