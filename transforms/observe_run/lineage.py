"""OpenLineage events of a run: the manifests that it reads, the output that it writes, and the columns of its tables.

OpenLineage's own variables `OPENLINEAGE_*` or its file `openlineage.yml` name the receiver.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import apache_beam as beam
import pyarrow as pa

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.tables.layout import SCHEMAS
from hushbeam.transforms.base.optional_packages import needed_by
from hushbeam.transforms.storage import urls

if TYPE_CHECKING:
    from openlineage.client.facet_v2 import DatasetFacet, JobFacet, OutputDatasetFacet, RunFacet

_OPTION = "--openlineage"
_NAMESPACE = "hushbeam"
_PRODUCER = "urn:hushbeam"
_MOST_INPUTS = 500


class Lineage:
    """Sends the events of one run in order."""

    def __init__(self, pipeline: str) -> None:
        """Reads OpenLineage's configuration without connecting to the receiver.

        Args:
          pipeline: The operator's name for the job.

        Raises:
          ConfigurationError: The library is missing, or the configuration does not name a usable receiver.
        """
        with needed_by(f"{_OPTION}:", "observability"):
            from openlineage.client import OpenLineageClient  # noqa: PLC0415
            from openlineage.client.uuid import generate_new_uuid  # noqa: PLC0415
        try:
            self._client = OpenLineageClient()
        except (ImportError, KeyError, TypeError, ValueError) as error:
            raise ConfigurationError(
                f"{_OPTION}: OpenLineage's configuration cannot be used ({type(error).__name__})"
            ) from None
        if self._client.transport.kind == "console" and not (self._client.config.transport or {}).get("type"):
            raise ConfigurationError(f"{_OPTION}: name the receiver: OPENLINEAGE_URL, or OPENLINEAGE_CONFIG (a file)")
        self._pipeline = pipeline
        self._run = str(generate_new_uuid())
        self._inputs: Sequence[tuple[str, str]] = ()
        self._output = ("", "")

    def start(self, inputs: Sequence[str], output: str, pseudonym: Callable[[str], str] | None) -> None:
        """Sends the start of the run.

        Args:
          inputs: Locations of the manifests; an event names 500 at most.
          output: The output root.
          pseudonym: Replaces locations that must stay private.
        """
        self._inputs = [_dataset(location, pseudonym) for location in inputs[:_MOST_INPUTS]]
        self._output = _dataset(output, pseudonym)
        self._send("START")

    def complete(self, recordings: int) -> None:
        """Sends the end of a run that completed.

        Args:
          recordings: Number of published recordings.
        """
        self._send("COMPLETE", recordings=recordings)

    def fail(self, reason: str, *, stopped: bool) -> None:
        """Sends the end of a run that failed or was stopped.

        Args:
          reason: Class of the error or the exit status, never a message.
          stopped: Whether a signal stopped it.
        """
        self._send("ABORT" if stopped else "FAIL", reason=reason)

    def _send(self, state: str, *, recordings: int | None = None, reason: str = "") -> None:
        from openlineage.client import event_v2  # noqa: PLC0415

        written = {} if recordings is None else _of_output(recordings)
        event = event_v2.RunEvent(
            eventType=event_v2.RunState(state),
            eventTime=datetime.now(UTC).isoformat(),
            producer=_PRODUCER,
            run=event_v2.Run(self._run, facets=_of_run(reason)),
            job=event_v2.Job(os.environ.get("OPENLINEAGE_NAMESPACE", _NAMESPACE), self._pipeline, facets=_of_job()),
            inputs=[event_v2.InputDataset(*dataset) for dataset in self._inputs],
            outputs=[
                event_v2.OutputDataset(*self._output, outputFacets=written),
                *(
                    event_v2.OutputDataset(
                        self._output[0], f"{self._output[1].rstrip('/')}/{table}", facets=_of(schema)
                    )
                    for table, schema in SCHEMAS.items()
                ),
            ],
        )
        self._client.emit(event)


def _of_run(reason: str) -> dict[str, RunFacet]:
    from openlineage.client.facet_v2 import error_message_run, processing_engine_run  # noqa: PLC0415

    facets: dict[str, RunFacet] = {
        "processing_engine": processing_engine_run.ProcessingEngineRunFacet(
            version=beam.__version__, name="Apache Beam", producer=_PRODUCER
        )
    }
    if reason:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(reason, "Python", producer=_PRODUCER)
    return facets


def _of_job() -> dict[str, JobFacet]:
    from openlineage.client.facet_v2 import job_type_job  # noqa: PLC0415

    return {"jobType": job_type_job.JobTypeJobFacet("BATCH", "HUSHBEAM", "JOB", producer=_PRODUCER)}


def _of_output(recordings: int) -> dict[str, OutputDatasetFacet]:
    from openlineage.client.facet_v2 import output_statistics_output_dataset  # noqa: PLC0415

    statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet
    return {"outputStatistics": statistics(rowCount=recordings, producer=_PRODUCER)}


def _of(schema: pa.Schema) -> dict[str, DatasetFacet]:
    """The columns of a table, with their types and descriptions."""
    from openlineage.client.facet_v2 import schema_dataset  # noqa: PLC0415

    def fields(columns: Iterable[pa.Field]) -> list[schema_dataset.SchemaDatasetFacetFields]:
        return [
            schema_dataset.SchemaDatasetFacetFields(
                column.name,
                type="struct" if pa.types.is_struct(kind := _item(column.type)) else str(column.type),
                description=(column.metadata or {}).get(b"description", b"").decode() or None,
                fields=fields(kind) if pa.types.is_struct(kind) else [],
            )
            for column in columns
        ]

    return {"schema": schema_dataset.SchemaDatasetFacet(fields(schema), producer=_PRODUCER)}


def _item(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_list(kind) else kind


def _dataset(location: str, pseudonym: Callable[[str], str] | None) -> tuple[str, str]:
    """Namespace and name as OpenLineage names files and objects; a pseudonym gets a namespace of its own."""
    if pseudonym is not None:
        return _NAMESPACE, pseudonym(location)
    if urls.is_local(location):
        return urls.LOCAL, urls.normalised(location)
    bucket, key = urls.bucket_and_key(urls.normalised(location))
    return f"{urls.scheme(location)}://{bucket}", key or "/"
