"""The whole job on recordings, folders, request bodies and standard input."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from hushbeam.pipelines import doctor, plan
from hushbeam.pipelines.redact import run as redact
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE, EXIT_PROBLEMS, EXIT_USAGE
from tests.pipelines.conftest import FAST, Run


def started(output: Path, *arguments: str) -> Run:
    terminal = io.StringIO()
    status = redact([*arguments, "--output", str(output), *FAST], Console(file=terminal, width=200))
    return Run(status, terminal.getvalue(), output)


@pytest.fixture
def folder(calls: Path, tmp_path: Path) -> Path:
    """Two recordings of one stem, and a request body as AssemblyAI's users save it."""
    shutil.copy(calls / "card.flac", tmp_path / "one.flac")
    shutil.copy(calls / "phone.wav", tmp_path / "one.wav")
    body = {
        "audio_url": str(calls / "transfer.flac"),
        "language_code": "en_us",
        "speaker_labels": True,
        "redact_pii": True,
        "customer": "4711",
    }
    (tmp_path / "request.json").write_text(json.dumps(body, indent=2))
    return tmp_path


def test_a_folder_and_a_request_body_are_redacted_and_then_up_to_date(folder: Path) -> None:
    output = folder / "redacted"
    first = started(output, str(folder), str(folder / "request.json"), "--metadata_columns", "customer")
    assert first.status == EXIT_COMPLETED, first.terminal
    assert "1 manifest left out, because there are recordings beside" in first.terminal
    assert "Keys without effect here, in 1 line: speaker_labels" in first.terminal
    rows = {Path(row["audio_url"]).name: row for row in first.rows("transcripts")}
    assert set(rows) == {"one.flac", "one.wav", "transfer.flac"}
    assert len({row["recording_id"] for row in rows.values()}) == len(first.audio()) == 3
    assert rows["transfer.flac"]["metadata"] == [("customer", "4711")]
    (summary,) = output.glob("runs/*/summary.json")
    assert json.loads(summary.read_text())["ignored_keys"] == {"lines": 1, "names": {"speaker_labels": 1}}

    again = started(output, str(folder))
    assert again.status == EXIT_COMPLETED, again.terminal
    assert "2 skipped" in again.terminal
    assert "0 completed" in again.terminal


def test_lines_of_standard_input_are_redacted_and_not_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.chdir(folder)
    lines = b'{"audio_url": "one.wav", "recording_id": "one"}\n{"audio_url": "one.flac", "zebra": 1}\n'
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(lines)))
    run = started(folder / "redacted", "-")
    assert run.statuses() == {"one"}, run.terminal
    (row,) = run.rows("errors")
    assert (row["manifest"], row["line"]) == (str(folder / "-"), 2)
    assert row["recording_id"].startswith("one-")
    assert not [path for path in temporary.rglob("lines") if path.is_file()]


def test_a_recording_that_fails_is_traced_to_its_file(folder: Path, key: str) -> None:
    broken = folder / "calls" / "one.wav"
    broken.parent.mkdir()
    broken.write_bytes((folder / "one.wav").read_bytes()[:100])
    manifest = folder / "night.jsonl"
    manifest.write_text('{"audio_url": "gone.wav", "recording_id": "call"}\n')
    inputs = (str(folder / "one.flac"), str(broken.parent), "--manifest", str(manifest))
    run = started(folder / "redacted", *inputs)
    (row,) = [row for row in run.rows("errors") if not row["manifest"]]
    assert f"({broken})\n" in next(line for line in run.terminal.splitlines(True) if row["recording_id"] in line)
    assert f"({row['recording_id']}: {broken})" in run.terminal
    assert str(folder / "one.flac") not in run.terminal
    assert "(call)" in run.terminal, "a manifest names its file"
    assert "gone.wav" not in run.terminal

    hashed = started(folder / "hashed", *inputs, "--hash_identities", key)
    assert len(hashed.rows("errors")) == 2
    assert str(broken) not in hashed.terminal
    assert "url-" not in hashed.terminal
    for options, is_told in ([], True), (["--hash_identities", key], False):
        terminal = io.StringIO()
        doctor.run([str(broken.parent), *options, *FAST], Console(file=terminal, width=500))
        assert (f"{row['recording_id']}: {broken}" in terminal.getvalue()) is is_told


@pytest.mark.parametrize("lines", [b"", b"\n \n"])
def test_standard_input_without_a_line_is_an_empty_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: bytes
) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(lines)))
    run = started(tmp_path / "redacted", "-")
    assert run.status == EXIT_INCOMPLETE
    assert "Exit status 3: the manifests name no recording" in run.terminal
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(lines)))
    assert started(tmp_path / "redacted", "-", "--allow_empty").status == EXIT_COMPLETED


@pytest.mark.parametrize("named", [("--manifest", "{folder}/*.jsonl"), ("{folder}/*.wav",)])
def test_a_glob_without_a_match_is_an_empty_input_where_that_is_allowed(tmp_path: Path, named: tuple[str, ...]) -> None:
    arguments = [each.format(folder=tmp_path) for each in named]
    refused = started(tmp_path / "redacted", *arguments)
    assert refused.status == EXIT_USAGE
    allowed = started(tmp_path / "redacted", *arguments, "--allow_empty")
    assert allowed.status == EXIT_COMPLETED, allowed.terminal
    assert list((tmp_path / "redacted").glob("runs/*/summary.json"))
    # A folder may be named like a glob.
    (tmp_path / "calls [1]").mkdir()
    (tmp_path / "calls [1]" / "a.wav").write_bytes(b"RIFF")
    found = started(tmp_path / "redacted", str(tmp_path / "calls [1]"), "--allow_empty")
    assert "100 % of the attempted recordings failed" in found.terminal
    # A file without a star is still missed.
    missed = started(tmp_path / "redacted", "--manifest", str(tmp_path / "night.jsonl"), "--allow_empty")
    assert missed.status == EXIT_USAGE


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("none.wav", "no such file: none.wav"),
        (__file__, "is neither a recording nor a manifest"),
    ],
)
def test_wrong_inputs_end_the_command_before_anything_runs(tmp_path: Path, given: str, told: str) -> None:
    run = started(tmp_path / "redacted", given)
    assert run.status == EXIT_USAGE
    assert told in run.terminal
    assert not run.output.exists()


def test_a_published_recording_is_not_redacted_again(folder: Path) -> None:
    output = folder / "redacted"
    published = output / "audio" / "one.wav"
    published.parent.mkdir(parents=True)
    shutil.copy(folder / "one.wav", published)
    run = started(output, str(folder / "one.flac"), str(published))
    assert run.status == EXIT_USAGE
    assert f"{published} lies in the output" in run.terminal
    assert [path for path in output.rglob("*") if path.is_file()] == [published]


def test_a_plan_counts_recordings_without_a_manifest(folder: Path) -> None:
    terminal = io.StringIO()
    options = [str(folder), "--output", str(folder / "redacted"), *FAST]
    assert plan.run(options, Console(file=terminal, width=200)) == EXIT_COMPLETED
    assert "2" in terminal.getvalue().split("to do: new")[0]
    assert "1 manifest left out" in terminal.getvalue()


def test_doctor_reads_the_lines_and_says_what_is_wrong(folder: Path) -> None:
    def examined(*arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
        terminal = io.StringIO()
        status = doctor.run([*arguments, "--json", *FAST], Console(file=terminal, width=200))
        return status, {check["subject"]: check for check in json.loads(terminal.getvalue())["checks"]}

    manifest = folder / "calls.jsonl"
    lines = [{"audio_url": f"{n}.wav"} for n in range(3)] + [{"audio_url": "0.wav"}, {"audio_url": "4.wav", "zebra": 1}]
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for number in range(3):
        shutil.copy(folder / "one.wav", folder / f"{number}.wav")
    status, found = examined(str(manifest))
    assert status == EXIT_PROBLEMS
    assert found["inputs"]["detail"] == "1 manifest"
    told = found["lines"]["detail"]
    assert told.startswith("valid: 3 of 5 lines. The first others:")
    assert "line 4: recording_id: an earlier line has the same id" in told
    assert "line 5: Unknown key: key 2 of the line" in told
    assert examined(str(folder))[1]["inputs"]["outcome"] == "warning", "manifests are left out"
    assert examined(str(folder / "request.json"), "--metadata_columns", "*")[1]["lines"]["detail"] == (
        "1 line, all valid; without effect here: speaker_labels"
    )
