"""ReadManifest: reads manifest files into recordings, and into a failure for every invalid line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils.shared import Shared

from hushbeam.schemas.errors import ConfigurationError, RecordingError, RunError
from hushbeam.schemas.failure import Failure
from hushbeam.schemas.recording import Recording
from hushbeam.transforms.base.each_recording import METRICS_NAMESPACE, Outcome
from hushbeam.transforms.base.progress import report
from hushbeam.transforms.base.unexpected import InARow, error_class
from hushbeam.transforms.read_manifest.files import read_lines
from hushbeam.transforms.read_manifest.line import ManifestDefaults, ManifestLineError, read_line
from hushbeam.transforms.read_manifest.pseudonyms import Pseudonyms

_STAGE = "ReadManifest"
_RECORDINGS, _REJECTED = "recordings", "rejected"


class ReadManifest(beam.PTransform):
    """Reads manifests into recordings with unique ids.

    An invalid line becomes a `Failure` with its number and never stops the others: one that cannot be parsed, has an
    unknown key or policy or no audio, or repeats the id of another line.
    """

    def __init__(
        self,
        manifests: Sequence[str],
        defaults: ManifestDefaults,
        *,
        hash_identities: str | None = None,
        unredacted: bool = False,
    ) -> None:
        """Args:
        defaults: Values for keys that lines leave out.
        hash_identities: Reference to the key of the pseudonyms that replace ids and URLs; None keeps them.
        unredacted: Whether lines may ask for unredacted transcripts.
        """
        super().__init__(_STAGE)
        self._manifests = tuple(manifests)
        self._defaults = defaults
        self._hash_identities = hash_identities
        self._unredacted = unredacted

    def expand(self, root: beam.pvalue.PBegin) -> Outcome[Recording]:
        lines = (
            root
            | "Name the files" >> beam.Create(list(self._manifests), reshuffle=len(self._manifests) > 1)
            | "Read and check"
            >> beam.ParDo(_ReadFn(self._defaults, self._hash_identities, self._unredacted)).with_outputs(
                _REJECTED, main=_RECORDINGS
            )
        )
        lines[_RECORDINGS].element_type = Recording
        lines[_REJECTED].element_type = Failure
        # The grouping also spreads the recordings over the workers: the next stages are not fused with the reading.
        unique = (
            lines[_RECORDINGS]
            | "By id"
            >> beam.Map(lambda recording: (recording.recording_id, recording)).with_output_types(tuple[str, Recording])
            | "Gather same ids" >> beam.GroupByKey()
            | "Keep the first" >> beam.FlatMap(_first_of_each_id).with_outputs(_REJECTED, main=_RECORDINGS)
        )
        unique[_RECORDINGS].element_type = Recording
        unique[_REJECTED].element_type = Failure
        rejected = (lines[_REJECTED], unique[_REJECTED]) | "All rejected" >> beam.Flatten()
        return Outcome(unique[_RECORDINGS], rejected)


class _ReadFn(beam.DoFn):
    def __init__(self, defaults: ManifestDefaults, hash_identities: str | None, unredacted: bool) -> None:
        self._defaults = defaults
        self._hash_identities = hash_identities
        self._unredacted = unredacted
        self._read = Metrics.counter(METRICS_NAMESPACE, f"{_STAGE}.passed")
        self._rejected = Metrics.counter(METRICS_NAMESPACE, f"{_STAGE}.failed")
        self._shared = Shared()

    def setup(self) -> None:
        self._in_a_row: InARow = self._shared.acquire(InARow)
        self._pseudonyms = Pseudonyms(self._hash_identities) if self._hash_identities else None

    def process(self, element: str) -> Iterator[Recording | TaggedOutput]:
        for number, values in read_lines(element):
            try:
                recording = self._recording(values, element, number)
            except RecordingError as error:
                self._rejected.inc()
                report(f"{_STAGE}.failed")
                yield _rejection(None, element, number, error)
            else:
                self._in_a_row.passed()
                self._read.inc()
                report(f"{_STAGE}.passed")
                yield recording

    def _recording(self, values: Mapping[str, Any] | ManifestLineError, manifest: str, number: int) -> Recording:
        if isinstance(values, ManifestLineError):
            raise values
        try:
            recording = read_line(values, self._defaults, manifest, number, unredacted=self._unredacted)
            return self._pseudonyms.of_recording(recording) if self._pseudonyms else recording
        except (RecordingError, ConfigurationError, RunError):
            raise
        except Exception as error:  # noqa: BLE001 - its message may contain values of the line
            raise self._in_a_row.checked(error, _STAGE) from None


class DuplicateRecordingIdError(ManifestLineError):
    """Two lines of a run share an id; only the first is processed."""


def _first_of_each_id(same_id: tuple[str, Iterable[Recording]]) -> Iterator[Recording | TaggedOutput]:
    first, *others = sorted(same_id[1], key=lambda recording: (recording.manifest, recording.line))
    yield first
    for other in others:
        error = DuplicateRecordingIdError(
            f"recording_id: line {first.line} has the same id; ids must be unique within a run"
        )
        report(f"{_STAGE}.failed")
        yield _rejection(other.recording_id, other.manifest, other.line, error)


def _rejection(recording_id: str | None, manifest: str, line: int, error: RecordingError) -> TaggedOutput:
    return TaggedOutput(
        _REJECTED,
        Failure(
            recording_id=recording_id,
            status=error.status,
            stage=_STAGE,
            error_class=error_class(error),
            message=f"line {line}: {error}",
            retryable=error.retryable,
            manifest=manifest,
            line=line,
        ),
    )
