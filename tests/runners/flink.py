"""A Flink cluster on loopback, from the packages on PyPI, with Beam's job server before it."""

from __future__ import annotations

import json
import os
import socket
import urllib.request
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, Self

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.flink_runner import FlinkJarJobServer

from tests.runners.processes import Service, WorkerPool, free_port

_POOL = "worker-pool"
"""What each task manager calls the machine of its own worker pool."""
_TASK_MANAGER_MEMORY = "2112m"
_HEARTBEAT_MS = 10_000
QUICK_START = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""For job server and cluster: Java lives for minutes here, and spends half of its time on the optimising compiler."""


class FlinkCluster:
    """A job manager and some task managers of one slot, each with a worker pool of its own beside it, for a block.

    Flink itself is in the folder that `FLINK_HOME` names.

    Args:
      cores: The workers of each task manager have one of them.
      memory: All that a task manager may take, as Flink writes it.
    """

    def __init__(
        self,
        folder: Path,
        task_managers: int,
        cores: Sequence[int] = (),
        memory: str = _TASK_MANAGER_MEMORY,
    ) -> None:
        self._cores = cores
        self._home = Path(os.environ["FLINK_HOME"])
        self._folder = folder
        self._rest_port, self._rpc_port = free_port(), free_port()
        self._environment = QUICK_START | {"FLINK_LOG_DIR": str(folder), "FLINK_PID_DIR": str(folder)}
        self._settings = {
            "rest.address": "127.0.0.1",
            "rest.bind-address": "127.0.0.1",
            "rest.port": self._rest_port,
            "jobmanager.rpc.address": "127.0.0.1",
            "jobmanager.rpc.port": self._rpc_port,
            "jobmanager.bind-host": "127.0.0.1",
            "taskmanager.host": "127.0.0.1",
            "taskmanager.bind-host": "127.0.0.1",
            "jobmanager.memory.process.size": "1000m",
            "taskmanager.memory.process.size": memory,
            "taskmanager.memory.managed.size": "128m",
            # What is on its way to a worker: Beam sends up to a hundred messages before it looks whether they arrive.
            "taskmanager.memory.task.off-heap.size": "512m",
            "taskmanager.memory.network.min": "256m",
            "taskmanager.memory.network.max": "256m",
            "taskmanager.numberOfTaskSlots": 1,
            # A task manager that dies is missed within seconds, and what ran there runs again.
            "heartbeat.interval": 2_000,
            "heartbeat.timeout": _HEARTBEAT_MS,
            # Patient: a worker pool needs some seconds to come back.
            "restart-strategy.type": "exponential-delay",
            "restart-strategy.exponential-delay.max-backoff": "10 s",
            "io.tmp.dirs": str(folder),
            # A thread that Beam lost to a full heap leaves its worker and its task waiting for each other for ever.
            "cluster.uncaught-exception-handling": "FAIL",
        }
        self.job_manager = self._service("job-manager", "jobmanager.sh")
        self.job_manager.wait_for(lambda: self.overview() is not None)
        self.task_managers: list[Service] = []
        self.pools: list[WorkerPool] = []
        self._numbers = count()
        self.parallelism = task_managers
        for _ in range(task_managers):
            self.add_task_manager()
        self.job_manager.wait_for(lambda: (self.overview() or {}).get("taskmanagers") == task_managers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for service in (*self.task_managers, self.job_manager, *(pool.service for pool in self.pools)):
            service.stop()

    @property
    def rest(self) -> str:
        return f"127.0.0.1:{self._rest_port}"

    @property
    def pool_options(self) -> tuple[str, ...]:
        """What a run is told of its workers."""
        address = f"{_POOL}:{self.pools[0].port}"
        return (f"--parallelism={self.parallelism}", "--environment_type=EXTERNAL", f"--environment_config={address}")

    def add_task_manager(self) -> None:
        """One more, whose worker pool has the same name and port as the others', as beside it in a pod."""
        number = next(self._numbers)
        host = f"127.0.0.{2 + number}"
        cores = self._cores[number : number + 1]
        pool = WorkerPool(self._folder, host, self.pools[0].port if self.pools else None, cores)
        pool.start()
        self.pools.append(pool)
        hosts = self._folder / f"hosts-{number}"
        hosts.write_text(f"127.0.0.1 localhost {socket.gethostname()}\n{host} {_POOL}\n")
        java = {"JAVA_TOOL_OPTIONS": f"-Djdk.net.hosts.file={hosts}"}
        self.task_managers.append(self._service(f"task-manager-{number}", "taskmanager.sh", java))

    def lose(self, number: int) -> None:
        """Kills a task manager and the worker pool beside it, as when their machine is lost; another one joins."""
        self.task_managers.pop(number).kill()
        self.add_task_manager()
        self.pools.pop(number).service.kill()

    def overview(self) -> dict[str, Any] | None:
        """What the cluster says of itself; None before it answers."""
        return self._get("overview")

    def _get(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(f"http://{self.rest}/{path}", timeout=5) as answer:
                return json.load(answer)
        except OSError:
            return None

    def _service(self, name: str, script: str, environment: dict[str, str] | None = None) -> Service:
        settings = [argument for key, value in self._settings.items() for argument in ("-D", f"{key}={value}")]
        command = ["bash", str(self._home / "bin" / script), "start-foreground", *settings]
        return Service(name, command, self._folder, self._environment | (environment or {}))


def job_server_jar() -> str:
    """Beam's job server: `FLINK_JOB_SERVER_JAR`, or what Beam downloads.

    Raises:
      RuntimeError, ValueError: It cannot be had.
    """
    jar = os.environ.get("FLINK_JOB_SERVER_JAR")
    if jar:
        return jar
    server = FlinkJarJobServer(PipelineOptions([_flink_version()]))
    return str(server.local_jar(server.path_to_jar()))


def job_server_options(flink_master: str) -> tuple[str, ...]:
    """As a user gives them; `FLINK_JOB_SERVER_JAR` names a jar where Beam cannot download its own."""
    options = ("--runner=FlinkRunner", f"--flink_master={flink_master}", _flink_version())
    jar = os.environ.get("FLINK_JOB_SERVER_JAR")
    return (*options, f"--flink_job_server_jar={jar}") if jar else options


def _flink_version() -> str:
    release = os.environ.get("FLINK", "1.20.5")
    return f"--flink_version={release.rpartition('.')[0]}"
