"""OTLP messages, as a real collector gets them, read with the protocol's own definitions."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.observe_run import METRICS, Collector
from hushbeam.transforms.observe_run.outbox import NotReceivedError
from tests.transforms.notify.receiver import Receiver, Reply, running
from tests.transforms.observe_run.runs import ENDED_S, STARTED, broken, completed


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with running(Receiver()) as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{receiver.server_port}")
        yield receiver


def metrics_of(receiver: Receiver) -> Any:
    (request,) = receiver.received
    assert request.path == "/v1/metrics"
    (resource,) = ExportMetricsServiceRequest.FromString(request.body).resource_metrics
    return resource


def span_of(receiver: Receiver) -> Any:
    (request,) = receiver.received
    assert request.path == "/v1/traces"
    (resource,) = ExportTraceServiceRequest.FromString(request.body).resource_spans
    (scope,) = resource.scope_spans
    (span,) = scope.spans
    return span


def attributes(pairs: list[KeyValue]) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "") for pair in pairs}


def test_all_metrics_of_a_run_arrive_with_their_units_and_labels(receiver: Receiver) -> None:
    Collector().send_metrics(completed())
    resource = metrics_of(receiver)
    (scope,) = resource.scope_metrics
    assert [(m.name, m.unit, m.description) for m in scope.metrics] == [
        (metric.name, metric.unit, metric.description) for metric in METRICS
    ]
    points = {
        (metric.name, *sorted(attributes(point.attributes).items())): point.as_double or point.as_int
        for metric in scope.metrics
        for point in metric.gauge.data_points
    }
    pipeline = ("pipeline", "nightly-calls")
    assert points["hushbeam.run.recordings", ("outcome", "quarantined"), pipeline] == 3
    assert points["hushbeam.run.stage_processor_time", pipeline, ("stage", "Transcribe")] == 1200.25
    assert points["hushbeam.run.exit_status", pipeline] == 0
    assert attributes(resource.resource.attributes)["service.name"] == "hushbeam"


def test_a_run_is_a_span_of_its_own_length(receiver: Receiver) -> None:
    Collector().send_span(completed(exit_status=0))
    span = span_of(receiver)
    assert span.start_time_unix_nano == STARTED.timestamp() * 10**9
    assert span.end_time_unix_nano == ENDED_S * 10**9
    assert span.status.code == Status.STATUS_CODE_UNSET
    assert attributes(span.attributes) == {
        "pipeline": "nightly-calls",
        "run_id": "night-7",
        "exit_status": 0,
        **{"recordings.completed": 90, "recordings.skipped": 5, "recordings.quarantined": 3, "recordings.failed": 2},
    }


def test_the_span_of_a_run_that_broke_is_an_error(receiver: Receiver) -> None:
    Collector().send_span(broken())
    assert span_of(receiver).status.code == Status.STATUS_CODE_ERROR


def test_the_standards_variables_are_followed(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", f"http://127.0.0.1:{receiver.server_port}/team/metrics")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "calls")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=live")
    Collector().send_metrics(completed())
    (request,) = receiver.received
    assert request.path == "/team/metrics"
    assert {name.lower(): value for name, value in request.headers.items()}["authorization"] == "Bearer abc"
    (resource,) = ExportMetricsServiceRequest.FromString(gzip.decompress(request.body)).resource_metrics
    told = attributes(resource.resource.attributes)
    assert (told["service.name"], told["deployment.environment"]) == ("calls", "live")


@pytest.mark.parametrize(
    ("variable", "value", "left"),
    [
        ("OTEL_SDK_DISABLED", "true", []),
        ("OTEL_METRICS_EXPORTER", "none", ["/v1/traces"]),
        ("OTEL_TRACES_EXPORTER", "none", ["/v1/metrics"]),
        ("OTEL_TRACES_SAMPLER", "always_off", ["/v1/metrics"]),
    ],
)
def test_what_the_variables_turn_off_is_not_sent(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, left: list[str]
) -> None:
    monkeypatch.setenv(variable, value)
    Collector().send_metrics(completed())
    Collector().send_span(completed())
    assert [request.path for request in receiver.received] == left


def test_a_collector_that_refuses_is_noticed(receiver: Receiver) -> None:
    receiver.replies += [Reply(400), Reply(400)]
    with pytest.raises(NotReceivedError):
        Collector().send_metrics(completed())
    with pytest.raises(NotReceivedError):
        Collector().send_span(completed())


def test_another_protocol_is_refused_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(ConfigurationError, match="OTEL_EXPORTER_OTLP_PROTOCOL"):
        Collector()


@pytest.mark.parametrize("library", ["opentelemetry.exporter.otlp.proto.http", "opentelemetry.sdk.metrics"])
def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ConfigurationError, match=r"--otlp: .*\.\[observability\]"):
        Collector()
