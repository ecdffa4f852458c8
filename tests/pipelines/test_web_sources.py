"""The whole job on recordings of a real web server, by presigned URLs whose signatures are never written anywhere."""

from __future__ import annotations

import base64
import gc
import io
import json
import logging
import os
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import soundfile
from rich.console import Console

from hushbeam.pipelines import erase, plan, redact, rerender
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.transforms.archive.findings_store import FindingsStore
from hushbeam.transforms.archive.unredacted import UnredactedOutput
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.detect_pii.detector import Detector
from hushbeam.transforms.sources.read import _client_of
from hushbeam.transforms.sources.spool import SPOOL
from tests.pipelines.conftest import FAST, Line, Run
from tests.transforms.notify.receiver import authority
from tests.web_server import SIGNATURE, Handler, WebServer, answer, serving

WEB = ("--allow_http", "--allow_private_sources", "127.0.0.1")
ANOTHER_NIGHT = "X-Amz-Signature=siskin-of-another-night"
SECRET = "siskin"
STRICT = ("--verify", "off", "--fail_above", "0")


@pytest.fixture
def server(calls: Path, tmp_path: Path) -> Iterator[WebServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    for call in calls.glob("*.*"):
        (folder / call.name).write_bytes(call.read_bytes())
    with serving(folder) as server:
        yield server
    assert len(SPOOL) == 0, "no copy of a source outlives its recording"


@pytest.fixture(autouse=True)
def shuffle_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUFFLE_KEY", base64.b64encode(os.urandom(32)).decode())
    monkeypatch.setenv("IDENTITIES", "a key of the operator")


def run_on(tmp_path: Path, lines: Sequence[Line], *options: str, command: Any = redact.run) -> Run:
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    terminal = io.StringIO()
    arguments = ["--manifest", str(manifest), "--output", str(tmp_path / "out"), *FAST, *WEB, *options]
    return Run(command(arguments, Console(file=terminal, width=200)), terminal.getvalue(), tmp_path / "out")


def written(folder: Path) -> Iterator[tuple[str, str]]:
    """Everything below a folder as text; tables row by row, since their pages are compressed."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path.name), path.name
            yield str(path.name), path.read_bytes().decode("latin-1")
            if path.suffix == ".parquet":
                yield path.name, str(pq.read_table(path).to_pylist())


def test_presigned_urls_are_redacted_skipped_the_next_night_and_written_nowhere(
    server: WebServer,
    tmp_path: Path,
    key: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    server.needed = SIGNATURE
    options = ("--store", str(tmp_path / "store"), "--store_key", key, "--captions")
    lines = [{"audio_url": server.url(name)} for name in ("card.flac", "phone.wav")]
    run = run_on(tmp_path, lines, *options)
    assert run.status == EXIT_COMPLETED, run.terminal
    rows = {row["audio_url"]: row for row in run.rows("transcripts")}
    assert set(rows) == {server.url("card.flac", ""), server.url("phone.wav", "")}
    assert "####" in rows[server.url("card.flac", "")]["text"]
    assert [len(server.gets(name)) for name in ("card.flac", "phone.wav")] == [1, 1], "both passes read one copy"
    assert len(run.audio()) == 2

    server.needed = ANOTHER_NIGHT
    lines = [{"audio_url": server.url(name, ANOTHER_NIGHT)} for name in ("card.flac", "phone.wav")]
    again = run_on(tmp_path, lines, *options)
    assert "2 skipped" in again.terminal, again.terminal
    assert [len(server.gets(name)) for name in ("card.flac", "phone.wav")] == [1, 1]

    expired = run_on(tmp_path, [{"audio_url": server.url("phone.wav")}], *options, "--force", "--json")
    assert expired.status == EXIT_INCOMPLETE
    (error,) = [row for row in expired.rows("errors") if not row["retryable"]]
    assert "refused (403): a presigned URL may have expired; make a new manifest" in error["message"]

    store = FindingsStore(SealedRoot(str(tmp_path / "store"), (key,)))
    kept = [store.read(row["recording_id"]).transcribed.pending for row in rows.values()]
    assert {one.recording.audio_url for one in kept} == set(rows)
    out, err = capfd.readouterr()
    places = [
        *written(run.output),
        *(("store", repr(vars(one.recording)) + repr(one.source.to_dict())) for one in kept),
        ("log", "\n".join(record.getMessage() for record in caplog.records)),
        ("terminal", run.terminal + again.terminal + expired.terminal + out + err),
    ]
    assert any("card.flac" in text for place, text in places if place.endswith(".parquet")), "the search reads tables"
    assert [place for place, text in places if SECRET in text or "X-Amz" in text] == []


def test_what_is_transcribed_is_what_is_muted_whatever_the_server_does_next(
    server: WebServer, calls: Path, tmp_path: Path
) -> None:
    def last_time(handler: Handler, content: bytes) -> bool:
        handler.serve(content)
        (server.folder / "card.flac").write_bytes((calls / "transfer.flac").read_bytes())
        return True

    server.behaviours = [None, last_time]
    run = run_on(tmp_path, [{"recording_id": "card", "audio_url": server.url("card.flac")}])
    assert run.status == EXIT_COMPLETED, run.terminal
    assert len(server.gets("card.flac")) == 1
    assert soundfile.info(run.audio()["card"]).frames == soundfile.info(calls / "card.flac").frames
    changed = run_on(tmp_path, [{"recording_id": "card", "audio_url": server.url("card.flac")}])
    assert "1 completed" in changed.terminal, "another version is another recording"


def test_spans_on_other_workers_get_the_same_bytes_or_fail_the_recording(server: WebServer, tmp_path: Path) -> None:
    server.etags = False  # a server that does not tell what follows apart
    with wave.open(str(server.folder / "long.wav"), "wb") as long:
        long.setparams((1, 2, 8000, 0, "NONE", ""))
        long.writeframes(bytes(16_000 * 40))
    content = (server.folder / "long.wav").read_bytes()
    wholes: list[int] = []

    def replaced(handler: Handler, _: bytes) -> bool:
        if not handler.headers.get("Range"):
            wholes.append(len(wholes))
            if len(wholes) == 2:
                (server.folder / "long.wav").write_bytes(content[:-1] + b"\1")
        return False

    line = {"recording_id": "long", "audio_url": server.url("long.wav")}
    in_spans = ("--longest_minutes", "0.3", "--shuffle_key", "env:SHUFFLE_KEY")
    server.behaviours = [replaced] * 20
    run = run_on(tmp_path, [line], *in_spans)
    assert run.status == EXIT_INCOMPLETE, run.terminal
    errors = run.rows("errors")
    assert {row["stage"] for row in errors if row["error_class"] == "SourceChangedError"} == {"TranscribeSpans"}
    assert all(row["retryable"] for row in errors)
    assert run.audio() == {}
    server.behaviours = []
    assert run_on(tmp_path, [line], *in_spans).status == EXIT_COMPLETED


def test_queries_that_name_recordings_need_ids(server: WebServer, tmp_path: Path) -> None:
    (server.folder / "get").write_bytes((server.folder / "phone.wav").read_bytes())
    lines = [{"audio_url": server.url("get", f"id={number}")} for number in (7, 8)]
    run = run_on(tmp_path, lines)
    assert run.status == EXIT_INCOMPLETE
    (error,) = run.rows("errors")
    assert (error["line"], error["error_class"]) == (2, "DuplicateRecordingIdError")
    assert "give each a recording_id of its own" in error["message"]
    assert "id=" not in error["message"]
    named = [line | {"recording_id": f"call-{number}"} for number, line in enumerate(lines)]
    assert run_on(tmp_path, named).status == EXIT_COMPLETED
    erased = ["--output", str(tmp_path / "out"), "--recording_id", "call-0"]
    assert erase.run(erased, Console(file=io.StringIO())) == EXIT_COMPLETED
    after = run_on(tmp_path, named)
    assert "call-1" in after.statuses(), "the recordings differ in their queries alone, and one of them was erased"
    assert "call-0" not in after.statuses()


def test_with_pseudonyms_a_presigned_url_is_skipped_the_next_night_too(server: WebServer, tmp_path: Path) -> None:
    hashed = ("--hash_identities", "env:IDENTITIES")
    first = run_on(tmp_path, [{"audio_url": server.url("phone.wav")}], *hashed)
    assert first.status == EXIT_COMPLETED, first.terminal
    assert first.rows("transcripts")[0]["audio_url"].startswith("url-")
    again = run_on(tmp_path, [{"audio_url": server.url("phone.wav", ANOTHER_NIGHT)}], *hashed)
    assert "1 skipped" in again.terminal


def test_what_cannot_be_fetched_fails_by_itself_and_says_what_to_do(server: WebServer, tmp_path: Path) -> None:
    server.behaviours = []
    lines = [
        {"recording_id": "missing", "audio_url": server.url("missing.wav")},
        {"recording_id": "private", "audio_url": server.url("phone.wav", host="127.0.0.2")},
        {"recording_id": "password", "audio_url": f"https://user:{SECRET}@127.0.0.1/phone.wav"},
        {"recording_id": "empty", "audio_url": server.url("empty.wav")},
        {"recording_id": "phone", "audio_url": server.url("phone.wav")},
    ]
    (server.folder / "empty.wav").write_bytes(b"")
    run = run_on(tmp_path, lines)
    assert run.status == EXIT_INCOMPLETE
    assert run.statuses() == {"phone"}
    errors = {row["recording_id"]: row for row in run.rows("errors")}
    assert "no such file (404)" in errors["missing"]["message"]
    assert "--allow_private_sources" in errors["private"]["message"]
    assert any("the URL contains credentials" in row["message"] for row in errors.values())
    assert "empty" in errors
    assert SECRET not in str(run.rows("errors"))
    assert not any(error["retryable"] for error in errors.values())
    plain = run_on(tmp_path, [{"audio_url": server.url("phone.wav")}], "--no-allow_http", "--force")
    assert any("--allow_http" in row["message"] for row in plain.rows("errors"))


def test_https_with_an_authority_of_ones_own(calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls, _ = authority(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "receiver.pem"))
    _client_of.cache_clear()
    with serving(calls, tls) as server:
        server.behaviours = [None, answer(503)]
        run = run_on(tmp_path, [{"audio_url": server.url("phone.wav")}], "--no-allow_http")
        assert run.status == EXIT_COMPLETED, run.terminal
        (row,) = run.rows("transcripts")
        assert row["audio_url"] == server.url("phone.wav", "")
    assert len(SPOOL) == 0


def test_a_stage_that_fails_leaves_no_copy_of_the_source(
    server: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: list[int] = []

    def fails(*_: object, **__: object) -> None:
        copies.append(len(SPOOL))
        raise ValueError("a detector failed")

    monkeypatch.setattr(Detector, "detect", fails)
    gc.disable()  # it may come late: a copy that waits for it takes the place of others
    try:
        run = run_on(tmp_path, [{"audio_url": server.url("phone.wav")}])
        left = len(SPOOL)
    finally:
        gc.enable()
    assert run.status == EXIT_INCOMPLETE, run.terminal
    assert (copies, left) == ([1], 0)


def test_a_plan_reads_the_headers_of_web_sources_alone(server: WebServer, tmp_path: Path) -> None:
    lines = [{"audio_url": server.url(name)} for name in ("card.flac", "phone.wav")]
    planned = run_on(tmp_path, lines, command=plan.run)
    assert planned.status == EXIT_COMPLETED, planned.terminal
    assert "to do: new" in planned.terminal
    assert all(one.headers.get("Range") for one in server.asked)
    assert SECRET not in planned.terminal


def test_unredacted_transcripts_of_web_sources_hold_no_query(server: WebServer, tmp_path: Path, key: str) -> None:
    root = str(tmp_path / "unredacted")
    lines: list[Line] = [
        {"recording_id": "plain", "audio_url": server.url("phone.wav"), "redact_pii": False},
        {"recording_id": "redacted", "audio_url": server.url("phone.wav")},
    ]
    run = run_on(tmp_path, lines, "--unredacted_output", root, "--unredacted_key", key)
    assert run.status == EXIT_COMPLETED, run.terminal
    kept = UnredactedOutput(SealedRoot(root, (key,)))
    for name in ("plain", "redacted"):
        assert json.loads(kept.read(name))["audio_url"] == server.url("phone.wav", "")
        assert SECRET.encode() not in kept.read(name)
    assert len(server.gets("phone.wav")) == 2


def test_a_given_transcript_comes_from_a_web_server_too(server: WebServer, tmp_path: Path) -> None:
    said = "you can call me back at my number which is six one four five five five zero one four two"
    words = [
        {"text": word, "start_s": round(0.4 * number, 2), "end_s": round(0.4 * number + 0.35, 2), "confidence": 0.9}
        for number, word in enumerate(said.split())
    ]
    (server.folder / "phone.json").write_text(json.dumps({"language_code": "en", "words": words}))
    line = {"audio_url": server.url("phone.wav"), "transcript_url": server.url("phone.json")}
    run = run_on(tmp_path, [line])
    assert run.status == EXIT_COMPLETED, run.rows("errors")
    (row,) = run.rows("transcripts")
    assert row["text"].startswith("you can call me back")
    assert "six one four" not in row["text"]
    assert [len(server.gets(name)) for name in ("phone.json", "phone.wav")] == [1, 1]
    assert "1 skipped" in run_on(tmp_path, [line]).terminal


def test_published_recordings_are_rendered_again_from_a_public_url_and_not_without_a_needed_query(
    server: WebServer, tmp_path: Path, key: str
) -> None:
    kept = ("--store", str(tmp_path / "store"), "--store_key", key)
    assert run_on(tmp_path, [{"audio_url": server.url("phone.wav")}], *kept).status == EXIT_COMPLETED
    terminal = io.StringIO()
    arguments = ["--output", str(tmp_path / "out"), *kept, *WEB, *STRICT, "--substitution", "entity_name"]
    assert rerender.run(arguments, Console(file=terminal, width=200)) == EXIT_COMPLETED, terminal.getvalue()
    server.needed = SIGNATURE
    assert rerender.run([*arguments, "--force"], Console(file=terminal, width=200)) == EXIT_INCOMPLETE
    messages = [row["message"] for row in Run(0, "", tmp_path / "out").rows("errors")]
    assert any("which is not kept" in message for message in messages)
