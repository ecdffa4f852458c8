"""Records of the encrypted store, from which a recording is rendered without transcribing it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hushbeam.schemas.coders import stays_in_worker, travels
from hushbeam.schemas.finding import Finding, RecogniserReport
from hushbeam.schemas.stages import FromOutput, TranscribedRecording


@dataclass(frozen=True)
class Provenance:
    """Options and models of transcription and detection, which a recording keeps when it is rendered again.

    Attributes:
      recognition: Options of the speech recogniser.
      detection: The detection model, and how much is redacted of what it finds.
      identities: Identities of these models by use.
      recognisers: Names of the recognisers that were built in.
    """

    recognition: Mapping[str, Any]
    detection: Mapping[str, Any]
    identities: Mapping[str, str]
    recognisers: frozenset[str]


@stays_in_worker
@dataclass(frozen=True)
class StoredRecording:
    """A recording in the store.

    Attributes:
      transcribed: The recording, the identity of its source, and its raw words.
      reports: Reports of all recognisers, requested or not.
      leaks: Findings of the verification in the redacted audio, which no word of `transcribed` covers.
    """

    transcribed: TranscribedRecording
    reports: tuple[RecogniserReport, ...]
    leaks: tuple[Finding, ...]
    provenance: Provenance

    def __repr__(self) -> str:
        return f"StoredRecording({self.transcribed.recording_id!r})"


@travels
@dataclass(frozen=True)
class PublishedRecording(FromOutput):
    """A recording with published outputs, from its status object.

    Attributes:
      output_identity: Identity of these outputs.
      policies: Those that it is redacted for.
      captions: As the job that published them was asked for captions; None if it was not asked.
      expired: Whether its redacted audio was deleted later.
    """

    recording_id: str
    output_identity: str
    policies: tuple[str, ...] = ()
    captions: bool | None = None
    expired: bool = False
