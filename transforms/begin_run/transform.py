"""Stages that begin and end a run within a pipeline: they hold the lock of its output root.

The command holds the lock in its own process. A transform in the pipeline of somebody else has no such process: its
first stage takes the lock, the stages that work on recordings keep it alive, each commit checks it, and the last stage
gives it back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from typing import Any

import apache_beam as beam

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.ledger import check_is_a_ledger
from hushbeam.transforms.archive.run_lock import PipelineHold
from hushbeam.transforms.archive.runs.identity_key import remember_identity_key
from hushbeam.transforms.archive.runs.private_roots import remember_private_roots
from hushbeam.transforms.archive.runs.table_format import TableFormat, remember_format
from hushbeam.transforms.begin_run.earlier_keys import check_identities_as_before, check_signed_as_before
from hushbeam.transforms.read_manifest.pseudonyms import Pseudonyms
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import join


class BeginRun(beam.PTransform):
    """Takes the lock, and gives the run's name once the output is ready to be written to.

    Args:
      private_roots: Options for private roots that the run writes to, such as `--store`.
      table_format: Of the run's tables; None for Parquet files alone.
      certificate_key: The reference to a key, `off`, or None if the option is not given.
      hash_identities: The reference to the key of the pseudonyms that replace ids and URLs; None keeps them.
    """

    def __init__(
        self,
        hold: PipelineHold,
        private_roots: Collection[str],
        table_format: TableFormat | None = None,
        *,
        certificate_key: str | None,
        hash_identities: str | None,
    ) -> None:
        super().__init__("BeginRun")
        self._begin = _BeginFn(hold, tuple(private_roots), table_format, certificate_key, hash_identities)

    def expand(self, root: beam.pvalue.PBegin) -> beam.PCollection[str]:
        return (
            root
            | "Once" >> beam.Create([self._begin.hold.run_id])
            | "Take the lock" >> beam.ParDo(self._begin).with_output_types(str)
            # A repeated bundle of a later stage does not begin again.
            | "Begun" >> beam.Reshuffle()
        )


class KeepHold(beam.PTransform):
    """Passes elements on, and keeps the lock alive as long as workers have the stages that follow."""

    def __init__(self, hold: PipelineHold) -> None:
        super().__init__("KeepHold")
        self._hold = hold

    def expand(self, elements: beam.PCollection[Any]) -> beam.PCollection[Any]:
        kept = elements | "Keep the lock" >> beam.ParDo(_KeepFn(self._hold))
        kept.element_type = elements.element_type
        return kept


class EndRun(beam.PTransform):
    """Gives the lock back, and passes on the summary of a run that is closed."""

    def __init__(self, hold: PipelineHold) -> None:
        super().__init__("EndRun")
        self._hold = hold

    def expand(self, summary: beam.PCollection[str]) -> beam.PCollection[str]:
        hold = self._hold
        return (
            summary
            # The run is not closed a second time without its lock.
            | "Closed" >> beam.Reshuffle()
            | "Give the lock back" >> beam.Map(lambda closed: _end(closed, hold)).with_output_types(str)
        )


def check_new(output: str, run_id: str) -> None:
    """Refuses the name of an earlier run: this run would replace the rows in its tables.

    Raises:
      ConfigurationError: A run of this output has the same name.
    """
    if files.list_names(join(output, "runs", run_id)):
        raise ConfigurationError(
            "--run_id: an earlier run of this output has the same name; choose another, or leave --run_id out. To "
            "continue a killed run, its name is not needed: the next run takes over what it published"
        )


class _BeginFn(beam.DoFn):
    def __init__(
        self,
        hold: PipelineHold,
        private_roots: tuple[str, ...],
        table_format: TableFormat | None,
        certificate_key: str | None,
        hash_identities: str | None,
    ) -> None:
        self.hold = hold
        self._private_roots = private_roots
        self._table_format = table_format
        self._certificate_key = certificate_key
        self._hash_identities = hash_identities

    def process(self, element: str) -> Iterator[str]:
        is_first = self.hold.take()
        try:
            self._begin(element, is_first=is_first)
        except BaseException:
            if is_first:
                self.hold.give_back()
            raise
        yield element

    def _begin(self, run_id: str, *, is_first: bool) -> None:
        output = self.hold.root
        if is_first:
            check_new(output, run_id)
        # Also in a repeated attempt: the worker of the first may have been lost before it came so far.
        check_signed_as_before(output, self._certificate_key)
        check_identities_as_before(output, hashed=self._hash_identities is not None)
        check_is_a_ledger(output)
        if is_first:
            files.remove_incomplete(output)
        if self._hash_identities is not None:
            remember_identity_key(output, Pseudonyms(self._hash_identities).check_value)
        remember_private_roots(output, self._private_roots)
        remember_format(output, self._table_format)


def _end(summary: str, hold: PipelineHold) -> str:
    hold.give_back()
    return summary


class _KeepFn(beam.DoFn):
    def __init__(self, hold: PipelineHold) -> None:
        self._hold = hold

    def setup(self) -> None:
        self._kept = ExitStack()
        self._kept.enter_context(self._hold.kept())

    def teardown(self) -> None:
        self._kept.close()

    def process(self, element: Any) -> Iterator[Any]:
        yield element
