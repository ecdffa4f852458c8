"""Given transcripts read beside real audio. Plain functions."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evaluation.truth import TRANSCRIPTS, read_transcripts
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stages import PendingRecording
from hushbeam.transforms.media.decode import inspect
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError, SourceChangedError
from hushbeam.transforms.transcribe.given import formats, read_given
from hushbeam.transforms.transcribe.given.errors import UnusableTranscriptError, WrongTranscriptError
from tests.sources import SOURCES
from tests.transforms.transcribe.given.samples import Document, as_amazon, as_plain

DEV = Path(__file__).parents[4] / "evaluation" / "dev"
AUDIO = (DEV / "audio" / "card-payment.mp3").resolve()
CALL = read_transcripts(DEV / TRANSCRIPTS)["card-payment"]
LIMITS = MediaLimits()


def pending(folder: Path, document: Document, **request: Any) -> PendingRecording:
    path = folder / "given.json"
    path.write_text(json.dumps(document))
    recording = Recording("card", str(AUDIO), ("person_name",), transcript_url=str(path), **request)
    return PendingRecording(
        recording, files.stat(str(AUDIO)), "c0ffee", transcript=files.stat_guessable(recording.transcript_url or "")
    )


def read(recording: PendingRecording) -> Any:
    assert recording.transcript is not None
    return read_given(recording, recording.transcript, LIMITS, SOURCES)


def without_channels(document: Document) -> Document:
    words = [{key: value for key, value in word.items() if key != "channel"} for word in document["words"]]
    return document | {"words": sorted(words, key=lambda word: float(word["start_s"]))}


def test_all_that_later_stages_need_is_as_after_transcription(tmp_path: Path) -> None:
    transcribed = read(pending(tmp_path, as_plain(CALL)))
    inspection = inspect(AUDIO, LIMITS)
    assert transcribed.samples == inspection.identity
    assert transcribed.media == inspection.info
    assert (transcribed.mixed, transcribed.given_by) == (False, "plain")
    found = transcribed.transcript
    assert found.utterances == CALL.utterances
    assert found.speech == CALL.speech, "voice activity detection runs as for transcription"
    assert (found.channels, found.language_code, found.language_confidence) == (CALL.channels, "en", 1.0)
    assert found.duration_s == pytest.approx(CALL.duration_s, abs=0.001)


def test_a_transcript_without_channels_stands_for_all_of_them(tmp_path: Path) -> None:
    document = without_channels(as_plain(CALL))
    transcribed = read(pending(tmp_path, document))
    assert (transcribed.mixed, transcribed.transcript.channels, transcribed.media.channels) == (True, 1, 2)
    assert read(pending(tmp_path, document, multichannel=False)).mixed
    with pytest.raises(WrongTranscriptError, match="does not tell channels apart"):
        read(pending(tmp_path, document, multichannel=True))


def test_channels_that_the_line_mixes_must_not_be_apart_in_the_transcript(tmp_path: Path) -> None:
    assert read(pending(tmp_path, as_amazon(CALL), multichannel=True)).transcript.channels == 2
    with pytest.raises(WrongTranscriptError, match="remove multichannel"):
        read(pending(tmp_path, as_amazon(CALL), multichannel=False))


def test_a_transcript_that_was_replaced_or_is_gone_is_an_error_that_names_its_key(tmp_path: Path) -> None:
    recording = pending(tmp_path, as_plain(CALL))
    os.utime(tmp_path / "given.json", ns=(1, 1))
    with pytest.raises(SourceChangedError, match=r"^transcript_url: ") as changed:
        read(recording)
    assert changed.value.retryable
    (tmp_path / "given.json").unlink()
    with pytest.raises(MissingFileError, match=r"^transcript_url: "):
        read(recording)


def test_a_huge_transcript_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "LARGEST_BYTES", 100)
    recording = pending(tmp_path, as_plain(CALL))
    monkeypatch.setattr(files, "fetch", None)
    with pytest.raises(UnusableTranscriptError, match="larger than 100 bytes"):
        read(recording)


def test_the_audio_is_checked_as_always(tmp_path: Path) -> None:
    damaged = tmp_path / "card.mp3"
    damaged.write_bytes(b"RIFF" + AUDIO.read_bytes()[:2000])
    recording = pending(tmp_path, as_plain(CALL))
    recording = replace(
        recording, recording=replace(recording.recording, audio_url=str(damaged)), source=files.stat(str(damaged))
    )
    with pytest.raises(MediaError):
        read(recording)
