"""KeepUnredacted and PublishUnredacted: the unredacted output of recordings that are redacted, and of the others."""

from __future__ import annotations

from typing import NamedTuple

import apache_beam as beam

from hushbeam.schemas.failure import Failure
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stages import MutedRecording, TranscribedRecording
from hushbeam.transforms.archive.ledger import COMPLETED, Status, status_url
from hushbeam.transforms.archive.run_lock import Hold
from hushbeam.transforms.archive.unredacted import UnredactedOutput
from hushbeam.transforms.base.each_recording import Outcome, RecordingStage, each_recording
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.base.temporary_files import removed_on_error
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.skip_finished import SkipFinished
from hushbeam.transforms.sources.read import Sources
from hushbeam.transforms.storage import files
from hushbeam.transforms.transcribe import Transcribe, TranscriptionSettings


class KeepUnredacted(beam.PTransform):
    """Encrypts the words of recordings before they are published redacted. If that fails, the recording fails."""

    def __init__(self, settings: SealedRoot) -> None:
        super().__init__("KeepUnredacted")
        self._settings = settings

    def expand(self, recordings: beam.PCollection[MutedRecording]) -> Outcome[MutedRecording]:
        return recordings | each_recording(_KeepStage(self._settings), MutedRecording)


class Unredacted(NamedTuple):
    """Results of recordings that are not redacted.

    Attributes:
      written, skipped, erased: Ids.
    """

    written: beam.PCollection[str]
    skipped: beam.PCollection[str]
    failures: beam.PCollection[Failure]
    erased: beam.PCollection[str]


class PublishUnredacted(beam.PTransform):
    """Transcribes recordings whose lines say `redact_pii: false`, and encrypts their transcripts.

    Nothing of them goes to the public outputs: their status objects are in the unredacted root too.

    Args:
      skip: Skips what the private root has.
      limits: Of decoding, as for recordings that are redacted.
      hold: This run's hold of the public root, checked before each recording is written.
    """

    def __init__(
        self,
        settings: SealedRoot,
        recognition: TranscriptionSettings,
        skip: SkipFinished,
        run_id: str,
        *,
        limits: MediaLimits,
        hold: Hold | None,
        sources: Sources,
    ) -> None:
        super().__init__("PublishUnredacted")
        self._sources = sources
        self._settings = settings
        self._recognition = recognition
        self._limits = limits
        self._hold = hold
        self._run_id = run_id
        self._skip = skip

    def expand(self, recordings: beam.PCollection[Recording]) -> Unredacted:
        pending, _, skipped, missing, erased = recordings | self._skip
        transcribed, untranscribed = pending | Transcribe(self._recognition, self._limits, self._sources)
        written, unwritten = transcribed | each_recording(_WriteStage(self._settings, self._run_id, self._hold), str)
        failures = (missing, untranscribed, unwritten) | "Failures" >> beam.Flatten()
        return Unredacted(written, skipped, failures, erased)


class _KeepStage(RecordingStage[MutedRecording, MutedRecording]):
    name = "KeepUnredacted"

    def __init__(self, settings: SealedRoot) -> None:
        self._settings = settings

    def setup(self) -> None:
        self._output = UnredactedOutput(self._settings)

    def process(self, recording: MutedRecording) -> MutedRecording:
        detected = recording.detected
        with removed_on_error(recording.audio):
            self._output.write(detected.transcribed, detected.findings)
        return recording


class _WriteStage(RecordingStage[TranscribedRecording, str]):
    name = "PublishUnredacted"

    def __init__(self, settings: SealedRoot, run_id: str, hold: Hold | None) -> None:
        self._settings = settings
        self._run_id = run_id
        self._hold = hold

    def setup(self) -> None:
        self._output = UnredactedOutput(self._settings)

    def process(self, recording: TranscribedRecording) -> str:
        if copy := recording.pending.local_copy:
            copy.remove()  # only its words are kept
        if self._hold is not None:
            self._hold.check()
        self._output.write(recording, ())
        status = Status(COMPLETED, recording.recording_id, None, recording.pending.output_identity, self._run_id)
        files.write_private(status_url(self._settings.root, recording.recording_id), status.to_json())
        return recording.recording_id
