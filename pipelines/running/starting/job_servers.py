"""Job servers of Beam's runners. What those of Flink and Spark need is fetched and checked before a job is built, and
they start meanwhile.
"""

from __future__ import annotations

import logging
import shutil

from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    JobServerOptions,
    PipelineOptions,
    PortableOptions,
    SparkRunnerOptions,
    StandardOptions,
)

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.storage import urls

_RUNNERS = ("FlinkRunner", "SparkRunner")


def start_job_server(beam_options: PipelineOptions) -> None:
    """Fetches the jar of Flink's or Spark's job server, and starts it. Does nothing for a run on this machine.

    A job server that Beam starts, such as Prism, ends with the command too.

    Raises:
      ConfigurationError: It is missing and cannot be downloaded, or there is no Java to run it.
    """
    runner = beam_options.view_as(StandardOptions).runner
    if runner is None:
        return
    # Imported here: a run on this machine does without these runners.
    from hushbeam.pipelines.running.starting.early_job_server import (  # noqa: PLC0415
        begin,
        end_with_command,
        job_server_of,
    )

    logging.getLogger("apache_beam.utils.subprocess_server").setLevel(logging.ERROR)
    end_with_command()
    name = runner.rpartition(".")[2]
    if name not in _RUNNERS or beam_options.view_as(PortableOptions).job_endpoint or _submits_a_jar(beam_options):
        return
    option = f"--{name.removesuffix('Runner').lower()}_job_server_jar"
    settings = beam_options.view_as(JobServerOptions)
    if shutil.which(settings.job_server_java_launcher) is None:
        raise ConfigurationError(
            f"--runner {runner}: Beam's job server needs Java, which is not installed; install a Java runtime, 11 or "
            "newer, or name one by --job_server_java_launcher"
        )
    _, server = job_server_of(name, beam_options)
    jar = ""
    try:
        jar = server.path_to_jar()
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
    folder = TemporaryFolder()
    if not settings.artifacts_dir:
        settings.artifacts_dir = folder.name
    begin(*job_server_of(name, beam_options), folder)


def _submits_a_jar(beam_options: PipelineOptions) -> bool:
    flink, spark = beam_options.view_as(FlinkRunnerOptions), beam_options.view_as(SparkRunnerOptions)
    return bool(flink.flink_submit_uber_jar or spark.spark_submit_uber_jar)
