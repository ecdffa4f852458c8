"""The stage on a real runner, where its engine is loaded for the first recording that needs it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from evaluation.truth import TRANSCRIPTS, read_transcripts
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stages import PendingRecording
from hushbeam.transforms.base.unexpected import StageDefectError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.storage import files
from hushbeam.transforms.transcribe import Transcribe, TranscriptionSettings, model
from tests.sources import SOURCES
from tests.transforms.transcribe.given.samples import as_plain

DEV = Path(__file__).parents[3] / "evaluation" / "dev"
AUDIO = str((DEV / "audio" / "card-payment.mp3").resolve())


@pytest.fixture
def broken_model(tmp_path: Path) -> Path:
    """A folder with a model whose tokenizer is damaged: loading ends with an error of the library's own."""
    folder = tmp_path / "model"
    shutil.copytree(model.resolve("tiny.en").path, folder)
    (folder / "tokenizer.json").write_text("{}")
    return folder


def to_transcribe() -> PendingRecording:
    return PendingRecording(Recording("said", AUDIO, ("person_name",)), files.stat(AUDIO), "c0ffee")


def with_given_words(folder: Path) -> PendingRecording:
    path = folder / "given.json"
    path.write_text(json.dumps(as_plain(read_transcripts(DEV / TRANSCRIPTS)["card-payment"])))
    recording = Recording("given", AUDIO, ("person_name",), transcript_url=str(path))
    return PendingRecording(recording, files.stat(AUDIO), "c0ffee", transcript=files.stat_guessable(str(path)))


def transcribe(recordings: list[PendingRecording], model_folder: Path) -> None:
    """Transcribes the recordings; all of them must pass."""
    with TestPipeline("FnApiRunner") as pipeline:
        transcribed, failures = (
            pipeline
            | beam.Create(recordings, reshuffle=False)
            | Transcribe(TranscriptionSettings(model=str(model_folder)), MediaLimits(), SOURCES)
        )
        ids = transcribed | "ids" >> beam.Map(lambda recording: recording.recording_id)
        assert_that(ids, equal_to([recording.recording_id for recording in recordings]))
        assert_that(failures, equal_to([]), label="failures")


def test_a_model_that_cannot_be_loaded_ends_the_run_at_the_first_recording_that_needs_it(
    broken_model: Path, tmp_path: Path
) -> None:
    with pytest.raises(StageDefectError, match=r"^Transcribe cannot start: \w+ at .*\.py:\d+"):
        transcribe([with_given_words(tmp_path), to_transcribe()], broken_model)


def test_a_model_that_is_incomplete_ends_the_run_and_is_named(broken_model: Path) -> None:
    (broken_model / "model.bin").unlink()
    with pytest.raises(ConfigurationError, match=r"^model: .*model\.bin"):
        transcribe([to_transcribe()], broken_model)


def test_given_words_need_no_model(broken_model: Path, tmp_path: Path) -> None:
    transcribe([with_given_words(tmp_path)], broken_model)
