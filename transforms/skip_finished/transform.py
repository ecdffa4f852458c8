"""SkipFinished: looks up each source, and skips recordings whose output is up to date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils.shared import Shared

from hushbeam.schemas.correction import corrected_identity
from hushbeam.schemas.failure import Failure
from hushbeam.schemas.media import SourceIdentity
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stages import CommittedRecording, PendingRecording
from hushbeam.transforms.archive.given_identity import configuration_of
from hushbeam.transforms.archive.ledger import committed_entries, entries_by_name
from hushbeam.transforms.archive.ledger_index import Facts, LedgerIndex, pack, source_facts, unpack
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.archive.recovery import kept_rows, names_of_copies
from hushbeam.transforms.archive.reviews import Reviews
from hushbeam.transforms.archive.runs.parts import RunPart, listed_once
from hushbeam.transforms.archive.tombstones import Tombstones
from hushbeam.transforms.base.each_recording import METRICS_NAMESPACE, ThreadedStage, each_recording
from hushbeam.transforms.base.progress import PENDING_BYTES, report
from hushbeam.transforms.skip_finished.output_identity import output_identity
from hushbeam.transforms.skip_finished.spread_work import SpreadWork
from hushbeam.transforms.sources.read import Sources
from hushbeam.transforms.storage.errors import StorageError

_PRESENT, _ERASED = "present", "erased"
_PENDING, _COMMITTED, _SKIPPED = "pending", "committed", "skipped"
_LOOKED_UP_AT_ONCE = 32
_NAMES_IN_MEMORY = 1 << 16
"""More than a part of a run has. With more, it takes longer to ask for the names than to hand on all entries."""


class Unfinished(NamedTuple):
    """Pending recordings, those that a lost worker of this run committed, ids of skipped ones, failures, erased ids."""

    recordings: beam.PCollection[PendingRecording]
    committed: beam.PCollection[CommittedRecording]
    skipped: beam.PCollection[str]
    failures: beam.PCollection[Failure]
    erased: beam.PCollection[str]


class SkipFinished(beam.PTransform):
    """Compares each recording's identity (source, request, configuration, models, reviewers' corrections) with that of
    its committed output.

    A missing source is a failure of its recording. With `force`, every recording is redacted again except erased ones.
    Erased recordings get no row, which would be a trace of them.

    A runner that loses a worker repeats its bundles on another one. Recordings that the lost worker committed are not
    transcribed again, and not skipped, since their rows are in no table yet. `SpreadWork` distributes the others.

    Args:
      tombstones: The public output root, which has the tombstones; `output` may be the unredacted one.
      part: The part of the run. A run that lists the ledger lists it once for all parts.
    """

    def __init__(
        self,
        output: str,
        run_id: str,
        configuration: str,
        *,
        tombstones: str,
        force: bool,
        sources: Sources,
        part: RunPart | None = None,
    ) -> None:
        super().__init__("SkipFinished")
        self._part = part
        self._sources = sources
        self._output = output
        self._run_id = run_id
        self._configuration = configuration
        self._force = force
        self._tombstones = tombstones

    def expand(self, recordings: beam.PCollection[Recording]) -> Unfinished:
        present = recordings | "Leave out erased" >> beam.ParDo(_ErasedFn(self._tombstones)).with_outputs(
            _ERASED, main=_PRESENT
        )
        present[_PRESENT].element_type = Recording
        present[_ERASED].element_type = str
        identified = present[_PRESENT] | each_recording(
            _IdentifyStage(self._output, self._configuration, self._sources), PendingRecording
        )
        names = present[_PRESENT] | "Name status objects" >> beam.Map(_status_name).with_output_types(str)
        entries = (
            recordings.pipeline
            | "Output root" >> beam.Create([self._output])
            | "Look up the ledger"
            >> beam.FlatMap(
                _packed_entries, self._run_id, self._part, names=beam.pvalue.AsIter(names)
            ).with_output_types(bytes)
        )
        compared = identified.recordings | "Compare" >> beam.ParDo(
            _CompareFn(self._configuration, self._force), entries=beam.pvalue.AsIter(entries)
        ).with_outputs(_SKIPPED, main=_PENDING)
        compared[_PENDING].element_type = PendingRecording
        compared[_SKIPPED].element_type = str
        # After the reshuffle, which a runner repeats without the steps before it.
        resumed = (
            compared[_PENDING]
            | SpreadWork()
            | "Keep commits of a lost worker"
            >> beam.ParDo(_ResumeFn(self._output, self._run_id, is_repeated=self._part is None)).with_outputs(
                _COMMITTED, main=_PENDING
            )
        )
        resumed[_PENDING].element_type = PendingRecording
        resumed[_COMMITTED].element_type = CommittedRecording
        return Unfinished(
            resumed[_PENDING], resumed[_COMMITTED], compared[_SKIPPED], identified.failures, present[_ERASED]
        )


def count_skipped() -> None:
    """Counts a skipped recording in metrics and progress."""
    Metrics.counter(METRICS_NAMESPACE, "SkipFinished.skipped").inc()
    report("SkipFinished.skipped")


class _ErasedFn(beam.DoFn):
    def __init__(self, output: str) -> None:
        self._output = output
        self._shared = Shared()

    def setup(self) -> None:
        self._tombstones = self._shared.acquire(lambda: Tombstones(self._output), tag=self._output)

    def process(self, element: Recording) -> Iterator[Recording | TaggedOutput]:
        if self._tombstones.has(element.recording_id, element.published_url or element.audio_url):
            count_skipped()
            yield TaggedOutput(_ERASED, element.recording_id)
        else:
            yield element


class _IdentifyStage(ThreadedStage[Recording, PendingRecording]):
    """Looks up sources, many at once: a store takes some ten milliseconds for each."""

    name = "SkipFinished"

    def __init__(self, output: str, configuration: str, sources: Sources) -> None:
        super().__init__(_LOOKED_UP_AT_ONCE)
        self._sources = sources
        self._output = output
        self._configuration = configuration
        self._shared = Shared()

    def setup(self) -> None:
        super().setup()
        self._reviews = self._shared.acquire(lambda: Reviews(self._output))

    def process(self, recording: Recording) -> PendingRecording:
        source = self._sources.look_up(recording.audio_url)
        transcript = self._look_up_transcript(recording.transcript_url)
        corrections = self._reviews.corrections_of(recording.recording_id)
        configuration = configuration_of(self._configuration, given=transcript is not None)
        identity = corrected_identity(output_identity(recording, source, configuration, transcript), corrections)
        return PendingRecording(recording, source, identity, corrections=corrections, transcript=transcript)

    def _look_up_transcript(self, url: str | None) -> SourceIdentity | None:
        if url is None:
            return None
        try:
            return self._sources.look_up_guessable(url)
        except StorageError as error:
            raise type(error)(f"transcript_url: {error}", retryable=error.retryable) from None


class _CompareFn(beam.DoFn):
    """Looks up recordings in the ledger's entries, which a worker holds once for all of its threads."""

    def __init__(self, configuration: str, force: bool) -> None:
        self._configuration = configuration
        self._force = force
        self._shared = Shared()
        self._index: LedgerIndex | None = None

    def process(self, element: PendingRecording, entries: Iterable[bytes]) -> Iterator[PendingRecording | TaggedOutput]:
        if self._index is None:
            self._index = self._shared.acquire(lambda: LedgerIndex.unpacked(entries))
        configuration = configuration_of(self._configuration, given=element.transcript is not None)
        facts = Facts(element.output_identity, source_facts(element.source), configuration)
        reason = self._index.reason(element.recording_id, facts)
        Metrics.counter(METRICS_NAMESPACE, f"SkipFinished.{reason}").inc()
        if reason == "up_to_date" and not self._force:
            count_skipped()
            yield TaggedOutput(_SKIPPED, element.recording_id)
        else:
            # Tables may also have rows of a recording whose status object is missing; this run replaces them.
            replaces = self._index.has_traces(element.recording_id)
            Metrics.counter(METRICS_NAMESPACE, PENDING_BYTES).inc(element.source.size_bytes)
            report(PENDING_BYTES, element.source.size_bytes)
            yield replace(element, replaces=replaces, reason=reason)


class _ResumeFn(beam.DoFn):
    """Finds recordings that an earlier attempt of this run committed before its worker was lost.

    Args:
      is_repeated: Whether there may be an earlier attempt. A local runner makes none, so that the copies of a run with
        parts are those of its earlier parts.
    """

    def __init__(self, output: str, run_id: str, *, is_repeated: bool) -> None:
        self._output = output
        self._run_id = run_id
        self._is_repeated = is_repeated
        self._shared = Shared()

    def setup(self) -> None:
        self._earlier = self._shared.acquire(self._find)

    def _find(self) -> _EarlierAttempt:
        return _EarlierAttempt(names_of_copies(self._output, self._run_id) if self._is_repeated else frozenset())

    def process(self, element: PendingRecording) -> Iterator[PendingRecording | TaggedOutput]:
        committed = self._committed(element) if json_name(element.recording_id) in self._earlier.names else None
        yield element if committed is None else TaggedOutput(_COMMITTED, committed)

    def _committed(self, pending: PendingRecording) -> CommittedRecording | None:
        committed = kept_rows(self._output, self._run_id, pending.recording_id)
        if committed is None or committed.output_identity != pending.output_identity:
            return None
        recording = pending.recording
        return replace(
            committed,
            webhook_url=recording.webhook_url,
            webhook_auth_header_name=recording.webhook_auth_header_name,
            webhook_auth_header_value=recording.webhook_auth_header_value,
        )


class _EarlierAttempt:
    """The names of safety copies of such an attempt, in an object that `Shared` can hold weakly."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names


def _status_name(recording: Recording) -> str:
    return json_name(recording.recording_id)


def _packed_entries(output: str, run_id: str, part: RunPart | None, names: Iterable[str]) -> Iterator[bytes]:
    named = entries_by_name(output, run_id, names, share=1.0 if part is None else part.share)
    if named is not None:
        yield from map(pack, named)
        return
    listed = listed_once(part, f"ledger of {output}", map(pack, committed_entries(output, run_id)))
    # Every worker holds what is given here, whatever number of the recordings it has.
    some = list(islice(names, _NAMES_IN_MEMORY + 1))
    if len(some) > _NAMES_IN_MEMORY:
        yield from listed
        return
    wanted = LedgerIndex.of_names(some)
    for entries in map(unpack, listed):
        yield pack(entries[wanted.has(entries)])
