"""RedactRecordings for Beam YAML: rows in, rows out. Needs the extra `yaml`; docs/library.md.

providers:
  - type: python
    transforms:
      RedactRecordings: hushbeam.beam_yaml.RedactRecordings
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam import coders

from hushbeam.pipelines.library.records import PublishedRecording
from hushbeam.pipelines.library.transform import RedactRecordings as _RedactRecordings
from hushbeam.schemas.failure import Failure

__all__ = ["RedactRecordings"]


class PublishedRow(NamedTuple):
    """As `hushbeam.PublishedRecording`; `findings` is their number."""

    recording_id: str
    status: str
    audio_url: str
    redacted_audio_url: str | None
    language_code: str
    duration_s: float
    channels: int
    text: str
    findings: int
    run_id: str


class FindingRow(NamedTuple):
    """As `hushbeam.PublishedFinding`."""

    recording_id: str
    policy: str
    label: str
    channel: int
    start_s: float
    end_s: float
    text_start: int | None
    text_end: int | None
    score: float
    detector: str
    run_id: str


class FailureRow(NamedTuple):
    """As `hushbeam.Failure`."""

    recording_id: str | None
    status: str
    stage: str
    error_class: str
    message: str
    retryable: bool
    run_id: str


class SkippedRow(NamedTuple):
    """A recording whose output was up to date."""

    recording_id: str


for _row in (PublishedRow, FindingRow, FailureRow, SkippedRow):
    coders.registry.register_coder(_row, coders.RowCoder)


class RedactRecordings(beam.PTransform):
    """Redacts the recordings that rows name. A column is a key of a manifest line, such as `audio_url`.

    Its outputs are `published`, `findings`, `failures` and `skipped`. Its options are those of
    `hushbeam.RedactRecordings`.
    """

    def __init__(self, output: str, policies: list[str] | None = None, **options: Any) -> None:
        super().__init__("RedactRecordings")
        self._redact = _RedactRecordings(output, policies or ("default",), **options)

    def expand(self, rows: beam.PCollection[Any]) -> dict[str, beam.PCollection[Any]]:
        published, failures, skipped, _ = rows | self._redact
        return {
            "published": published | "Published rows" >> beam.Map(_published_row).with_output_types(PublishedRow),
            "findings": published | "Finding rows" >> beam.FlatMap(_finding_rows).with_output_types(FindingRow),
            "failures": failures | "Failure rows" >> beam.Map(_failure_row).with_output_types(FailureRow),
            "skipped": skipped | "Skipped rows" >> beam.Map(SkippedRow).with_output_types(SkippedRow),
        }


def _published_row(recording: PublishedRecording) -> PublishedRow:
    values = {name: getattr(recording, name) for name in PublishedRow._fields}
    return PublishedRow(**{**values, "findings": len(recording.findings)})


def _finding_rows(recording: PublishedRecording) -> Iterator[FindingRow]:
    for finding in recording.findings:
        yield FindingRow(**asdict(finding))


def _failure_row(failure: Failure) -> FailureRow:
    return FailureRow(**{name: getattr(failure, name) for name in FailureRow._fields})
