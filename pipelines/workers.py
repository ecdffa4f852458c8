"""`hushbeam workers`: serves Beam workers beside a Flink task manager, for runs with --environment_type=EXTERNAL."""

from __future__ import annotations

import ipaddress
import logging
import multiprocessing
import os
import signal
import socket
import stat
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.process import BaseProcess
from pathlib import Path

import grpc
from apache_beam.portability.api import (
    beam_fn_api_pb2,
    beam_fn_api_pb2_grpc,
    beam_provision_api_pb2,
    beam_provision_api_pb2_grpc,
    beam_runner_api_pb2,
)
from apache_beam.runners.worker import sdk_worker_main
from google.protobuf import json_format, text_format
from rich.console import Console

from hushbeam.pipelines.options.commands.workers import WorkersOptions
from hushbeam.pipelines.options.parsing import parse_without_pipeline
from hushbeam.pipelines.running.command_errors import report_error
from hushbeam.pipelines.running.consoles import remarks
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.starting.beam_shortcuts import remember_arguments
from hushbeam.pipelines.running.waiting import heeded_signals
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage.file_systems import make_private_folders

_IMPORTED_BEFORE = (
    "hushbeam.pipelines.redact",
    "hushbeam.pipelines.audit",
    "hushbeam.pipelines.rerender",
)
_NEEDS_NOTHING = frozenset({"submission_environment_dependencies.txt"})
"""Files that Beam stages in every run for people to read, and that workers do not need."""

_SOCKET = "unix:"
_ANSWER_WITHIN_S = 60.0
_STOP_WITHIN_S = 10.0
_HIGHEST_PORT = 65_535
_REQUESTS_AT_ONCE = 8

_logger = logging.getLogger(__name__)


class StagedFilesError(Exception):
    """A run stages files that its workers would have to install."""


class WorkerPool(beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolServicer):
    """Workers by the names that the runner gives them. Safe to call from several threads."""

    def __init__(self) -> None:
        self._forks = multiprocessing.get_context("forkserver")
        self._forks.set_forkserver_preload([__name__, *_IMPORTED_BEFORE])
        self._workers: dict[str, BaseProcess] = {}
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Starts the process that workers are forked from, and waits until it has imported their modules.

        Raises:
          ConfigurationError: No process can be started.
        """
        resource_tracker.ensure_running()  # whose start, in the next call, would let signals through again
        # Ctrl-C must reach only this process, which then ends the others. An ignored one would be lost, this one waits.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        forkserver.ensure_running()
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        first = self._forks.Process(target=_end_at_once)
        first.start()
        first.join()
        if first.exitcode:
            raise ConfigurationError("no worker can be started on this machine; the error is printed above")

    def StartWorker(  # noqa: N802 - Beam's name
        self, request: beam_fn_api_pb2.StartWorkerRequest, context: grpc.ServicerContext
    ) -> beam_fn_api_pb2.StartWorkerResponse:
        """Starts a worker, which gets its work from the address that the runner gives."""
        try:
            environment = worker_environment(request)
        except (grpc.RpcError, StagedFilesError) as error:
            _logger.error("worker %s was not started: %s", request.worker_id, error)
            return beam_fn_api_pb2.StartWorkerResponse(error=str(error))
        worker = self._forks.Process(target=_work, args=(environment,), name=f"worker-{request.worker_id}")
        with self._lock:
            worker.start()
            self._workers[request.worker_id] = worker
        _logger.info("worker %s is process %d", request.worker_id, worker.pid)
        return beam_fn_api_pb2.StartWorkerResponse()

    def StopWorker(  # noqa: N802 - Beam's name
        self, request: beam_fn_api_pb2.StopWorkerRequest, context: grpc.ServicerContext
    ) -> beam_fn_api_pb2.StopWorkerResponse:
        """Ends a worker that the runner no longer needs."""
        with self._lock:
            worker = self._workers.pop(request.worker_id, None)
        _stop([worker] if worker else [])
        return beam_fn_api_pb2.StopWorkerResponse()

    def close(self) -> None:
        """Ends all workers."""
        with self._lock:
            workers = list(self._workers.values())
            self._workers.clear()
        _stop(workers)


def worker_environment(request: beam_fn_api_pb2.StartWorkerRequest) -> dict[str, str]:
    """The environment variables that Beam's boot program would set for a worker.

    Raises:
      grpc.RpcError: The runner does not answer.
      StagedFilesError: The worker would have to install files.
    """
    info = provision_info(request.provision_endpoint.url, request.worker_id)
    staged = {_staged_name(artifact) for artifact in info.dependencies} - _NEEDS_NOTHING
    if staged:
        raise StagedFilesError(
            f"the run stages {', '.join(sorted(staged))}, but this pool installs nothing: put it into the image of the "
            "pool, or start Beam's own pool there"
        )
    environment = {
        "WORKER_ID": request.worker_id,
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "CONTROL_API_SERVICE_DESCRIPTOR": text_format.MessageToString(request.control_endpoint),
        "LOGGING_API_SERVICE_DESCRIPTOR": text_format.MessageToString(request.logging_endpoint),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
    }
    if info.HasField("status_endpoint"):
        environment["STATUS_API_SERVICE_DESCRIPTOR"] = text_format.MessageToString(info.status_endpoint)
    return environment


def provision_info(endpoint: str, worker: str) -> beam_provision_api_pb2.ProvisionInfo:
    """The runner's provision information for a worker.

    Raises:
      grpc.RpcError: The runner does not answer.
    """
    with grpc.insecure_channel(endpoint) as channel:
        request = beam_provision_api_pb2.GetProvisionInfoRequest()
        provision = beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
        answer = provision.GetProvisionInfo(request, metadata=[("worker_id", worker)], timeout=_ANSWER_WITHIN_S)
    return answer.info


def _staged_name(artifact: beam_runner_api_pb2.ArtifactInformation) -> str:
    role = beam_runner_api_pb2.ArtifactStagingToRolePayload.FromString(artifact.role_payload)
    return role.staged_name or artifact.role_urn


def _work(environment: dict[str, str]) -> None:
    """Runs a Beam worker, as Beam's boot program does, in a separate process."""
    os.environ.update(environment)
    remember_arguments()
    sdk_worker_main.main([])


def _end_at_once() -> None:
    """Runs in a separate process, which shows that processes can be started."""


def _stop(workers: Sequence[BaseProcess]) -> None:
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(_STOP_WITHIN_S)
        if worker.is_alive():
            worker.kill()
            worker.join()


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Serves until a signal stops it, and returns the exit status."""
    options = parse_without_pipeline(WorkersOptions, arguments)
    return execute(options, console)


def execute(options: WorkersOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or remarks()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        _check_address(options.address)  # before the workers are prepared, which takes seconds
        return _serve(options.address)
    except ConfigurationError as error:
        return report_error(error, console)


def _serve(address: str) -> int:
    stopped = threading.Event()
    for number in heeded_signals():
        signal.signal(number, lambda *_: stopped.set())
    pool = WorkerPool()
    try:
        pool.warm_up()
    except (EOFError, ConnectionError):
        if stopped.is_set():  # the signal also ended the process that workers are forked from
            return EXIT_COMPLETED
        raise
    server = _started(pool, address)
    _logger.info("ready for workers at %s", address)
    stopped.wait()
    server.stop(grace=None)
    pool.close()
    return EXIT_COMPLETED


def _started(pool: WorkerPool, address: str) -> grpc.Server:
    # Without the option a second pool would take the same port, and half of the requests.
    server = grpc.server(ThreadPoolExecutor(_REQUESTS_AT_ONCE), options=[("grpc.so_reuseport", 0)])
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(pool, server)
    before = os.umask(0o077)
    try:
        server.add_insecure_port(address)
    except RuntimeError:
        raise _in_use(address) from None
    finally:
        os.umask(before)
    server.start()
    return server


def _in_use(address: str) -> ConfigurationError:
    return ConfigurationError(f"--address: cannot listen at {address!r}; give a free address")


def _check_address(address: str) -> None:
    if address.startswith(_SOCKET):
        _check_socket(Path(address.removeprefix(_SOCKET)))
        return
    host, _, port = address.rpartition(":")
    if int(port) > _HIGHEST_PORT:
        raise ConfigurationError(f"--address: the highest port is {_HIGHEST_PORT}")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError:
        found = []
    if not found or not all(ipaddress.ip_address(where[0]).is_loopback for *_, where in found):
        raise ConfigurationError(
            "--address: whoever reaches it can run code here; give HOST:PORT on the loopback interface, or unix:/PATH"
        )
    try:
        for family, *_, where in found:
            socket.create_server(where[:2], family=family).close()
    except OSError:
        raise _in_use(address) from None


def _check_socket(path: Path) -> None:
    """Makes the socket's folder, closed to other users, and refuses a socket in use, which gRPC would replace."""
    try:
        make_private_folders(path.parent)
        status = path.parent.stat()
    except OSError:
        raise ConfigurationError("--address: the folder of the socket cannot be created") from None
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError("--address: other users may open the socket's folder; name one with mode 0700")
    if path.exists() and not path.is_socket():
        raise ConfigurationError("--address: a file has the socket's name; delete it, or name another socket")
    with suppress(OSError), socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))
        raise _in_use(f"{_SOCKET}{path}")


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
