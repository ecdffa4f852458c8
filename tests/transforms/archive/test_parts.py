"""What a later part of a run knows of the earlier ones."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from hushbeam.schemas.recording import Recording
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.archive.runs.parts import PartResults, RunPart, keep_results, with_earlier_results
from hushbeam.transforms.archive.tables.file_entry import FileEntry


def part(folder: Path, number: int, *, is_last: bool = False) -> RunPart:
    return RunPart(number, is_last, 0.5, str(folder))


def recording(recording_id: str, line: int, url: str = "a.wav") -> Recording:
    return Recording(recording_id, url, ("person_name",), manifest="calls.jsonl", line=line)


def test_an_id_belongs_to_the_first_part_that_has_it(tmp_path: Path) -> None:
    first, second = part(tmp_path, 0).ids, pickle.loads(pickle.dumps(part(tmp_path, 1).ids))
    assert first.claim(recording("one", 1)) is None
    assert first.claim(recording("one", 1)) is None, "a bundle may be repeated"
    earlier = second.claim(recording("one", 7))
    assert earlier is not None
    assert (earlier.part, earlier.manifest, earlier.line) == (0, "calls.jsonl", 1)
    assert second.claim(recording("two", 8)) is None


def test_a_copy_of_a_killed_run_is_recovered_by_exactly_one_part(tmp_path: Path) -> None:
    parts = [part(tmp_path, 0), part(tmp_path, 1), part(tmp_path, 2, is_last=True)]
    for number, recording_id in ((0, "one"), (1, "two"), (2, "three")):
        parts[number].ids.claim(recording(recording_id, number + 1))
    for recording_id, expected in (("one", 0), ("two", 1), ("three", 2), ("of no line", 2)):
        name = json_name(recording_id)
        found = [each.number for each in parts if each.ids.recovered_by(name, is_last=each.is_last)]
        assert found == [expected], recording_id


def test_the_last_part_has_the_results_of_all(tmp_path: Path) -> None:
    for number in range(2):
        of_part = PartResults(
            {"recordings.completed": 2, f"findings.{number}": 1},
            [(f"id-{number}", False)],
            [(f"transcripts/run-{number}.parquet", FileEntry.of_content(b"rows"))],
            [bytes([number])],
        )
        keep_results(part(tmp_path, number), of_part)
    own = PartResults({"recordings.completed": 1.0}, [("id-2", True)], [], [b"own"])
    together = with_earlier_results(part(tmp_path, 2, is_last=True), own)
    assert together.totals == {"recordings.completed": 5, "findings.0": 1, "findings.1": 1}
    for _ in range(2):
        assert list(together.committed) == [("id-0", False), ("id-1", False), ("id-2", True)]
    assert [name for name, _ in together.tables] == ["transcripts/run-0.parquet", "transcripts/run-1.parquet"]
    assert list(together.entries) == [b"\0", b"\1", b"own"]


def test_a_run_does_not_end_without_the_results_of_a_part(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        with_earlier_results(part(tmp_path, 1, is_last=True), PartResults({}, [], [], []))


def test_files_of_parts_have_numbers_of_their_own(tmp_path: Path) -> None:
    assert [part(tmp_path, number).first_shard for number in range(3)] == [0, 100, 200]
    assert [part(tmp_path, 0).shards(of_run) for of_run in (1, 4, 1000)] == [1, 2, 100]
