"""Job servers that end with the command. In place of Java or Prism, a script answers at the port."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ANSWERS = """
import sys
from concurrent.futures import ThreadPoolExecutor
import grpc
server = grpc.server(ThreadPoolExecutor(1))
option = "--job-port" if "--job-port" in sys.argv else "--job_port"
server.add_insecure_port("localhost:" + sys.argv[sys.argv.index(option) + 1])
server.start()
server.wait_for_termination()
"""

_COMMAND = """
import os, sys
from pathlib import Path
from apache_beam.options.pipeline_options import JobServerOptions, PipelineOptions
from apache_beam.runners.runner import create_runner
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.starting.job_servers import start_job_server
options = PipelineOptions(sys.argv[1:])
start_job_server(options)
(server,) = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
print(server, options.view_as(JobServerOptions).artifacts_dir, flush=True)
try:
    print(type(create_runner(sys.argv[1].partition("=")[2]).default_job_server(options).start()).__name__)
except RuntimeError as error:
    print(error)
leave(0)
"""

_WITH_PRISM = """
import os, sys
from pathlib import Path
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import create_runner
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.starting.job_servers import start_job_server
options = PipelineOptions(["--runner=PrismRunner", f"--prism_location={sys.argv[1]}"])
start_job_server(options)
create_runner("PrismRunner").default_job_server(options).start()
print(*(Path(task, "children").read_text() for task in Path(f"/proc/{os.getpid()}/task").iterdir()))
leave(0)
"""


def command(folder: Path, runner: str, launcher: str) -> list[str]:
    """What a command does from before its job is built until its end: the server, its folder, and what came of it."""
    java, jar = folder / "java", folder / "server.jar"
    java.write_text(f"#!{sys.executable}\n{launcher}")
    java.chmod(0o700)
    jar.touch()
    option = f"--{runner.removesuffix('Runner').lower()}_job_server_jar={jar}"
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND, f"--runner={runner}", option, f"--job_server_java_launcher={java}"],
        env=os.environ | {"TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    (server, artifacts), *came_of_it = (line.split() for line in done.stdout.splitlines())
    return [server, artifacts, *(" ".join(line) for line in came_of_it)]


def runs(process: str) -> bool:
    return Path(f"/proc/{process}").exists()


@pytest.mark.parametrize("runner", ["FlinkRunner", "SparkRunner"])
def test_the_runner_submits_to_the_server_that_was_started_which_ends_with_the_command(
    tmp_path: Path, runner: str
) -> None:
    server, artifacts, stub = command(tmp_path, runner, _ANSWERS)
    assert stub == "JobServiceStub"
    assert not runs(server)
    assert artifacts.startswith(str(tmp_path))
    assert not Path(artifacts).exists()


def test_a_server_that_beam_starts_ends_with_the_command(tmp_path: Path) -> None:
    prism = tmp_path / "prism"
    prism.write_text(f"#!{sys.executable}\n{_ANSWERS}")
    prism.chmod(0o700)
    done = subprocess.run(
        [sys.executable, "-c", _WITH_PRISM, str(prism)], capture_output=True, text=True, check=True, timeout=120
    )
    (server,) = done.stdout.split()
    assert not runs(server)


def test_a_server_that_ends_at_once_is_told_and_not_waited_for(tmp_path: Path) -> None:
    server, _, told = command(tmp_path, "FlinkRunner", "raise SystemExit(3)\n")
    assert told == "the job server ended with status 3"
    assert not runs(server)
