"""ReadRecords: reads the records of a pipeline into recordings, and into a failure for every invalid record."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindows

from hushbeam.schemas.failure import Failure
from hushbeam.schemas.recording import Recording
from hushbeam.transforms.base.each_recording import Outcome
from hushbeam.transforms.read_manifest.line import ManifestDefaults, ManifestLineError
from hushbeam.transforms.read_manifest.transform import RECORD, RECORDINGS, REJECTED, ReadFn, unique


class ReadRecords(beam.PTransform):
    """`ReadManifest` for records that a pipeline has already: the same checks, and a `Failure` for every invalid one.

    A record is a mapping with the keys of a manifest line, a row with these columns, a `Recording`, or a URL.

    Args:
      folder: Relative URLs are relative to it.
      after: Gives an element when the reading may begin.
    """

    def __init__(
        self,
        defaults: ManifestDefaults,
        folder: str,
        after: beam.PCollection[str],
        *,
        hash_identities: str | None = None,
        unredacted: bool = False,
    ) -> None:
        super().__init__("ReadRecords")
        self._read = _ReadRecordFn(defaults, hash_identities, unredacted)
        self._read.folder = folder
        self._after = after

    def expand(self, records: beam.PCollection[Any]) -> Outcome[Recording]:
        read = (
            records
            | "In one window" >> beam.WindowInto(GlobalWindows())
            | "Read and check"
            >> beam.ParDo(self._read, after=beam.pvalue.AsSingleton(self._after)).with_outputs(
                REJECTED, main=RECORDINGS
            )
        )
        read[RECORDINGS].element_type = Recording
        read[REJECTED].element_type = Failure
        return unique(read[RECORDINGS], read[REJECTED], unnumbered=RECORD)


class _ReadRecordFn(ReadFn):
    folder: str

    def process(self, element: Any, after: str = "") -> Iterator[Recording | TaggedOutput]:
        read = self.read(_values_of(element), f"{self.folder}/records", 0)
        if isinstance(read, TaggedOutput):
            yield TaggedOutput(read.tag, replace(read.value, manifest=""))
        else:
            yield replace(read, manifest="")


def _values_of(record: Any) -> Mapping[str, Any] | ManifestLineError:
    """A record as the values of a manifest line."""
    if isinstance(record, Recording):
        return _line_of(record)
    if isinstance(record, str | os.PathLike):
        return {"audio_url": os.fspath(record)}
    values = _plain(record)
    if not isinstance(values, Mapping) or not all(isinstance(key, str) for key in values):
        return ManifestLineError(
            "expected a URL, a mapping with the keys of a manifest line, or a Recording; the record is something else"
        )
    return values


def _plain(value: Any) -> Any:
    """Beam's rows as mappings, whatever they hold."""
    return {key: _plain(inner) for key, inner in value._asdict().items()} if hasattr(value, "_asdict") else value


def _line_of(recording: Recording) -> dict[str, Any]:
    """The manifest line that gives this recording. What the job decides is left out."""
    return {
        "audio_url": recording.audio_url,
        "recording_id": recording.recording_id,
        "redact_pii": recording.redact,
        "redact_pii_policies": list(recording.policies) or None,
        "redact_pii_sub": recording.substitution,
        "redact_pii_audio": recording.redact_audio,
        "redact_pii_audio_quality": recording.audio_quality,
        "redact_pii_audio_options": {
            "override_audio_redaction_method": recording.muting,
            "return_redacted_no_speech_audio": recording.return_no_speech_audio,
        },
        "redact_static_entities": {label: list(terms) for label, terms in recording.static_entities.items()},
        "language_code": recording.language_code,
        "multichannel": recording.multichannel,
        "transcript_url": recording.transcript_url,
        "webhook_url": recording.webhook_url,
        "webhook_auth_header_name": recording.webhook_auth_header_name,
        "webhook_auth_header_value": recording.webhook_auth_header_value,
        "metadata": dict(recording.metadata),
    }
