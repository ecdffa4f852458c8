"""Simple script: it redacts, as the tools that it is compared with do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from benchmarks.contestants import Machine, spacy_folder
from benchmarks.simple_script import load_tools, redact
from evaluation import truth
from evaluation.truth import read_truth
from hushbeam.transforms.transcribe.model import resolve

CALL = read_truth(Path(truth.__file__).parent / "dev")[0]


@pytest.fixture(scope="module")
def redacted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("simple")
    tools = load_tools(resolve("tiny.en").path, str(spacy_folder()), Machine().device)
    redact(tools, CALL.audio, "call", output)
    return output


def test_the_recording_keeps_its_length_and_loses_sound(redacted: Path) -> None:
    samples, rate = soundfile.read(redacted / "call.wav")
    assert len(samples) / rate == pytest.approx(CALL.duration_s, abs=0.01)
    name = next(entity for entity in CALL.entities if entity.value == "Daniel Whitfield")
    middle = round((name.start_s + name.end_s) / 2 * rate)
    assert not samples[middle : middle + 1600, name.channel].any()


def test_the_text_has_what_was_said_but_for_what_was_found(redacted: Path) -> None:
    texts = json.loads((redacted / "call.json").read_text(encoding="utf-8"))["text"]
    assert len(texts) == CALL.channels
    assert "Thank you for calling" in texts[0]
    assert "####" in "".join(texts)
