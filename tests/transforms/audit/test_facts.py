"""What an audit reads from certificates, which somebody else may have written."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hushbeam.transforms.archive.certificate import signed
from hushbeam.transforms.archive.ledger import READY, Status
from hushbeam.transforms.audit.facts import counts_of, signature_of_status, sums_by_run
from hushbeam.transforms.audit.meanings import MEANINGS

_TRANSFORMS = Path(__file__).parents[3] / "transforms"
_IDENTITY = "0123456789abcdef"


def status_with(certificate: Any, recording_id: str = "call") -> Status:
    url = f"/out/audio/{recording_id}.{_IDENTITY[:12]}.wav"
    return Status(READY, recording_id, url, _IDENTITY, "night-1", certificate)


CERTIFICATE = {
    "models": {"recogniser": "whisper-base@sha256:00"},
    "configuration_id": "c",
    "findings": {"person_name": 2},
    "audio": {"duration_s": 60.0, "channels": 2, "muted_s": 3.5, "muted_s_by_policy": {"person_name": 3.5}},
    "verification": {"outcome": "passed"},
}


def sums(*counted: dict[str, float]) -> dict[str, Any]:
    totals: dict[str, float] = {}
    for counts in counted:
        for name, count in counts.items():
            totals[name] = totals.get(name, 0) + count
    return sums_by_run(totals)["night-1"]


def test_the_certificates_of_a_run_are_summed_up() -> None:
    run = sums(counts_of(status_with(CERTIFICATE), None), counts_of(status_with(CERTIFICATE, "other"), None))
    assert (run["recordings"], run["certified"]) == (2, 2)
    assert (run["audio_s"], run["channel_s"], run["muted_s"]) == (120.0, 240.0, 7.0)
    assert run["findings"] == {"person_name": 4}
    assert run["muted_s_by_policy"] == {"person_name": 7.0}
    assert run["models"] == {"recogniser": {"whisper-base@sha256:00": 2}}
    assert run["verification"] == {"passed": 2}
    assert run["signatures"] == {"not signed": 2}


def test_with_a_key_only_what_it_signed_counts() -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    public = key.public_key()
    right = signed(status_with(CERTIFICATE), key)
    changed = Status(**{**vars(right), "certificate": {**right.certificate, "findings": {"date": 9}}})
    strange, unsigned = signed(status_with(CERTIFICATE), other), status_with(CERTIFICATE)
    states = [signature_of_status(status, public) for status in (right, changed, strange, unsigned)]
    assert states == ["valid", "not what was signed", "signed with another key", "not signed"]
    run = sums(*(counts_of(status, public) for status in (right, changed, strange, unsigned)))
    assert (run["recordings"], run["certified"], run["findings"]) == (4, 1, {"person_name": 2})
    assert signature_of_status(right, None) == "not checked"


@pytest.mark.parametrize(
    "certificate",
    [
        {},
        {"models": "Mary", "findings": [1], "audio": 3, "verification": "Mary", "signature": "Mary"},
        {"models": {"Said Mary": "x", "recogniser": "Mary\nsaid"}, "configuration_id": 3},
        {"findings": {"said Mary": 1, "person_name": "Mary", "date": -1, "url": float("nan"), "drug": True}},
        {"audio": {"duration_s": "Mary", "channels": [], "muted_s": None, "muted_s_by_policy": {"Mary": 1}}},
        {"signature": {"key": "Mary"}, "verification": {"outcome": "said Mary"}},
    ],
)
def test_a_certificate_of_any_content_breaks_nothing_and_brings_no_text_in(certificate: dict[str, Any]) -> None:
    run = sums(counts_of(status_with(certificate), None))
    assert run["recordings"] == 1
    assert "Mary" not in str(run)
    assert not run["findings"]


def test_every_kind_of_problem_has_a_meaning() -> None:
    kinds = set()
    for path in _TRANSFORMS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Problem", "_WrongAudioError"}:
                kinds |= {kind.value for kind in node.args[:1] if isinstance(kind, ast.Constant)}
    assert len(kinds) > 25
    assert kinds - MEANINGS.keys() == set()
