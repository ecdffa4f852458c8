"""Metrics file for the textfile collector of Prometheus' node exporter, which reads `*.prom` from a folder."""

from __future__ import annotations

import os
from pathlib import Path

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.optional_packages import needed_by
from hushbeam.transforms.observe_run.measures import LAST_SUCCESS, PIPELINE, RunEnd, measure
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.errors import StorageError

_OPTION = "--metrics_file"
_SUFFIX = ".prom"


class TextFile:
    """Replaces the file atomically at the end of every run."""

    def __init__(self, location: str) -> None:
        """Checks the location before the run.

        Args:
          location: A path, or a URL of an object store.

        Raises:
          ConfigurationError: The library, the folder or the suffix `.prom` is missing.
        """
        with needed_by(f"{_OPTION}:", "observability"):
            import prometheus_client  # noqa: F401, PLC0415
        try:
            self._location = urls.normalised(location)
        except StorageError as error:
            raise ConfigurationError(f"{_OPTION}: {error}") from None
        if not self._location.endswith(_SUFFIX):
            raise ConfigurationError(f"{_OPTION}: the name must end in {_SUFFIX}, or the collector ignores the file")
        if urls.is_local(self._location) and not os.access(Path(self._location).parent, os.W_OK):
            raise ConfigurationError(f"{_OPTION}: its folder does not exist or is not writable")

    def write(self, end: RunEnd) -> None:
        """Writes the metrics of a run. After a failure the file keeps the time of the last success.

        Raises:
          OSError, StorageError: The file could not be written.
        """
        from prometheus_client import CollectorRegistry, Gauge, generate_latest, write_to_textfile  # noqa: PLC0415

        measured = measure(end)
        if LAST_SUCCESS not in measured and (before := self._last_success(end.pipeline)) is not None:
            measured[LAST_SUCCESS] = {(): before}
        registry = CollectorRegistry()
        for metric, values in measured.items():
            gauge = Gauge(metric.prometheus_name, metric.description, (PIPELINE, *metric.labels), registry=registry)
            for labels, value in values.items():
                gauge.labels(end.pipeline, *labels).set(value)
        if urls.is_local(self._location):
            write_to_textfile(self._location, registry)
        else:
            files.write_bytes(self._location, generate_latest(registry))

    def _last_success(self, pipeline: str) -> float | None:
        from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415

        try:
            families = list(text_string_to_metric_families(files.read_text(self._location)))
        except (StorageError, ValueError):  # no file yet, or another program's: it is replaced either way
            return None
        return next(
            (
                sample.value
                for family in families
                for sample in family.samples
                if sample.name == LAST_SUCCESS.prometheus_name and sample.labels.get(PIPELINE) == pipeline
            ),
            None,
        )
