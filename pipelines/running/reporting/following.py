"""Progress of a remote job, from its runner's metrics or, without them, from committed outputs.

Prism and Dataflow report metrics while a job runs. Flink's job server reports them at the end: until then, the number
of safety copies of rows in the output is the number of finished recordings.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from apache_beam.runners.portability import portable_runner
from apache_beam.runners.runner import PipelineResult

from hushbeam.transforms.archive.recovery import names_of_copies
from hushbeam.transforms.base.each_recording import METRICS_NAMESPACE
from hushbeam.transforms.base.progress import COMMITTED

_REST = 20


class Following:
    """Requests the counts of a job, under the names that `hushbeam.transforms.base.progress` uses in a local run.

    If a request fails, the earlier counts stay: missing progress must not end a job.
    """

    def __init__(self, result: PipelineResult, output: str, run_id: str) -> None:
        self._result = result
        self._output = output
        self._run_id = run_id
        self._counts: Mapping[str, int] = {}
        self._copies = 0
        self._look_again = 0.0

    def __call__(self) -> Mapping[str, int]:
        counts = dict(_or_none(lambda: counts_of(metrics_of(self._result))) or self._counts)
        if not counts.get(COMMITTED):
            self._look_for_copies()
            counts[COMMITTED] = self._copies
        self._counts = counts
        return counts

    def _look_for_copies(self) -> None:
        started = time.monotonic()
        if started < self._look_again:
            return
        found = _or_none(lambda: len(names_of_copies(self._output, self._run_id))) or 0
        self._copies = max(found, self._copies)  # the copies are removed when the run is closed
        # A listing of a store takes longer with every thousand copies.
        self._look_again = time.monotonic() + _REST * (time.monotonic() - started)


def metrics_of(result: PipelineResult) -> Mapping[str, Sequence[Any]]:
    """The metrics that a job has now, by kind."""
    if isinstance(result, portable_runner.PipelineResult):
        result._metrics = None  # otherwise it returns its first answer again
    return result.metrics().query()


def counts_of(metrics: Mapping[str, Sequence[Any]]) -> dict[str, int]:
    """The job's own counters, summed over steps: `Commit.passed`, `MuteAudio.failed`, `findings.POLICY` and so on.

    Args:
      metrics: By kind. For a step, a runner may report the count of finished bundles (committed), that of all bundles
        (attempted), or both; the higher one is used.
    """
    counts: Counter[str] = Counter()
    for metric in metrics["counters"]:
        name = metric.key.metric
        if name.namespace == METRICS_NAMESPACE:
            # `MuteAudio.failed.KIND` counts towards `MuteAudio.failed`.
            counts[".".join(name.name.split(".")[:2])] += max(metric.committed or 0, metric.attempted or 0)
    return dict(counts)


def _or_none(request: Callable[[], Any]) -> Any:
    try:
        return request()
    except Exception:  # noqa: BLE001 - each runner's client and each store has errors of its own
        return None
