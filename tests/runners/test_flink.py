"""The job on a Flink cluster of two task managers, each with its worker pool: `make test-flink`."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from tests.runners.flink import FlinkCluster, job_server_jar, job_server_options
from tests.runners.processes import ROOT
from tests.runners.submitting import Submission, assert_same_outputs, write_manifest
from tests.transforms.notify.receiver import Receiver, running

pytestmark = [pytest.mark.flink, pytest.mark.timeout(2400)]

Submit = Callable[..., Submission]

SHORT = ("card.flac", "phone.wav", "transfer.flac")
FAST = ("--model", "tiny.en", "--verify", "off", "--fail_above", "0")
LOCALLY = ("--output_shards", "2")


@pytest.fixture(scope="module")
def job_server() -> None:
    """Ends the tests where Beam's job server cannot be had, as a user's job would end."""
    try:
        job_server_jar()
    except (RuntimeError, ValueError) as error:
        pytest.exit(
            f"Beam's Flink job server cannot be had ({error}). Download the jar elsewhere, and name it: "
            "make test-flink FLINK_JOB_SERVER_JAR=/path/to/beam-runners-flink-…-job-server-….jar",
            returncode=3,
        )


@pytest.fixture(scope="module")
def cluster(job_server: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlinkCluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with FlinkCluster(folder, task_managers=2) as cluster:
        yield cluster


@pytest.fixture
def submit(tmp_path: Path) -> Iterator[Submit]:
    """Starts a job under one run id, so that its rows can be compared with another's."""
    submissions: list[Submission] = []

    def submit(manifest: Path, output: str, *options: str) -> Submission:
        all_options = ("--manifest", str(manifest), "--run_id", "same", *LOCALLY, *options)
        submissions.append(Submission(tmp_path, tmp_path / output, all_options))
        return submissions[-1]

    yield submit
    for submission in submissions:
        submission.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running(Receiver()) as receiver:
        yield receiver


def test_short_calls_come_out_as_from_a_local_run(
    cluster: FlinkCluster, submit: Submit, calls: Path, tmp_path: Path
) -> None:
    lines = [{"recording_id": name.split(".")[0], "audio_url": name} for name in SHORT]
    manifest = write_manifest(tmp_path / "manifest.jsonl", calls, lines)
    local = submit(manifest, "local", *FAST).finish()
    remote = submit(manifest, "remote", *FAST, *job_server_options(cluster.rest), *cluster.pool_options).finish()
    assert remote.status == EXIT_COMPLETED, remote.terminal
    assert "3 completed" in remote.terminal
    assert_same_outputs(remote, local)


def test_processes_of_the_task_managers_do_the_same(
    cluster: FlinkCluster, submit: Submit, calls: Path, tmp_path: Path
) -> None:
    manifest = write_manifest(tmp_path / "manifest.jsonl", calls, [{"recording_id": "card", "audio_url": "card.flac"}])
    local = submit(manifest, "local", *FAST).finish()
    worker = json.dumps({"command": str(Path(__file__).with_name("process_worker.py"))})
    processes = ("--parallelism=2", "--environment_type=PROCESS", f"--environment_config={worker}")
    remote = submit(manifest, "remote", *FAST, *job_server_options(cluster.rest), *processes).finish()
    assert remote.status == EXIT_COMPLETED, remote.terminal
    assert_same_outputs(remote, local)


def test_a_job_that_travels_with_its_server_does_the_same(
    cluster: FlinkCluster, submit: Submit, calls: Path, tmp_path: Path
) -> None:
    """As the nightly job of `deploy/helm` submits it: no job server runs beside the command."""
    manifest = write_manifest(tmp_path / "manifest.jsonl", calls, [{"recording_id": "card", "audio_url": "card.flac"}])
    local = submit(manifest, "local", *FAST).finish()
    travelling = (*job_server_options(cluster.rest), "--flink_submit_uber_jar")
    remote = submit(manifest, "remote", *FAST, *travelling, *cluster.pool_options).finish()
    assert remote.status == EXIT_COMPLETED, remote.terminal
    assert_same_outputs(remote, local)


@pytest.mark.parametrize("victim", ["worker", "worker pool", "task manager"])
def test_what_is_killed_half_way_changes_nothing(
    cluster: FlinkCluster, submit: Submit, calls: Path, tmp_path: Path, receiver: Receiver, victim: str
) -> None:
    hook = f"http://127.0.0.1:{receiver.server_port}/hook"
    lines = [
        {"recording_id": f"{number:02}-{name.split('.')[0]}", "audio_url": name, "webhook_url": hook}
        for number in range(8)
        for name in SHORT
    ]
    manifest = write_manifest(tmp_path / "manifest.jsonl", calls, lines)
    notifying = (*FAST, "--webhook_allow_http", "--webhook_allowed_networks", "127.0.0.0/8")
    local = submit(manifest, "local", *notifying).finish()
    assert local.status == EXIT_COMPLETED, local.terminal
    ids = _ids(receiver)
    receiver.received.clear()

    job = submit(manifest, "remote", *notifying, *job_server_options(cluster.rest), *cluster.pool_options)
    job.when(lambda: job.committed() >= 3)
    before = job.committed()
    _kill(cluster, victim)
    remote = job.finish()
    assert before < len(lines), "killed after all was done: the test says nothing"
    assert remote.status == EXIT_COMPLETED, remote.terminal
    assert f"{len(lines)} completed" in remote.terminal
    assert_same_outputs(remote, local)
    assert _ids(receiver) == ids, "each is told at least once, under the id that never changes"
    assert len(ids) == len(lines)


def _kill(cluster: FlinkCluster, victim: str) -> None:
    busy = next(number for number, pool in enumerate(cluster.pools) if pool.workers())
    if victim == "worker":
        for process in cluster.pools[busy].workers():
            os.kill(process, signal.SIGKILL)
    elif victim == "worker pool":
        cluster.pools[busy].service.kill()
        cluster.pools[busy].start()
    else:
        cluster.lose(busy)


def _ids(receiver: Receiver) -> set[str]:
    return {request.headers["webhook-id"] for request in receiver.received}


def test_the_labelled_calls_come_out_as_from_a_local_run(cluster: FlinkCluster, submit: Submit, tmp_path: Path) -> None:
    manifest = ROOT / "evaluation" / "dev" / "manifest.jsonl"
    local = submit(manifest, "local").finish()
    remote = submit(manifest, "remote", *job_server_options(cluster.rest), *cluster.pool_options).finish()
    assert remote.status == local.status == EXIT_COMPLETED, remote.terminal
    assert_same_outputs(remote, local)
