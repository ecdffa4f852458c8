"""Job servers that end with the command, and those of Flink and Spark, which start while the job is prepared.

Beam starts a job server when the job is submitted, and waits for two or three seconds until Java answers. It ends it
when Python exits, which a command does not do (`hushbeam.pipelines.running.leave`): the process would go on for ever.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress

import grpc
from apache_beam.options.pipeline_options import FlinkRunnerOptions, PipelineOptions
from apache_beam.portability.api import beam_job_api_pb2_grpc
from apache_beam.runners.portability.flink_runner import FlinkJarJobServer, FlinkRunner
from apache_beam.runners.portability.job_server import JavaJarJobServer, JobServer, StopOnExitJobServer
from apache_beam.runners.portability.portable_runner import PortableRunner
from apache_beam.runners.portability.spark_runner import SparkJarJobServer, SparkRunner

from hushbeam.pipelines.running.leave import before_leaving
from hushbeam.transforms.base.temporary_files import TemporaryFolder

_ASKED_EVERY_S = 0.1
_STOP_WITHIN_S = 5.0
_START = StopOnExitJobServer.start
_ANY_LENGTH = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


class EarlyJobServer(JobServer):
    """Starts a job server's process when it is made.

    Args:
      folder: Of its temporary files, removed with it.
    """

    def __init__(self, server: JavaJarJobServer, folder: TemporaryFolder) -> None:
        self._folder = folder
        command, self._endpoint = server.subprocess_cmd_and_endpoint()
        self._process = subprocess.Popen(  # noqa: S603 - Java, with a jar of Beam's or the user's
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start(self) -> beam_job_api_pb2_grpc.JobServiceStub:
        """Waits until the server answers, and gives what to submit jobs with.

        Raises:
          RuntimeError: Its process has ended.
        """
        channel = grpc.insecure_channel(self._endpoint, options=_ANY_LENGTH)
        ready = grpc.channel_ready_future(channel)
        while True:
            with suppress(grpc.FutureTimeoutError):
                ready.result(timeout=_ASKED_EVERY_S)
                return beam_job_api_pb2_grpc.JobServiceStub(channel)
            if self._process.poll() is not None:
                raise RuntimeError(f"the job server ended with status {self._process.returncode}")

    def stop(self) -> None:
        """Ends the process."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._folder.cleanup()


def end_with_command() -> None:
    """Lets each job server that Beam starts in this process end with the command. Calling it again does nothing."""
    StopOnExitJobServer.start = _start


def _start(server: StopOnExitJobServer) -> object:
    before_leaving(server.stop)
    return _START(server)


def job_server_of(name: str, beam_options: PipelineOptions) -> tuple[type[PortableRunner], JavaJarJobServer]:
    """The runner of this name, Flink's or Spark's, and its job server."""
    if name == "SparkRunner":
        return SparkRunner, SparkJarJobServer(beam_options)
    flink = beam_options.view_as(FlinkRunnerOptions)
    flink.flink_master = FlinkRunner.add_http_scheme(flink.flink_master)  # as the runner does
    return FlinkRunner, FlinkJarJobServer(beam_options)


def begin(runner: type[PortableRunner], server: JavaJarJobServer, folder: TemporaryFolder) -> None:
    """Starts the server, makes the runner of this process use it, and ends it with the command."""
    started = EarlyJobServer(server, folder)
    before_leaving(started.stop)
    runner.default_job_server = lambda *_: started  # Beam would start another one
