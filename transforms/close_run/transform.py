"""CloseRun: lists the run's files and writes its summary once its tables are durable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import NamedTuple

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from hushbeam.schemas.delivery import Delivery
from hushbeam.schemas.failure import READING, Failure
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stages import CommittedRecording
from hushbeam.transforms.archive.certificate import read_private_key
from hushbeam.transforms.archive.ledger_index import Facts, entries_of, pack
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.archive.run_lock import Hold
from hushbeam.transforms.archive.runs.parts import PartResults, RunPart, keep_results, with_earlier_results
from hushbeam.transforms.archive.runs.summary import (
    VERIFICATION_COUNTS,
    cause_of,
    doubts,
)
from hushbeam.transforms.close_run.close import close
from hushbeam.transforms.mute_audio.untranscribed import POLICY as UNTRANSCRIBED
from hushbeam.transforms.write_tables.transform import WrittenFile

_ENTRIES_IN_A_PACK = 4096

Count = tuple[str, float]
_Failed = tuple[str, str, int, bool, str]
"""Id, manifest and line of what failed, whether it could not be read, and the count: of its outcome or of its cause."""


class RunOutcome(NamedTuple):
    """All results of a run.

    Attributes:
      committed: Recordings with an output, made by this run or recovered from a killed one.
      failures: Recordings and lines without an output.
      deliveries: Notifications.
      skipped: Ids of recordings whose output was up to date.
      tables: Table files, each of which signals that its rows are durable.
      erased: Ids of recordings in the manifest that had been erased.
      unredacted: Ids of recordings that went only to the unredacted output.
      recordings: All recordings of the manifests, for the keys of their lines that were ignored.
    """

    committed: beam.PCollection[CommittedRecording]
    failures: beam.PCollection[Failure]
    deliveries: beam.PCollection[Delivery]
    skipped: beam.PCollection[str]
    tables: beam.PCollection[WrittenFile]
    erased: Sequence[beam.PCollection[str]]
    unredacted: Sequence[beam.PCollection[str]]
    recordings: beam.PCollection[Recording]


class CloseRun(beam.PTransform):
    """Ends a run after its tables are written.

    Lists the run's files and writes `runs/RUN_ID/summary.json`, which shows that the run is complete. Removes safety
    copies of rows, and what killed runs left in tables. Files of runs that ended stay as they are: of the rows of a
    recording the latest is current. Changes status objects if the output root was copied or moved after the last run.

    Gives the summary as JSON: {"run_id": …, "recordings": {outcome: n}, "findings": {policy: n}, "audio_s": …,
    "channel_s": …, "muted_s": …, "muted_s_by_policy": {policy: s}, "verification": {outcome: n},
    "verification_counts": {name: n}, "doubtful": {reason: n}, "notifications": {outcome: n},
    "failures": [{"status", "stage", "error_class", "retryable", "message", "count"}, …]}.

    Args:
      part: The part of the run that ends. Only the last ends the run, with the results of all parts; the others give
        nothing.
    """

    def __init__(
        self,
        output: str,
        run_id: str,
        identities: Mapping[str, str],
        *,
        certificate_key: str | None,
        hold: Hold | None = None,
        part: RunPart | None = None,
    ) -> None:
        super().__init__("CloseRun")
        self._output = output
        self._run_id = run_id
        self._identities = dict(identities)
        self._certificate_key = certificate_key
        self._hold = hold
        self._part = part

    def expand(self, outcome: RunOutcome) -> beam.PCollection[str]:
        counts: tuple[beam.PCollection[Count], ...] = (
            outcome.committed | "Count completed" >> beam.FlatMap(_count_committed).with_output_types(Count),
            outcome.failures
            | "Failed recordings" >> beam.FlatMap(_failed_recording).with_output_types(_Failed)
            | "Once each" >> beam.combiners.Count.PerElement()
            | "Count failed" >> beam.MapTuple(_count_failed).with_output_types(Count),
            outcome.deliveries | "Count notifications" >> beam.Map(_count_delivery).with_output_types(Count),
            outcome.skipped | "Count skipped" >> beam.Map(_count_skipped).with_output_types(Count),
            outcome.recordings | "Count ignored keys" >> beam.FlatMap(_count_ignored_keys).with_output_types(Count),
        )
        counts += tuple(
            ids | f"Count {kind}" >> beam.Map(lambda _, kind=kind: (f"recordings.{kind}", 1)).with_output_types(Count)
            for kind, all_ids in (("erased", outcome.erased), ("unredacted", outcome.unredacted))
            for ids in all_ids
        )
        totals = counts | "All counts" >> beam.Flatten() | "Total" >> beam.CombinePerKey(sum)
        committed = outcome.committed | "Name recordings" >> beam.Map(_may_replace).with_output_types(tuple[str, bool])
        entries = outcome.committed | "Ledger entries" >> beam.ParDo(_EntriesFn()).with_output_types(bytes)
        return (
            outcome.committed.pipeline
            | "Once" >> beam.Create([self._run_id])
            | "Close"
            >> beam.ParDo(
                _CloseFn(self._output, self._identities, self._certificate_key, self._hold, self._part),
                totals=beam.pvalue.AsDict(totals),
                committed=beam.pvalue.AsIter(committed),
                tables=beam.pvalue.AsList(outcome.tables),
                entries=beam.pvalue.AsIter(entries),
            )
        )


class _CloseFn(beam.DoFn):
    def __init__(
        self,
        output: str,
        identities: Mapping[str, str],
        certificate_key: str | None,
        hold: Hold | None,
        part: RunPart | None,
    ) -> None:
        self._output = output
        self._identities = identities
        self._certificate_key = certificate_key
        self._hold = hold
        self._part = part

    def setup(self) -> None:
        self._key = read_private_key(self._certificate_key)

    def process(
        self,
        element: str,
        totals: Mapping[str, float],
        committed: Iterable[tuple[str, bool]],
        tables: Sequence[WrittenFile],
        entries: Iterable[bytes],
    ) -> Iterator[str]:
        if self._hold is not None:
            self._hold.check()
        if self._part is not None:
            results = PartResults(totals, committed, tables, entries)
            if not self._part.is_last:
                keep_results(self._part, results)
                return
            totals, committed, tables, entries = with_earlier_results(self._part, results)
        with self._hold.kept() if self._hold is not None else nullcontext():
            # Beam waits for `tables`, and so for every row to be durable.
            yield close(
                self._output,
                element,
                identities=self._identities,
                key=self._key,
                totals=totals,
                committed=committed,
                tables=tables,
                entries=entries,
            )


class _EntriesFn(beam.DoFn):
    """Packs ledger entries of committed recordings, one or more packs for each bundle."""

    def start_bundle(self) -> None:
        self._waiting: list[tuple[str, Facts]] = []

    def process(self, element: CommittedRecording) -> Iterator[bytes]:
        facts = Facts(element.output_identity, element.source, element.configuration)
        self._waiting.append((json_name(element.recording_id), facts))
        if len(self._waiting) >= _ENTRIES_IN_A_PACK:
            yield self._packed()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        if self._waiting:
            yield GlobalWindows.windowed_value_at_end_of_window(self._packed())

    def _packed(self) -> bytes:
        names, facts = zip(*self._waiting, strict=True)
        self._waiting = []
        return pack(entries_of(names, [""] * len(names), facts))


def _count_committed(recording: CommittedRecording) -> Iterable[Count]:
    yield "recordings.recovered" if recording.recovered else "recordings.completed", 1
    yield "audio_s", recording.audio_s
    transcript = json.loads(recording.transcript_row)
    yield "channel_s", transcript["duration_s"] * transcript["channels"]
    yield "muted_s", transcript["muted_s"]
    muted_s_by_policy = dict(transcript["muted_s_by_policy"])
    for policy, muted_s in muted_s_by_policy.items():
        yield f"muted_s.{policy}", muted_s
    verification = transcript["verification"]
    yield f"verification.{verification['outcome']}", 1
    for name in VERIFICATION_COUNTS:
        yield f"verification_counts.{name}", verification[name]
    for doubt in doubts(verification["leaks"], muted_s_by_policy.get(UNTRANSCRIBED, 0.0)):
        yield f"doubtful.{doubt}", 1
    for row in recording.finding_rows:
        yield f"findings.{json.loads(row)['policy']}", 1


def _failed_recording(failure: Failure) -> Iterable[_Failed]:
    failed = failure.recording_id or "", failure.manifest, failure.line, failure.stage == READING
    yield *failed, f"recordings.{failure.status}"
    yield *failed, cause_of(failure)


def _count_failed(failed: _Failed, rows: int) -> Count:
    return failed[-1], _recordings(failed, rows)


def _recordings(failed: _Failed, rows: int) -> int:
    """How many recordings have these rows. A long one has a row for each of its spans that failed; what cannot be read
    has one row, and records without an id and a line cannot be told from each other.
    """
    *_, is_unread, _ = failed
    return rows if is_unread else 1


def _count_delivery(delivery: Delivery) -> Count:
    return f"notifications.{delivery.outcome}", 1


def _count_skipped(_recording_id: str) -> Count:
    return "recordings.skipped", 1


def _count_ignored_keys(recording: Recording) -> Iterable[Count]:
    if recording.ignored_keys:
        yield "ignored_keys.lines", 1
    for key in recording.ignored_keys:
        yield f"ignored_keys.names.{key}", 1


def _may_replace(recording: CommittedRecording) -> tuple[str, bool]:
    return recording.recording_id, recording.replaces
