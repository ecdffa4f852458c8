"""Metrics and lineage of a run: a file for Prometheus, OTLP for OpenTelemetry, events for OpenLineage.

Each needs a library of the extra `observability`, which is imported only when its option is given. None of them
receives an id, a URL or a word of a recording.
"""

from hushbeam.transforms.observe_run.lineage import Lineage
from hushbeam.transforms.observe_run.measures import METRICS, Metric, RunEnd, has_completed, measure
from hushbeam.transforms.observe_run.otlp import Collector
from hushbeam.transforms.observe_run.outbox import Outbox, close
from hushbeam.transforms.observe_run.text_file import TextFile

__all__ = [
    "METRICS",
    "Collector",
    "Lineage",
    "Metric",
    "Outbox",
    "RunEnd",
    "TextFile",
    "close",
    "has_completed",
    "measure",
]
