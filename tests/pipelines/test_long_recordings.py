"""Recordings that are cut into spans come out like those that are heard as a whole."""

from __future__ import annotations

import base64
import difflib
import os
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE, EXIT_USAGE
from tests.pipelines.conftest import Redact, cut

SHORT = {"recording_id": "short", "audio_url": "card.flac"}
LONG = {"recording_id": "long", "audio_url": "long.wav"}
IN_SPANS = ("--longest_minutes", "0.4", "--shuffle_key", "env:SHUFFLE_KEY")


@pytest.fixture(autouse=True)
def long_call(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUFFLE_KEY", base64.b64encode(os.urandom(32)).decode())
    if not (calls / "long.wav").exists():
        parts = [cut(name, 0, 31) for name in ("vehicle-claim.wav", "telecom-phone-readback.wav")]
        assert {rate for _, rate in parts} == {8000}
        soundfile.write(calls / "long.wav", np.concatenate([samples for samples, _ in parts]), 8000, subtype="ULAW")


def test_a_long_recording_in_spans_reads_and_sounds_as_in_one_piece(redact: Redact, tmp_path: Path) -> None:
    spans = redact(SHORT, LONG, options=IN_SPANS)
    whole = redact(SHORT, LONG, output=tmp_path / "whole")
    assert spans.status == whole.status == EXIT_COMPLETED, spans.terminal
    assert spans.statuses() == {"short", "long"}
    texts = [{row["recording_id"]: row["text"] for row in run.rows("transcripts")} for run in (spans, whole)]
    assert texts[0]["short"] == texts[1]["short"]
    in_spans, in_one = (re.findall("[a-z]+", text["long"].lower()) for text in texts)
    assert len(in_one) > 60
    assert difflib.SequenceMatcher(None, in_spans, in_one).ratio() > 0.9
    policies = [{row["policy"] for row in run.rows("findings")} for run in (spans, whole)]
    assert {"phone_number", "vehicle_id"} <= policies[0] & policies[1]
    lengths = [soundfile.info(run.audio()["long"]).frames for run in (spans, whole)]
    assert lengths[0] == lengths[1]


def test_a_span_that_fails_fails_the_recording_once_and_the_others_complete(redact: Redact) -> None:
    run = redact(SHORT, LONG | {"language_code": "fr"}, options=IN_SPANS)
    assert run.status == EXIT_INCOMPLETE
    assert run.statuses() == {"short"}
    assert {row["recording_id"] for row in run.rows("errors")} == {"long"}
    assert "1 failed" in run.terminal


@pytest.mark.parametrize("key", [None, "a key of the operator's"], ids=["absent", "not 32 bytes of base64"])
def test_a_key_that_is_absent_or_weak_ends_the_job(
    redact: Redact, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHUFFLE_KEY")
    if key is not None:
        monkeypatch.setenv("SHUFFLE_KEY", key)
    run = redact(LONG, options=IN_SPANS)
    assert run.status == EXIT_USAGE
    assert "--shuffle_key" in run.terminal
