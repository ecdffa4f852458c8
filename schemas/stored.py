"""What is kept, encrypted, of a recording that was heard: enough to render it again without hearing it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hushbeam.schemas.coders import stays_in_worker, travels
from hushbeam.schemas.finding import Finding, RecogniserReport
from hushbeam.schemas.stages import FromOutput, TranscribedRecording


@dataclass(frozen=True)
class Provenance:
    """What heard and what detected: all of a run that rendering again cannot change.

    Attributes:
      recognition: The options of recognition.
      detection: The options that name detection models.
      identities: Of these models by use.
    """

    recognition: Mapping[str, Any]
    detection: Mapping[str, Any]
    identities: Mapping[str, str]


@stays_in_worker
@dataclass(frozen=True)
class StoredRecording:
    """A recording as the store keeps it.

    Attributes:
      transcribed: The request, the source's identity, and raw words.
      reports: What all recognisers said, whatever was asked for.
      leaks: What the second listening heard in the redacted sound: no words of `heard` say it.
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
    """A recording that has outputs, by its status object.

    Attributes:
      output_identity: Of these outputs.
      expired: Whether its redacted audio was deleted since.
    """

    recording_id: str
    output_identity: str
    expired: bool = False
