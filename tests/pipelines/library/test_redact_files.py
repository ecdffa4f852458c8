"""A run from a notebook or a script."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import hushbeam
from hushbeam.pipelines.library import files as module
from hushbeam.pipelines.library import progress
from hushbeam.pipelines.library.progress import bar_html
from hushbeam.pipelines.library.result import RunResult
from hushbeam.pipelines.redact import run
from hushbeam.transforms.archive.run_lock import Owner, RunLock
from tests.pipelines.conftest import SPOKEN, calls

__all__ = ["calls"]

FAST: dict[str, Any] = {"model": "tiny.en", "verify": "off", "language_code": "en", "progress": False}


def manifest(folder: Path, calls: Path, *names: str) -> Path:
    lines = [{"recording_id": Path(name).stem, "audio_url": str(calls / name)} for name in names]
    path = folder / "calls.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def result(calls: Path, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    folder = tmp_path_factory.mktemp("files")
    lines = manifest(folder, calls, "card.flac", "phone.wav", "gone.wav")
    return hushbeam.redact_files(lines, folder / "out", substitution="entity_name", **FAST)


def test_a_result_has_recordings_findings_failures_and_counts(result: RunResult) -> None:
    assert [one.recording_id for one in result.recordings] == ["card", "phone"]
    assert "[CREDIT_CARD_NUMBER]" in result.recordings[0].text
    assert {one.recording_id for one in result.findings} == {"card", "phone"}
    (failure,) = result.failures
    assert (failure.recording_id, failure.status, failure.error_class) == ("gone", "failed", "MissingFileError")
    assert result.summary["recordings"]["completed"] == 2
    assert Path(result.report).exists()


def test_a_result_gives_tables(result: RunResult) -> None:
    assert result.to_arrow().column("recording_id").to_pylist() == ["card", "phone"]
    assert result.to_arrow("findings").num_rows == len(result.findings)
    assert result.to_arrow("failures").column("error_class").to_pylist() == ["MissingFileError"]
    pytest.importorskip("pandas")
    assert set(result.to_pandas("findings")["recording_id"]) == {"card", "phone"}
    with pytest.raises(ValueError, match="recordings, findings or failures"):
        result.to_arrow("transcripts")


def test_a_result_shows_what_came_out_and_why_not_and_nothing_that_was_said(result: RunResult) -> None:
    shown = result._repr_html_()
    assert "[CREDIT_CARD_NUMBER]" in shown
    assert "2 completed, 1 failed" in shown
    assert "does not exist" in shown
    assert "2 completed, 1 failed" in repr(result)
    assert not any(said in shown + repr(result) for said in SPOKEN)


def test_what_a_result_shows_is_escaped(tmp_path: Path, calls: Path) -> None:
    line = {"recording_id": "<script>alert(1)</script>", "audio_url": str(calls / "phone.wav")}
    (tmp_path / "calls.jsonl").write_text(json.dumps(line))
    shown = hushbeam.redact_files(tmp_path / "calls.jsonl", tmp_path / "out", **FAST)._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "<script" not in shown


def test_a_second_call_skips_and_shows_the_same(tmp_path: Path, calls: Path) -> None:
    lines = manifest(tmp_path, calls, "phone.wav")
    first, second = (hushbeam.redact_files(lines, tmp_path / "out", **FAST) for _ in range(2))
    assert second.skipped == {"phone"}
    assert second.recordings == first.recordings
    assert second.summary["recordings"]["skipped"] == 1


def test_it_works_where_an_event_loop_runs(tmp_path: Path, calls: Path) -> None:
    lines = manifest(tmp_path, calls, "phone.wav")

    async def cell() -> RunResult:
        return hushbeam.redact_files(lines, tmp_path / "out", **FAST)

    assert asyncio.run(cell()).summary["recordings"]["completed"] == 1


def test_it_gives_the_same_outputs_as_the_command(tmp_path: Path, calls: Path) -> None:
    lines = manifest(tmp_path, calls, "phone.wav")
    hushbeam.redact_files(lines, tmp_path / "library", **FAST)
    options = ["--model", "tiny.en", "--verify", "off", "--language_code", "en"]
    assert run(["--manifest", str(lines), "--output", str(tmp_path / "command"), *options]) == 0
    (ours,), (theirs,) = ((tmp_path / name / "audio").iterdir() for name in ("library", "command"))
    assert (ours.name, ours.read_bytes()) == (theirs.name, theirs.read_bytes())


def test_signals_and_streams_of_the_process_stay_its_own(
    tmp_path: Path, calls: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    hushbeam.redact_files(manifest(tmp_path, calls, "phone.wav"), tmp_path / "out", **FAST)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert capfd.readouterr().out == ""


def test_an_interrupted_call_raises_at_once_and_publishes_nothing_more(tmp_path: Path, calls: Path) -> None:
    lines = manifest(tmp_path, calls, "card.flac", "phone.wav", "transfer.flac")
    lock = tmp_path / "out" / "runs" / "LOCK"

    def interrupt() -> None:
        while not lock.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        hushbeam.redact_files(lines, tmp_path / "out", **FAST)
    until = time.monotonic() + 60
    while list((tmp_path / "out").glob("runs/LOCK*")) and time.monotonic() < until:
        time.sleep(0.1)
    assert not list((tmp_path / "out").glob("runs/LOCK*")), "the thread of the run has not ended"
    assert not list((tmp_path / "out").glob("status/*"))
    again = hushbeam.redact_files(lines, tmp_path / "out", **FAST)
    assert again.summary["recordings"]["completed"] == 3


def test_a_call_that_is_interrupted_before_it_has_its_lock_publishes_nothing(
    tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = manifest(tmp_path, calls, "phone.wav")
    interrupted = threading.Event()
    acquire = RunLock.acquire

    def late(self: RunLock, owner: Owner) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupted.wait(30)
        acquire(self, owner)

    monkeypatch.setattr(RunLock, "acquire", late)
    with pytest.raises(KeyboardInterrupt):
        hushbeam.redact_files(lines, tmp_path / "out", **FAST)
    interrupted.set()
    (thread,) = [one for one in threading.enumerate() if one.name == "hushbeam run"]
    thread.join(120)
    assert not thread.is_alive()
    assert not list((tmp_path / "out").glob("status/*")) + list((tmp_path / "out").glob("runs/LOCK*"))


def test_a_run_that_a_library_ends_is_an_error(tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(*_: object, **__: object) -> int:
        raise SystemExit(0)

    monkeypatch.setattr(module, "carry_out", leave)
    with pytest.raises(hushbeam.RunError, match="SystemExit"):
        hushbeam.redact_files(manifest(tmp_path, calls, "phone.wav"), tmp_path / "out", **FAST)


def test_an_output_that_another_run_holds_is_an_error(tmp_path: Path, calls: Path) -> None:
    lines = manifest(tmp_path, calls, "phone.wav")
    with (
        RunLock(str(tmp_path / "out"), "another"),
        pytest.raises(hushbeam.ConfigurationError, match="run another is writing there"),
    ):
        hushbeam.redact_files(lines, tmp_path / "out", **FAST)


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({"policies": ["person_nmae"]}, ["--policies", "person_nmae"]),
        ({"verify": "alles"}, ["--verify", "alles"]),
        ({"longest_minutes": "long"}, ["--longest_minutes", "long"]),
        ({"model": "nowhere"}, ["--model", "nowhere"]),
        ({"language_code": "english"}, ["--language_code", "english"]),
        ({"webhook_signing_secrets": ["whsec_a"]}, ["--webhook_signing_secrets", "whsec_a"]),
        ({"rules": "nowhere.json"}, ["--rules", "nowhere.json"]),
    ],
)
def test_a_wrong_option_raises_what_the_command_prints(
    options: dict[str, Any], arguments: list[str], tmp_path: Path, calls: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = manifest(tmp_path, calls, "phone.wav")
    with pytest.raises(hushbeam.ConfigurationError) as caught:
        hushbeam.redact_files(lines, tmp_path / "out", **{**FAST, **options})
    try:
        run(["--manifest", str(lines), "--output", str(tmp_path / "out"), *arguments])
    except SystemExit as ended:
        assert ended.code == 2
    assert str(caught.value) in " ".join(capfd.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(hushbeam.ConfigurationError) as caught:
        hushbeam.redact_files(
            "calls/",
            tmp_path / "out",
            "nme",
            verify="alles",
            modle="base",
            fail_above=0,
            redact_audio="maybe",
            recognisers=[3],
            manifest="calls.jsonl",
        )
    told = sorted(message.partition("; ")[0].partition(". ")[0] for message in str(caught.value).split("\n"))
    assert told == [
        "--fail_above: only the command has this option",
        "--policies: Unknown policy 'nme'",
        "--recognisers: give the class int itself, not an object of it",
        "--redact_audio: expected true or false",
        "--verify: expected all, off, or sample:SHARE with a share between 0 and 1",
        "unknown option manifest",
        "unknown option modle",
    ]


@pytest.mark.parametrize("inputs", [None, 3, [3]])
def test_inputs_that_are_no_paths_are_an_error(inputs: Any, tmp_path: Path) -> None:
    with pytest.raises(hushbeam.ConfigurationError, match=r"--inputs: expected (a list|text)"):
        hushbeam.redact_files(inputs, tmp_path / "out")


@pytest.mark.parametrize(("wrong", "meant"), [("substitutions", "substitution"), ("outptu", "output")])
def test_an_unknown_option_is_told_with_the_nearest(wrong: str, meant: str) -> None:
    with pytest.raises(hushbeam.ConfigurationError, match=f"unknown option {wrong}; did you mean {meant}"):
        hushbeam.redact_files("calls.jsonl", **{wrong: "hash"})  # type: ignore[arg-type]


def test_a_folder_is_redacted_and_what_is_left_out_is_told(tmp_path: Path, calls: Path) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    (folder / "phone.wav").write_bytes((calls / "phone.wav").read_bytes())
    (folder / "notes.txt").write_text("of nobody")
    result = hushbeam.redact_files(folder, tmp_path / "out", **FAST)
    assert [one.recording_id.partition("-")[0] for one in result.recordings] == ["phone"]
    assert any("left out" in warning or "notes" in warning for warning in result.warnings), result.warnings
    assert "Warning" in result._repr_html_()


def test_standard_input_is_not_read() -> None:
    with pytest.raises(hushbeam.ConfigurationError, match="only the command reads standard input"):
        hushbeam.redact_files("-")


def test_a_missing_input_is_an_error_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(hushbeam.ConfigurationError, match=r"nowhere\.jsonl"):
        hushbeam.redact_files(tmp_path / "nowhere.jsonl", tmp_path / "out", **FAST)
    assert not (tmp_path / "out").exists()


def test_a_page_that_cannot_be_updated_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def update(self, _: object) -> None:
            raise RuntimeError("the kernel's connection is closed")

    display = SimpleNamespace(HTML=str, display=lambda *_, **__: Gone())
    monkeypatch.setattr(progress, "import_module", lambda _: display)
    monkeypatch.setattr(progress, "is_notebook", lambda: True)
    with progress.shown_progress(show=True) as look:
        look()


def test_the_bar_of_a_notebook_shows_recordings_and_time() -> None:
    assert "loading models" in bar_html({}, 3)
    counts = {
        "ReadManifest.passed": 4,
        "ReadManifest.failed": 1,
        "Commit.passed": 2,
        "SkipFinished.skipped": 1,
        "audio_milliseconds": 90_000,
    }
    shown = bar_html(counts, 12.4)
    assert 'value="2" max="3"' in shown
    assert "2 of 3 recordings, 12 s, 1.5 minutes transcribed, 1 up to date, 1 failed or quarantined" in shown
