"""The job on workers that are processes of their own, as on every cluster, and the pool that starts them."""

from __future__ import annotations

import io
import os
import re
import signal
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import grpc
import psutil
import pytest
from apache_beam.portability.api import (
    beam_fn_api_pb2,
    beam_fn_api_pb2_grpc,
    beam_provision_api_pb2,
    beam_provision_api_pb2_grpc,
    beam_runner_api_pb2,
    endpoints_pb2,
)
from rich.console import Console

from hushbeam.pipelines import workers
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_USAGE
from tests.pipelines.conftest import Redact
from tests.runners.processes import WorkerPool, worker_pool
from tests.runners.submitting import assert_same_outputs, is_running, wait_until

CARD = {"recording_id": "card", "audio_url": "card.flac", "metadata": {"team": "blue"}}
PHONE = {"recording_id": "phone", "audio_url": "phone.wav", "redact_pii_policies": ["phone_number"]}


class Runner(beam_provision_api_pb2_grpc.ProvisionServiceServicer):
    """What a runner says to a pool and to a worker before there is work: here there never is."""

    def __init__(self) -> None:
        self.staged: list[str] = []
        self._server = grpc.server(ThreadPoolExecutor(2))
        beam_provision_api_pb2_grpc.add_ProvisionServiceServicer_to_server(self, self._server)
        self.endpoint = endpoints_pb2.ApiServiceDescriptor(
            url=f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        )
        self._server.start()

    def GetProvisionInfo(  # noqa: N802 - Beam's name
        self, request: beam_provision_api_pb2.GetProvisionInfoRequest, context: grpc.ServicerContext
    ) -> beam_provision_api_pb2.GetProvisionInfoResponse:
        roles = [beam_runner_api_pb2.ArtifactStagingToRolePayload(staged_name=name) for name in self.staged]
        dependencies = [
            beam_runner_api_pb2.ArtifactInformation(role_payload=role.SerializeToString()) for role in roles
        ]
        info = beam_provision_api_pb2.ProvisionInfo(dependencies=dependencies)
        return beam_provision_api_pb2.GetProvisionInfoResponse(info=info)

    def start_worker(self, pool: WorkerPool, name: str = "1-1") -> str:
        """Asks for a worker, and gives the pool's error."""
        request = beam_fn_api_pb2.StartWorkerRequest(
            worker_id=name,
            control_endpoint=self.endpoint,
            logging_endpoint=self.endpoint,
            provision_endpoint=self.endpoint,
        )
        with grpc.insecure_channel(pool.address) as channel:
            return beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolStub(channel).StartWorker(request, timeout=60).error

    def stop_worker(self, pool: WorkerPool, name: str = "1-1") -> None:
        request = beam_fn_api_pb2.StopWorkerRequest(worker_id=name)
        with grpc.insecure_channel(pool.address) as channel:
            beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolStub(channel).StopWorker(request, timeout=60)

    def close(self) -> None:
        self._server.stop(None)


@pytest.fixture
def runner() -> Iterator[Runner]:
    with closing(Runner()) as runner:
        yield runner


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerPool]:
    with worker_pool(tmp_path_factory.mktemp("pool")) as pool:
        yield pool


def test_workers_elsewhere_write_what_a_local_run_writes(redact: Redact, pool: WorkerPool, tmp_path: Path) -> None:
    local = redact(CARD, PHONE, output=tmp_path / "local", options=("--run_id", "same"))
    embedded = ("--runner=PortableRunner", "--job_endpoint=embed", "--output_shards", "1", *pool.options)
    remote = redact(CARD, PHONE, output=tmp_path / "remote", options=("--run_id", "same", *embedded))
    assert remote.status == EXIT_COMPLETED, remote.terminal
    assert_same_outputs(remote, local)


def test_a_worker_ends_when_the_runner_says_so_and_no_other_does(pool: WorkerPool, runner: Runner) -> None:
    assert not runner.start_worker(pool, "1-1")
    (first,) = pool.workers()
    assert not runner.start_worker(pool, "1-2")
    runner.stop_worker(pool, "1-1")
    (second,) = pool.workers()
    assert second != first
    runner.stop_worker(pool, "1-2")
    runner.stop_worker(pool, "a name that no worker has")
    assert not pool.workers()


def test_workers_begin_with_everything_imported(pool: WorkerPool, runner: Runner) -> None:
    runner.start_worker(pool)
    (worker,) = pool.workers()
    mapped = [library.path for library in psutil.Process(worker).memory_maps()]
    runner.stop_worker(pool)
    for package in ("ctranslate2", "onnxruntime", "tokenizers", "pyarrow"):
        assert any(package in path for path in mapped), package


def test_files_that_a_run_stages_are_refused_by_name(pool: WorkerPool, runner: Runner) -> None:
    runner.staged = ["submission_environment_dependencies.txt", "workflow.tar.gz"]
    error = runner.start_worker(pool)
    assert "workflow.tar.gz" in error
    assert "submission_environment" not in error
    assert not pool.workers()


def test_a_runner_that_does_not_answer_is_an_error_not_a_worker(pool: WorkerPool, runner: Runner) -> None:
    runner.close()
    assert "UNAVAILABLE" in runner.start_worker(pool)
    assert not pool.workers()


def test_a_pool_that_is_told_to_stop_ends_its_workers(runner: Runner, tmp_path: Path) -> None:
    with worker_pool(tmp_path) as pool:
        runner.start_worker(pool)
        (worker,) = pool.workers()
        pool.service.terminate()
        assert pool.service.wait(30) == EXIT_COMPLETED
    assert wait_until(lambda: not is_running(worker))


def catches(process_id: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal, by what the kernel says."""
    caught = re.search(r"^SigCgt:\s*(\w+)$", Path(f"/proc/{process_id}/status").read_text(), re.MULTILINE)
    return bool(caught and int(caught[1], 16) >> (number - 1) & 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pool_that_is_told_to_stop_while_it_starts_ends_without_a_traceback(
    tmp_path: Path, number: signal.Signals
) -> None:
    pool = WorkerPool(tmp_path)
    pool.begin()
    try:
        # Before that, it ends as every process that imports its modules.
        assert wait_until(lambda: catches(pool.service.process_id, signal.SIGTERM))
        os.killpg(pool.service.process_id, number)  # as Ctrl-C and service managers do
        # After Ctrl-C, which reaches this process alone, the one that workers are forked from imports to its end.
        assert pool.service.wait(300) == EXIT_COMPLETED, pool.service.tail()
        assert "Traceback" not in pool.service.tail()
    finally:
        pool.service.stop()


def refusal(address: str) -> str:
    """The message of a pool that cannot listen there."""
    said = io.StringIO()
    assert workers.run(["--address", address], Console(file=said, width=500)) == EXIT_USAGE
    return said.getvalue()


def test_an_address_that_is_taken_is_said(pool: WorkerPool) -> None:
    assert f"cannot listen at '{pool.address}'" in refusal(pool.address)


def test_a_socket_lets_in_its_owner_alone(redact: Redact, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with worker_pool(tmp_path, tmp_path / "private" / "pool") as pool:
            assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700
            assert stat.S_IMODE((tmp_path / "private" / "pool").stat().st_mode) == 0o700
            assert "cannot listen at" in refusal(pool.address)
            embedded = ("--runner=PortableRunner", "--job_endpoint=embed", "--output_shards", "1", *pool.options)
            run = redact(CARD, options=embedded)
            assert run.status == EXIT_COMPLETED, run.terminal
            assert run.statuses() == {"card"}
    finally:
        os.umask(before)


def test_places_that_others_reach_are_refused(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    (tmp_path / "private").mkdir(mode=0o700)
    (tmp_path / "private" / "file").touch()
    for address in ("0.0.0.0:0", "[::]:0", f"unix:{tmp_path}/shared/pool", f"unix:{tmp_path}/private/file"):
        assert "--address" in refusal(address), address
    assert not list((tmp_path / "shared").iterdir())


def test_a_port_that_does_not_exist_is_refused() -> None:
    assert "65535" in refusal("localhost:65536")


def test_an_address_without_a_port_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=str(EXIT_USAGE)):
        workers.run(["--address", "localhost"])
    assert "--address" in capsys.readouterr().err


def test_a_worker_that_is_lost_does_not_take_the_pool_along(pool: WorkerPool, runner: Runner) -> None:
    runner.start_worker(pool)
    (worker,) = pool.workers()
    os.kill(worker, signal.SIGKILL)
    assert wait_until(lambda: not pool.workers())
    assert not runner.start_worker(pool, "1-2")
    assert pool.workers()
    runner.stop_worker(pool, "1-2")
