"""Promises that no other fault of this folder holds a run to: blindness, secrets, addresses, words on their way."""

from __future__ import annotations

import base64
import json
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hushbeam.pipelines.running.exit_status import EXIT_CANARIES_MISSED, EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.schemas.delivery import REFUSED_ADDRESS
from tests.faults.scenarios import (
    Night,
    Scenario,
    problems,
    published,
    rows,
    run_job,
    start_faulty,
    write_manifest,
)
from tests.own_detectors import blind_detector
from tests.web_server import Handler, cut_after, serving

_ADDRESSES = (
    "https://127.0.0.1:{port}/",
    "https://localhost:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "https://2130706433:{port}/",
)


def blind(night: Night) -> str:
    """Somebody brings a model that finds nothing: the night would be published with all that was said."""
    with night.output() as output, tempfile.TemporaryDirectory() as folder:
        status = run_job(night.manifest, output, "--canaries", "--detector", blind_detector(Path(folder) / "blind"))
        assert status == EXIT_CANARIES_MISSED, status
        assert published(output) == {}
        assert not (output / "canaries").exists()
        return f"exit {status}, nothing public"


def internal_address(night: Night) -> str:
    """Lines ask for notifications to addresses of this machine, in four spellings. The run says that none arrived."""
    with night.output() as output, _listening() as (port, connections):
        calls = sorted(night.calls.iterdir())
        lines = [
            {
                "recording_id": f"call-{number}",
                "audio_url": str(calls[number % len(calls)]),
                "webhook_url": address.format(port=port),
            }
            for number, address in enumerate(_ADDRESSES)
        ]
        manifest = output.parent / "manifest.jsonl"
        write_manifest(manifest, lines)
        assert run_job(manifest, output) == EXIT_INCOMPLETE
        assert {row["outcome"] for row in rows(output, "notifications")} == {REFUSED_ADDRESS}
        assert connections == []
        assert problems(output) == {}
        return f"{len(lines)} refused, no connection, all public"


def internal_source(night: Night) -> str:
    """Lines name recordings at addresses of this machine, in four spellings."""
    with night.output() as output, _listening() as (port, connections):
        lines = [
            {"recording_id": f"call-{number}", "audio_url": address.format(port=port)}
            for number, address in enumerate(_ADDRESSES)
        ]
        manifest = output.parent / "manifest.jsonl"
        write_manifest(manifest, lines)
        assert run_job(manifest, output) == EXIT_INCOMPLETE
        assert {row["error_class"] for row in rows(output, "errors")} == {"AccessDeniedError"}
        assert connections == []
        assert published(output) == {}
        return f"{len(lines)} refused, no connection"


def treacherous_web_server(night: Night) -> str:
    """A web server breaks connections off, and replaces each recording as soon as it was fetched."""
    with night.output() as output, tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        lines = []
        for line in map(json.loads, night.manifest.read_text().splitlines()):
            name = Path(line["audio_url"]).name
            (server.folder / name).write_bytes(Path(line["audio_url"]).read_bytes())
            lines.append(line | {"audio_url": server.url(name)})

        def replace_fetched(handler: Handler, content: bytes) -> bool:
            if not handler.headers.get("Range"):
                return cut_after(len(content) // 2)(handler, content)
            handler.serve(content)
            if handler.headers.get("If-Range"):
                (server.folder / urlsplit(handler.path).path.lstrip("/")).write_bytes(b"replaced")
            return True

        server.behaviours = [replace_fetched] * 100
        manifest = Path(folder, "manifest.jsonl")
        write_manifest(manifest, lines)
        options = ("--allow_http", "--allow_private_sources", "127.0.0.1")
        assert run_job(manifest, output, *options) == EXIT_COMPLETED
        assert published(output) == night.expected
        leaking = [path.name for path in output.rglob("*") if path.is_file() and b"siskin" in path.read_bytes()]
        assert not leaking, leaking
        return "all public and right, no signature in a file"


@contextmanager
def _listening() -> Iterator[tuple[int, list[object]]]:
    """A listener on loopback that counts who connects."""
    connections: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, address = server.accept()
                except OSError:
                    return
                connection.close()
                connections.append(address)

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], connections
        server.shutdown(socket.SHUT_RDWR)


def secrets_at_debug(night: Night) -> str:
    """The whole log is written, of a run that has every secret there is."""
    values = {
        "FAULT_SIGNING": "whsec_" + base64.b64encode(os.urandom(24)).decode(),
        "FAULT_AUTH": "Bearer " + os.urandom(16).hex(),
        "FAULT_SHUFFLE": base64.b64encode(os.urandom(32)).decode(),
        "FAULT_STORE": base64.b64encode(os.urandom(32)).decode(),
        "FAULT_IDENTITIES": os.urandom(16).hex(),
        "FAULT_CERTIFICATE": Ed25519PrivateKey.generate()
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode(),
    }
    with night.output() as output:
        options = [
            *("--webhook_signing_secrets", "env:FAULT_SIGNING", "--webhook_auth_header_values", "env:FAULT_AUTH"),
            *("--shuffle_key", "env:FAULT_SHUFFLE", "--store", f"{output.parent}/store"),
            *("--store_key", "env:FAULT_STORE", "--hash_identities", "env:FAULT_IDENTITIES"),
            *("--certificate_key", "env:FAULT_CERTIFICATE"),
            *("--webhook_url", "https://127.0.0.1:9/hook", "--webhook_auth_header_name", "Authorization"),
        ]
        job = start_faulty(night, output, "log_everything", options=options, environment=values)
        said, _ = job.communicate(timeout=300)
        assert job.returncode == EXIT_INCOMPLETE, said[-500:]
        assert "DEBUG" in said, "the log is not whole"
        assert not night.leaks.in_text(said)
        kept = {
            value
            for secret in values.values()
            for value in (secret, secret.splitlines()[len(secret.splitlines()) // 2])
        }
        for secret in kept:
            assert secret not in said
            leaking = [
                path.name
                for path in output.parent.rglob("*")
                if path.is_file() and secret.encode() in path.read_bytes()
            ]
            assert not leaking, leaking
        assert len(published(output)) == len(night.expected)
        return f"{len(values)} secrets: none in {len(said) // 1000} kB of log, in no file"


def words_in_parts(night: Night) -> str:
    """Recordings are transcribed in parts by two worker processes, and joined by either."""
    with night.output() as output, tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "key"
        key.write_text(base64.b64encode(os.urandom(32)).decode())
        options = ("--shuffle_key", f"file:{key}", "--longest_minutes", "0.1")
        workers = ("--direct_num_workers=2", "--direct_running_mode=multi_processing")
        job = start_faulty(night, output, "log_everything", options=(*options, *workers))
        said, _ = job.communicate(timeout=300)
        assert job.returncode == EXIT_COMPLETED, said[-500:]
        assert not night.leaks.in_text(said)
        assert problems(output) == {}
        assert set(published(output)) == set(night.expected)
        return "all public, no word in the log, in a file or in temporary files"


def metrics_of_a_broken_run(night: Night) -> str:
    """A run whose every recording breaks tells its figures, and nothing of any one recording."""
    with night.output() as output:
        metrics = output.parent / "metrics.prom"
        job = start_faulty(night, output, "break_in_stage,DetectPII,every", options=("--metrics_file", str(metrics)))
        said, _ = job.communicate(timeout=300)
        assert job.returncode == EXIT_INCOMPLETE, said[-500:]
        told = metrics.read_text()
        assert "hushbeam_run_exit_status" in told
        names = [json.loads(line)["recording_id"] for line in night.manifest.read_text().splitlines()]
        assert not any(f'"{name}' in told or f"/{name}." in told for name in names)
        assert "four five three nine" not in told + said
        return "exit 3 in the metrics, no id, no word of an error"


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("a job that detects nothing any more", blind),
    Scenario("notifications to internal addresses", internal_address),
    Scenario("recordings at internal addresses", internal_source),
    Scenario("a web server that breaks off and replaces recordings", treacherous_web_server),
    Scenario("secrets in the whole log", secrets_at_debug),
    Scenario("recordings in parts among worker processes", words_in_parts),
    Scenario("the metrics of a run that breaks", metrics_of_a_broken_run),
)
