"""Lists of what runs left: right at every moment, and nobody's but the owner's of the key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from transforms.commit.run_files import (
    FileEntry,
    RunFiles,
    UnreadableFileListError,
    list_more,
    read_file_lists,
    read_run_files,
    replace_listed,
    settle,
    write_run_files,
)
from transforms.commit.signatures import SignatureError

KEY = Ed25519PrivateKey.generate()
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)
ENTRIES = st.builds(FileEntry, st.integers(0, 1 << 40), st.text("0123456789abcdef", min_size=64, max_size=64))
LISTS = st.builds(
    RunFiles,
    st.just("run"),
    st.dictionaries(NAMES, ENTRIES, max_size=4),
    changing=st.dictionaries(NAMES, st.none() | ENTRIES, max_size=3),
    has_summary=st.booleans(),
    before=st.lists(NAMES, max_size=2).map(tuple),
    kept_elsewhere=st.lists(NAMES, max_size=2).map(tuple),
)


@given(LISTS)
def test_a_signed_list_survives_its_file_and_no_change(listed: RunFiles):
    back = RunFiles.from_json(listed.signed(KEY).to_json())
    assert back == listed.signed(KEY)
    back.check_signature(KEY.public_key())
    for changed in (
        replace(back, run_id="other"),
        replace(back, files={**back.files, "more": FileEntry(1, "0" * 64)}),
        replace(back, changing={**back.changing, "more": None}),
        replace(back, has_summary=not back.has_summary),
        replace(back, before=(*back.before, "more")),
        replace(back, kept_elsewhere=(*back.kept_elsewhere, "more")),
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
        RunFiles("run", {"a": FileEntry(1, "0" * 64)}).to_json().replace(b"0" * 64, b"0" * 63),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "runs" / "run" / "files.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(UnreadableFileListError):
        read_run_files(str(tmp_path), "run")


def test_the_list_of_another_run_is_refused(tmp_path: Path):
    write_run_files(str(tmp_path), RunFiles("one", {}), None)
    (tmp_path / "runs" / "one").rename(tmp_path / "runs" / "other")
    with pytest.raises(UnreadableFileListError, match="another run"):
        read_run_files(str(tmp_path), "other")


class _StoppedError(Exception):
    pass


@pytest.mark.parametrize("after", [FileEntry.of_content(b"new"), None])
def test_a_list_allows_what_is_there_at_every_moment_of_a_change(tmp_path: Path, after: FileEntry | None):
    output, before = str(tmp_path), FileEntry.of_content(b"old")
    write_run_files(output, RunFiles("run", {"errors/run-0000.parquet": before}), KEY)

    def stop() -> None:
        raise _StoppedError

    name = "errors/run-0000.parquet"
    with pytest.raises(_StoppedError):
        replace_listed(output, "run", name, before=before, after=after, put=stop, key=KEY)
    listed = read_run_files(output, "run")
    assert listed is not None
    assert listed.allows(name, before)
    assert listed.allows(name, after)
    assert not listed.allows(name, FileEntry.of_content(b"another"))
    settle(output, read_file_lists(output), KEY)
    if after is not None:
        assert read_run_files(output, "run") == listed, "nothing is there yet"
        (tmp_path / "errors").mkdir()
        (tmp_path / name).write_bytes(b"new")
        settle(output, read_file_lists(output), KEY)
        now = read_run_files(output, "run")
        assert now is not None
        assert (now.files, now.changing) == ({name: after}, {})
        write_run_files(output, listed, KEY)
    replace_listed(output, "run", name, before=before, after=after, put=lambda: None, key=KEY)
    listed = read_run_files(output, "run")
    assert listed is not None
    assert listed.allows(name, after)
    assert not listed.allows(name, before)
    listed.check_signature(KEY.public_key())


def test_a_file_that_was_tampered_with_is_not_made_right_by_being_rewritten(tmp_path: Path):
    output, name = str(tmp_path), "errors/run-0000.parquet"
    write_run_files(output, RunFiles("run", {name: FileEntry.of_content(b"old")}), KEY)
    done: list[str] = []
    before, after = FileEntry.of_content(b"tampered"), FileEntry.of_content(b"new")
    replace_listed(output, "run", name, before=before, after=after, put=lambda: done.append(name), key=KEY)
    listed = read_run_files(output, "run")
    assert done == [name]
    assert listed is not None
    assert not listed.allows(name, after)


def test_without_a_key_a_list_that_changes_is_no_longer_signed(tmp_path: Path):
    write_run_files(str(tmp_path), RunFiles("run", {}), KEY)
    (tmp_path / "report.html").write_bytes(b"page")
    list_more(str(tmp_path), "run", ["report.html"], None)
    listed = read_run_files(str(tmp_path), "run")
    assert listed is not None
    assert listed.files == {"report.html": FileEntry.of_content(b"page")}
    assert listed.signature == {}


def test_every_run_but_the_last_is_named_by_a_later_one(tmp_path: Path):
    output, named = str(tmp_path), set()
    for run in ("b", "a", "c", "night"):
        before = read_file_lists(output).before(run)
        named |= set(before)
        write_run_files(output, RunFiles(run, {}, before=before), None)
        (tmp_path / "runs" / run / "summary.json").write_text("{}")
    assert named == {"a", "b", "c"}
    assert read_file_lists(output).before("next") == ("night",)
