"""Secret references, with a fake Secret Manager on loopback."""

from __future__ import annotations

import base64
import importlib
import json
import logging
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import google_crc32c
import pytest

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.secrets import is_reference, read_secret


def test_a_secret_is_read_from_the_environment_and_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "from the environment\n")
    (tmp_path / "secret").write_text("from a file\r\n")
    assert read_secret("env:HOOK", "--x") == "from the environment"
    assert read_secret(f"file:{tmp_path}/secret", "--x") == "from a file"


@pytest.mark.parametrize(
    "reference",
    ["canary", "env:", "env:1-canary", "file:canary", "env:canary_NOT_SET", "file:/canary", "secretmanager://canary"],
)
def test_an_error_about_a_secret_names_the_option_and_not_the_reference(reference: str) -> None:
    with pytest.raises(ConfigurationError, match="--x") as caught:
        read_secret(reference, "--x")
    assert "canary" not in str(caught.value).lower()


def test_a_variable_with_a_usual_name_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STORE_KEY", raising=False)
    with pytest.raises(ConfigurationError, match=r"^--x: the environment variable STORE_KEY is unset or empty;"):
        read_secret("env:STORE_KEY", "--x")


@pytest.mark.parametrize("given", ["key.pem", "file:key.pem", "./keys/key", "~/key.pem", "/run/secrets/key"])
def test_a_path_that_is_no_reference_is_explained(given: str) -> None:
    with pytest.raises(ConfigurationError, match=r"absolute path, such as file:/home/me/key.pem") as caught:
        read_secret(given, "--x")
    assert given not in str(caught.value).replace("file:/home/me/key.pem", "")
    with pytest.raises(ConfigurationError, match=r"not the secret itself$"):
        read_secret("whsec_c2VjcmV0", "--x")


def test_an_empty_secret_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "\n")
    (tmp_path / "secret").write_text(" ")
    for reference in ("env:HOOK", f"file:{tmp_path}/secret"):
        with pytest.raises(ConfigurationError, match="empty"):
            read_secret(reference, "--x")


def test_a_pipe_without_a_writer_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match="--x: the secret is empty"):
        read_secret(f"file:{tmp_path}/pipe", "--x")


def test_an_endless_file_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="--x: the file is longer than 64 KiB"):
        read_secret("file:/dev/zero", "--x")


def test_references_are_told_from_secrets() -> None:
    assert is_reference("env:HOOK_SECRET")
    assert is_reference("file:/run/secrets/hook")
    assert is_reference("secretmanager://projects/p-1/secrets/hook/versions/latest")
    assert not is_reference("secretmanager://projects/p-1/secrets/hook")
    assert not is_reference("secretmanager://projects/p-1/secrets/../versions/1")
    assert not is_reference("whsec_c2VjcmV0")
    assert not is_reference("env:HOOK SECRET")


class _SecretManager(ThreadingHTTPServer):
    """A stand-in on loopback that speaks its REST interface."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.answers: dict[str, bytes] = {}
        self.damaged = False


class _Handler(BaseHTTPRequestHandler):
    server: _SecretManager

    def log_message(self, format: str, *arguments: object) -> None:
        return

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append((path, self.headers.get("Authorization")))
        secret = self.server.answers.get(path)
        checksum = google_crc32c.value(secret or b"") + self.server.damaged
        body: dict[str, object] = {"error": {"code": 403, "message": "denied: canary", "status": "PERMISSION_DENIED"}}
        if secret is not None:
            body = {"payload": {"data": base64.b64encode(secret).decode(), "dataCrc32c": str(checksum)}}
        self.send_response(403 if secret is None else 200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


_VERSION = "secretmanager://projects/p-1/secrets/hook/versions/3"


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[_SecretManager]:
    server = _SecretManager()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}/"
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", endpoint)
    yield server
    server.shutdown()
    server.server_close()


def test_a_secret_is_read_from_secret_manager_and_logged_nowhere(
    manager: _SecretManager, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="google.cloud.secretmanager_v1")
    caplog.set_level(logging.DEBUG, logger="google")
    importlib.import_module("google.cloud.secretmanager_v1")  # which sets its loggers up
    monkeypatch.setattr(logging.getLogger("google"), "propagate", True)
    manager.answers["/v1/projects/p-1/secrets/hook/versions/3:access"] = b"whsec_canary\n"
    assert read_secret(_VERSION, "--x") == "whsec_canary"
    assert [authorization for _, authorization in manager.asked] == [None], "no token goes over plain HTTP"
    for form in ("canary", base64.b64encode(b"whsec_canary\n").decode()[:12]):
        assert form not in caplog.text + "".join(str(vars(record)) for record in caplog.records)


def test_a_secret_that_secret_manager_refuses_or_damages_ends_the_job(manager: _SecretManager) -> None:
    with pytest.raises(ConfigurationError, match=r"--x.*Forbidden.*secretAccessor") as caught:
        read_secret(_VERSION, "--x")
    assert "canary" not in str(caught.value)
    assert "p-1" not in str(caught.value)
    manager.answers["/v1/projects/p-1/secrets/hook/versions/3:access"] = b"whsec_canary"
    manager.damaged = True
    with pytest.raises(ConfigurationError, match="damaged"):
        read_secret(_VERSION, "--x")
