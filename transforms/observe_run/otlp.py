"""OpenTelemetry metrics and span of a run over OTLP, configured by the standard variables `OTEL_*`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.optional_packages import needed_by
from hushbeam.transforms.observe_run.measures import PIPELINE, RunEnd, has_completed, measure
from hushbeam.transforms.observe_run.outbox import NotReceivedError

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricsData
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan

_OPTION = "--otlp"
_SCOPE = "hushbeam"
_SPAN = "hushbeam run"
_HTTP = "http/protobuf"
_NANOSECONDS = 1_000_000_000


class Collector:
    """A receiver of OTLP over HTTP, such as an OpenTelemetry collector."""

    def __init__(self) -> None:
        """Checks the configuration before the run, without connecting to the receiver.

        Raises:
          ConfigurationError: The libraries are missing, or the variables ask for another protocol.
        """
        with needed_by(f"{_OPTION}:", "observability"):
            import opentelemetry.exporter.otlp.proto.http  # noqa: PLC0415
            import opentelemetry.sdk.metrics  # noqa: F401, PLC0415
        for variable in ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
            if os.environ.get(variable, _HTTP) != _HTTP:
                raise ConfigurationError(f"{_OPTION}: {variable} must be {_HTTP} or unset")

    def send_metrics(self, end: RunEnd) -> None:
        """Sends the metrics of a run.

        Raises:
          NotReceivedError: The receiver cannot be reached, or refused them.
        """
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415
        from opentelemetry.sdk.metrics.export import MetricExportResult  # noqa: PLC0415

        if os.environ.get("OTEL_METRICS_EXPORTER") == "none":
            return
        measured = _metrics_data(end)
        if measured is None:  # OTEL_SDK_DISABLED
            return
        exporter = OTLPMetricExporter()
        try:
            if exporter.export(measured) is not MetricExportResult.SUCCESS:
                raise NotReceivedError("it refused the metrics")
        finally:
            exporter.shutdown()

    def send_span(self, end: RunEnd) -> None:
        """Sends the run as a span with a trace of its own.

        Raises:
          NotReceivedError: The receiver cannot be reached, or refused it.
        """
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import SpanExportResult  # noqa: PLC0415

        if os.environ.get("OTEL_TRACES_EXPORTER") == "none":
            return
        span = _span(end)
        if span is None:  # OTEL_SDK_DISABLED, or not sampled
            return
        exporter = OTLPSpanExporter()
        try:
            if exporter.export([span]) is not SpanExportResult.SUCCESS:
                raise NotReceivedError("it refused the span")
        finally:
            exporter.shutdown()  # type: ignore[no-untyped-call]


def _resource() -> Resource:
    from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource  # noqa: PLC0415

    # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence.
    return Resource.create().merge(Resource({SERVICE_NAME: _SCOPE})).merge(OTELResourceDetector().detect())


def _metrics_data(end: RunEnd) -> MetricsData | None:
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: PLC0415

    # The periodic reader would only log a failure, not return it.
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], _resource(), shutdown_on_exit=False)
    meter = provider.get_meter(_SCOPE)
    for metric, values in measure(end).items():
        gauge = meter.create_gauge(metric.name, metric.unit, metric.description)
        for labels, value in values.items():
            gauge.set(value, {PIPELINE: end.pipeline, **dict(zip(metric.labels, labels, strict=True))})
    measured = reader.get_metrics_data()
    provider.shutdown()
    return measured


def _span(end: RunEnd) -> ReadableSpan | None:
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider  # noqa: PLC0415
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415

    tracer = TracerProvider(resource=_resource(), shutdown_on_exit=False).get_tracer(_SCOPE)
    span = tracer.start_span(_SPAN, start_time=int(end.started_at.timestamp() * _NANOSECONDS))
    span.set_attributes({PIPELINE: end.pipeline, "exit_status": end.exit_status})
    if end.run_id is not None:
        span.set_attribute("run_id", end.run_id)
    if end.figures is not None:
        span.set_attributes({f"recordings.{name}": n for name, n in end.figures.summary["recordings"].items()})
    if not has_completed(end.exit_status):
        span.set_status(Status(StatusCode.ERROR))
    span.end(int(end.ended_at.timestamp() * _NANOSECONDS))
    return span if isinstance(span, ReadableSpan) else None
