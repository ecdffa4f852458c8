"""Transcribe: recognises the speech of recordings, or of spans, with times and channels."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import apache_beam as beam
from apache_beam.utils.shared import Shared

from hushbeam.schemas.errors import ConfigurationError, RunError
from hushbeam.schemas.stages import PendingRecording, SpanToTranscribe, TranscribedRecording, TranscribedSpan
from hushbeam.transforms.base.each_recording import InputT, Outcome, OutputT, RecordingStage, each_recording, then
from hushbeam.transforms.base.unexpected import StageDefectError, place_of
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.isolation.children import check_confinement
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.transcribe.engine import SpeechEngine, SpeechJob, Transcription
from hushbeam.transforms.transcribe.given import read_given
from hushbeam.transforms.transcribe.recording_audio import RecordingAudio
from hushbeam.transforms.transcribe.settings import TranscriptionSettings

_ENGINES = Shared()


class Transcribe(beam.PTransform):
    """Recognises speech, each channel of a recording by itself, in batches over many recordings.

    Beam's RunInference is not used: it sends a whole batch to the dead letters when one element fails, and waits for a
    batch before it decodes the next. One speech engine in each process, shared by all instances, keeps the model busy
    while other recordings are fetched, decoded and searched for speech.

    A recording with a given transcript takes its words from there, and does without the engine.
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
        self._acquired: SpeechEngine | None = None

    @property
    def _engine(self) -> SpeechEngine:
        """The engine, loaded for the first recording that needs it: a run of given transcripts needs none.

        Raises:
          ConfigurationError, RunError: It cannot be loaded, which ends the run, as an error in `setup` does.
        """
        if self._acquired is None:
            try:
                self._acquired = _ENGINES.acquire(self._start, tag=repr(self._settings))
            except (ConfigurationError, RunError):
                raise
            except Exception as error:  # noqa: BLE001 - reported by class and place, like all errors
                raise StageDefectError(f"{self.name} cannot start: {place_of(error)}") from None
        return self._acquired

    def _start(self) -> SpeechEngine:
        engine = SpeechEngine(self._settings)
        engine.load()
        return engine

    def process(self, recording: InputT) -> OutputT:
        return self.submit(recording).result()


class _TranscribeStage(_EngineStage[PendingRecording, TranscribedRecording]):
    name = "Transcribe"

    def setup(self) -> None:
        super().setup()
        self._readers = ThreadPoolExecutor(self._settings.decoders, thread_name_prefix="given")

    def teardown(self) -> None:
        self._readers.shutdown()

    def submit(self, recording: PendingRecording) -> Future[TranscribedRecording]:
        if recording.transcript is not None:
            return self._readers.submit(read_given, recording, recording.transcript, self._limits)
        audio = RecordingAudio(recording, self._limits, mix=recording.recording.multichannel is False)

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
        audio = RecordingAudio(
            recording.pending,
            self._limits,
            mix=recording.recording.multichannel is False,
            start_s=recording.start_s,
            end_s=None if last else recording.end_s,
        )

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
