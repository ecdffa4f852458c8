"""Job servers of Beam's Flink and Spark runners: what they need, fetched and checked before a job is built."""

from __future__ import annotations

import logging
import shutil
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    JobServerOptions,
    PipelineOptions,
    PortableOptions,
    SparkRunnerOptions,
    StandardOptions,
)

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import urls

if TYPE_CHECKING:
    from apache_beam.runners.portability.job_server import JavaJarJobServer

_SERVERS = {
    "FlinkRunner": "apache_beam.runners.portability.flink_runner:FlinkJarJobServer",
    "SparkRunner": "apache_beam.runners.portability.spark_runner:SparkJarJobServer",
}
"""Imported when they are needed: a run on this machine does without."""


def fetch_job_server(beam_options: PipelineOptions) -> None:
    """Puts the jar of the runner's job server where Beam looks for it. Does nothing for a runner without one.

    Raises:
      ConfigurationError: It is missing and cannot be downloaded, or there is no Java to run it.
    """
    runner = beam_options.view_as(StandardOptions).runner
    name = (runner or "").rpartition(".")[2]
    if name not in _SERVERS or beam_options.view_as(PortableOptions).job_endpoint or _submits_a_jar(beam_options):
        return
    option = f"--{name.removesuffix('Runner').lower()}_job_server_jar"
    settings = beam_options.view_as(JobServerOptions)
    if shutil.which(settings.job_server_java_launcher) is None:
        raise ConfigurationError(
            f"--runner {runner}: Beam's job server needs Java, which is not installed; install a Java runtime, 11 or "
            "newer, or name one by --job_server_java_launcher"
        )
    server: type[JavaJarJobServer] = resolve_name(_SERVERS[name])
    jar = ""
    logging.getLogger("apache_beam.utils.subprocess_server").setLevel(logging.ERROR)
    try:
        jar = server(beam_options).path_to_jar()
        server.local_jar(jar, settings.jar_cache_dir)
    except (RuntimeError, OSError, ValueError) as error:
        if jar and not jar.startswith(("http://", "https://")):
            raise
        if not jar:
            raise ConfigurationError(f"{option}: there is no such file; give the path of the jar") from None
        file = jar.partition("?")[0].rpartition("/")[2]
        raise ConfigurationError(
            f"{option}: Beam's job server {file} cannot be downloaded from {urls.display(jar)} "
            f"({type(error).__name__}); give the path of a local copy"
        ) from None


def _submits_a_jar(beam_options: PipelineOptions) -> bool:
    flink, spark = beam_options.view_as(FlinkRunnerOptions), beam_options.view_as(SparkRunnerOptions)
    return bool(flink.flink_submit_uber_jar or spark.spark_submit_uber_jar)
