"""Transcribe: what was said in each recording, by whom and when."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from tempfile import TemporaryDirectory

import apache_beam as beam
from apache_beam.utils.shared import Shared

from schemas.stages import HeardRecording, PendingRecording
from transforms.each_recording import Outcome, RecordingStage, each_recording, then
from transforms.media.hear import Hearing
from transforms.storage import files
from transforms.transcribe.engine import Heard, SpeechEngine, SpeechJob
from transforms.transcribe.settings import TranscriptionSettings
from transforms.transcribe.vad import Samples


class Transcribe(beam.PTransform):
    """Recognises speech, each channel of a recording by itself, in batches over many recordings.

    Not Beam's RunInference: it sends a whole batch to the dead letters when one element fails, and it waits for a
    batch before it decodes the next. One speech engine in each process, shared by all instances, keeps the model busy
    while other recordings are fetched, decoded and searched for speech.
    """

    def __init__(self, settings: TranscriptionSettings) -> None:
        super().__init__("Transcribe")
        self._settings = settings

    def expand(self, recordings: beam.PCollection[PendingRecording]) -> Outcome[HeardRecording]:
        return recordings | each_recording(_TranscribeStage(self._settings), HeardRecording)


class _TranscribeStage(RecordingStage[PendingRecording, HeardRecording]):
    name = "Transcribe"

    # Enough that short calls of several batches are under way; what waits in memory is bounded by the engine, in bytes.
    in_flight = 64

    def __init__(self, settings: TranscriptionSettings) -> None:
        self._settings = settings
        self._shared = Shared()

    def setup(self) -> None:
        self._engine = self._shared.acquire(self._start, tag=repr(self._settings))

    def _start(self) -> SpeechEngine:
        engine = SpeechEngine(self._settings)
        engine.load()
        return engine

    def process(self, recording: PendingRecording) -> HeardRecording:
        return self.submit(recording).result()

    def submit(self, recording: PendingRecording) -> Future[HeardRecording]:
        sound = _Sound(recording)
        job = SpeechJob(recording.recording_id, sound.blocks, recording.recording.language_code)
        return then(self._engine.submit(job), sound.heard)

    def measure(self, output: HeardRecording) -> dict[str, int]:
        return {"audio_milliseconds": round(output.transcript.duration_s * 1000)}


class _Sound:
    """One recording's way into the engine: fetched and decoded when the engine asks for it, then removed."""

    def __init__(self, recording: PendingRecording) -> None:
        self._recording = recording
        self._hearing: Hearing | None = None
        self._mix = recording.recording.multichannel is False

    def blocks(self) -> Iterator[Samples]:
        with TemporaryDirectory(prefix="hushbeam-") as folder:
            source = files.fetch(self._recording.recording.audio_url, folder, expected=self._recording.source)
            self._hearing = Hearing(source, mix=self._mix)
            yield from self._hearing

    def heard(self, heard: Heard) -> HeardRecording:
        hearing = self._hearing
        if hearing is None or hearing.info is None or hearing.identity is None:
            raise RuntimeError("the engine finished a recording that it did not hear to its end")
        mixed = self._mix and hearing.info.channels > 1
        return HeardRecording(self._recording, heard.transcript, hearing.info, hearing.identity, mixed)
