"""The run lock, between threads and between real processes."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive import run_lock
from hushbeam.transforms.archive.run_lock import Owner, PipelineHold, RunLock, RunLockedError, RunLockLostError
from hushbeam.transforms.base import process_identity
from hushbeam.transforms.base.process_identity import machine
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import StorageError
from tests.transforms.storage.beginning_run import BeginningRun


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Makes every lock look as if another machine held it, so that only heartbeats count."""
    monkeypatch.setattr(process_identity, "machine", lambda: None)
    yield


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_second_run_stops_and_names_the_first(tmp_path: Path) -> None:
    with RunLock(str(tmp_path), "run-1"):
        with pytest.raises(RunLockedError, match=r"--output: run run-1 .*") as caught, RunLock(str(tmp_path), "run-2"):
            pass
        assert isinstance(caught.value, ConfigurationError)
    with RunLock(str(tmp_path), "run-2") as lock:
        lock.check()
    assert files.list_names(str(tmp_path)) == []


def test_one_of_many_simultaneous_runs_gets_the_lock(tmp_path: Path) -> None:
    start, end = threading.Barrier(8), threading.Barrier(8)

    def run(number: int) -> bool:
        start.wait(10)
        try:
            with RunLock(str(tmp_path), f"run-{number}"):
                end.wait(10)
        except RunLockedError:
            end.wait(10)
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(run, range(8))) == 1
    assert files.list_names(str(tmp_path)) == []


@pytest.mark.parametrize("place", [1, 3], ids=["heartbeat", "lock"])
def test_a_run_that_begins_meanwhile_does_not_break_one_that_asks_for_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    other = BeginningRun(tmp_path, monkeypatch, at=place)
    with RunLock(str(tmp_path), "run-1") as lock:
        lock.check()
    assert other.flushed > place


def test_the_lock_of_a_silent_run_is_taken_over_by_one_run(tmp_path: Path, elsewhere: None) -> None:
    clock = Clock()
    dead = RunLock(str(tmp_path), "run-1", now=clock, beat_every_s=3600).__enter__()
    clock.seconds += run_lock.STALE_AFTER_S - 1
    with pytest.raises(RunLockedError), RunLock(str(tmp_path), "run-2", now=clock):
        pass
    clock.seconds += 2
    with RunLock(str(tmp_path), "run-2", now=clock) as lock:
        with pytest.raises(RunLockedError, match="run-2"), RunLock(str(tmp_path), "run-3", now=clock):
            pass
        lock.check()
        with pytest.raises(RunLockLostError):
            dead.check()
        dead.__exit__(None, None, None)  # and it does not delete the lock of the other
        with pytest.raises(RunLockedError, match="run-2"), RunLock(str(tmp_path), "run-3", now=clock):
            pass


def test_a_suspended_owner_learns_that_it_lost_the_lock(tmp_path: Path, elsewhere: None) -> None:
    clock, told = Clock(), threading.Event()
    with RunLock(str(tmp_path), "run-1", now=clock, beat_every_s=0.05, stale_after_s=10, on_loss=told.set) as lock:
        lock.check()
        files.write_bytes(str(tmp_path / "runs" / "LOCK"), b'{"run_id":"b","token":"t","machine":null,"process":"1"}')
        deadline = time.monotonic() + 5
        with pytest.raises(RunLockLostError):
            while time.monotonic() < deadline:
                lock.check()
                time.sleep(0.02)
        assert lock.is_lost
        assert told.wait(5)


def test_heartbeats_keep_the_lock_of_a_long_run(tmp_path: Path, elsewhere: None) -> None:
    with RunLock(str(tmp_path), "run-1", beat_every_s=0.05, stale_after_s=1.5):
        time.sleep(1.8)
        with pytest.raises(RunLockedError), RunLock(str(tmp_path), "run-2", stale_after_s=1.5):
            pass


def test_a_takeover_in_progress_is_not_joined(tmp_path: Path, elsewhere: None) -> None:
    clock = Clock()
    dead = RunLock(str(tmp_path), "run-1", now=clock, beat_every_s=3600).__enter__()
    clock.seconds += 2 * run_lock.STALE_AFTER_S
    alive = next(name for name in files.list_names(str(tmp_path)) if name.endswith(".alive"))
    files.write_bytes(str(tmp_path / alive.replace(".alive", ".taken")), b"another run")
    with pytest.raises(RunLockedError, match="taking over"), RunLock(str(tmp_path), "run-2", now=clock):
        pass
    dead.__exit__(None, None, None)


def test_who_writes_is_known_until_the_run_ends_or_is_silent_for_too_long(tmp_path: Path, elsewhere: None) -> None:
    root = str(tmp_path)
    assert run_lock.live_holder(root) is None
    with RunLock(root, "run-1") as lock:
        holder = run_lock.live_holder(root)
        assert holder is not None
        assert holder.run_id == "run-1"
        assert 0 <= holder.beat_s < 60
        alive = tmp_path / "runs" / f"LOCK-{lock.hold.token}.alive"
        alive.write_text(f"{time.time() - run_lock.STALE_AFTER_S - 1:.3f}")
        assert run_lock.live_holder(root) is None
        alive.write_text("damaged")
        assert run_lock.live_holder(root) is None
    assert run_lock.live_holder(root) is None
    (tmp_path / "runs" / "LOCK").write_text("{}")
    assert run_lock.live_holder(root) is None


def test_a_run_of_this_machine_whose_process_has_ended_does_not_write_any_more(tmp_path: Path) -> None:
    with RunLock(str(tmp_path), "run-1") as lock:
        assert run_lock.live_holder(str(tmp_path)) is not None
        lock_file = tmp_path / "runs" / "LOCK"
        held = lock_file.read_text()
        lock_file.write_text(json.dumps(json.loads(held) | {"process": "4194304 1"}))
        assert run_lock.live_holder(str(tmp_path)) is None
        lock_file.write_text(held)
        lock.check()


def test_a_lock_of_another_version_is_refused(tmp_path: Path) -> None:
    files.write_bytes(str(tmp_path / "runs" / "LOCK"), b"mine")
    with pytest.raises(RunLockedError, match="runs/LOCK"), RunLock(str(tmp_path), "run-1"):
        pass


@pytest.mark.parametrize(
    "changes",
    [
        {"process": ""},
        {"process": None},
        {"process": "-1"},
        {"process": "9" * 5000},
        {"token": "../../victim/t"},
        {"token": "t\0"},
        {"token": 7},
        {"machine": 7},
        {"run_id": "\x1b[2K"},
    ],
)
def test_a_lock_that_no_run_wrote_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    lock = asdict(Owner("run", "t", machine(), "1 1")) | changes
    files.write_bytes(str(tmp_path / "runs" / "LOCK"), json.dumps(lock).encode())
    with pytest.raises(RunLockedError, match="delete it"), RunLock(str(tmp_path), "run-1"):
        pass


def test_a_deeply_nested_lock_is_refused(tmp_path: Path) -> None:
    files.write_bytes(str(tmp_path / "runs" / "LOCK"), b"[" * 100_000)
    with pytest.raises(RunLockedError, match="delete it"), RunLock(str(tmp_path), "run-1"):
        pass


@pytest.mark.parametrize("beat", [b"", b"soon", b"\xff", b"nan", b"inf", b"-inf", b"1e999"])
def test_a_damaged_heartbeat_is_refused(tmp_path: Path, elsewhere: None, beat: bytes) -> None:
    with RunLock(str(tmp_path), "run-1", beat_every_s=3600) as lock:
        files.write_bytes(str(tmp_path / "runs" / f"LOCK-{lock.hold.token}.alive"), beat)
        with pytest.raises(RunLockedError, match=r"run-1 .* damaged"), RunLock(str(tmp_path), "run-2"):
            pass


def test_an_owner_whose_lock_is_overwritten_learns_that_it_lost(tmp_path: Path) -> None:
    told = threading.Event()
    with RunLock(str(tmp_path), "run-1", beat_every_s=0.05, on_loss=told.set) as lock:
        files.write_bytes(str(tmp_path / "runs" / "LOCK"), b"mine")
        assert told.wait(5)
        assert lock.is_lost
    assert (tmp_path / "runs" / "LOCK").read_bytes() == b"mine"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="process identities need /proc")
def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from hushbeam.transforms.archive.run_lock import RunLock\n"
        "with RunLock(sys.argv[1], 'run-1'):\n"
        "    sys.stdout.write('held\\n'); sys.stdout.flush(); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(RunLockedError, match="run-1"), RunLock(str(tmp_path), "run-2"):
            pass
        process.send_signal(signal.SIGKILL)
    with RunLock(str(tmp_path), "run-2"):
        pass
    assert files.list_names(str(tmp_path)) == []


def test_every_check_reads_the_lock_itself(tmp_path: Path) -> None:
    """Not only its heartbeat. Workers, which only hold its token, read it too."""
    lock_file = tmp_path / "runs" / "LOCK"
    with RunLock(str(tmp_path), "first") as lock:
        held = pickle.loads(pickle.dumps(lock.hold))
        for check in (lock.check, held.check):
            check()
        own = lock_file.read_bytes()
        for other in (None, own.replace(b"first", b"other"), own.replace(held.token.encode(), b"0" * 32)):
            lock_file.unlink() if other is None else lock_file.write_bytes(other)
            for check in (lock.check, held.check):
                with pytest.raises(RunLockLostError, match="first lost the output"):
                    check()
        lock_file.write_bytes(b"{}")
        with pytest.raises(RunLockedError, match="delete it"):
            held.check()
        lock_file.write_bytes(own)


def test_a_run_that_is_given_up_before_it_has_its_lock_may_not_publish(tmp_path: Path) -> None:
    root = str(tmp_path)
    run_lock.give_up(root, "run-1")
    with RunLock(root, "run-1") as lock:
        for check in (lock.check, pickle.loads(pickle.dumps(lock.hold)).check):
            with pytest.raises(RunLockLostError):
                check()
    assert files.list_names(root) == []
    run_lock.begin_again(root, "run-1")
    with RunLock(root, "run-1") as lock:
        lock.check()


def test_a_run_is_given_up_even_if_the_store_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(root: str) -> None:
        raise StorageError("the store is overloaded", retryable=True)

    with RunLock(str(tmp_path), "run-1") as lock:
        with monkeypatch.context() as store:
            store.setattr(run_lock, "_owner_of", fail)
            with pytest.raises(StorageError):
                run_lock.give_up(str(tmp_path), "run-1")
        with pytest.raises(RunLockLostError):
            lock.check()
    run_lock.begin_again(str(tmp_path), "run-1")


def test_two_attempts_of_one_bundle_that_race_for_the_lock_share_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = PipelineHold(str(tmp_path), "run-1", "token-1", by_process=False)
    assert hold.take()
    lock = tmp_path / "runs" / "LOCK"
    lock.write_text(json.dumps(json.loads(lock.read_text()) | {"process": "1 1"}))  # of another worker
    looked: list[bool] = []

    def first_look_is_early(self: PipelineHold) -> bool:
        looked.append(True)
        return len(looked) > 1 and is_mine(self)

    is_mine = PipelineHold.is_mine
    monkeypatch.setattr(PipelineHold, "is_mine", first_look_is_early)
    assert not hold.take()
    assert sorted(files.list_names(str(tmp_path))) == ["runs/LOCK", "runs/LOCK-token-1.alive"]
