"""Commands refuse outputs that they cannot work on: whole commands."""

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import ctranslate2
import pytest

from hushbeam.pipelines.command_line import main
from hushbeam.pipelines.running.exit_status import EXIT_USAGE
from hushbeam.pipelines.running.outputs import check_apart, output_of_runs, page_url
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive import tombstones
from hushbeam.transforms.archive.ledger import Status, write_status
from hushbeam.transforms.archive.run_lock import RunLock
from hushbeam.transforms.archive.runs.private_roots import remember_private_roots
from hushbeam.transforms.begin_run import check_identities_as_before
from tests.pipelines.conftest import calls

__all__ = ["calls"]

every_command = pytest.mark.parametrize(
    "command",
    [
        ("audit",),
        ("erase", "--recording_id", "call"),
        ("evaluate",),
        ("expire", "--older_than", "1h"),
        ("notify",),
        ("report",),
        ("rerender", "--corrections"),
        ("review",),
    ],
    ids=lambda command: command[0],
)


@every_command
def test_a_mistyped_output_is_an_error_and_nothing_is_made_there(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mistyped = tmp_path / "ouptut"
    assert main([*command, "--output", str(mistyped)]) == EXIT_USAGE
    said = capsys.readouterr()
    assert "--output" in said.out + said.err
    assert not mistyped.exists()


@every_command
def test_a_folder_of_something_else_is_an_error_and_nothing_is_made_there(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("call.wav", "status/monday.json", "runs/marathon.txt", "transcripts/notes.parquet"):
        (tmp_path / "calls" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "calls" / name).write_text("{}")
    before = sorted(tmp_path.rglob("*"))
    assert main([*command, "--output", "calls/"]) == EXIT_USAGE
    said = capsys.readouterr()
    assert "--output: no run has written anything in calls/; name" in said.out + said.err
    assert sorted(tmp_path.rglob("*")) == before


def test_no_output_begins_within_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outer, inner = tmp_path / "out", tmp_path / "out" / "audio"
    (outer / "status").mkdir(parents=True)
    _write("out/runs/nightly/summary.json")(tmp_path)
    (tmp_path / "link").symlink_to(outer)
    (tmp_path / "calls.jsonl").write_text('{"audio_url": "call.wav"}\n')
    for named in (inner, inner / "deep", tmp_path / "link" / "audio"):
        assert main([*_REDACT[:2], str(tmp_path / "calls.jsonl"), *_REDACT[3:], "--output", str(named)]) == EXIT_USAGE
        said = capsys.readouterr()
        assert f"--output: {named} lies within the output {outer}; name that one" in said.out + said.err
    assert not inner.exists()
    check_apart(str(outer))
    _write("out/audio/runs/LOCK")(tmp_path)
    check_apart(str(inner))  # a run that was killed began it
    (tmp_path / "out" / "status").rmdir()
    check_apart(str(tmp_path / "out" / "new"))  # runs of another program


@every_command
def test_the_output_that_was_meant_is_named(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _write("redacted/runs/nightly/summary.json")(tmp_path)
    assert main([*command, "--output", "redcated"]) == EXIT_USAGE
    said = capsys.readouterr()
    assert "--output: no run has written anything in redcated; did you mean redacted?" in said.out + said.err


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("july/redcated", "july/redacted"),
        ("july/redacted/audio", "{folder}/july/redacted"),
        ("july", "july/redacted"),
        ("months", None),  # several
        ("redacting", None),  # a folder of this name is no output
        ("june/redcated", None),
    ],
)
def test_only_an_output_is_taken_for_the_one_that_was_meant(
    given: str, meant: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for output in ("july/redacted", "months/july", "months/june"):
        _write(f"{output}/runs/nightly/summary.json")(tmp_path)
    for folder in ("july/redacted/audio", "july/redcate", "redaction", "june/redacted"):
        Path(folder).mkdir(parents=True)
    told = f"did you mean {meant.format(folder=tmp_path)}?" if meant else "name the output of earlier runs"
    with pytest.raises(ConfigurationError) as refused:
        output_of_runs(given)
    assert str(refused.value) == f"--output: no run has written anything in {given}; {told}"


def _write(name: str) -> Callable[[Path], None]:
    def write(root: Path) -> None:
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("{}")

    return write


@pytest.mark.parametrize(
    "left",
    [
        _write("runs/nightly/summary.json"),
        _write("runs/nightly/rows/call.json"),
        _write("runs/audit-1/audit.json"),
        _write("runs/ledger.parquet"),
        _write("transcripts/run_date=2026-11-29/nightly-0000.parquet"),
        lambda root: write_status(str(root), Status("completed", "call", None, "0" * 64, "nightly")),
        lambda root: tombstones.lay(str(root), "call", ()),
    ],
)
def test_whatever_is_left_of_an_output_is_enough(left: Callable[[Path], None], tmp_path: Path) -> None:
    (tmp_path / "call.wav").touch()
    left(tmp_path)
    assert output_of_runs(str(tmp_path)) == str(tmp_path)


def test_a_run_that_has_just_begun_is_enough(tmp_path: Path) -> None:
    with RunLock(str(tmp_path), "first"):
        assert output_of_runs(str(tmp_path)) == str(tmp_path)
    with pytest.raises(ConfigurationError, match="no run has written anything"):
        output_of_runs(str(tmp_path))


@contextmanager
def _permissions(folder: Path, mode: int) -> Iterator[None]:
    before = folder.stat().st_mode
    folder.chmod(mode)
    try:
        yield
    finally:
        folder.chmod(before)


# No such model: its check comes later.
_REDACT = ("redact", "--manifest", "calls.jsonl", "--model", "nosuch")


@pytest.mark.permissions
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize(
    ("command", "mode", "place", "sentence"),
    [
        (_REDACT, 0o500, "out", "no permission to write in out; name another folder, or run this as a "),
        (_REDACT, 0o500, "out/night", "no permission to write in out/night; name another folder, or run"),
        (_REDACT, 0o0, "out/night", "no permission to write in out/night; "),
        (("expire", "--older_than", "1h"), 0o500, "out", "no permission to write in out; "),
        (("erase", "--recording_id", "call"), 0o500, "out", "no permission to write in out; "),
        (("rerender", "--corrections"), 0o500, "out", "no permission to write in out; "),
        (("notify", "--resume", "--manifest", "calls.jsonl"), 0o500, "out", "no permission to write in out; "),
        (("audit",), 0o500, "out", "no permission to write in out; "),
        (("report",), 0o500, "out", "no permission to write in out; "),
        (("erase", "--recording_id", "call"), 0o0, "out", "no permission to read out; "),
    ],
)
def test_an_output_that_this_user_may_not_change_is_named_and_nothing_begins(
    command: Sequence[str],
    mode: int,
    place: str,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.jsonl").write_text('{"audio_url": "call.wav"}\n')
    (tmp_path / "out" / "erased").mkdir(parents=True)
    tombstones.lay(str(tmp_path / "out"), "call", ())
    with _permissions(tmp_path / "out", mode):
        status = main([*command, "--output", place])
    said = capsys.readouterr()
    assert f"error: --output: {sentence}" in said.out + said.err
    assert "again" not in said.out + said.err
    assert status == EXIT_USAGE


@pytest.mark.permissions
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("mode", [0o0, 0o500])
def test_an_erasure_does_not_begin_where_the_store_cannot_be_changed(
    mode: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, store = str(tmp_path / "out"), tmp_path / "store"
    remember_private_roots(output, ["--store"])
    store.mkdir()
    (store / "call.findings").write_bytes(b"")
    with _permissions(store, mode):
        status = main(["erase", "--output", output, "--recording_id", "call", "--store", str(store)])
    said = capsys.readouterr()
    assert f"error: --store: no permission to write in {store}" in said.out + said.err
    assert status == EXIT_USAGE
    assert not (tmp_path / "out" / "erased").exists()


@pytest.mark.permissions
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("mode", [0o0, 0o500])
def test_a_page_in_a_folder_that_this_user_may_not_change_is_refused(mode: int, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    page = str(tmp_path / "closed" / "page.html")
    with (
        _permissions(tmp_path / "closed", mode),
        pytest.raises(ConfigurationError, match="--html: no permission to wri"),
    ):
        page_url("--html", page, str(tmp_path / "out"))


@pytest.mark.permissions
@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everywhere")
def test_the_search_for_the_output_that_was_meant_passes_over_what_this_user_may_not_read(tmp_path: Path) -> None:
    (tmp_path / "closed" / "out").mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "link").symlink_to(tmp_path / "closed" / "out")
    with (
        _permissions(tmp_path / "closed", 0o0),
        pytest.raises(ConfigurationError, match="no run has written anything"),
    ):
        output_of_runs(str(tmp_path / "mine"))


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("calls.jsonl", "calls.jsonl is a file; name a folder"),
        ("calls.jsonl/out", "calls.jsonl is a file; name a folder"),
        (
            "https://example.com/out",
            "only recordings and given transcripts may be at https:// URLs: use a local path, gs://, s3:// or az://",
        ),
    ],
)
@pytest.mark.parametrize(
    "command", [_REDACT, ("plan", *_REDACT[1:]), ("erase", "--recording_id", "call")], ids=lambda command: command[0]
)
def test_an_output_that_is_no_folder_is_an_error(
    command: Sequence[str],
    output: str,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.jsonl").write_text('{"audio_url": "call.wav"}\n')
    try:
        status = main([*command, "--output", output])
    except SystemExit as ended:  # found while the command line is read
        status = int(ended.code or 0)
    assert status == EXIT_USAGE
    said = capsys.readouterr().err
    assert sentence in said
    assert "again" not in said


def test_an_output_whose_permissions_promise_what_fails_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.jsonl").write_text('{"audio_url": "call.wav"}\n')
    assert main([*_REDACT, "--output", "/proc/out"]) == EXIT_USAGE  # root may write there, says its mode
    assert re.search("error: --output: no (file can be made|permission to write) in /proc/out", capsys.readouterr().err)


def test_a_manifest_of_another_scheme_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = "https://example.com/calls.jsonl"
    assert main(["redact", "--manifest", url, "--output", str(tmp_path / "out")]) == EXIT_USAGE
    assert capsys.readouterr().err == (
        "error: --manifest: only recordings and given transcripts may be at https:// URLs: use a local path, gs://, "
        "s3:// or az://\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_wrong_option_that_is_found_under_the_lock_leaves_nothing_behind(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.jsonl").write_text(json.dumps({"audio_url": str(calls / "card.flac")}))
    (tmp_path / "out" / "status").mkdir(parents=True)
    (tmp_path / "out" / "status" / "monday.json").write_text("[]")
    assert main(["redact", "--manifest", "calls.jsonl", "--output", "out", "--model", "tiny.en"]) == EXIT_USAGE
    said = capsys.readouterr().err
    assert said.startswith("error: --output: its folder status/ holds no status object")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["status"]


@pytest.mark.skipif(ctranslate2.get_cuda_device_count() > 0, reason="this machine has a GPU")
@pytest.mark.parametrize("command", ["redact", "plan"])
def test_a_device_that_this_machine_lacks_is_an_error_before_anything_begins(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.jsonl").write_text('{"audio_url": "call.wav"}\n')
    given = ("--manifest", "calls.jsonl", "--output", "out", "--device", "cuda")
    assert main([command, *given]) == EXIT_USAGE
    assert capsys.readouterr().err == (
        "error: --device: cuda needs an NVIDIA GPU, and this machine has none that works; use --device cpu\n"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("option", "given"), [("--model", "bsae"), ("--verify_model", "nosuch/")])
def test_a_model_that_is_not_there_is_named_with_its_option(
    option: str, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.jsonl").write_text('{"audio_url": "call.wav"}\n')
    assert main(["redact", "--manifest", "calls.jsonl", "--output", "out", option, given]) == EXIT_USAGE
    assert capsys.readouterr().err.startswith(f"error: {option}: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("published", "allowed"),
    [
        ([], {True, False}),
        (["call"], {False}),
        ([f"id-{'0' * 32}"], {True}),
        (["call", f"id-{'0' * 32}"], {True, False}),
    ],
)
def test_ids_are_hashed_as_they_were(published: list[str], allowed: set[bool], tmp_path: Path) -> None:
    (tmp_path / "status").mkdir()
    for recording_id in published:
        (tmp_path / "status" / f"{recording_id}.json").touch()
    for hashed in (True, False):
        if hashed in allowed:
            check_identities_as_before(str(tmp_path), hashed=hashed)
        else:
            with pytest.raises(ConfigurationError, match="--hash_identities"):
                check_identities_as_before(str(tmp_path), hashed=hashed)
