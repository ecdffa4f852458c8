"""The labelled recordings of the repository. Plain functions."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation import truth
from evaluation.run import SETS_OF_LANGUAGES
from evaluation.truth import read_truth
from hushbeam.schemas.policies import CATALOGUE

EVALUATION = Path(truth.__file__).parent
LANGUAGES = dict(zip(SETS_OF_LANGUAGES, ("es", "fr", "de", "es", "fr"), strict=True))
FEWEST = {"human_spanish": 2, "human_french": 2, "spanish": 6, "french": 6, "german": 6}
SETS = [path.parent.name for path in sorted(EVALUATION.glob("*/truth.jsonl"))]


@pytest.mark.parametrize("name", SETS)
def test_labelled_recordings_are_complete(name: str) -> None:
    recordings = read_truth(EVALUATION / name)
    assert len(recordings) >= FEWEST.get(name, 12)
    for recording in recordings:
        assert recording.audio.is_file()
        assert recording.policies
        for entity in recording.entities:
            assert entity.policy in CATALOGUE
            assert 0 <= entity.start_s < entity.end_s <= recording.duration_s
            assert entity.channel < recording.channels
            said = " ".join(word.text for word in recording.words_of(entity)).rstrip(".,?!")
            assert said == entity.said.rstrip(".,?!"), recording.recording_id


@pytest.mark.parametrize("name", SETS)
def test_a_perfect_transcript_holds_every_labelled_word_in_order(name: str) -> None:
    for recording in read_truth(EVALUATION / name):
        transcript = recording.perfect_transcript()
        assert transcript.language_code == recording.language == LANGUAGES.get(name, "en")
        assert sorted(word.text.strip() for word in transcript.words) == sorted(w.text for w in recording.words)
        starts = [utterance.start_s for utterance in transcript.utterances]
        assert starts == sorted(starts)
        assert all(word.channel == utterance.channel for utterance in transcript.utterances for word in utterance.words)
