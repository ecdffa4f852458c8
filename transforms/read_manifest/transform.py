"""ReadManifest: reads manifests and named recordings into recordings, and into a failure for every invalid line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils.shared import Shared

from hushbeam.schemas.errors import ConfigurationError, RecordingError, RunError
from hushbeam.schemas.failure import READING, Failure
from hushbeam.schemas.public_urls import without_query
from hushbeam.schemas.recording import Recording
from hushbeam.transforms.archive.runs.identity_key import check_identity_key, remember_identity_key
from hushbeam.transforms.archive.runs.parts import Claim, EarlierIds, RunPart, digest
from hushbeam.transforms.base import progress
from hushbeam.transforms.base.each_recording import METRICS_NAMESPACE, Outcome, end_of_failure
from hushbeam.transforms.base.progress import report
from hushbeam.transforms.base.unexpected import InARow, error_class
from hushbeam.transforms.read_manifest.line import (
    ManifestDefaults,
    ManifestLine,
    ManifestLineError,
    known_id,
    known_source,
    read_line,
)
from hushbeam.transforms.read_manifest.packs import Line, lines_of, packed, unpacked
from hushbeam.transforms.read_manifest.pseudonyms import Pseudonyms
from hushbeam.transforms.storage.urls import display

NAMED, RECORD = "a recording that is named without a manifest", "another record"
"""What has no line, for messages."""
RECORDINGS, REJECTED = "recordings", "rejected"
_NO_SPOOLS: Mapping[str, str] = MappingProxyType({})


class ReadManifest(beam.PTransform):
    """Reads manifests into recordings with unique ids. A recording that is named without a manifest has all defaults.

    An invalid line becomes a `Failure` with its number and never stops the others: one that cannot be parsed, has an
    unknown key or policy or no audio, or repeats the id of another line.
    """

    def __init__(
        self,
        manifests: Sequence[str],
        defaults: ManifestDefaults,
        *,
        recordings: Sequence[str] = (),
        spooled: Mapping[str, str] = _NO_SPOOLS,
        hash_identities: str | None = None,
        unredacted: bool = False,
        only_receivers: bool = False,
        output: str | None = None,
        is_held: bool = True,
        packs: Sequence[bytes] = (),
        part: RunPart | None = None,
    ) -> None:
        """Args:
        defaults: Values for keys that lines leave out.
        recordings: URLs of recordings, each read as a line with nothing but its `audio_url`.
        spooled: For a manifest that came from standard input, the file that holds its lines.
        hash_identities: Reference to the key of the pseudonyms that replace ids and URLs; None keeps them.
        unredacted: Whether lines may ask for unredacted transcripts.
        only_receivers: Whether the caller needs no more than ids and receivers: unknown keys are then passed over.
        output: A root, to compare the key of the pseudonyms with that of earlier runs there.
        is_held: Whether the caller holds the root for a run, so that a first key is recorded.
        packs: Lines that were read already, which a part of a run reads instead of the manifests and recordings.
        part: The part of the run. An id of an earlier part is not unique.
        """
        super().__init__(READING)
        self._manifests = tuple(manifests)
        self._recordings = tuple(recordings)
        self._packs = tuple(packs)
        self._part = part
        self._read = _ReadFilesFn(
            defaults, hash_identities, unredacted, only_receivers, output, is_held=is_held, spooled=spooled
        )

    def expand(self, root: beam.pvalue.PBegin) -> Outcome[Recording]:
        # Both sorts of input become one PCollection before they are read, so that a pipeline has the same stages for
        # either.
        part = self._part
        named = packed(Line("", 0, {"audio_url": url}) for url in self._recordings)
        inputs = [*self._manifests, *named] if part is None else list(self._packs)
        lines = (
            root
            | "Name the files" >> beam.Create(inputs, reshuffle=len(inputs) > 1)
            | "Read and check" >> beam.ParDo(self._read).with_outputs(REJECTED, main=RECORDINGS)
        )
        lines[RECORDINGS].element_type = Recording
        lines[REJECTED].element_type = Failure
        return unique(lines[RECORDINGS], lines[REJECTED], part and part.ids, unnumbered=NAMED)


def unique(
    recordings: beam.PCollection[Recording],
    rejected: beam.PCollection[Failure],
    ids: EarlierIds | None = None,
    *,
    unnumbered: str,
) -> Outcome[Recording]:
    """Recordings with unique ids, and a failure for every other one.

    Args:
      ids: Those of the run's earlier parts.
      unnumbered: What has no line, for messages.
    """
    # The grouping also spreads the recordings over the workers: the next stages are not fused with the reading.
    kept = (
        recordings
        | "By id"
        >> beam.Map(lambda recording: (recording.recording_id, recording)).with_output_types(tuple[str, Recording])
        | "Gather same ids" >> beam.GroupByKey()
        | "Keep the first" >> beam.ParDo(_KeepFirstFn(ids, unnumbered)).with_outputs(REJECTED, main=RECORDINGS)
    )
    kept[RECORDINGS].element_type = Recording
    kept[REJECTED].element_type = Failure
    return Outcome(kept[RECORDINGS], (rejected, kept[REJECTED]) | "All rejected" >> beam.Flatten())


class ReadFn(beam.DoFn):
    """Checks lines: base of the functions that read manifests and records."""

    def __init__(
        self,
        defaults: ManifestDefaults,
        hash_identities: str | None,
        unredacted: bool,
        only_receivers: bool = False,
        output: str | None = None,
        *,
        is_held: bool = True,
    ) -> None:
        self._defaults = defaults
        self._hash_identities = hash_identities
        self._output = output
        self._is_held = is_held
        self._unredacted = unredacted
        self._only_receivers = only_receivers
        self._read = Metrics.counter(METRICS_NAMESPACE, f"{READING}.passed")
        self._rejected = Metrics.counter(METRICS_NAMESPACE, f"{READING}.failed")
        self._with_ignored_keys = Metrics.counter(METRICS_NAMESPACE, f"{READING}.with_ignored_keys")
        self._shared = Shared()

    def setup(self) -> None:
        self._in_a_row: InARow = self._shared.acquire(InARow)
        self._pseudonyms = Pseudonyms(self._hash_identities) if self._hash_identities else None
        if self._pseudonyms and self._output:
            # Here, before anything is published: whoever submits to a cluster need not have the key.
            compare = remember_identity_key if self._is_held else check_identity_key
            compare(self._output, self._pseudonyms.check_value)

    def read(
        self, values: Mapping[str, Any] | ManifestLineError, manifest: str, number: int
    ) -> Recording | TaggedOutput:
        """The recording of a line, or its failure."""
        try:
            recording = self._recording(values, manifest, number)
        except RecordingError as error:
            self._rejected.inc()
            report(f"{READING}.failed")
            return _rejection(*self._known_names(values, manifest), manifest, number, error)
        self._in_a_row.passed()
        self._read.inc()
        report(f"{READING}.passed")
        if recording.ignored_keys:
            self._with_ignored_keys.inc()
        return recording

    def _recording(self, values: Mapping[str, Any] | ManifestLineError, manifest: str, number: int) -> Recording:
        if isinstance(values, ManifestLineError):
            raise values
        try:
            if self._only_receivers:
                values = {key: value for key, value in values.items() if key in ManifestLine.model_fields}
            recording = read_line(values, self._defaults, manifest, number, unredacted=self._unredacted)
            return self._pseudonyms.of_recording(recording) if self._pseudonyms else recording
        except (RecordingError, ConfigurationError, RunError):
            raise
        except Exception as error:  # noqa: BLE001 - its message may contain values of the line
            raise self._in_a_row.checked(error, READING) from None

    def _known_names(
        self, values: Mapping[str, Any] | ManifestLineError, manifest: str
    ) -> tuple[str | None, str | None]:
        """The id and the source of an invalid line, as outputs have them. Without an id there is no source: nobody
        could have its row erased.
        """
        if isinstance(values, ManifestLineError) or (recording_id := known_id(values, manifest)) is None:
            return None, None
        audio_url = known_source(values, manifest)
        if self._pseudonyms is None:
            return recording_id, None if audio_url is None else display(audio_url)
        source = None if audio_url is None else self._pseudonyms.of_source(audio_url, recording_id)
        return self._pseudonyms.of_id(recording_id), source


class _ReadFilesFn(ReadFn):
    """Reads manifests, and packs of recordings that are named without one."""

    def __init__(
        self,
        defaults: ManifestDefaults,
        hash_identities: str | None,
        unredacted: bool,
        only_receivers: bool,
        output: str | None,
        *,
        is_held: bool,
        spooled: Mapping[str, str],
    ) -> None:
        super().__init__(defaults, hash_identities, unredacted, only_receivers, output, is_held=is_held)
        self._spooled = dict(spooled)

    def process(self, element: str | bytes) -> Iterator[Recording | TaggedOutput]:
        lines = unpacked(element) if isinstance(element, bytes) else lines_of([element], (), self._spooled)
        for line in lines:
            yield self.read(line.values, line.manifest, line.number)


class DuplicateRecordingIdError(ManifestLineError):
    """Lines or records of a run share an id; only the first line is processed, or any one of the records."""

    remedy = "Give each line an id of its own."


class _KeepFirstFn(beam.DoFn):
    """Keeps the first recording of each id; the others are rejected."""

    def __init__(self, ids: EarlierIds | None, unnumbered: str) -> None:
        self._ids = ids
        self._unnumbered = unnumbered

    def process(self, element: tuple[str, Iterable[Recording]]) -> Iterator[Recording | TaggedOutput]:
        first, *others = sorted(element[1], key=_order)
        earlier = self._ids.claim(first) if self._ids is not None else None
        if earlier is None:
            yield first
        else:
            yield _duplicate(first, earlier, self._unnumbered)
        for other in others:
            yield _duplicate(other, earlier or _place(first), self._unnumbered)

    def teardown(self) -> None:
        if self._ids is not None:
            self._ids.close()


def _place(first: Recording) -> Claim:
    url = first.audio_url
    return Claim(0, first.manifest, first.line, digest(url), digest(without_query(url)))


def _duplicate(other: Recording, first: Claim, unnumbered: str) -> TaggedOutput:
    where = "" if other.manifest == first.manifest else " of another manifest"
    same = f"line {first.line}{where}" if first.line else unnumbered
    error = DuplicateRecordingIdError(f"recording_id: {same} has the same id; {_advice(other.audio_url, first)}")
    report(f"{READING}.failed")
    return _rejection(other.recording_id, other.source_url, other.manifest, other.line, error)


def _order(recording: Recording) -> tuple[str, int, str]:
    """The same in every attempt, also for records, which have no lines."""
    content = "" if recording.line else json.dumps(asdict(recording), sort_keys=True)
    return recording.manifest, recording.line, content


def _advice(url: str, first: Claim) -> str:
    if digest(url) != first.url and digest(without_query(url)) == first.url_without_query:
        return (
            "the audio_url of both is the same up to its query (?…), which no id is made from: if these are two "
            "recordings, give each a recording_id of its own"
        )
    return "ids must be unique within a run"


def _rejection(
    recording_id: str | None, audio_url: str | None, manifest: str, line: int, error: RecordingError
) -> TaggedOutput:
    failure = Failure(
        recording_id=recording_id,
        status=error.status,
        stage=READING,
        error_class=error_class(error),
        message=f"line {line}: {error}" if line else str(error),
        retryable=error.retryable,
        manifest=manifest,
        line=line,
        audio_url=audio_url,
    )
    progress.end(lambda: end_of_failure(failure))
    return TaggedOutput(REJECTED, failure)
