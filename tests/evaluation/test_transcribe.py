"""Cached transcripts of the labelled recordings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation import transcribe, truth
from evaluation.truth import TRANSCRIPTS, read_transcripts, read_truth
from hushbeam.transforms.transcribe.settings import TranscriptionSettings

EVALUATION = Path(truth.__file__).parent
SETS = [path.parent.name for path in sorted(EVALUATION.glob("*/truth.jsonl"))]


@pytest.mark.parametrize("name", SETS)
def test_every_labelled_recording_has_a_cached_transcript(name: str) -> None:
    transcripts = read_transcripts(EVALUATION / name / TRANSCRIPTS)
    for recording in read_truth(EVALUATION / name):
        transcript = transcripts[recording.recording_id]
        assert transcript.channels == recording.channels
        assert abs(transcript.duration_s - recording.duration_s) < 0.1
        # Digits that were said one by one are often one word.
        transcribed, said = len(transcript.words), len(recording.words)
        assert 0.3 * said < transcribed < 2 * said


def test_a_recording_is_heard_by_the_job_s_own_recogniser(tmp_path: Path) -> None:
    (tmp_path / "audio").symlink_to(EVALUATION / "dev" / "audio")
    line = next(line for line in (EVALUATION / "dev" / "truth.jsonl").open(encoding="utf-8") if "card-split" in line)
    (tmp_path / "truth.jsonl").write_text(line, encoding="utf-8")
    (row,) = transcribe.transcribe(tmp_path, TranscriptionSettings(model="tiny.en"))
    text = "".join(word["text"] for turn in row["transcript"]["utterances"] for word in turn["words"])
    assert row["recording_id"] == "card-split-turns"
    assert "card number" in text.lower()
    assert json.loads(json.dumps(row)) == row
