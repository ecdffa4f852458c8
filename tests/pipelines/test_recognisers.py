"""The whole job with a NeMo model: it transcribes one run, and verifies another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from tests.learnt_model import write_ctc
from tests.pipelines.conftest import Redact
from tests.transforms.verify_audio.labelled import labelled

NUMBER = (6.997, 11.972)
"""Where the call says the card's number, in seconds."""


@pytest.mark.parametrize(
    ("model", "verify_model"), [("parakeet", "tiny.en"), ("tiny.en", "parakeet")], ids=["transcribes", "verifies"]
)
def test_a_call_is_redacted_and_verified_and_its_certificate_names_both_models(
    redact: Redact, tmp_path: Path, model: str, verify_model: str
) -> None:
    call = labelled("card-payment")
    folder = write_ctc(tmp_path / "parakeet", call)
    names = {"parakeet": str(folder), "tiny.en": "tiny.en"}
    options = ("--model", names[model], "--verify", "all", "--verify_model", names[verify_model])
    line = {"recording_id": "card", "audio_url": str(call.audio.resolve()), "language_code": "en"}
    run = redact(line | {"redact_pii_policies": ["credit_card_number"]}, options=options)
    assert run.status == EXIT_COMPLETED, run.terminal
    certificate = json.loads((run.output / "status" / "card.json").read_text())["certificate"]
    identities = {"parakeet": "parakeet@sha256:", "tiny.en": "whisper-tiny.en@sha256:"}
    assert certificate["models"]["recogniser"].startswith(identities[model])
    assert certificate["models"]["second_recogniser"].startswith(identities[verify_model])
    assert certificate["verification"]["outcome"] == "passed"
    assert certificate["verification"]["recogniser"] == certificate["models"]["second_recogniser"]
    muted = [(start, end) for channel, start, end in certificate["audio"]["muted"] if channel == 1]
    number_s = sum(
        min(end, NUMBER[1]) - max(start, NUMBER[0]) for start, end in muted if start < NUMBER[1] and end > NUMBER[0]
    )
    assert number_s > 0.95 * (NUMBER[1] - NUMBER[0])
    assert sum(end - start for start, end in muted) < 13.0, "the numbers, and not much else"
    (row,) = run.rows("transcripts")
    assert "long number" in row["text"].lower() or "long num" in row["text"].lower()
    assert "four five three" not in row["text"]
