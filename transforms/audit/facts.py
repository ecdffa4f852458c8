"""Facts that an audit reads from certificates and runs: models, policies, signatures and so on. They hold no values.

What a certificate says is true only if its signature is: with a key, other certificates state nothing here.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hushbeam.schemas.coders import travels
from hushbeam.transforms.archive.certificate import check_signature
from hushbeam.transforms.archive.ledger import Status
from hushbeam.transforms.archive.runs.summary import checked_summary
from hushbeam.transforms.archive.runs.timings import Timings
from hushbeam.transforms.archive.signatures import SignatureError
from hushbeam.transforms.archive.tables.file_lists import UnreadableFileListError, read_run_files
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError, StorageError
from hushbeam.transforms.storage.urls import join

SignatureState = Literal["valid", "not checked", "not signed", "signed with another key", "not what was signed"]
VALID: SignatureState = "valid"
UNCHECKED: SignatureState = "not checked"
UNSIGNED: SignatureState = "not signed"
_CHANGED: SignatureState = "not what was signed"
_STATES: Mapping[str, SignatureState] = {"not signed": UNSIGNED, "signed with another key": "signed with another key"}

_PREFIX = "of_run."
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_IDENTITY = re.compile(r"[^\x00-\x1f\x7f]{1,300}")
Content = TypeVar("Content")
_CANARY_KEYS = frozenset({"items", "recall", "floor", "missed"})


@travels
@dataclass(frozen=True)
class AuditedRun:
    """What the small files of a run say.

    Attributes:
      started_at: As ISO 8601; None if no command waited for the run.
      counted: Recordings by outcome; None without a readable summary.
      canaries: Result of the canary calls; None without a gate.
      listed_files: Number of files in the run's list; None without a readable list.
      list_key: Fingerprint of the key that the list's signature names.
    """

    run_id: str
    started_at: str | None = None
    counted: Mapping[str, int] | None = None
    canaries: Mapping[str, Any] | None = None
    listed_files: int | None = None
    list_signature: SignatureState = UNSIGNED
    list_key: str | None = None


def audited_run(run_id: str, output: str, key: Ed25519PublicKey | None) -> AuditedRun:
    """The facts of a run. What is missing or damaged is None here, and a problem in `run_problems`."""
    try:
        listed = read_run_files(output, run_id)
    except (UnreadableFileListError, StorageError) as error:
        _raise_if_retryable(error)
        listed = None
    summary = _read(output, run_id, "summary.json", checked_summary)
    timings = _read(output, run_id, "timings.json", Timings.model_validate_json)
    return AuditedRun(
        run_id,
        None if timings is None else timings.started_at.isoformat(timespec="seconds"),
        None if summary is None else {name: int(count) for name, count in summary["recordings"].items()},
        _read(output, run_id, "canaries.json", _canaries),
        None if listed is None else len(listed.files),
        UNSIGNED if listed is None else signature_state(listed.check_signature, listed.signature, key),
        None if listed is None else key_named_by(listed.signature),
    )


def signature_state(
    check: Callable[[Ed25519PublicKey], None], signature: object, key: Ed25519PublicKey | None
) -> SignatureState:
    """What can be said about a signature. Without a key, it is only there or not."""
    if key is None:
        return UNCHECKED if signature else UNSIGNED
    try:
        check(key)
    except SignatureError as error:
        return _STATES.get(str(error), _CHANGED)
    return VALID


def signature_of_status(status: Status, key: Ed25519PublicKey | None) -> SignatureState:
    """As `signature_state`, for the certificate in a status object."""
    return signature_state(lambda key: check_signature(status, key), status.certificate.get("signature"), key)


def key_named_by(signature: object) -> str | None:
    """The fingerprint in a signature. Anybody can write it there: it proves nothing."""
    named = signature.get("key") if isinstance(signature, Mapping) else None
    return named if isinstance(named, str) and _FINGERPRINT.fullmatch(named) else None


def counts_of(status: Status, key: Ed25519PublicKey | None) -> dict[str, float]:
    """Facts of one recording under names that are summed up over recordings; `sums_by_run` reads them."""
    counts: defaultdict[str, float] = defaultdict(float)
    for fact, count in _facts(status, signature_of_status(status, key), checked=key is not None):
        counts[_PREFIX + json.dumps([status.run_id, *fact])] += count
    return dict(counts)


def sums_by_run(totals: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """The sums by run: what was certified of its recordings."""
    runs: defaultdict[str, dict[str, Any]] = defaultdict(no_sums)
    for name, total in sorted(totals.items()):
        if not name.startswith(_PREFIX):
            continue
        run_id, kind, *names = json.loads(name.removeprefix(_PREFIX))
        in_seconds = kind.endswith("_s") or kind == "muted_s_by_policy"
        place = runs[run_id]
        for step in (kind, *names)[:-1]:
            place = place.setdefault(step, {})
        place[(kind, *names)[-1]] = round(total, 3) if in_seconds else int(total)
    return dict(runs)


def no_sums() -> dict[str, Any]:
    """The sums of a run without recordings."""
    numbers = dict.fromkeys(("recordings", "certified", "corrected", "audio_s", "channel_s", "muted_s"), 0)
    groups = ("signatures", "keys", "models", "configurations", "findings", "muted_s_by_policy", "verification")
    return {**numbers, **{group: {} for group in groups}}


def of_run(run: AuditedRun, sums: Mapping[str, Any] | None) -> dict[str, Any]:
    """One run in the report: its small files, and the sums over its recordings."""
    return {**asdict(run), **(no_sums() if sums is None else sums)}


def _facts(status: Status, state: SignatureState, *, checked: bool) -> Iterator[tuple[tuple[str, ...], float]]:
    yield ("recordings",), 1
    yield ("signatures", state), 1
    if named := key_named_by(status.certificate.get("signature")):
        yield ("keys", named), 1
    if state == VALID or not checked:
        yield from _certified(status.certificate)


def _certified(certificate: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], float]]:
    """What a certificate says. Somebody may have written it, so every part may be of any type."""
    audio, verification = _mapping(certificate.get("audio")), _mapping(certificate.get("verification"))
    yield ("certified",), 1
    for use, identity in _mapping(certificate.get("models")).items():
        if _NAME.fullmatch(use) and isinstance(identity, str) and _IDENTITY.fullmatch(identity):
            yield ("models", use, identity), 1
    configuration_id = certificate.get("configuration_id")
    if isinstance(configuration_id, str) and _IDENTITY.fullmatch(configuration_id):
        yield ("configurations", configuration_id), 1
    for name, counts in (("findings", certificate), ("muted_s_by_policy", audio)):
        for policy, count in _mapping(counts.get(name)).items():
            if _NAME.fullmatch(policy) and _is_number(count):
                yield (name, policy), count
    for name in ("duration_s", "channels", "muted_s"):
        if not _is_number(audio.get(name)):
            break
    else:
        yield ("audio_s",), audio["duration_s"]
        yield ("channel_s",), audio["duration_s"] * audio["channels"]
        yield ("muted_s",), audio["muted_s"]
    outcome = verification.get("outcome")
    if isinstance(outcome, str) and _NAME.fullmatch(outcome):
        yield ("verification", outcome), 1
    if "corrections" in certificate:
        yield ("corrected",), 1


def _mapping(values: object) -> Mapping[str, Any]:
    return values if isinstance(values, Mapping) else {}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _read(output: str, run_id: str, name: str, read: Callable[[bytes], Content]) -> Content | None:
    try:
        return read(files.read_bytes(join(output, "runs", run_id, name)))
    except (MissingFileError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None  # not there, or damaged, which is a problem of the run
    except StorageError as error:
        _raise_if_retryable(error)
        return None


def _canaries(content: bytes) -> Mapping[str, Any]:
    found = json.loads(content)
    missed = found["missed"]
    if found.keys() != _CANARY_KEYS or not all(_NAME.fullmatch(name) for name in missed):
        raise ValueError("not written by a canary gate")
    if not all(map(_is_number, (found["items"], found["recall"], found["floor"], *missed.values()))):
        raise ValueError("not written by a canary gate")
    result: Mapping[str, Any] = found
    return result


def _raise_if_retryable(error: Exception) -> None:
    if isinstance(error, StorageError) and error.retryable:
        raise error
