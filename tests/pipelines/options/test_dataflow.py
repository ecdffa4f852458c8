"""Jobs for Dataflow, up to their submission: a service on loopback takes them, and a real store what is staged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from apache_beam.options.pipeline_options import DebugOptions, PipelineOptions
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.pipeline_context import PipelineContext

from hushbeam.pipelines.options.dataflow import fit_workers, protect_samples
from hushbeam.pipelines.options.groups import Workers
from hushbeam.pipelines.redact import run
from hushbeam.pipelines.running.exit_status import EXIT_BROKEN, EXIT_COMPLETED, EXIT_USAGE
from hushbeam.schemas.coders import StaysInWorkerCoder
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import files
from tests.pipelines.conftest import Run
from tests.pipelines.dataflow_service import DataflowService, dataflow_service
from tests.transforms.storage.fake_stores import google_server, make_bucket

IMAGE = "--sdk_container_image=example.com/hushbeam:1"
CARD = "type:nvidia-l4;count:1;install-nvidia-driver"
HEARING = {"Transcribe", "RedactAndCommit"}


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    with google_server() as url:
        yield url


@pytest.fixture
def bucket(store: str) -> str:
    bucket = make_bucket(store)
    files.write_bytes(f"{bucket}/calls.jsonl", b'{"audio_url": "call.wav"}\n')
    return bucket


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[DataflowService]:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with dataflow_service() as service:
        yield service


def arguments(bucket: str, service: DataflowService, *more: str) -> list[str]:
    ours = ["--manifest", f"{bucket}/calls.jsonl", "--output", f"{bucket}/out", "--model", "tiny.en", "--verify", "off"]
    beams = ["--runner=DataflowRunner", "--project=test", "--region=europe-west4", f"--temp_location={bucket}/tmp"]
    return [*ours, *beams, "--no_auth", f"--dataflow_endpoint={service.url}", *more]


def staged(job: dict[str, Any]) -> beam_runner_api_pb2.Pipeline:
    """The pipeline that Dataflow would run."""
    url = job["environment"]["sdkPipelineOptions"]["options"]["pipelineUrl"]
    return beam_runner_api_pb2.Pipeline.FromString(files.read_bytes(url))


def test_a_job_is_submitted_without_samples_and_with_the_card_where_words_are_heard(
    bucket: str, service: DataflowService
) -> None:
    gpu = ("--device", "cuda", "--accelerator", CARD, "--min_ram", "16GB", IMAGE)
    assert run(arguments(bucket, service, *gpu)) == EXIT_BROKEN  # the service cancels every job
    (job,) = service.jobs
    experiments = job["environment"]["experiments"]
    assert {"disable_always_on_exception_sampling", "no_use_multiple_sdk_containers"} <= set(experiments)
    assert "use_multiple_sdk_containers" not in experiments
    images = job["environment"]["workerPools"][0]["sdkHarnessContainerImages"]
    assert {image["containerImage"] for image in images} == {"example.com/hushbeam:1"}

    pipeline = staged(job)
    needs = {
        name: {hint.rsplit(":", 2)[-2]: value.decode() for hint, value in environment.resource_hints.items()}
        for name, environment in pipeline.components.environments.items()
    }
    by_stage: dict[str, set[str]] = {}
    for transform in pipeline.components.transforms.values():
        if transform.environment_id:
            by_stage.setdefault(transform.unique_name.split("/")[0], set()).add(transform.environment_id)
    (of_hearing,) = set.union(*(by_stage[stage] for stage in HEARING))
    assert needs[of_hearing] == {"accelerator": CARD, "min_ram_bytes": "16000000000"}
    assert not any(of_hearing in where for stage, where in by_stage.items() if stage not in HEARING)
    assert {"ReadManifest", "SkipFinished", "Notify"} <= set(by_stage)


def test_long_recordings_keep_their_words_on_workers_with_the_same_needs(
    bucket: str, service: DataflowService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHUFFLE_KEY", "x" * 44)
    long = ("--min_ram", "8GB", "--shuffle_key", "env:SHUFFLE_KEY", IMAGE)
    assert run(arguments(bucket, service, *long)) == EXIT_BROKEN  # the service cancels every job
    components = staged(service.jobs[0]).components
    coders = PipelineContext(components).coders
    refusing = {
        name
        for name, collection in components.pcollections.items()
        if isinstance(coders.get_by_id(collection.coder_id), StaysInWorkerCoder)
    }
    assert len(refusing) > 8
    leaves = [transform for transform in components.transforms.values() if not transform.subtransforms]
    makers = {name: leaf.environment_id for leaf in leaves for name in leaf.outputs.values()}
    for leaf in leaves:
        for name in refusing & set(leaf.inputs.values()):
            assert leaf.environment_id == makers[name], leaf.unique_name


def test_a_template_is_written_and_nothing_is_submitted(bucket: str, service: DataflowService, tmp_path: Path) -> None:
    template = tmp_path / "template.json"
    assert run(arguments(bucket, service, IMAGE, f"--template_location={template}")) == EXIT_COMPLETED
    assert service.jobs == []
    job = json.loads(template.read_text())
    assert "disable_always_on_exception_sampling" in job["environment"]["experiments"]
    assert not files.exists(f"{bucket}/out/runs/LOCK")  # its runs take the lock
    names = {transform.unique_name for transform in staged(job).components.transforms.values()}
    assert {"BeginRun/Take the lock", "KeepHold/Keep the lock", "EndRun/Give the lock back"} <= names


@pytest.mark.parametrize("option", ["--canaries", "--metrics_file=/tmp/hushbeam.prom", "--otlp", "--openlineage"])
def test_a_template_takes_no_option_for_who_waits_for_its_runs(
    bucket: str, service: DataflowService, tmp_path: Path, option: str
) -> None:
    template = tmp_path / "template.json"
    assert run(arguments(bucket, service, IMAGE, f"--template_location={template}", option)) == EXIT_USAGE
    assert not template.exists()


@pytest.mark.parametrize(
    "sampling",
    [
        "--experiments=enable_data_sampling",
        "--experiments=enable_always_on_exception_sampling",
        "--experiments=enable_heap_dump",
        "--enable_hot_key_logging",
    ],
)
def test_a_job_that_would_keep_samples_is_refused(
    sampling: str, bucket: str, service: DataflowService, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(arguments(bucket, service, IMAGE, sampling))
    assert ended.value.code == EXIT_USAGE
    assert sampling.rsplit("=", maxsplit=1)[-1].lstrip("-") in capsys.readouterr().err
    assert service.jobs == []


@pytest.mark.parametrize("runner", ["DataflowRunner", "dataflow", "TestDataflowRunner"])
def test_samples_are_refused_by_whatever_name_the_runner_has(runner: str) -> None:
    options = PipelineOptions([f"--runner={runner}"])
    protect_samples(options)
    assert options.view_as(DebugOptions).experiments == ["disable_always_on_exception_sampling"]


def test_other_runners_are_left_alone() -> None:
    options = PipelineOptions(["--runner=FlinkRunner", "--experiments=enable_data_sampling"])
    protect_samples(options)
    assert options.view_as(DebugOptions).experiments == ["enable_data_sampling"]


@pytest.mark.parametrize(
    ("more", "device", "accelerator", "option"),
    [
        ([], "cpu", None, "--sdk_container_image"),
        ([IMAGE], "cuda", None, "--accelerator"),
        (["--setup_file=./setup.py"], "cuda", CARD, "--sdk_container_image"),
        ([IMAGE], "cpu", CARD, "--device cuda"),
        ([IMAGE, "--experiments=use_multiple_sdk_containers"], "cuda", CARD, "--experiments"),
    ],
)
def test_workers_that_would_lack_something_are_refused(
    more: list[str], device: str, accelerator: str | None, option: str
) -> None:
    with pytest.raises(ConfigurationError, match=option):
        fit_workers(
            PipelineOptions(["--runner=DataflowRunner", *more]), Workers(accelerator=accelerator), device=device
        )


@pytest.mark.parametrize("wrong", ["nvidia-l4", "type:nvidia-l4;count:4", "type:nvidia-l4;count:1; "])
def test_a_card_is_named_as_dataflow_names_it_and_each_worker_has_one(wrong: str) -> None:
    with pytest.raises(ValueError, match="accelerator"):
        Workers(accelerator=wrong)


def test_needs_do_not_part_the_stages_that_share_words(redact: Callable[..., Run]) -> None:
    run = redact({"recording_id": "card", "audio_url": "card.flac"}, options=("--min_ram", "1GB"))
    assert run.status == EXIT_COMPLETED, run.terminal
