"""Memory limits of manifests, with hostile files and the real child process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from hushbeam.transforms.read_manifest.files import read_lines
from hushbeam.transforms.read_manifest.line import ManifestLineError
from hushbeam.transforms.read_manifest.parquet import fork_server
from tests.few_examples import few
from tests.transforms.read_manifest.bombs import BOMBS

ROOT = Path(__file__).parents[3]
READ = """
import resource, sys
from hushbeam.transforms.read_manifest.files import read_lines
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sum(1 for _ in read_lines(sys.argv[1]))
own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(rows, own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
MIB_AS_KIB = 1024
QUICK_BOMBS = ("repeated_value", "many_columns")
FEW = few(8, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module", autouse=True)
def one_server_for_all_files() -> Iterator[None]:
    with fork_server():
        yield


def measured(path: Path) -> tuple[int, int, int]:
    """Rows, and the peaks (KiB) of what the reading process grew by and of its children."""
    said = subprocess.run(
        [sys.executable, "-c", READ, str(path)], cwd=ROOT, check=True, capture_output=True, timeout=120
    )
    rows, own, children = map(int, said.stdout.split())
    return rows, own, children


def errors(path: Path) -> dict[int, str]:
    return {number: str(values) for number, values in read_lines(str(path)) if isinstance(values, ManifestLineError)}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK_BOMBS else pytest.mark.long) for n in sorted(BOMBS)]
)
def test_a_small_file_that_stands_for_much_takes_little_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.parquet"
    BOMBS[name](path)
    assert path.stat().st_size < 300_000
    rows, own, _ = measured(path)
    assert rows < 1000
    assert own < 150 * MIB_AS_KIB, "in the worker; in the child, its limit holds"
    assert errors(path)


def test_rows_that_are_nothing_end(tmp_path: Path) -> None:
    path = tmp_path / "nothing.parquet"
    pq.write_table(pa.table({"audio_url": pa.nulls(3_000_000, pa.string())}), path)
    found = errors(path)
    assert set(found) <= {1_000_000 + number for number in range(100)}
    assert "far more data than its size allows" in next(iter(found.values()))


def test_a_row_that_is_too_long_ends_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"audio_url": ["a.wav", "x" * (1 << 20), "b.wav"]}), path)
    (first, long, last) = read_lines(str(path))
    assert (first, last) == ((1, {"audio_url": "a.wav"}), (3, {"audio_url": "b.wav"}))
    assert "longer than 1 MiB" in str(long[1])


@pytest.mark.parametrize(
    "columns",
    [
        [("audio_url", pa.array(["a"])), ("audio_url", pa.array(["b"]))],
        [("m", pa.StructArray.from_arrays([pa.array(["a"]), pa.array(["b"])], ["zebra", "zebra"]))],
    ],
    ids=["of the file", "of a structure"],
)
def test_two_columns_of_one_name_are_an_error_of_the_file(tmp_path: Path, columns: list[tuple[str, pa.Array]]) -> None:
    path = tmp_path / "twice.parquet"
    pq.write_table(pa.Table.from_arrays([array for _, array in columns], [name for name, _ in columns]), path)
    assert errors(path) == {1: "The file has two columns with the same name"}


def test_values_that_json_does_not_have_end_their_row(tmp_path: Path) -> None:
    path = tmp_path / "kinds.parquet"
    pq.write_table(pa.table({"audio_url": ["a", "b"], "at": pa.array([float("nan"), None])}), path)
    first, second = read_lines(str(path))
    assert isinstance(first[1], ManifestLineError)
    assert second == (2, {"audio_url": "b", "at": None})


def test_text_of_other_kinds_of_columns_is_read(tmp_path: Path) -> None:
    path = tmp_path / "text.parquet"
    columns = {
        "audio_url": pa.array([b"a.wav", b"\xc3\xbc.wav"]),
        "recording_id": pa.array(["a", "b"]).dictionary_encode(),
        "metadata": pa.array([[("team", "ü")], []], pa.map_(pa.string(), pa.string())),
    }
    pq.write_table(pa.table(columns), path)
    assert [values for _, values in read_lines(str(path))] == [
        {"audio_url": "a.wav", "recording_id": "a", "metadata": [["team", "ü"]]},
        {"audio_url": "ü.wav", "recording_id": "b", "metadata": []},
    ]


@FEW
@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.none() | st.text(max_size=5), min_size=1), min_size=1))
def test_every_parquet_row_comes_back(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    path = tmp_path / "rows.parquet"
    table = pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in "abc"]))
    pq.write_table(table, path)
    assert [values for _, values in read_lines(str(path))] == table.to_pylist()


def test_a_csv_line_without_end_takes_no_memory_and_the_next_one_is_read(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    with path.open("wb") as file:
        file.write(b"audio_url,recording_id\n")
        for _ in range(200):
            file.write(b"x" * (1 << 20))
        file.write(b"\nb.wav,b\n")
    rows, own, _ = measured(path)
    assert (rows, own < 50 * MIB_AS_KIB) == (2, True)
    (first, error), second = read_lines(str(path))
    assert (first, "1 MiB" in str(error)) == (2, True)
    assert second == (3, {"audio_url": "b.wav", "recording_id": "b"})


def test_a_csv_row_of_many_lines_is_bounded_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    row = ",".join(f'"{"x" * 99}\n{"y" * 99}"' for _ in range(6000))
    path.write_text(f"audio_url\n{row}\n\nb.wav\n")
    found = list(read_lines(str(path)))
    assert "1 MiB" in str(found[0][1])
    assert found[-1][1] == {"audio_url": "b.wav"}
    assert all(isinstance(values, ManifestLineError) for _, values in found[:-1])


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("audio_url,zebra,zebra", "Columns 2 and 3 have the same name"),
        ('audio_url,"zebra', "not valid CSV"),
        ("zebra" * 300_000, "1 MiB"),
    ],
)
def test_a_csv_header_that_cannot_be_used_is_one_error(tmp_path: Path, header: str, said: str) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(f"{header}\na.wav\nb.wav\n")
    ((_, error),) = read_lines(str(path))
    assert said in str(error)
    assert "zebra" not in str(error)


def test_csv_columns_without_a_name_are_none_while_they_are_empty(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("audio_url,,\na.wav,,\nb.wav,surplus,\n")
    found = [values for _, values in read_lines(str(path))]
    assert found == [{"audio_url": "a.wav", "": None}, {"audio_url": "b.wav", "": "surplus"}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_csv_end_as_systems_end_them(tmp_path: Path, end: str) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(end.join(["\ufeffaudio_url", '"a\n.wav"', "b.wav"]).encode())
    assert [values for _, values in read_lines(str(path))] == [{"audio_url": "a\n.wav"}, {"audio_url": "b.wav"}]


def test_a_key_that_stands_twice_in_json_ends_its_line(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text('{"audio_url": "a", "redact_pii": true, "redact_pii": false}\n' + json.dumps({"audio_url": "b"}))
    (first, error), second = read_lines(str(path))
    assert (first, "twice" in str(error)) == (1, True)
    assert second == (2, {"audio_url": "b"})
