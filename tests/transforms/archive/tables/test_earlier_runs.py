"""Earlier runs: the record of file lists saves reading them, and never says anything that they do not say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hushbeam.transforms.archive.tables import earlier_runs
from hushbeam.transforms.archive.tables.earlier_runs import (
    EarlierRuns,
    ListedRun,
    read_earlier_runs,
    record_url,
    remember_lists,
    settle_lists,
)
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.file_lists import (
    RunFiles,
    file_list_url,
    list_runs,
    read_lists,
    write_run_files,
)
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import join

KEY, ANOTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
KEYS = pytest.mark.parametrize("key", [None, KEY])


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs whose lists were read."""
    runs: list[str] = []

    def reading(output: str, run_ids: Sequence[str]) -> dict[str, RunFiles]:
        runs.extend(run_ids)
        return read_lists(output, run_ids)

    monkeypatch.setattr(earlier_runs, "read_lists", reading)
    return runs


def end(output: str, run: str, key: Ed25519PrivateKey | None = None, *, has_summary: bool = True) -> tuple[str, ...]:
    """Ends a run, and gives the earlier ones that its list names."""
    runs = read_earlier_runs(output, key)
    remember_lists(output, runs, key, but=run)
    before = runs.before(run)
    write_run_files(output, RunFiles(run, {}, before=before, has_summary=has_summary), key)
    if has_summary:
        files.write_bytes(join(output, "runs", run, "summary.json"), b"{}")
    return before


@KEYS
def test_every_run_but_the_last_is_named_by_a_later_one(tmp_path: Path, key: Ed25519PrivateKey | None) -> None:
    output = str(tmp_path)
    named = [end(output, run, key) for run in ("b", "a", "c", "night")]
    assert named == [(), ("b",), ("a",), ("c",)]
    assert read_earlier_runs(output, key).before("next") == ("night",)
    Path(record_url(output)).unlink()
    assert read_earlier_runs(output, key).before("next") == ("night",)


@KEYS
def test_the_end_of_a_run_reads_the_list_of_the_last_one_only(
    tmp_path: Path, key: Ed25519PrivateKey | None, read: list[str]
) -> None:
    for night in range(9):
        end(str(tmp_path), f"night-{night}", key)
    assert read == [f"night-{night}" for night in range(8)]


def test_a_run_without_a_summary_stays_closed(tmp_path: Path, read: list[str]) -> None:
    output = str(tmp_path)
    end(output, "resumed", has_summary=False)
    end(output, "night")
    for _ in range(2):
        runs = read_earlier_runs(output, None)
        assert (runs.is_closed("resumed"), runs.is_closed("night"), runs.is_closed("killed")) == (True, True, False)
        assert runs.before("next") == ("night",)
        remember_lists(output, runs, None, but="next")
    assert read.count("resumed") == 1


def test_a_list_that_changed_is_read_again(tmp_path: Path, read: list[str]) -> None:
    output = str(tmp_path)
    for run in ("first", "second", "third"):
        end(output, run)
    read.clear()
    write_run_files(output, RunFiles("second", {}, before=()), None)  # it named the first run
    runs = read_earlier_runs(output, None)
    assert read == ["second", "third"]
    assert runs.before("next") == ("first", "third")


def test_a_list_of_a_killed_change_is_read_until_it_is_settled(tmp_path: Path, read: list[str]) -> None:
    output = str(tmp_path)
    changing = RunFiles("first", {}, changing={"runs/first/report.json": FileEntry(1, "0" * 64)})
    end(output, "first")
    write_run_files(output, changing, None)
    for night in ("second", "third"):
        assert [own.run_id for own in read_earlier_runs(output, None).unsettled] == ["first"]
        end(output, night)
    write_run_files(output, RunFiles("first", {}), None)
    assert read_earlier_runs(output, None).unsettled == ()


@KEYS
def test_only_lists_that_the_record_does_not_know_are_read_to_settle_them(
    tmp_path: Path, key: Ed25519PrivateKey | None, read: list[str]
) -> None:
    output, report = str(tmp_path), "runs/second/report.json"
    for run in ("first", "second", "third", "night"):
        end(output, run, key)
    new = FileEntry.of_content(b"new")
    files.write_bytes(join(output, report), b"new")
    write_run_files(output, RunFiles("second", {}, changing={report: new}, before=("first",)), key)
    read.clear()
    settle_lists(output, key)
    assert read == ["night", "second"]
    settled = read_lists(output, ["second"])["second"]
    assert (settled.files, settled.changing) == ({report: new}, {})


def test_no_record_without_the_signature_of_the_key_keeps_a_list_from_being_settled(tmp_path: Path) -> None:
    output = str(tmp_path)
    for run in ("first", "second"):
        end(output, run, KEY)
    changing = RunFiles("first", {}, changing={"runs/first/report.json": None})
    write_run_files(output, changing, KEY)
    ended, found = list_runs(output)
    forged = {run: ListedRun(file.size_bytes, file.version, True, ()) for run, file in found.items()}
    remember_lists(output, EarlierRuns(ended, forged), ANOTHER, but="night")
    settle_lists(output, KEY)
    assert read_lists(output, ["first"])["first"].changing == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"version": 2, "runs": {}, "signature": {}}',
        b'{"version": 1, "runs": {"first": {}}, "signature": {}}',
        b'{"version": 1, "runs": {"first": [1]}, "signature": {}}',
        b'{"version": 1, "runs": [], "signature": {}}',
        None,
    ],
)
def test_a_damaged_record_costs_reads_only(tmp_path: Path, content: bytes | None, read: list[str]) -> None:
    output = str(tmp_path)
    for run in ("first", "second", "third"):
        end(output, run)
    expected = read_earlier_runs(output, None)
    read.clear()
    if content is None:
        Path(record_url(output)).unlink()
    else:
        Path(record_url(output)).write_bytes(content)
    assert read_earlier_runs(output, None) == expected
    assert read == ["first", "second", "third"]


def test_a_record_without_the_signature_of_the_run_counts_for_nothing(tmp_path: Path, read: list[str]) -> None:
    output, record = str(tmp_path), Path(record_url(str(tmp_path)))
    for run in ("first", "second", "third"):
        end(output, run, KEY)
    signed = record.read_bytes()
    read.clear()
    assert read_earlier_runs(output, KEY).before("next") == ("third",)
    assert read == ["third"]
    claimed = json.loads(signed)
    claimed["runs"]["second"]["before"] = ["first", "third"]
    for content, key in (
        (json.dumps(claimed).encode(), KEY),
        (json.dumps(claimed | {"signature": {}}).encode(), KEY),
        (signed, ANOTHER),
    ):
        record.write_bytes(content)
        read.clear()
        assert read_earlier_runs(output, key).before("next") == ("third",)
        assert read == ["first", "second", "third"]


def test_a_list_that_was_removed_is_not_remembered(tmp_path: Path) -> None:
    output = str(tmp_path)
    for run in ("first", "second", "third"):
        end(output, run)
    Path(file_list_url(output, "second")).unlink()
    assert read_earlier_runs(output, None).before("next") == ("first", "third")
