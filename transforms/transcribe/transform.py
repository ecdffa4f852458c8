"""Transcribe: recognises the speech of recordings, or of spans, with times and channels."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future

import apache_beam as beam
from apache_beam.utils.shared import Shared

from hushbeam.schemas.media import MediaInfo, SampleIdentity
from hushbeam.schemas.stages import PendingRecording, SpanToTranscribe, TranscribedRecording, TranscribedSpan
from hushbeam.transforms.base.each_recording import InputT, Outcome, OutputT, RecordingStage, each_recording, then
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.isolation.children import check_confinement
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import RecogniserAudio
from hushbeam.transforms.media.samples import FloatSamples
from hushbeam.transforms.storage import files
from hushbeam.transforms.transcribe.engine import SpeechEngine, SpeechJob, Transcription
from hushbeam.transforms.transcribe.settings import TranscriptionSettings

_ENGINES = Shared()


class Transcribe(beam.PTransform):
    """Recognises speech, each channel of a recording by itself, in batches over many recordings.

    Beam's RunInference is not used: it sends a whole batch to the dead letters when one element fails, and waits for a
    batch before it decodes the next. One speech engine in each process, shared by all instances, keeps the model busy
    while other recordings are fetched, decoded and searched for speech.
    """

    def __init__(self, settings: TranscriptionSettings, limits: MediaLimits) -> None:
        super().__init__("Transcribe")
        self._settings = settings
        self._limits = limits

    def expand(self, recordings: beam.PCollection[PendingRecording]) -> Outcome[TranscribedRecording]:
        return recordings | each_recording(_TranscribeStage(self._settings, self._limits), TranscribedRecording)


class TranscribeSpans(beam.PTransform):
    """Recognises speech in spans of long recordings, each span by itself, on any worker."""

    def __init__(self, settings: TranscriptionSettings, limits: MediaLimits) -> None:
        super().__init__("TranscribeSpans")
        self._settings = settings
        self._limits = limits

    def expand(self, spans: beam.PCollection[SpanToTranscribe]) -> Outcome[TranscribedSpan]:
        return spans | each_recording(_TranscribeSpanStage(self._settings, self._limits), TranscribedSpan)


class _EngineStage(RecordingStage[InputT, OutputT]):
    def __init__(self, settings: TranscriptionSettings, limits: MediaLimits) -> None:
        self.in_flight = settings.in_flight
        self._settings = settings
        self._limits = limits

    def setup(self) -> None:
        check_confinement(self._limits)
        self._engine = _ENGINES.acquire(self._start, tag=repr(self._settings))

    def _start(self) -> SpeechEngine:
        engine = SpeechEngine(self._settings)
        engine.load()
        return engine

    def process(self, recording: InputT) -> OutputT:
        return self.submit(recording).result()


class _TranscribeStage(_EngineStage[PendingRecording, TranscribedRecording]):
    name = "Transcribe"

    def submit(self, recording: PendingRecording) -> Future[TranscribedRecording]:
        audio = _Audio(recording, self._limits)

        def whole(transcription: Transcription) -> TranscribedRecording:
            if audio.info is None or audio.identity is None:
                raise RuntimeError("the engine finished a recording without reading it to its end")
            return TranscribedRecording(recording, transcription.transcript, audio.info, audio.identity, audio.is_mixed)

        job = SpeechJob(recording.recording_id, audio.blocks, recording.recording.language_code)
        return then(self._engine.submit(job), whole)

    def measure(self, output: TranscribedRecording) -> dict[str, int]:
        return {"audio_milliseconds": round(output.transcript.duration_s * 1000)}


class _TranscribeSpanStage(_EngineStage[SpanToTranscribe, TranscribedSpan]):
    name = "TranscribeSpans"

    def submit(self, recording: SpanToTranscribe) -> Future[TranscribedSpan]:
        last = recording.number == recording.count - 1
        audio = _Audio(recording.pending, self._limits, recording.start_s, None if last else recording.end_s)

        def part(transcription: Transcription) -> TranscribedSpan:
            if audio.info is None or (last and audio.identity is None):
                raise RuntimeError("the engine finished a span without reading it to its end")
            if last and audio.identity != recording.samples:
                raise MediaError(
                    "identity_differs", "the transcribed samples are not those that the spans were planned with"
                )
            return TranscribedSpan(recording, transcription.transcript, audio.info)

        job = SpeechJob(
            recording.recording_id, audio.blocks, recording.recording.language_code, start_s=recording.start_s
        )
        return then(self._engine.submit(job), part)

    def measure(self, output: TranscribedSpan) -> dict[str, int]:
        return {"audio_milliseconds": round((output.span.end_s - output.span.start_s) * 1000)}


class _Audio:
    """The audio of a recording or a span: fetched and decoded when the engine reads it, then removed.

    Attributes:
      info, identity: As in `RecogniserAudio`, once the blocks were read.
    """

    def __init__(
        self, recording: PendingRecording, limits: MediaLimits, start_s: float = 0.0, end_s: float | None = None
    ) -> None:
        self._recording = recording
        self._limits = limits
        self._start_s = start_s
        self._end_s = end_s
        self._mix = recording.recording.multichannel is False
        self.info: MediaInfo | None = None
        self.identity: SampleIdentity | None = None

    @property
    def is_mixed(self) -> bool:
        """Whether several channels were transcribed as one."""
        return self._mix and self.info is not None and self.info.channels > 1

    def blocks(self) -> Iterator[FloatSamples]:
        self._limits.check_size(self._recording.source.size_bytes)
        with TemporaryFolder() as folder:
            source = files.fetch(self._recording.recording.audio_url, folder, expected=self._recording.source)
            recogniser_audio = RecogniserAudio(
                source, start_s=self._start_s, end_s=self._end_s, mix=self._mix, limits=self._limits
            )
            yield from recogniser_audio
        self.info, self.identity = recogniser_audio.info, recogniser_audio.identity
