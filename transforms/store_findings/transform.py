"""StoreFindings: keeps what a recording needs to be rendered again, before it is published."""

from __future__ import annotations

import apache_beam as beam

from hushbeam.schemas.stages import MutedRecording
from hushbeam.schemas.stored import Hearing, StoredRecording
from hushbeam.transforms.archive.findings_store import FindingsStore
from hushbeam.transforms.base.each_recording import Outcome, RecordingStage, each_recording
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.base.staged_audio import removed_on_error
from hushbeam.transforms.verify_audio.verify import DETECTOR as SECOND_LISTENING


class StoreFindings(beam.PTransform):
    """Seals raw words and everything that was found into the store. What cannot be kept is not published either.

    Args:
      hearing: What heard and detected in this run.
    """

    def __init__(self, settings: SealedRoot, hearing: Hearing) -> None:
        super().__init__("StoreFindings")
        self._settings = settings
        self._hearing = hearing

    def expand(self, recordings: beam.PCollection[MutedRecording]) -> Outcome[MutedRecording]:
        return recordings | each_recording(_StoreStage(self._settings, self._hearing), MutedRecording)


class _StoreStage(RecordingStage[MutedRecording, MutedRecording]):
    name = "StoreFindings"

    def __init__(self, settings: SealedRoot, hearing: Hearing) -> None:
        self._settings = settings
        self._hearing = hearing

    def setup(self) -> None:
        self._store = FindingsStore(self._settings)

    def process(self, recording: MutedRecording) -> MutedRecording:
        detected = recording.redacted.detected
        leaks = tuple(finding for finding in recording.sound_findings if finding.detector == SECOND_LISTENING)
        with removed_on_error(recording):
            self._store.write(StoredRecording(detected.heard, detected.reports, leaks, self._hearing))
        return recording
