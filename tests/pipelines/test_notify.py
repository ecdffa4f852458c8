"""Notifications that a run could not deliver, and the job that goes on with them."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from standardwebhooks import Webhook

from hushbeam.pipelines import notify, rerender
from hushbeam.pipelines.options.commands.notify import NotifyOptions
from hushbeam.pipelines.options.parsing import parse
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE, EXIT_USAGE
from hushbeam.transforms.archive.runs.identity_key import remember_identity_key
from hushbeam.transforms.read_manifest.pseudonyms import Pseudonyms
from tests.pipelines.conftest import Redact
from tests.transforms.notify.receiver import Receiver, Reply, running

_OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
_NEW = "whsec_" + base64.b64encode(b"n" * 24).decode()
_LOCAL = ("--webhook_allow_http", "--webhook_allowed_networks", "127.0.0.0/8")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running(Receiver()) as receiver:
        yield receiver


def _notify(output: Path, *options: str) -> tuple[int, str]:
    terminal = io.StringIO()
    return notify.run(["--output", str(output), *options], Console(file=terminal, width=200)), terminal.getvalue()


def _rows(output: Path) -> list[dict[str, Any]]:
    return [row for path in sorted(output.glob("notifications/*/*")) for row in pq.read_table(path).to_pylist()]


def test_what_stayed_undelivered_is_delivered_later_with_the_same_id_and_new_secrets(
    redact: Redact,
    receiver: Receiver,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OLD", _OLD)
    monkeypatch.setenv("NEW", _NEW)
    url = f"http://127.0.0.1:{receiver.server_port}/hook?token=canary"
    # It asks to be left alone for a day: the night goes on without it.
    receiver.replies = [Reply(503, {"Retry-After": "86400"})]
    lines = (
        {"recording_id": "card", "audio_url": "card.flac", "webhook_url": url, "redact_pii_audio": False},
        {"recording_id": "phone", "audio_url": "phone.wav", "redact_pii_audio": False},
    )
    run = redact(*lines, options=(*_LOCAL, "--webhook_signing_secrets", "env:OLD"))
    assert {row["recording_id"]: row["outcome"] for row in _rows(run.output)} == {
        "card": "undelivered",
        "phone": "not_requested",
    }
    assert _notify(run.output) == (EXIT_INCOMPLETE, "1 notification not delivered; --resume delivers them\n")
    assert len(receiver.received) == 1

    options = ("--resume", *_LOCAL, "--webhook_signing_secrets", "env:NEW", "env:OLD", "--manifest")
    status, said = _notify(run.output, *options, str(tmp_path / "manifest.jsonl"))
    assert (status, said) == (EXIT_COMPLETED, "1 delivered\n")
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    for secret in (_OLD, _NEW):
        assert Webhook(secret).verify(second.body, dict(second.headers))["recording_id"] == "card"

    capsys.readouterr()
    assert _notify(run.output, "--json") == (EXIT_COMPLETED, "")
    assert json.loads(capsys.readouterr().out) == {"open": 0}
    assert _notify(run.output, *options, str(tmp_path / "manifest.jsonl"))[1] == "No notification was open\n"
    assert len(receiver.received) == 2
    assert "canary" not in str(_rows(run.output))


def test_whoever_copies_audio_is_told_that_it_was_rendered_again(
    redact: Redact, receiver: Receiver, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "t0ken")
    host = f"http://127.0.0.1:{receiver.server_port}"
    store = ("--store", str(tmp_path / "store"), "--store_key", key)
    lines = (
        {"recording_id": "card", "audio_url": "card.flac", "webhook_url": f"{host}/own"},
        {"recording_id": "phone", "audio_url": "phone.wav"},
    )
    output = redact(*lines, options=(*store, *_LOCAL, "--verify", "off")).output
    (first,) = receiver.received
    secret = ("--webhook_auth_header_name", "X-Token", "--webhook_auth_header_values", "env:TOKEN")
    given = ("--muting", "tone", "--webhook_url", f"{host}/job", *secret)
    terminal = io.StringIO()
    arguments = ["--output", str(output), "--verify", "off", *store, *_LOCAL, *given]
    assert rerender.run(arguments, Console(file=terminal, width=200)) == EXIT_COMPLETED, terminal.getvalue()

    told = {request.path: json.loads(request.body) for request in receiver.received[1:]}
    assert {path: body["recording_id"] for path, body in told.items()} == {"/own": "card", "/job": "phone"}
    assert {request.headers["X-Token"] for request in receiver.received if request.path == "/job"} == {"t0ken"}
    assert told["/own"].keys() == told["/job"].keys() == json.loads(first.body).keys()
    assert told["/own"]["output_identity"] != json.loads(first.body)["output_identity"]
    for body in told.values():
        status = json.loads((output / "status" / f"{body['recording_id']}.json").read_text())
        names = ("status", "redacted_audio_url", "output_identity")
        assert [body[name] for name in names] == [status[name] for name in names]


def test_a_receiver_that_no_manifest_names_stays_open(redact: Redact, receiver: Receiver, tmp_path: Path) -> None:
    receiver.replies = [Reply(429, {"Retry-After": "86400"})]
    url = f"http://127.0.0.1:{receiver.server_port}/"
    line = {"recording_id": "card", "audio_url": "card.flac", "redact_pii_audio": False}
    run = redact(line | {"webhook_url": url}, options=_LOCAL)
    (tmp_path / "other.jsonl").write_text(json.dumps({"recording_id": "other", "audio_url": "other.flac"}) + "\n")
    status, said = _notify(run.output, "--resume", *_LOCAL, "--manifest", str(tmp_path / "other.jsonl"))
    assert status == EXIT_INCOMPLETE
    assert "no manifest of this run names a receiver; if --webhook_url named it, give that option here too" in said
    assert len(receiver.received) == 1


def test_a_worker_with_another_key_finds_no_receiver_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a cluster, where whoever submits the job need not have the key."""
    monkeypatch.setenv("IDENTITIES", "a key of sixteen bytes")
    remember_identity_key(str(tmp_path), Pseudonyms("env:IDENTITIES").check_value)
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text(json.dumps({"recording_id": "card", "audio_url": "card.flac"}) + "\n")
    given = ("--output", str(tmp_path), "--manifest", str(manifest), "--hash_identities", "env:IDENTITIES", "--resume")
    resumption = notify.prepare(parse(NotifyOptions, given)[0], local=False)
    monkeypatch.setenv("IDENTITIES", "another key of sixteen bytes")
    with (
        pytest.raises(Exception, match="--hash_identities: earlier runs of this output used another key"),
        beam.Pipeline() as pipeline,
    ):
        notify.build(pipeline, resumption)


def test_without_a_manifest_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "ledger.parquet").touch()
    status, said = _notify(tmp_path, "--resume")
    assert status == EXIT_USAGE
    assert "--manifest" in said
