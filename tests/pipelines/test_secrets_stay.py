"""Secrets stay where they are kept: what travels to a runner, or is printed, holds references alone."""

from __future__ import annotations

import base64
import pickle
from pathlib import Path

import apache_beam as beam
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.parsing import parse
from hushbeam.pipelines.redact import build
from hushbeam.pipelines.running.job import prepare
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.notify.deliver import WebhookClient

_VALUES = {
    "SIGNING": "whsec_" + base64.b64encode(b"siskin-of-the-signature-").decode(),
    "AUTH": "Bearer siskin-of-the-auth-header",
    "SHUFFLE": base64.b64encode(b"siskin-of-the-shuffle-key-32byte").decode(),
    "SURROGATE": "siskin-of-the-surrogate-key-that-is-long-enough",
}


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command line with every secret that there is, and those secrets in their places."""
    for name, value in _VALUES.items():
        monkeypatch.setenv(name, value)
    key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "certificate").write_bytes(key)
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text('{"audio_url": "call.wav"}\n')
    return [
        *("--manifest", str(manifest), "--output", str(tmp_path / "out"), "--model", "tiny.en", "--verify", "off"),
        *("--webhook_signing_secrets", "env:SIGNING", "--webhook_auth_header_values", "env:AUTH@a.example"),
        *("--shuffle_key", "env:SHUFFLE", "--surrogate_key", "env:SURROGATE"),
        *("--certificate_key", f"file:{tmp_path}/certificate"),
    ]


def test_nothing_that_travels_or_is_printed_holds_a_secret(arguments: list[str], tmp_path: Path) -> None:
    options, beam_options = parse(RedactOptions, arguments)
    job = prepare(options, local=True)
    pipeline = beam.Pipeline(options=beam_options)
    build(pipeline, job)
    drawn = pipeline.to_runner_api()
    written = {
        "repr of the options": repr(options),
        "dump of the options": options.model_dump_json(),
        "pickle of the options": pickle.dumps(options).decode("latin-1"),
        "repr of the job": repr(job),
        "Beam's options": str(beam_options.get_all_options()) + repr(beam_options),
        "pipeline as text": str(drawn),
        "pipeline as it is submitted": drawn.SerializeToString().decode("latin-1"),
        "courier": repr(WebhookClient(options.notification)),
    }
    assert "env:SHUFFLE" in written["dump of the options"], "the search reads what it should"
    pem = (tmp_path / "certificate").read_text().splitlines()[1]
    for value in (*_VALUES.values(), "siskin", base64.b64encode(b"siskin-of")[:11].decode(), pem):
        assert [place for place, text in written.items() if value in text] == []


def test_a_courier_cannot_be_pickled(arguments: list[str]) -> None:
    options, _ = parse(RedactOptions, arguments)
    with pytest.raises(TypeError):
        pickle.dumps(WebhookClient(options.notification))


@pytest.mark.parametrize("option", ["--shuffle_key", "--surrogate_key", "--certificate_key"])
def test_a_secret_in_the_place_of_a_reference_is_refused_and_not_repeated(
    arguments: list[str], option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments[arguments.index(option) + 1] = "siskin-given-itself"
    with pytest.raises((ConfigurationError, SystemExit)) as caught:
        prepare(parse(RedactOptions, arguments)[0], local=True)
    said = f"{caught.value} {capsys.readouterr().err}"
    assert option in said
    assert "siskin" not in said
