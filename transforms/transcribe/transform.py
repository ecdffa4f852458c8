"""Transcribe: recognises the speech of recordings, or of spans, with times and channels."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import apache_beam as beam
from apache_beam.utils.shared import Shared

from hushbeam.schemas.errors import ConfigurationError, RunError
from hushbeam.schemas.stages import PendingRecording, SpanToTranscribe, TranscribedRecording, TranscribedSpan
from hushbeam.transforms.base.each_recording import InputT, Outcome, OutputT, RecordingStage, each_recording, then
from hushbeam.transforms.base.progress import TRANSCRIBED, TRANSCRIBED_AUDIO, TRANSCRIBED_BYTES, AudioDone
from hushbeam.transforms.base.unexpected import StageDefectError, place_of
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.isolation.children import check_confinement
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.sources.read import Sources
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

    def __init__(self, settings: TranscriptionSettings, limits: MediaLimits, sources: Sources) -> None:
        super().__init__("Transcribe")
        self._settings = settings
        self._limits = limits
        self._sources = sources

    def expand(self, recordings: beam.PCollection[PendingRecording]) -> Outcome[TranscribedRecording]:
        return recordings | each_recording(
            _TranscribeStage(self._settings, self._limits, self._sources), TranscribedRecording
        )


class TranscribeSpans(beam.PTransform):
    """Recognises speech in spans of long recordings, each span by itself, on any worker."""

    def __init__(self, settings: TranscriptionSettings, limits: MediaLimits, sources: Sources) -> None:
        super().__init__("TranscribeSpans")
        self._settings = settings
        self._limits = limits
        self._sources = sources

    def expand(self, spans: beam.PCollection[SpanToTranscribe]) -> Outcome[TranscribedSpan]:
        return spans | each_recording(
            _TranscribeSpanStage(self._settings, self._limits, self._sources), TranscribedSpan
        )


class _EngineStage(RecordingStage[InputT, OutputT]):
    def __init__(self, settings: TranscriptionSettings, limits: MediaLimits, sources: Sources) -> None:
        self.in_flight = settings.in_flight
        self._settings = settings
        self._limits = limits
        self._sources = sources

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
            return self._readers.submit(read_given, recording, recording.transcript, self._limits, self._sources)
        done = AudioDone(TRANSCRIBED, recording.source.size_bytes)
        audio = RecordingAudio(
            recording,
            self._limits,
            self._sources,
            mix=recording.recording.multichannel is False,
            opened=done.measured,
        )

        def whole(transcription: Transcription) -> TranscribedRecording:
            if audio.info is None or audio.identity is None:
                raise RuntimeError("the engine finished a recording without reading it to its end")
            return TranscribedRecording(
                audio.taken(), transcription.transcript, audio.info, audio.identity, audio.is_mixed
            )

        job = SpeechJob(recording.recording_id, audio.blocks, recording.recording.language_code, progress=done.to)
        return then(_reported(self._engine.submit(job), done), whole)

    def measure(self, output: TranscribedRecording) -> dict[str, int]:
        if output.given_by is not None:  # nothing was reported while it was read
            AudioDone(TRANSCRIBED, output.pending.source.size_bytes).ended(output.transcript.duration_s)
        return {
            TRANSCRIBED_AUDIO: round(output.transcript.duration_s * 1000),
            TRANSCRIBED_BYTES: output.pending.source.size_bytes,
        }


class _TranscribeSpanStage(_EngineStage[SpanToTranscribe, TranscribedSpan]):
    name = "TranscribeSpans"

    def submit(self, recording: SpanToTranscribe) -> Future[TranscribedSpan]:
        last = recording.number == recording.count - 1
        audio = RecordingAudio(
            recording.pending,
            self._limits,
            self._sources,
            mix=recording.recording.multichannel is False,
            start_s=recording.start_s,
            end_s=None if last else recording.end_s,
        )

        def part(transcription: Transcription) -> TranscribedSpan:
            audio.taken()  # the words of a span leave this worker, and no stage after this one reads the copy
            if audio.info is None or (last and audio.identity is None):
                raise RuntimeError("the engine finished a span without reading it to its end")
            if last and audio.identity != recording.samples:
                raise MediaError(
                    "identity_differs", "the transcribed samples are not those that the spans were planned with"
                )
            return TranscribedSpan(recording, transcription.transcript, audio.info)

        done = AudioDone(TRANSCRIBED, _share_of_bytes(recording))
        done.measured(recording.end_s - recording.start_s)
        job = SpeechJob(
            recording.recording_id,
            audio.blocks,
            recording.recording.language_code,
            start_s=recording.start_s,
            progress=done.to,
        )
        return then(_reported(self._engine.submit(job), done), part)

    def measure(self, output: TranscribedSpan) -> dict[str, int]:
        span = output.span
        return {
            TRANSCRIBED_AUDIO: round((span.end_s - span.start_s) * 1000),
            TRANSCRIBED_BYTES: _share_of_bytes(span),
        }


def _share_of_bytes(span: SpanToTranscribe) -> int:
    return span.pending.source.size_bytes // span.count


def _reported(transcribing: Future[Transcription], done: AudioDone) -> Future[Transcription]:
    """The same future, whose end is reported too."""

    def report_end(ended: Future[Transcription]) -> None:
        failed = ended.cancelled() or ended.exception() is not None
        done.ended(None if failed else ended.result().transcribed_s)

    transcribing.add_done_callback(report_end)
    return transcribing
