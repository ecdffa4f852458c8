"""MuteAudio: renders recordings in which personal data cannot be heard."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apache_beam as beam

from hushbeam.schemas.stages import MutedRecording, RedactedRecording, TranscribedRecording
from hushbeam.transforms.base.each_recording import Outcome, ThreadedStage, each_recording
from hushbeam.transforms.base.progress import MUTED, AudioDone
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.media.isolation.children import check_confinement
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.sample_cache import SampleCache
from hushbeam.transforms.mute_audio.redaction import plan_redaction, stage_audio
from hushbeam.transforms.mute_audio.settings import MuteSettings
from hushbeam.transforms.sources.read import Sources
from hushbeam.transforms.storage import files

# Decoders, numpy and encoders work beside the model: while one recording is muted, others are transcribed.
_THREADS = 4


class MuteAudio(beam.PTransform):
    """Replaces every finding's time range in its recording with silence, a tone or room noise.

    What was transcribed is what is muted: length and checksum of the samples must be those that were transcribed. A
    recording fails if they differ, and is quarantined if a finding has no time. The redacted file stays on the worker's
    disk, readable only by the job, until it is committed.
    """

    def __init__(self, settings: MuteSettings, limits: MediaLimits, sources: Sources) -> None:
        super().__init__("MuteAudio")
        self._settings = settings
        self._limits = limits
        self._sources = sources

    def expand(self, recordings: beam.PCollection[RedactedRecording]) -> Outcome[MutedRecording]:
        return recordings | each_recording(_MuteStage(self._settings, self._limits, self._sources), MutedRecording)


class _MuteStage(ThreadedStage[RedactedRecording, MutedRecording]):
    name = "MuteAudio"

    def __init__(self, settings: MuteSettings, limits: MediaLimits, sources: Sources) -> None:
        super().__init__(_THREADS)
        self._settings = settings
        self._limits = limits
        self._sources = sources

    def setup(self) -> None:
        check_confinement(self._limits)
        super().setup()
        self._folder = TemporaryFolder()

    def teardown(self) -> None:
        super().teardown()
        self._folder.cleanup()

    def size(self, recording: RedactedRecording) -> int:
        return recording.transcribed.audio_source.size_bytes

    def process(self, recording: RedactedRecording) -> MutedRecording:
        try:
            return self._muted(recording)
        finally:
            if copy := recording.transcribed.pending.local_copy:
                copy.remove()  # no later stage reads the source
            AudioDone(MUTED).to(recording.transcribed.transcript.duration_s)

    def _muted(self, recording: RedactedRecording) -> MutedRecording:
        request = recording.recording
        has_no_speech = not recording.transcribed.transcript.utterances
        if not request.redact_audio or (has_no_speech and not request.return_no_speech_audio):
            return MutedRecording(recording, audio=None)
        with self._source(recording.transcribed) as local:
            source = SampleCache(local, self._limits)
            plan = plan_redaction(recording, source, self._settings, limits=self._limits)
            folder = Path(self._folder.name)
            audio = stage_audio(recording, source, plan.spans, folder, self._settings, limits=self._limits)
        return MutedRecording(recording, audio, plan.audio_findings)

    @contextmanager
    def _source(self, transcribed: TranscribedRecording) -> Iterator[Path]:
        """The source, or the published recording that is muted further."""
        if transcribed.published is None:
            with self._sources.opened(transcribed.pending) as (path, held):
                yield path
                if held.local_copy is not None:
                    held.local_copy.remove()
            return
        audio = transcribed.published.audio
        with TemporaryFolder(within=self._folder.name) as fetched:
            yield files.fetch(audio.url, fetched, expected=audio)

    def measure(self, output: MutedRecording) -> dict[str, int]:
        counts = {f"findings.{policy}": n for policy, n in Counter(f.policy for f in output.audio_findings).items()}
        if output.audio is not None:
            counts["muted_milliseconds"] = math.ceil(output.audio.muted_s * 1000)
        return counts
