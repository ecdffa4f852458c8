"""File lists: valid at every moment of a change, and signed only by the owner of the key."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.archive.signatures import SignatureError
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.file_lists import (
    RunFiles,
    UnreadableFileListError,
    file_list_url,
    list_more,
    read_file_lists,
    read_run_files,
    replace_listed,
    settle,
    write_listed,
    write_run_files,
)
from hushbeam.transforms.storage import files

KEY = Ed25519PrivateKey.generate()
RUNS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,9}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)
NAMES = st.sampled_from(
    ["transcripts/run_date=2026-11-29/run-0000.parquet", "errors/run_date=2026-11-29/run-12345.v2.parquet"]
) | RUNS.map("runs/run/{}".format)
ENTRIES = st.builds(FileEntry, st.integers(0, 1 << 40), st.text("0123456789abcdef", min_size=64, max_size=64))
LISTS = st.builds(
    RunFiles,
    st.just("run"),
    st.dictionaries(NAMES, ENTRIES, max_size=4),
    changing=st.dictionaries(NAMES, st.none() | ENTRIES, max_size=3),
    has_summary=st.booleans(),
    before=st.lists(RUNS, max_size=2).map(tuple),
    private_roots=st.lists(TEXTS, max_size=2).map(tuple),
)


@given(LISTS)
def test_a_signed_list_is_valid_after_reading_and_invalid_after_any_change(listed: RunFiles) -> None:
    back = RunFiles.from_json(listed.signed(KEY).to_json())
    assert back == listed.signed(KEY)
    back.check_signature(KEY.public_key())
    for changed in (
        replace(back, run_id="other"),
        replace(back, files={**back.files, "runs/run/more.json": FileEntry(1, "0" * 64)}),
        replace(back, changing={**back.changing, "runs/run/more.json": None}),
        replace(back, has_summary=not back.has_summary),
        replace(back, before=(*back.before, "more")),
        replace(back, private_roots=(*back.private_roots, "more")),
        back.signed(None),
        back.signed(Ed25519PrivateKey.generate()),
    ):
        with pytest.raises(SignatureError):
            changed.check_signature(KEY.public_key())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"version": 2}',
        b"[" * 100_000,
        RunFiles("run", {}).to_json().replace(b'"run"', b"7"),
        RunFiles("run", {"runs/run/a": FileEntry(1, "0" * 64)}).to_json().replace(b"0" * 64, b"0" * 63),
        *(
            RunFiles("run", {}, changing={name: None}).to_json()
            for name in (
                *(
                    "x",
                    "../x",
                    "runs/run",
                    "runs/run/",
                    "runs/run/../x",
                    "runs/run/a/b",
                    "runs/other/x",
                    "runs/run/a\0",
                ),
                *("errors/run_date=2026-11-29/other-0000.parquet", "errors/../run-0000.parquet", "/etc/passwd"),
                *("audio/run_date=2026-11-29/run-0000.parquet", "errors/run-0000.parquet"),
                *("runs/run/\ud800", "runs/run/.hidden", "errors/run_date=2026-11-29/run-0000.parquet/x"),
            )
        ),
        *(RunFiles("run", {}, before=(name,)).to_json() for name in ("..", "a/b", "\ud800", "a\0b", "")),
        RunFiles("run", {}, private_roots=("\ud800",)).to_json(),
        RunFiles("../run", {}).to_json(),
    ],
)
def test_a_file_that_is_not_a_list_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "runs" / "run" / "files.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(UnreadableFileListError):
        read_run_files(str(tmp_path), "run")


def test_the_list_of_another_run_is_refused(tmp_path: Path) -> None:
    write_run_files(str(tmp_path), RunFiles("one", {}), None)
    (tmp_path / "runs" / "one").rename(tmp_path / "runs" / "other")
    with pytest.raises(UnreadableFileListError, match="another run"):
        read_run_files(str(tmp_path), "other")


class _StoppedError(Exception):
    pass


@pytest.mark.parametrize("after", [FileEntry.of_content(b"new"), None])
def test_a_list_allows_the_present_files_at_every_moment_of_a_change(tmp_path: Path, after: FileEntry | None) -> None:
    output, before = str(tmp_path), FileEntry.of_content(b"old")
    name, new = "errors/run_date=2026-11-29/run-0000.parquet", "errors/run_date=2026-11-29/run-0000.v2.parquet"
    write_run_files(output, RunFiles("run", {name: before}), KEY)

    def stop() -> None:
        raise _StoppedError

    change = partial(
        replace_listed, output, "run", name, before=before, after=None if after is None else (new, after), key=KEY
    )
    with pytest.raises(_StoppedError):
        change(put=stop)
    listed = read_run_files(output, "run")
    assert listed is not None
    for is_allowed, file, entry in (
        (True, name, before),
        (True, name, None),
        (after is not None, new, after),
        (False, name, FileEntry.of_content(b"another")),
        (False, new, FileEntry.of_content(b"another")),
    ):
        assert listed.allows(file, entry) == is_allowed or entry is None
    if after is not None:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b"old")
        settle(output, read_file_lists(output).lists.values(), KEY)
        assert read_run_files(output, "run") == listed, "nothing is there yet"
        (tmp_path / new).write_bytes(b"new")
        (tmp_path / name).unlink()
        settle(output, read_file_lists(output).lists.values(), KEY)
        now = read_run_files(output, "run")
        assert now is not None
        assert (now.files, now.changing) == ({new: after}, {})
        write_run_files(output, listed, KEY)
    change(put=lambda: None)
    listed = read_run_files(output, "run")
    assert listed is not None
    assert (listed.files, listed.changing) == ({} if after is None else {new: after}, {})
    listed.check_signature(KEY.public_key())


def test_rewriting_a_manipulated_file_does_not_make_it_valid(tmp_path: Path) -> None:
    output, name = str(tmp_path), "errors/run_date=2026-11-29/run-0000.parquet"
    write_run_files(output, RunFiles("run", {name: FileEntry.of_content(b"old")}), KEY)
    done: list[str] = []
    before, after = FileEntry.of_content(b"tampered"), FileEntry.of_content(b"new")
    replace_listed(output, "run", name, before=before, after=(name, after), put=lambda: done.append(name), key=KEY)
    listed = read_run_files(output, "run")
    assert done == [name]
    assert listed is not None
    assert not listed.allows(name, after)


def test_a_list_that_changes_without_a_key_loses_its_signature(tmp_path: Path) -> None:
    write_run_files(str(tmp_path), RunFiles("run", {}), KEY)
    (tmp_path / "runs/run/report.html").write_bytes(b"page")
    list_more(str(tmp_path), "run", ["runs/run/report.html"], None)
    listed = read_run_files(str(tmp_path), "run")
    assert listed is not None
    assert listed.files == {"runs/run/report.html": FileEntry.of_content(b"page")}
    assert listed.signature == {}


@pytest.mark.parametrize("forged", [{}, {"private_roots": ("--store",)}])
def test_a_list_that_somebody_else_wrote_is_not_signed(tmp_path: Path, forged: dict[str, Any]) -> None:
    output, name = str(tmp_path), "errors/run_date=2026-11-29/run-0000.parquet"
    listed = RunFiles("run", {name: FileEntry.of_content(b"old")}).signed(KEY)
    change = partial(
        replace_listed, output, "run", name, before=FileEntry.of_content(b"old"), put=lambda: None, key=KEY
    )
    jobs: Sequence[Callable[[], object]] = (
        lambda: change(after=None),
        lambda: list_more(output, "run", [], KEY),
        lambda: write_listed(output, "run", "runs/run/report.html", b"page", KEY),
        lambda: settle(output, read_file_lists(output).lists.values(), KEY),
    )
    for job in jobs:
        written = replace(listed, **forged) if forged else listed.signed(None)
        files.write_bytes(file_list_url(output, "run"), replace(written, changing={name: None}).to_json())
        job()
        now = read_run_files(output, "run")
        assert now is not None
        assert now.signature == {}


def test_a_list_copied_to_another_run_is_not_changed(tmp_path: Path) -> None:
    output = str(tmp_path)
    write_run_files(output, RunFiles("other", {}), KEY)
    forged = RunFiles("other", {}, changing={"errors/run_date=2026-11-29/other-0000.parquet": None})
    files.write_bytes(file_list_url(output, "run"), forged.to_json())
    before = files.read_bytes(file_list_url(output, "other"))
    settle(output, read_file_lists(output).lists.values(), KEY)
    assert files.read_bytes(file_list_url(output, "other")) == before


@pytest.mark.parametrize("place", [os.mkfifo, os.mkdir, lambda path: path.symlink_to(path.name)])
def test_a_folder_under_a_listed_name_ends_no_job(tmp_path: Path, place: Callable[[Path], object]) -> None:
    listed = RunFiles("run", {}, changing={"runs/run/timings.json": FileEntry.of_content(b"new")})
    write_run_files(str(tmp_path), listed, None)
    place(tmp_path / "runs/run/timings.json")
    settle(str(tmp_path), read_file_lists(str(tmp_path)).lists.values(), None)
    assert read_run_files(str(tmp_path), "run") == listed


@pytest.mark.parametrize("old", [None, b"old", b"tampered"])
def test_a_rewritten_file_is_valid_at_every_moment(
    tmp_path: Path, old: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, name = str(tmp_path), "runs/run/report.html"
    write_run_files(output, RunFiles("run", {name: FileEntry.of_content(b"old")} if old else {}), KEY)
    if old is not None:
        (tmp_path / name).write_bytes(old)
    writes: list[bytes] = []

    def write(url: str, content: bytes) -> None:
        writes.append(content)
        real_write(url, content)
        listed = read_run_files(output, "run")
        assert listed is not None
        listed.check_signature(KEY.public_key())
        there = FileEntry.of(tmp_path / name) if (tmp_path / name).exists() else None
        assert listed.allows(name, there) or old == b"tampered"

    real_write = files.write_bytes
    monkeypatch.setattr(files, "write_bytes", write)
    write_listed(output, "run", name, b"new", KEY)
    assert len(writes) == 3
    listed = read_run_files(output, "run")
    assert listed is not None
    assert (listed.files[name], listed.changing) == (FileEntry.of_content(b"new"), {})


def test_that_a_list_loses_its_signature_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    output = str(tmp_path)
    for run_id in ("run", "other"):
        write_run_files(output, RunFiles(run_id, {}), Ed25519PrivateKey.generate())
        for name in ("report.html", "timings.json"):
            write_listed(output, run_id, f"runs/{run_id}/{name}", b"new", KEY)
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        f"runs/{run_id}/files.json is written without a signature: it was signed with another key"
        for run_id in ("run", "other")
    ]
