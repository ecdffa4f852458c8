"""Certificates and their signatures: plain functions."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.stages import MutedRecording, Verification
from hushbeam.transforms.archive.certificate import (
    certificate_of,
    check_signature,
    is_signed,
    read_private_key,
    read_public_key,
    seconds_by_policy,
    signed,
)
from hushbeam.transforms.archive.ledger import Status
from hushbeam.transforms.archive.signatures import SignatureError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio.redaction import stage_audio
from hushbeam.transforms.mute_audio.settings import MuteSettings
from tests.transforms.verify_audio.labelled import labelled, redacted, spans_of

LIMITS = MediaLimits()
STATUS = Status(
    "redacted_audio_ready", "call-1", "/out/audio/call-1.000000000000.wav", "0" * 64, "run", {"audio": {"sha256": "ab"}}
)
DIGEST = re.compile(r'"[0-9a-f]{64}"')
IDENTITIES = {"recogniser": "base@sha256:1", "configuration_id": "c"}


def finding(policy: str, channel: int, start_s: float, end_s: float) -> Finding:
    return Finding(policy, policy.upper(), channel, start_s, end_s, 1.0, "test")


def test_a_certificate_has_counts_and_hashes_and_no_value(tmp_path: Path) -> None:
    call = labelled("card-payment")
    recording = redacted(call)
    audio = stage_audio(recording, call.audio.resolve(), spans_of(recording), tmp_path, MuteSettings(), limits=LIMITS)
    certificate = certificate_of(MutedRecording(recording, audio, verification=Verification("passed")), IDENTITIES)
    assert certificate["source"]["size_bytes"] == call.audio.stat().st_size
    assert certificate["samples"]["sha256"] == recording.transcribed.samples.sha256
    assert certificate["audio"]["sha256"] == audio.sha256
    assert certificate["audio"]["muted_s"] == pytest.approx(
        sum(certificate["audio"]["muted_s_by_policy"].values()), abs=0.01
    )
    assert certificate["findings"]["credit_card_cvv"] == 1
    assert certificate["verification"]["outcome"] == "passed"
    assert certificate["models"] == {"recogniser": "base@sha256:1"}
    # Digits of a short value occur in a digest by chance.
    text = DIGEST.sub('""', json.dumps(certificate))
    for entity in call.entities:
        assert entity.value not in text
        assert entity.said not in text


def test_a_certificate_names_the_given_transcript_instead_of_the_recogniser() -> None:
    recording = redacted(labelled("card-payment"))
    detected = recording.detected
    given = replace(detected, transcribed=replace(detected.transcribed, given_by="deepgram"))
    certificate = certificate_of(MutedRecording(replace(recording, detected=given), None), IDENTITIES)
    assert certificate["models"] == {"recogniser": "given transcript (deepgram)"}
    assert certificate["configuration_id"] != IDENTITIES["configuration_id"]


def test_without_audio_there_is_none_in_the_certificate() -> None:
    recording = MutedRecording(redacted(labelled("card-payment")), audio=None)
    assert certificate_of(recording, IDENTITIES)["audio"] is None


def test_findings_share_the_span_that_they_lie_in() -> None:
    muted = [TimeSpan(0, 10.0, 16.0)]
    assert seconds_by_policy(muted, [finding("a", 0, 11.0, 12.0), finding("b", 0, 13.0, 15.0)]) == {"a": 2.0, "b": 4.0}


def test_an_echo_is_muted_for_the_finding_of_the_other_channel() -> None:
    muted = [TimeSpan(0, 10.0, 12.0), TimeSpan(1, 10.1, 12.1), TimeSpan(1, 40.0, 41.0)]
    seconds = seconds_by_policy(muted, [finding("a", 0, 10.2, 11.8), finding("b", 1, 50.0, 51.0)])
    assert seconds == {"a": 4.0, "other": 1.0}


MOMENTS = st.floats(0, 100).map(lambda moment: round(moment, 2))


@given(
    st.lists(st.tuples(st.integers(0, 1), MOMENTS, st.floats(0.1, 5)), max_size=5),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1), MOMENTS, st.floats(0.1, 5)), max_size=5),
)
def test_every_muted_second_counts_for_a_policy(
    spans: list[tuple[int, float, float]], found: list[tuple[str, int, float, float]]
) -> None:
    muted = [TimeSpan(channel, start, start + length) for channel, start, length in spans]
    findings = [finding(policy, channel, start, start + length) for policy, channel, start, length in found]
    total = sum(span.end_s - span.start_s for span in muted)
    assert sum(seconds_by_policy(muted, findings).values()) == pytest.approx(total, abs=0.01)


def test_a_signature_is_valid_after_reading_and_invalid_after_any_change() -> None:
    key = Ed25519PrivateKey.generate()
    status = Status.from_json(signed(STATUS, key).to_json())
    assert is_signed(status)
    check_signature(status, key.public_key())
    for changed in (
        replace(status, redacted_audio_url="/out/audio/other.wav"),
        replace(status, recording_id="call-2"),
        replace(status, certificate={**status.certificate, "audio": {"sha256": "cd"}}),
        replace(status, certificate={**status.certificate, "signature": {"algorithm": "ed25519", "key": "x"}}),
        STATUS,
    ):
        with pytest.raises(SignatureError):
            check_signature(changed, key.public_key())
    with pytest.raises(SignatureError, match="another key"):
        check_signature(status, Ed25519PrivateKey.generate().public_key())


def test_a_signature_stays_valid_when_the_output_is_moved() -> None:
    key = Ed25519PrivateKey.generate()
    moved = replace(signed(STATUS, key), redacted_audio_url="gs://new/audio/call-1.000000000000.wav")
    check_signature(moved, key.public_key())


def test_keys_are_read_from_their_references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = Ed25519PrivateKey.generate()
    monkeypatch.setenv("KEY", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    public = tmp_path / "public.pem"
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    private = read_private_key("env:KEY")
    assert private is not None
    check_signature(signed(STATUS, private), read_public_key(f"file:{public}"))


def test_a_key_that_is_not_ed25519_ends_the_job_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    rsa = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for secret in ("hunter2", rsa):
        monkeypatch.setenv("KEY", secret)
        with pytest.raises(ConfigurationError, match="--certificate_key") as raised:
            read_private_key("env:KEY")
        assert secret not in str(raised.value)
        with pytest.raises(ConfigurationError, match="--certificate_public_key"):
            read_public_key("env:KEY")
