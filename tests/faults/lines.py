"""Hostile lines, manifests and receivers among good ones, and a decoder that was taken over."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import socket
import socketserver
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from hushbeam.pipelines import redact
from hushbeam.pipelines.running.exit_status import EXIT_INCOMPLETE
from hushbeam.schemas.delivery import DELIVERED, REFUSED_HEADER, UNDELIVERED
from hushbeam.transforms.media.isolation.children import locks
from tests.faults.scenarios import (
    Night,
    NotPossibleHereError,
    Scenario,
    problems,
    published,
    rows,
    run_job,
    start_faulty,
    write_manifest,
)
from tests.transforms.media.isolation.test_allowed_calls import attempted, victim

_FAST = ("--model", "tiny.en", "--verify", "off", "--fail_above", "0")
_TO_LOOPBACK = ("--webhook_allow_http", "--webhook_allowed_networks", "127.0.0.0/8")
_CANARY = "zebra"
_MOST_MIB = 3000


def fcntl_kill(_: Night) -> str:
    """A confined process asks the kernel to kill another one of the same user."""
    if not locks().call_filter:
        raise NotPossibleHereError("libseccomp is not installed")
    with victim(0) as other, tempfile.TemporaryDirectory() as folder:
        said = attempted(other.pid, Path(folder))
        assert other.poll() is None, "the other process was killed"
        assert set(said["fcntl"]) == {1, 3}, said["fcntl"]
        return "every command of fcntl but two is refused, the other process lives"


class _Hostile(socketserver.StreamRequestHandler):
    """Answers what ended runs, and what else is no answer."""

    answers = (
        b"HTTP/1.1 429 X\r\nRetry-After: Mon, 01 Jan 99999999999999 00:00:00 GMT\r\n\r\n",
        b"HTTP/1.1 503 X\r\nRetry-After: Mon, 01 Jan 2024 00:00:00 +99999999999999\r\n\r\n",
        b"HTTP/1.1 \xff\xfe\r\n\r\n",
        b"HTTP/1.1 200 X\r\nContent-Length: -1\r\n\r\n",
        bytes(range(256)),
    )
    given = 0

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.request.recv(65536)
            self.request.sendall(self.answers[_Hostile.given % len(self.answers)])
            _Hostile.given += 1


class _Polite(socketserver.StreamRequestHandler):
    """Takes everything, and keeps what it was sent."""

    received: ClassVar[list[bytes]]

    def handle(self) -> None:
        self.received.append(self.request.recv(65536))
        self.request.sendall(b"HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n")


def _keeping() -> type[_Polite]:
    """A handler that keeps what it is sent apart from what others are."""

    class Keeping(_Polite):
        received: ClassVar[list[bytes]] = []

    return Keeping


@contextlib.contextmanager
def _listening(handler: type[socketserver.BaseRequestHandler]) -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def _with_lines(night: Night, folder: str, changes: Sequence[Mapping[str, Any]]) -> Path:
    """A manifest of the calls, each with further keys."""
    good = [json.loads(line) for line in night.manifest.read_text().splitlines()]
    path = Path(folder) / "manifest.jsonl"
    write_manifest(path, [{**line, **more} for line, more in zip(good, changes, strict=True)])
    return path


def hostile_receiver(night: Night) -> str:
    """Two receivers answer what is no answer, the third one is as it should be."""
    polite = _keeping()
    with _listening(_Hostile) as hostile, _listening(polite) as good, tempfile.TemporaryDirectory() as folder:
        urls = [f"http://{hostile}/", f"http://{hostile}/again", f"http://{good}/"]
        manifest = _with_lines(night, folder, [{"webhook_url": url} for url in urls])
        with night.output() as output:
            assert run_job(manifest, output, *_TO_LOOPBACK) == EXIT_INCOMPLETE
            assert problems(output) == {}
            assert published(output) == night.expected
            outcomes = [row["outcome"] for row in rows(output, "notifications")]
            assert sorted(outcomes) == sorted([UNDELIVERED, UNDELIVERED, DELIVERED]), outcomes
    return "all published, two undelivered, one delivered, exit 3"


def header_secret_to_a_foreign_host(night: Night) -> str:
    """A line has the auth header sent to a host of its own choice."""
    ours, theirs = _keeping(), _keeping()
    secret = "Bearer canary-of-the-header"
    with _listening(ours) as own, _listening(theirs) as foreign, tempfile.TemporaryDirectory() as folder:
        named = {"webhook_auth_header_name": "X-Auth"}
        foreign_url = {**named, "webhook_url": f"http://{foreign}/"}
        manifest = _with_lines(
            night, folder, [named, foreign_url, {**foreign_url, "webhook_auth_header_value": "env:AUTH"}]
        )
        options = ("--webhook_auth_header_values", "env:AUTH", "--webhook_url", f"http://{own}/")
        with night.output() as output, patch.dict(os.environ, {"AUTH": secret}):
            assert run_job(manifest, output, *_TO_LOOPBACK, *options) == EXIT_INCOMPLETE
            assert problems(output) == {}
            outcomes = [row["outcome"] for row in rows(output, "notifications")]
        assert sorted(outcomes) == sorted([DELIVERED, REFUSED_HEADER, REFUSED_HEADER]), outcomes
        assert not theirs.received
        assert secret.encode() in ours.received[0]
    return "sent to the job's own host, refused for the two others"


def parquet_bomb(night: Night) -> str:
    """A file of 500 bytes that stands for gigabytes, as a manifest beside a good one."""
    with tempfile.TemporaryDirectory() as folder, night.output() as output:
        bomb = Path(folder) / "bomb.parquet"
        values = pa.DictionaryArray.from_arrays(pa.array([0] * 2000, pa.int32()), pa.array(["x" * 1_000_000]))
        pq.write_table(pa.table({"audio_url": values}), bomb, compression="zstd", write_statistics=False)
        assert bomb.stat().st_size < 2000
        # The driver gives --manifest the good one; this one comes on top.
        job = start_faulty(night, output, options=("--manifest", str(night.manifest), str(bomb)))
        watched, most = psutil.Process(job.pid), 0
        while job.poll() is None:
            with contextlib.suppress(psutil.Error):
                tree = [watched, *watched.children(recursive=True)]
                most = max(most, *(process.memory_info().rss for process in tree))
            time.sleep(0.1)
        said, _ = job.communicate()
        assert job.returncode == EXIT_INCOMPLETE, said[-1000:]
        assert most < _MOST_MIB * 2**20, f"{most / 2**20:.0f} MiB"
        assert problems(output) == {}
        assert published(output) == night.expected
        failed = len(rows(output, "errors"))
        return f"{failed} rows in errors/, the good calls complete, no process took more than {most / 2**20:.0f} MiB"


def _with_canaries() -> list[Mapping[str, Any]]:
    """A canary in every position of a line: keys, entries of mappings, lists, and what stands where."""
    word, good = f"{_CANARY} Quagga", {"audio_url": "a.wav"}
    return [
        {word: "a.wav"},
        {"audio_url": f"{_CANARY}://quagga/a.wav"},
        {"audio_url": f"ftp://{_CANARY}/a.wav"},
        {"audio_url": f"{_CANARY}\0"},
        {"audio_url": f"memory://{_CANARY}/{_CANARY}.wav", "recording_id": "bucket"},
        {**good, "recording_id": f"{_CANARY}" * 200},
        {**good, "redact_pii_policies": ["date", word]},
        {**good, "redact_pii_policies": f"{word}, date"},
        {**good, "redact_pii_policies": f'["{word}'},
        {**good, "redact_pii_sub": word},
        {**good, "redact_pii": word},
        {**good, "redact_pii_audio_quality": word},
        {**good, "redact_pii_audio_options": {word: word}},
        {**good, "redact_pii_audio_options": {"override_audio_redaction_method": word}},
        {**good, "redact_static_entities": {word: word}},
        {**good, "redact_static_entities": {word: [7]}},
        {**good, "redact_static_entities": f'{{"{word}": ["a"], "{word}": ["b"]}}'},
        {**good, "language_code": _CANARY},
        {**good, "language_code": f"en-{_CANARY}"},
        {**good, "multichannel": word},
        {**good, "webhook_auth_header_value": word},
        {**good, "webhook_url": f"{_CANARY}" * 2000},
        {**good, "metadata": {word: {word: word}}},
    ]


def values_in_errors(*options: str) -> Any:
    def check(night: Night) -> str:
        with tempfile.TemporaryDirectory() as folder, night.output() as output:
            lines = Path(folder) / "lines.jsonl"
            bad = _with_canaries()
            write_manifest(lines, bad)
            with lines.open("a") as file:
                file.write(f'{{"audio_url": "{_CANARY}"\n{{"{_CANARY}": 1, "{_CANARY}": 2}}\n["{_CANARY}"]\n')
            (Path(folder) / "headless.csv").write_text(f"call-{_CANARY}.wav,{_CANARY} Quagga\nb-{_CANARY}.wav,date\n")
            manifests = [str(night.manifest), str(lines), f"{folder}/headless.csv"]
            terminal, log = io.StringIO(), io.StringIO()
            handler, root = logging.StreamHandler(log), logging.getLogger()
            root.addHandler(handler)
            try:
                with patch.dict(os.environ, {"IDENTITIES": "a-key-of-identities-for-this"}):
                    arguments = ["--manifest", *manifests, "--output", str(output), *_FAST, *options]
                    status = redact.run(arguments, Console(file=terminal, width=200))
            finally:
                root.removeHandler(handler)
            assert status == EXIT_INCOMPLETE, terminal.getvalue()
            assert problems(output) == {}
            failed = rows(output, "errors")
            assert len(failed) == len(bad) + 4, len(failed)
            # The source of a valid line may be named, as in `transcripts`; with hashed identities nothing is.
            shown = failed if options else [{**row, "audio_url": None} for row in failed]
            said = [json.dumps(shown, default=str), terminal.getvalue(), log.getvalue()]
            found = [text for text in said if _CANARY in text.lower() or "quagga" in text.lower()]
            assert not found, found[0][:500]
            return f"{len(failed)} lines rejected, nothing of them in errors/, log or terminal"

    return check


def dead_store(night: Night) -> str:
    """Lines name recordings in a store at whose address nobody listens, among good ones."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    good = [json.loads(line) for line in night.manifest.read_text().splitlines()]
    dead = [{"recording_id": f"dead-{n}", "audio_url": f"gs://{_CANARY}-dead/{n}.wav"} for n in range(20)]
    with tempfile.TemporaryDirectory() as folder, night.output() as output:
        manifest = Path(folder) / "manifest.jsonl"
        write_manifest(manifest, [*dead, *good])
        with patch.dict(os.environ, {"STORAGE_EMULATOR_HOST": nobody}):
            started = time.monotonic()
            assert run_job(manifest, output) == EXIT_INCOMPLETE
            took_s = time.monotonic() - started
        assert problems(output) == {}
        assert published(output) == night.expected
        failed = rows(output, "errors")
        assert len(failed) == len(dead)
        assert all(row["retryable"] and _CANARY not in row["message"] for row in failed)
        assert took_s < 110, "one line alone took that long"
        return f"{len(failed)} retryable rows and 3 published in {took_s:.0f} s"


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("a decoder has the kernel kill another process", fcntl_kill),
    Scenario("a receiver answers with invalid dates and bytes", hostile_receiver),
    Scenario("a line asks for a secret to be sent to its own host", header_secret_to_a_foreign_host),
    Scenario("a manifest of 500 bytes that expands to gigabytes", parquet_bomb),
    Scenario("personal data wherever a line may hold them", values_in_errors()),
    Scenario("the same, with identities hashed", values_in_errors("--hash_identities", "env:IDENTITIES")),
    Scenario("an object store that does not answer", dead_store),
)
