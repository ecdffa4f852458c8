"""StoreFindings: writes words and findings of each recording to the encrypted store before it is published."""

from __future__ import annotations

import apache_beam as beam

from hushbeam.schemas.stages import MutedRecording
from hushbeam.schemas.stored import Provenance, StoredRecording
from hushbeam.transforms.archive.findings_store import FindingsStore
from hushbeam.transforms.base.each_recording import Outcome, RecordingStage, each_recording
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.base.temporary_files import removed_on_error
from hushbeam.transforms.verify_audio.verify import DETECTOR as VERIFICATION_DETECTOR


class StoreFindings(beam.PTransform):
    """Encrypts raw words and all candidates. A recording that cannot be stored fails, and is not published.

    Args:
      provenance: The options and models of recognition and detection in this run.
    """

    def __init__(self, settings: SealedRoot, provenance: Provenance) -> None:
        super().__init__("StoreFindings")
        self._settings = settings
        self._provenance = provenance

    def expand(self, recordings: beam.PCollection[MutedRecording]) -> Outcome[MutedRecording]:
        return recordings | each_recording(_StoreStage(self._settings, self._provenance), MutedRecording)


class _StoreStage(RecordingStage[MutedRecording, MutedRecording]):
    name = "StoreFindings"

    def __init__(self, settings: SealedRoot, provenance: Provenance) -> None:
        self._settings = settings
        self._provenance = provenance

    def setup(self) -> None:
        self._store = FindingsStore(self._settings)

    def process(self, recording: MutedRecording) -> MutedRecording:
        detected = recording.detected
        leaks = tuple(finding for finding in recording.audio_findings if finding.detector == VERIFICATION_DETECTOR)
        with removed_on_error(recording.audio):
            self._store.write(StoredRecording(detected.transcribed, detected.reports, leaks, self._provenance))
        return recording
