"""Recordings that are no recordings: playlists, scripts, references to other files and addresses, tricks with paths."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from hushbeam.pipelines.redact import run
from hushbeam.pipelines.running.exit_status import EXIT_INCOMPLETE
from tests.pipelines.conftest import Run
from tests.transforms.media.hostile import playlists


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A server that should never be asked: its address, and what it was asked for."""
    asked: list[str] = []

    class Recorder(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    listening = HTTPServer(("127.0.0.1", 0), Recorder)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}", asked
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_nothing_is_followed_and_everything_has_its_row(
    calls: Path, tmp_path: Path, server: tuple[str, list[str]]
) -> None:
    address, asked = server
    folder = tmp_path / "received"
    folder.mkdir()
    secret = folder / "secret.wav"
    secret.write_bytes((calls / "phone.wav").read_bytes())
    os.mkfifo(folder / "pipe.wav")
    hostile = {name: str(path) for name, path in playlists(folder, secret, address).items()} | {
        "concat": f"concat:{secret}|{secret}",
        "subfile": f"subfile,,start,0,end,0,,:{secret}",
        "address": f"{address}/call.wav",
        "data": "data:audio/wav;base64,UklGRg==",
        "crypto": f"crypto:{secret}",
        "folder": str(folder),
        "pipe": str(folder / "pipe.wav"),
        "device": "/dev/zero",
        "password": "/etc/passwd",
        "upwards": "../../../../../../etc/passwd",
        "null": f"{secret}\0.wav",
        "long": "a" * 5_000 + ".wav",
        "options": "-i",
        "bucket": "gs://../secret.wav",
    }
    lines = [{"recording_id": name, "audio_url": url} for name, url in hostile.items()]
    lines.append({"recording_id": "../../escaped\nid", "audio_url": str(calls / "card.flac")})
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    terminal = io.StringIO()
    arguments = [
        "--manifest",
        str(manifest),
        "--output",
        str(tmp_path / "out"),
        "--model",
        "tiny.en",
        "--verify",
        "off",
        "--fail_above",
        "0",
    ]
    outcome = Run(run(arguments, Console(file=terminal, width=200)), terminal.getvalue(), tmp_path / "out")
    assert outcome.status == EXIT_INCOMPLETE, outcome.terminal
    assert outcome.statuses() == {"../../escaped\nid"}
    assert len(outcome.audio()) == 1
    assert all(path.is_relative_to(tmp_path / "out") for path in tmp_path.rglob("*escaped*"))
    errors = outcome.rows("errors")
    assert len(errors) == len(hostile)
    assert {row["status"] for row in errors} == {"failed"}
    assert "root:" not in json.dumps(errors, default=str)
    assert asked == []
    unreadable = {
        row["recording_id"]: row["message"].split(":")[0] for row in errors if row["error_class"] == "MediaError"
    }
    assert {name: unreadable.get(name) for name in ("hls", "dash", "ffconcat", "password")} == {
        "hls": "unsupported",
        "dash": "unsupported",
        "ffconcat": "unsupported",
        "password": "unsupported",
    }
