"""Receivers on loopback, and the main job as they are told of it."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from rich.console import Console

from hushbeam.pipelines import rerender
from hushbeam.pipelines.options.groups import Observability
from hushbeam.pipelines.running.exit_status import EXIT_CANARIES_MISSED, EXIT_COMPLETED, EXIT_USAGE
from hushbeam.pipelines.running.observing import observed
from hushbeam.pipelines.running.waiting import StoppedError
from tests.own_detectors import blind_detector
from tests.pipelines.conftest import Redact
from tests.transforms.notify.receiver import Receiver, running
from tests.transforms.observe_run.test_text_file import samples

KEY = "a key of more than sixteen bytes"
CARD = {"audio_url": "card.flac", "recording_id": "jane-doe-card", "metadata": {"agent": "Maria Sanchez"}}
GONE = {"audio_url": "jane-doe-gone.wav", "recording_id": "jane-doe-gone"}


class Told:
    """A collector, a catalogue and a metrics file, and what they were told."""

    def __init__(self, receiver: Receiver, folder: Path) -> None:
        self.receiver = receiver
        self.file = folder / "hushbeam.prom"
        self.options = ("--metrics_file", str(self.file), "--otlp", "--openlineage", "--pipeline_name", "calls")

    def bodies(self, path: str) -> list[bytes]:
        return [request.body for request in self.receiver.received if request.path == path]

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies("/api/v1/lineage")]

    def metrics(self) -> dict[str, dict[tuple[str, ...], float]]:
        return samples(self.file.read_text())

    def text(self) -> str:
        """All of it, as it could be searched."""
        metrics = map(ExportMetricsServiceRequest.FromString, self.bodies("/v1/metrics"))
        spans = map(ExportTraceServiceRequest.FromString, self.bodies("/v1/traces"))
        headers = [str(request.headers) for request in self.receiver.received]
        return "\n".join([self.file.read_text(), *map(str, (*metrics, *spans)), *map(str, self.events()), *headers])


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    folder = tmp_path / "collected"
    folder.mkdir()
    with running(Receiver()) as receiver:
        url = f"http://127.0.0.1:{receiver.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OPENLINEAGE_URL", url)
        yield Told(receiver, folder)
    for variable in [name for name in os.environ if name.startswith("OPENLINEAGE__")]:
        del os.environ[variable]


def test_a_run_is_told_to_all_receivers_and_none_learns_of_any_one_recording(
    redact: Redact, told: Told, calls: Path, tmp_path: Path
) -> None:
    run = redact(CARD, GONE, options=(*told.options, "--run_id", "night-1", "--fail_above", "0.5"))
    assert run.status == EXIT_COMPLETED, run.terminal
    assert "Not told" not in run.terminal
    start, complete = told.events()
    assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
    assert [dataset["name"] for dataset in complete["inputs"]] == [str(tmp_path / "manifest.jsonl")]
    root, *tables = [dataset["name"] for dataset in complete["outputs"]]
    assert (root, len(tables)) == (str(run.output), 4)
    assert all((run.output.parent / table).is_dir() for table in tables)

    summary = json.loads((run.output / "runs" / "night-1" / "summary.json").read_text())
    read = told.metrics()
    assert read["hushbeam_run_recordings"] == {(name, "calls"): n for name, n in summary["recordings"].items()}
    assert read["hushbeam_run_findings"] == {("calls", name): n for name, n in summary["findings"].items()}
    assert read["hushbeam_run_audio_seconds"] == {("calls",): summary["audio_s"]}
    ((stage, *_),) = {(stage, reason) for _, _, reason, stage in read["hushbeam_run_incomplete_recordings"]}
    assert stage
    assert {stage for _, stage in read["hushbeam_run_stage_time_seconds"]} >= {"Transcribe", "MuteAudio", "Commit"}
    assert read["hushbeam_run_exit_status"] == {("calls",): EXIT_COMPLETED}
    assert 0 <= time.time() - read["hushbeam_last_success_timestamp_seconds"]["calls",] < 60

    (metrics,) = map(ExportMetricsServiceRequest.FromString, told.bodies("/v1/metrics"))
    sent = {m.name for resource in metrics.resource_metrics for scope in resource.scope_metrics for m in scope.metrics}
    assert {re.sub(r"_(seconds|ratio)$", "", name) for name in read} == {name.replace(".", "_") for name in sent}
    assert len(told.bodies("/v1/traces")) == 1

    said = {utterance["text"] for row in run.rows("transcripts") for utterance in row["utterances"]}
    assert said
    everything = told.text()
    assert not [private for private in ("jane-doe", "Sanchez", str(calls), *said) if private in everything]


def test_with_hashed_identities_no_location_is_told(
    redact: Redact, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_KEY", KEY)
    run = redact(CARD, options=(*told.options, "--hash_identities", "env:IDENTITY_KEY"))
    assert run.status == EXIT_COMPLETED, run.terminal
    names = {dataset["name"] for event in told.events() for dataset in (*event["inputs"], *event["outputs"])}
    assert len(names) == 6
    assert all(re.fullmatch(r"url-[0-9a-f]{32}(/[a-z]+)?", name) for name in names)
    assert str(tmp_path) not in told.text()


@pytest.mark.long
def test_a_run_that_publishes_nothing_is_told_as_failed(redact: Redact, told: Told, tmp_path: Path) -> None:
    blind = blind_detector(tmp_path / "blind")
    run = redact(CARD, options=(*told.options, "--canaries", "--detector", blind))
    assert run.status == EXIT_CANARIES_MISSED, run.terminal
    assert [event["eventType"] for event in told.events()] == ["START", "FAIL"]
    read = told.metrics()
    assert read["hushbeam_run_exit_status"] == {("calls",): EXIT_CANARIES_MISSED}
    assert read["hushbeam_run_canary_recall_ratio"]["calls",] < read["hushbeam_run_canary_floor_ratio"]["calls",]
    assert "hushbeam_last_success_timestamp_seconds" not in read


def test_a_run_that_cannot_begin_is_told_and_is_no_event(redact: Redact, told: Told) -> None:
    run = redact(CARD, options=(*told.options, "--manifest", "/nowhere/jane-doe.jsonl"))
    assert run.status == EXIT_USAGE
    assert told.metrics()["hushbeam_run_exit_status"] == {("calls",): EXIT_USAGE}
    assert len(told.bodies("/v1/metrics")) == len(told.bodies("/v1/traces")) == 1
    assert told.events() == []
    assert "jane-doe" not in told.text()


@pytest.mark.parametrize(
    ("end", "exit_status", "state"),
    [
        (RuntimeError("what Maria Sanchez said"), 1, "FAIL"),
        (KeyboardInterrupt(), 130, "ABORT"),
        (StoppedError(143), 143, "ABORT"),
    ],
)
def test_a_run_that_breaks_or_is_stopped_is_told(told: Told, end: BaseException, exit_status: int, state: str) -> None:
    def attempt(observer) -> int:
        observer.began("night-1", ["/manifests/monday.jsonl"], "/nowhere/out")
        raise end

    options = Observability(metrics_file=str(told.file), otlp=True, openlineage=True, pipeline_name="calls")
    with nullcontext() if isinstance(end, Exception) else pytest.raises(type(end)):
        assert observed(attempt, options, None, Console(file=io.StringIO())) == exit_status
    assert [event["eventType"] for event in told.events()] == ["START", state]
    assert told.events()[-1]["run"]["facets"]["errorMessage"]["message"] == type(end).__name__
    assert told.metrics()["hushbeam_run_exit_status"] == {("calls",): exit_status}
    assert "Sanchez" not in told.text()


def test_a_run_that_is_told_to_stop_tells_so(told: Told, calls: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text(json.dumps(CARD | {"audio_url": str(calls / "card.flac")}) + "\n")
    command = [
        sys.executable,
        "-m",
        "hushbeam.pipelines.redact",
        "--manifest",
        str(manifest),
        "--output",
        str(tmp_path / "out"),
    ]
    job = subprocess.Popen(
        [*command, "--model", "tiny.en", "--verify", "off", *told.options], stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 120
    while not told.events() and time.monotonic() < until:
        time.sleep(0.02)
    job.terminate()
    assert job.wait(60) == 128 + signal.SIGTERM
    assert [event["eventType"] for event in told.events()] == ["START", "ABORT"]
    assert told.metrics()["hushbeam_run_exit_status"] == {("calls",): 128 + signal.SIGTERM}
    assert len(told.bodies("/v1/metrics")) == len(told.bodies("/v1/traces")) == 1


def test_a_receiver_that_is_down_or_silent_fails_no_run_and_is_named(
    redact: Redact, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as silent, closing(socket.socket()) as down:
        down.bind(("127.0.0.1", 0))  # and does not listen
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{down.getsockname()[1]}")
        monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        run = redact(CARD, options=told.options)
    assert run.status == EXIT_COMPLETED, run.terminal
    assert "This run could not be reported: OpenTelemetry's collector, metrics" in run.terminal
    assert "This run could not be reported: OpenLineage's receiver did not answer in time" in run.terminal
    assert "the metrics file" not in run.terminal
    assert told.metrics()["hushbeam_run_exit_status"] == {("calls",): EXIT_COMPLETED}


def test_a_metrics_file_that_cannot_be_written_fails_no_run(redact: Redact, told: Told) -> None:
    told.file.mkdir()
    run = redact(CARD, options=told.options)
    assert run.status == EXIT_COMPLETED, run.terminal
    assert "This run could not be reported: the metrics file" in run.terminal
    assert told.events()[-1]["eventType"] == "COMPLETE"


@pytest.mark.parametrize(
    ("library", "options"),
    [
        ("prometheus_client", ("--metrics_file", "hushbeam.prom")),
        ("opentelemetry.exporter.otlp.proto.http", ("--otlp",)),
        ("openlineage.client", ("--openlineage",)),
    ],
)
def test_without_a_library_nothing_begins_and_the_extra_is_named(
    redact: Redact, monkeypatch: pytest.MonkeyPatch, library: str, options: tuple[str, ...]
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    run = redact(CARD, options=options)
    assert run.status == EXIT_USAGE
    assert options[0] in run.terminal
    assert "pip install '.[observability]' in the checkout" in run.terminal
    assert not run.output.exists()


def test_without_the_options_no_library_is_loaded() -> None:
    code = """
import io, sys
from rich.console import Console
from hushbeam.pipelines import redact
from hushbeam.pipelines.options.groups import Observability
from hushbeam.pipelines.running.observing import observed
assert observed(lambda observer: 3, Observability(), None, Console(file=io.StringIO())) == 3
libraries = ("prometheus_client", "openlineage", "opentelemetry.exporter")
loaded = [name for name in sys.modules if name.startswith(libraries)]
sys.exit(str(loaded) if loaded else 0)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_rendering_again_is_told_with_the_store_as_its_input(
    redact: Redact, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_KEY", base64.b64encode(bytes(32)).decode())
    store = ("--store", str(tmp_path / "kept"), "--store_key", "env:STORE_KEY")
    run = redact(CARD, options=store)
    assert run.status == EXIT_COMPLETED, run.terminal
    terminal = io.StringIO()
    again = ["--output", str(run.output), *store, "--muting", "tone", "--verify", "off", *told.options]
    assert rerender.run(again, Console(file=terminal)) == EXIT_COMPLETED, terminal.getvalue()
    event = told.events()[-1]
    assert event["eventType"] == "COMPLETE"
    assert [dataset["name"] for dataset in event["inputs"]] == [str(tmp_path / "kept")]
    assert told.metrics()["hushbeam_run_recordings"]["completed", "calls"] == 1
