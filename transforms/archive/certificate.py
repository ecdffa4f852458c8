"""Certificates: counts, times and hashes of what was done to a recording, for auditors. They hold no values.

A certificate is a part of the status object. Its optional signature covers the whole status object, so that neither
the redacted file nor any statement about it can be changed without the key.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.finding import FLAGGED, Finding
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.stages import MutedRecording, TranscribedRecording
from hushbeam.transforms.archive.given_identity import OF_OPTIONS, identities_of
from hushbeam.transforms.archive.ledger import Status
from hushbeam.transforms.archive.signatures import canonical_json, check, signature_of
from hushbeam.transforms.base.secrets import OFF, read_secret
from hushbeam.transforms.storage.urls import display, file_name

CERTIFICATE_KEY, CERTIFICATE_PUBLIC_KEY = "--certificate_key", "--certificate_public_key"

_VERSION = 2
_SIGNATURE = "signature"
_UNNAMED = "other"


def certificate_of(recording: MutedRecording, identities: Mapping[str, str]) -> dict[str, Any]:
    """The certificate of a recording that is ready to publish, as plain values for JSON.

    Args:
      identities: Of the models by use, the `configuration` in words, and its `configuration_id`. A given transcript
        replaces the recogniser.
    """
    transcribed = recording.transcribed
    source, audio = transcribed.pending.source, recording.audio
    identities = identities_of(identities, transcribed.given_by)
    source_url = recording.recording.published_url or display(source.url)
    findings = [*recording.detected.findings, *recording.audio_findings]
    return {
        "version": _VERSION,
        "source": {"url": source_url, "size_bytes": source.size_bytes, "version": source.version},
        "samples": asdict(transcribed.samples),
        "models": {use: identity for use, identity in sorted(identities.items()) if use not in OF_OPTIONS},
        "configuration": identities.get("configuration", ""),
        "configuration_id": identities["configuration_id"],
        "policies": list(recording.recording.policies),
        "findings": dict(sorted(Counter(finding.policy for finding in findings).items())),
        "audio": None
        if audio is None
        else {
            "sha256": audio.sha256,
            "size_bytes": audio.size_bytes,
            "duration_s": round(audio.duration_s, 6),
            "channels": transcribed.media.channels,
            "method": recording.recording.muting,
            "note": audio.note,
            "muted_s": round(audio.muted_s, 3),
            "muted_s_by_policy": seconds_by_policy(
                audio.muted, [finding for finding in findings if finding.detector != FLAGGED]
            ),
            "muted": [[span.channel, round(span.start_s, 3), round(span.end_s, 3)] for span in audio.muted],
        },
        "verification": asdict(recording.verification),
        **_corrections(transcribed),
    }


def _corrections(transcribed: TranscribedRecording) -> dict[str, Any]:
    """Counts of the reviewers' corrections that were applied; empty if there are no corrections."""
    requested, applied = transcribed.pending.corrections, transcribed.corrections
    if requested is None:
        return {}
    counts = {
        "missed": len(applied.missed) if applied else 0,
        "false_positives": len(transcribed.false_positive_spans),
    }
    return {
        "corrections": {
            "identity": requested.identity,
            "marks": requested.identity_of_marks,
            "of_published": transcribed.published is not None,
            **counts,
        }
    }


def seconds_by_policy(muted: Sequence[TimeSpan], findings: Sequence[Finding]) -> dict[str, float]:
    """Muted seconds by policy, summed over the channels.

    Findings of several policies in one span share it in proportion to their length. A span without a finding in its own
    channel (an echo, or another channel of a mix) counts for the findings in other channels.
    """
    seconds: defaultdict[str, float] = defaultdict(float)
    for span in muted:
        length_s = span.end_s - span.start_s
        in_time = [(finding, shared_s) for finding in findings if (shared_s := _shared_s(span, finding)) > 0.0]
        inside = [(finding, shared_s) for finding, shared_s in in_time if finding.channel == span.channel] or in_time
        total_s = sum(shared_s for _, shared_s in inside)
        for finding, shared_s in inside:
            seconds[finding.policy] += length_s * shared_s / total_s
        if not inside:
            seconds[_UNNAMED] += length_s
    return {policy: round(amount, 3) for policy, amount in sorted(seconds.items())}


def read_private_key(reference: str | None) -> Ed25519PrivateKey | None:
    """The key that signs certificates, from a reference to its PEM text; None without a reference, or for `off`.

    Raises:
      ConfigurationError: The key cannot be read, or is not an Ed25519 key.
    """
    if reference in (None, OFF):
        return None
    try:
        key = load_pem_private_key(read_secret(reference, CERTIFICATE_KEY).encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(
            f"{CERTIFICATE_KEY}: not an ed25519 key in PEM: openssl genpkey -algorithm ed25519 makes one"
        )
    return key


def read_public_key(reference: str) -> Ed25519PublicKey:
    """The key that checks signatures, from a reference to its PEM text.

    Raises:
      ConfigurationError: The key cannot be read, or is not an Ed25519 key.
    """
    try:
        key = load_pem_public_key(read_secret(reference, CERTIFICATE_PUBLIC_KEY).encode())
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError(
            f"{CERTIFICATE_PUBLIC_KEY}: not an ed25519 public key in PEM: openssl pkey -pubout makes it"
        )
    return key


def signed(status: Status, key: Ed25519PrivateKey) -> Status:
    """The status object with a signature in its certificate."""
    return replace(status, certificate={**status.certificate, _SIGNATURE: signature_of(_content(status), key)})


def unsigned(status: Status) -> Status:
    """The status object without a signature, which is no longer valid after a change."""
    return replace(status, certificate={name: part for name, part in status.certificate.items() if name != _SIGNATURE})


def check_signature(status: Status, key: Ed25519PublicKey) -> None:
    """Checks that the owner of the key signed this status object.

    Raises:
      SignatureError: The status object is not signed, or differs from what was signed.
    """
    check(_content(status), status.certificate.get(_SIGNATURE), key)


def is_signed(status: Status) -> bool:
    """Whether there is a signature, valid or not."""
    return _SIGNATURE in status.certificate


def _content(status: Status) -> bytes:
    """The signed bytes: the status object as canonical JSON, without the signature.

    Only the file name of the redacted recording's URL counts, so that signatures stay valid when an output root moves.
    """
    values = status.to_dict()
    if status.redacted_audio_url is not None:
        values["redacted_audio_url"] = file_name(status.redacted_audio_url)
    values["certificate"] = {name: value for name, value in status.certificate.items() if name != _SIGNATURE}
    return canonical_json(values)


def _shared_s(span: TimeSpan, finding: Finding) -> float:
    return min(span.end_s, finding.end_s) - max(span.start_s, finding.start_s)
