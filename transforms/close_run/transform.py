"""CloseRun: writes the run's summary once its tables are durable, and removes rows that they replace."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from hushbeam.schemas.failure import Failure
from hushbeam.schemas.stages import CommittedRecording
from hushbeam.transforms.archive.certificate import read_private_key
from hushbeam.transforms.archive.ledger import root_of_snapshot, save_snapshot
from hushbeam.transforms.archive.ledger_index import Facts, entries_of, pack
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.archive.recovery import forget_rows
from hushbeam.transforms.archive.runs.private_roots import recorded_private_roots
from hushbeam.transforms.archive.runs.summary import summarise, summary_url
from hushbeam.transforms.archive.tables.change import Tables
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.file_lists import FileLists, RunFiles, read_file_lists, settle, write_run_files
from hushbeam.transforms.archive.tables.relocation import relocate
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.urls import join
from hushbeam.transforms.write_tables.transform import WrittenFile

_PER_RECORDING = ("transcripts", "findings")
_ENTRIES_IN_A_PACK = 4096

Count = tuple[str, float]


class RunOutcome(NamedTuple):
    """All results of a run.

    Attributes:
      committed: Recordings with an output, made by this run or recovered from a killed one.
      failures: Recordings and lines without an output.
      skipped: Ids of recordings whose output was up to date.
      tables: Table files, each of which signals that its rows are durable.
      erased: Ids of recordings in the manifest that had been erased.
      unredacted: Ids of recordings that went only to the unredacted output.
    """

    committed: beam.PCollection[CommittedRecording]
    failures: beam.PCollection[Failure]
    skipped: beam.PCollection[str]
    tables: Sequence[beam.PCollection[WrittenFile]]
    erased: Sequence[beam.PCollection[str]]
    unredacted: Sequence[beam.PCollection[str]]


class CloseRun(beam.PTransform):
    """Ends a run after its tables are written.

    Removes rows that earlier runs wrote for the same recordings, and the safety copies of rows. Lists the run's files
    and writes `runs/RUN_ID/summary.json`, which shows that the run is complete. If the output root was copied or moved
    after the last run, URLs of the old root are changed.

    Gives the summary as JSON: {"run_id": …, "recordings": {outcome: n}, "findings": {policy: n}, "audio_s": …}.
    """

    def __init__(self, output: str, run_id: str, identities: Mapping[str, str], *, certificate_key: str | None) -> None:
        super().__init__("CloseRun")
        self._output = output
        self._run_id = run_id
        self._identities = dict(identities)
        self._certificate_key = certificate_key

    def expand(self, outcome: RunOutcome) -> beam.PCollection[str]:
        counts: tuple[beam.PCollection[Count], ...] = (
            outcome.committed | "Count completed" >> beam.FlatMap(_count_committed).with_output_types(Count),
            outcome.failures
            | "Failed recordings" >> beam.Map(_failed_recording).with_output_types(tuple[str, str, int, str])
            | "Once each" >> beam.Distinct()
            | "Count failed" >> beam.Map(_count_failed).with_output_types(Count),
            outcome.skipped | "Count skipped" >> beam.Map(_count_skipped).with_output_types(Count),
        )
        counts += tuple(
            ids | f"Count {kind}" >> beam.Map(lambda _, kind=kind: (f"recordings.{kind}", 1)).with_output_types(Count)
            for kind, all_ids in (("erased", outcome.erased), ("unredacted", outcome.unredacted))
            for ids in all_ids
        )
        totals = counts | "All counts" >> beam.Flatten() | "Total" >> beam.CombinePerKey(sum)
        committed = outcome.committed | "Name replaced recordings" >> beam.Map(_may_replace).with_output_types(
            tuple[str, bool]
        )
        tables = tuple(outcome.tables) | "All tables" >> beam.Flatten()
        entries = outcome.committed | "Ledger entries" >> beam.ParDo(_EntriesFn()).with_output_types(bytes)
        return (
            outcome.committed.pipeline
            | "Once" >> beam.Create([self._run_id])
            | "Close"
            >> beam.ParDo(
                _CloseFn(self._output, self._identities, self._certificate_key),
                totals=beam.pvalue.AsDict(totals),
                committed=beam.pvalue.AsIter(committed),
                tables=beam.pvalue.AsList(tables),
                entries=beam.pvalue.AsIter(entries),
            )
        )


class _CloseFn(beam.DoFn):
    def __init__(self, output: str, identities: Mapping[str, str], certificate_key: str | None) -> None:
        self._output = output
        self._identities = identities
        self._certificate_key = certificate_key

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
        # Beam waits for `tables`, and so for every row to be durable.
        earlier, root = Tables(self._output, self._key), root_of_snapshot(self._output)
        is_first = not earlier.has_others(element)
        # Without the ledger's index, removed status objects are unknown: tables may hold rows of any recording.
        is_unknown = root is None and not is_first
        done_before = frozenset(one for one, replaces in committed if replaces or is_unknown)
        # A killed first run leaves status objects, but no table.
        if root != self._output and (done_before or not is_first):
            relocate(self._output, earlier)
        for table in _PER_RECORDING:
            earlier.drop_recordings(table, done_before, except_run=element)
        earlier.clear_unfinished(element)
        settle(self._output, lists := read_file_lists(self._output), self._key)
        summary = json.dumps(summarise(element, totals, self._identities), indent=1, sort_keys=True)
        save_snapshot(self._output, entries)
        # Before the summary, so that a run with a summary has a list too.
        write_run_files(self._output, self._listed(lists, element, tables, summary.encode()), self._key)
        files.write_bytes(summary_url(self._output, element), summary.encode())
        # Last: if the run is killed before this line, the next run finds the copies and writes the rows again.
        forget_rows(self._output, element)
        yield summary

    def _listed(self, lists: FileLists, run_id: str, tables: Sequence[WrittenFile], summary: bytes) -> RunFiles:
        listed = dict(tables)
        listed[f"runs/{run_id}/summary.json"] = FileEntry.of_content(summary)
        canaries = f"runs/{run_id}/canaries.json"
        with suppress(MissingFileError):
            listed[canaries] = FileEntry.of_content(files.read_bytes(join(self._output, canaries)))
        private_roots = tuple(sorted(recorded_private_roots(self._output)))
        return RunFiles(run_id, listed, before=lists.before(run_id), private_roots=private_roots)


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
    for row in recording.finding_rows:
        yield f"findings.{json.loads(row)['policy']}", 1


def _failed_recording(failure: Failure) -> tuple[str, str, int, str]:
    # A long recording has a row for each of its spans that failed.
    return failure.recording_id or "", failure.manifest, failure.line, failure.status


def _count_failed(failed: tuple[str, str, int, str]) -> Count:
    return f"recordings.{failed[-1]}", 1


def _count_skipped(_recording_id: str) -> Count:
    return "recordings.skipped", 1


def _may_replace(recording: CommittedRecording) -> tuple[str, bool]:
    return recording.recording_id, recording.replaces
