"""Time and memory of a piece of work in its own process."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from benchmarks.measure import Clock, in_new_process


def _sleep(clock: Clock, before_s: float, after_s: float) -> int:
    time.sleep(before_s)
    clock.ready()
    time.sleep(after_s)
    return os.getpid()


def _compute(clock: Clock, cpu_s: float) -> None:
    clock.ready()
    until = time.process_time() + cpu_s
    while time.process_time() < until:
        pass


def _hold(clock: Clock, mib: int) -> int:
    return len(bytearray(os.urandom(1024)) * (mib * 1024))


def _fail(clock: Clock) -> None:
    raise ValueError("work that fails")


def test_start_and_work_are_told_apart() -> None:
    process, cost = in_new_process(_sleep, before_s=0.3, after_s=0.5)
    assert process != os.getpid()
    assert cost.start_s >= 0.3
    assert 0.5 <= cost.work_s < cost.start_s + 5.0
    assert cost.work_cpu_s < 0.2


def test_processor_time_is_that_of_the_work() -> None:
    _, cost = in_new_process(_compute, cpu_s=0.4)
    assert 0.4 <= cost.work_cpu_s < 0.6
    assert cost.cpu_s >= cost.work_cpu_s


def test_the_most_memory_counts_though_it_was_given_back() -> None:
    small = in_new_process(_hold, mib=1)[1]
    large = in_new_process(_hold, mib=300)[1]
    assert large.peak_mib - small.peak_mib > 200


def test_an_error_of_the_work_is_raised() -> None:
    with pytest.raises(ValueError, match="work that fails"):
        in_new_process(_fail)


def _leave_a_child(clock: Clock, cpu_s: float) -> None:
    clock.ready()
    code = f"import time, sys\nwhile time.process_time() < {cpu_s}: pass\nprint(flush=True)\nsys.stdin.read()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()


def test_processor_time_of_children_that_go_on_counts() -> None:
    _, cost = in_new_process(_leave_a_child, cpu_s=0.5)
    assert cost.work_cpu_s >= 0.45
