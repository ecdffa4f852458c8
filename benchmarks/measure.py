"""Time and memory of a piece of work, measured in its own process."""

from __future__ import annotations

import platform
import re
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import psutil

_KIB = 1024
_MIB = 1024 * _KIB

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Cost:
    """What a piece of work cost.

    Attributes:
      start_s: From the start of its process until it was ready to begin: imports, models.
      work_s: From then on.
      cpu_s: Processor time of all of it, child processes included.
      work_cpu_s: Processor time since it was ready.
      peak_mib: The most memory that the process held at once.
    """

    start_s: float
    work_s: float
    cpu_s: float
    work_cpu_s: float
    peak_mib: float


class Clock:
    """Runs in the measured process. The work calls `ready` when it begins; without that, all counts as work."""

    def __init__(self, born: float) -> None:
        self._born = born
        self._ready_s = 0.0
        self._ready_cpu_s = 0.0

    def ready(self) -> None:
        """Models are loaded: what follows is the work."""
        self._ready_s = time.time() - self._born
        self._ready_cpu_s = _cpu_s()

    def cost(self) -> Cost:
        """Of all until now."""
        total_s, total_cpu_s = time.time() - self._born, _cpu_s()
        return Cost(
            start_s=self._ready_s,
            work_s=total_s - self._ready_s,
            cpu_s=total_cpu_s,
            work_cpu_s=total_cpu_s - self._ready_cpu_s,
            peak_mib=peak_mib(),
        )


def in_new_process(
    work: Callable[Concatenate[Clock, Arguments], Value], *arguments: Arguments.args, **named: Arguments.kwargs
) -> tuple[Value, Cost]:
    """Does the work in a new process and says what it cost. Raises what the work raises."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_measured, work, time.time(), arguments, named).result()


def _measured(
    work: Callable[..., Value], born: float, arguments: tuple[object, ...], named: dict[str, object]
) -> tuple[Value, Cost]:
    clock = Clock(born)
    value = work(clock, *arguments, **named)
    return value, clock.cost()


def _cpu_s() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used) + _living_cpu_s()


def _living_cpu_s() -> float:
    """Of the processes that this one has started, and of all that they have, where they have not ended."""
    spent_s = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            spent_s += sum(process.cpu_times()[:4])  # its own and its ended children's, user and system
    return spent_s


def peak_mib(process: int | None = None) -> float:
    """The most memory that a process has held, this one unless named; another one's is known on Linux alone.

    Raises:
      RuntimeError: There is no such process, or it cannot be looked at.
    """
    # Not `getrusage` where Linux tells: there a new process inherits the peak of the one that started it.
    with suppress(FileNotFoundError, ProcessLookupError):
        status = Path(f"/proc/{process or 'self'}/status").read_text()
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        if found:
            return int(found[1]) * _KIB / _MIB
    if process is not None:
        raise RuntimeError("needs Linux, and a process that runs")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / _MIB if sys.platform == "darwin" else used * _KIB / _MIB


def processor_name() -> str:
    """The processor's name from Linux; its architecture where Linux does not say."""
    facts = Path("/proc/cpuinfo")
    named = (
        re.search(r"^model name\s*: (.+)$", facts.read_text(encoding="utf-8"), re.MULTILINE) if facts.exists() else None
    )
    return named[1] if named else platform.machine()
