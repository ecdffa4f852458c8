"""RunLock: a lock that lets one run at a time write to an output root.

The lock is the object `runs/LOCK`, which only its owner creates and deletes, and which is never rewritten. The owner's
heartbeat is another object, `runs/LOCK-TOKEN.alive`, rewritten every half minute. A lock is stale, and may be taken
over, if its owner's process is known to have ended (same machine, on Linux), or if its last heartbeat is older than ten
minutes. A run that takes over first creates `runs/LOCK-TOKEN.taken`, which succeeds for only one run. An owner that was
suspended finds another token at its next heartbeat, and stops.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import NamedTuple, Self

from hushbeam.schemas.errors import ConfigurationError, RunError
from hushbeam.transforms.base import process_identity
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError, StorageError
from hushbeam.transforms.storage.urls import join

STALE_AFTER_S = 600.0
BEAT_EVERY_S = 30.0

_NAME, _TOKEN, _PROCESS = (
    re.compile(r"[ -~]{1,128}"),
    re.compile(r"[0-9A-Za-z-]{1,64}"),
    re.compile(r"[0-9]{1,19}(\s|$)"),
)

_log = logging.getLogger(__name__)

_given_up: set[tuple[str, str]] = set()
"""Root and name of runs of this process that must not publish any more, also of those that have no lock yet."""


class RunLockedError(ConfigurationError):
    """Another run holds the lock of this output."""


class RunLockLostError(RunError):
    """Another run took over the output, because this run had no heartbeat. This run must not write any more."""


@dataclass(frozen=True)
class Owner:
    """The owner of a lock.

    Attributes:
      run_id: Of the run.
      token: Different for every attempt to take the lock.
      machine, process: See `hushbeam.transforms.base.process_identity`.
    """

    run_id: str
    token: str
    machine: str | None
    process: str


@dataclass(frozen=True)
class Hold:
    """A run's hold of an output root, which its workers check. Pickled with the pipeline.

    Attributes:
      root: Normalised.
      run_id, token: As of the lock's owner.
    """

    root: str
    run_id: str
    token: str

    def check(self) -> None:
        """Checks that this run still holds the output. Call it before publishing; it makes one small read.

        Raises:
          RunLockLostError: The lock names another run, or is missing.
          StorageError: The store fails.
        """
        if not self.is_mine():
            raise RunLockLostError(f"--output: run {self.run_id} lost the output to another run: start it again later")

    def is_mine(self) -> bool:
        """Whether the lock is this run's. Raises StorageError if the store fails."""
        if (self.root, self.run_id) in _given_up:
            return False
        owner = _owner_of(self.root)
        return owner is not None and (owner.run_id, owner.token) == (self.run_id, self.token)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keeps the hold alive for a block of work: here the run's `RunLock` does, in its own process."""
        yield


@dataclass(frozen=True)
class PipelineHold(Hold):
    """A hold that stages of a pipeline take, keep and give back, where no process waits for the pipeline.

    A pipeline that fails cannot give it back: another run takes it over as that of any run that died.

    Attributes:
      by_process: Whether the process that takes it lives as long as the pipeline, as in a local run. Otherwise only
        heartbeats show that the pipeline runs.
    """

    by_process: bool

    def take(self) -> bool:
        """Takes the output, and returns whether it was free: False for a repeated attempt of the same pipeline.

        Raises:
          RunLockedError: Another run holds it, and may still be running.
        """
        if self.is_mine():
            return False
        try:
            RunLock(self.root, self.run_id).acquire(self._owner)
        except RunLockedError:
            if self.is_mine():  # another attempt was faster
                return False
            raise
        return True

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Shows other runs, every half minute of a block of work, that this pipeline runs."""
        done = threading.Event()
        beating = threading.Thread(target=self._keep_alive, args=(done,), name="run lock", daemon=True)
        beating.start()
        try:
            yield
        finally:
            done.set()

    def give_back(self) -> None:
        """Gives the output back, unless another run has taken it over."""
        if self.is_mine():
            files.delete(_lock_url(self.root))
        files.delete(_alive_url(self.root, self.token))

    def _keep_alive(self, done: threading.Event) -> None:
        while not done.wait(BEAT_EVERY_S):
            try:
                if not self.is_mine():  # given back, or lost: the next commit will find out
                    return
                files.write_bytes(_alive_url(self.root, self.token), f"{time.time():.3f}".encode())
            except StorageError as error:
                _log.warning("run lock: the heartbeat could not be written (%s)", error)

    @property
    def _owner(self) -> Owner:
        machine = process_identity.machine() if self.by_process else None
        return Owner(self.run_id, self.token, machine, process_identity.process(os.getpid()))


class LiveHolder(NamedTuple):
    """A run that holds an output and shows that it goes on.

    Attributes:
      beat_s: Seconds since its last heartbeat.
    """

    run_id: str
    beat_s: float


class RunLock:
    """Holds `root` for one run: `with RunLock(root, run_id) as lock:`.

    Args:
      on_loss: Called, in a thread of the lock, when another run is found to hold `root`.

    Raises on entry:
      RunLockedError: Another run holds it, and may still be running.
    """

    def __init__(
        self,
        root: str,
        run_id: str,
        *,
        stale_after_s: float = STALE_AFTER_S,
        beat_every_s: float = BEAT_EVERY_S,
        now: Callable[[], float] = time.time,
        on_loss: Callable[[], None] | None = None,
    ) -> None:
        self._root = root
        self._run_id = run_id
        self._stale_after_s = stale_after_s
        self._beat_every_s = beat_every_s
        self._now = now
        self._on_loss = on_loss
        self._stop = threading.Event()
        self._lost = threading.Event()

    def __enter__(self) -> Self:
        self.acquire(
            Owner(self._run_id, uuid.uuid4().hex, process_identity.machine(), process_identity.process(os.getpid()))
        )
        self._thread = threading.Thread(target=self._keep_alive, name="run lock", daemon=True)
        self._thread.start()
        return self

    def acquire(self, owner: Owner) -> None:
        """Takes the lock for an owner that keeps it alive by other means than the `with` block.

        Raises:
          RunLockedError: Another run holds it, and may still be running.
        """
        self._owner = owner
        self._beat()  # first, so that a lock always has a heartbeat
        try:
            self._acquire()
        except BaseException:
            if not self._is_held_by_a_twin():
                files.delete(self._alive_url(self._owner))
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Releases the lock, for a run that cannot leave its `with` block. Nothing may be written after it."""
        self._stop.set()
        self._thread.join()
        if self._is_held():
            files.delete(self._lock_url)
        files.delete(self._alive_url(self._owner))

    @property
    def is_lost(self) -> bool:
        """Whether another run was found to hold `root`."""
        return self._lost.is_set()

    @property
    def hold(self) -> Hold:
        """The hold to pass to the workers of this run."""
        return Hold(self._root, self._run_id, self._owner.token)

    def check(self) -> None:
        """Checks that this run still holds the output. Call it before publishing.

        Raises:
          RunLockLostError: Another run holds the output, or may, since the last heartbeat is too old.
          StorageError: The store fails.
        """
        if self._lost.is_set() or self._now() - self._last_beat_s > self._stale_after_s:
            raise RunLockLostError(f"--output: run {self._run_id} lost the output to another run: start it again later")
        try:
            self.hold.check()
        except RunLockLostError:
            self._lost.set()
            raise

    @property
    def _lock_url(self) -> str:
        return _lock_url(self._root)

    def _alive_url(self, owner: Owner) -> str:
        return _alive_url(self._root, owner.token)

    def _taken_url(self, owner: Owner) -> str:
        return join(self._root, "runs", f"LOCK-{owner.token}.taken")

    def _acquire(self) -> None:
        if self._create():
            return
        holder = self._held_by()
        if holder is not None:
            self._take_over(holder)
        if not self._create():
            raise RunLockedError("--output: another run has just locked the output; start this one again later")

    def _create(self) -> bool:
        content = json.dumps(asdict(self._owner)).encode()
        return files.undisturbed(lambda: files.create(self._lock_url, content))

    def _take_over(self, holder: Owner) -> None:
        self._require_stale(holder)
        taken, token = self._taken_url(holder), self._owner.token.encode()
        if not files.undisturbed(lambda: files.create(taken, token)):
            raise RunLockedError(
                f"--output: another run is taking over from run {holder.run_id}, which died; if there is no such run, "
                f"delete runs/LOCK and runs/LOCK-{holder.token}.taken in the output"
            )
        try:
            self._require_stale(holder)  # the owner may have resumed, or been replaced, since the first check
            if self._held_by() == holder:
                files.delete(self._lock_url)
                files.delete(self._alive_url(holder))
                _log.warning("took over the output from run %s, which died", holder.run_id)
        finally:
            files.delete(self._taken_url(holder))

    def _require_stale(self, holder: Owner) -> None:
        age_s = self._seconds_since_beat(holder)
        if _has_ended(holder) or age_s > self._stale_after_s:
            return
        if _is_of_this_process(holder):
            raise RunLockedError(
                f"--output: run {holder.run_id} is writing there, in this process. If its pipeline has failed, delete "
                "runs/LOCK there, or restart this process (of a notebook, the kernel)"
            )
        raise RunLockedError(
            f"--output: run {holder.run_id} is writing there (last heartbeat {age_s:.0f} s ago). Wait for it "
            f"(commands: --wait_for_lock 2h), or choose another --output. If it died, a run can take over "
            f"{self._stale_after_s:.0f} s after the last heartbeat, or at once when you delete runs/LOCK there"
        )

    def _seconds_since_beat(self, holder: Owner) -> float:
        try:
            beat_s = float(files.read_bytes(self._alive_url(holder)))
        except MissingFileError:
            return 0.0 if self._held_by() != holder else float("inf")
        except ValueError:
            beat_s = float("nan")
        if not math.isfinite(beat_s):
            raise RunLockedError(
                f"--output: run {holder.run_id} holds it, and its heartbeat file runs/LOCK-{holder.token}.alive is "
                "damaged: a live run rewrites it within a minute. If the run died, delete runs/LOCK there"
            )
        return self._now() - beat_s

    def _is_held(self) -> bool:
        try:
            return self._held_by() == self._owner
        except RunLockedError:  # not a lock of this run
            return False

    def _is_held_by_a_twin(self) -> bool:
        """Whether another attempt of the same bundle was faster: they share a token, and so a heartbeat."""
        try:
            return self.hold.is_mine()
        except RunLockedError:
            return False

    def _held_by(self) -> Owner | None:
        return _owner_of(self._root)

    def _beat(self) -> None:
        beat_s = self._now()
        files.undisturbed(lambda: files.write_bytes(self._alive_url(self._owner), f"{beat_s:.3f}".encode()))
        self._last_beat_s = beat_s

    def _keep_alive(self) -> None:
        while not self._stop.wait(self._beat_every_s):
            try:
                if not self._is_held():
                    self._lost.set()
                    if self._on_loss is not None:
                        self._on_loss()
                    return
                self._beat()
            except StorageError as error:
                _log.warning("run lock: the heartbeat could not be written (%s)", error)


def holder_of(root: str) -> str | None:
    """The id of the run that holds an output root; None if there is none, or its lock is damaged."""
    with suppress(RunLockedError):
        owner = _owner_of(root)
        return owner.run_id if owner else None
    return None


def live_holder(root: str) -> LiveHolder | None:
    """The run that is writing to an output root; None if nothing holds it, or only a run that died.

    Raises:
      StorageError: The store fails.
    """
    with suppress(RunLockedError, MissingFileError, ValueError):
        owner = _owner_of(root)
        if owner is not None and not _has_ended(owner):
            beat_s = time.time() - float(files.read_bytes(_alive_url(root, owner.token)))
            return LiveHolder(owner.run_id, beat_s) if beat_s <= STALE_AFTER_S else None
    return None


def give_up(root: str, run_id: str) -> None:
    """Ends a run of this process that cannot be ended otherwise: its next commit, or its end, then raises.

    It counts for a run that has no lock yet, and if the store fails. The lock is taken from the run, so that another
    one may begin.
    """
    _given_up.add((root, run_id))
    owner = _owner_of(root)
    if owner is not None and owner.run_id == run_id:
        files.delete(_lock_url(root))


def begin_again(root: str, run_id: str) -> None:
    """Lets a new run have the name of one that was given up."""
    _given_up.discard((root, run_id))


def _lock_url(root: str) -> str:
    return join(root, "runs", "LOCK")


def _alive_url(root: str, token: str) -> str:
    return join(root, "runs", f"LOCK-{token}.alive")


def _owner_of(root: str) -> Owner | None:
    try:
        content = files.read_bytes(_lock_url(root))
    except MissingFileError:
        return None
    try:
        owner = Owner(**json.loads(content))
        is_owner = bool(
            _NAME.fullmatch(owner.run_id)
            and _TOKEN.fullmatch(owner.token)
            and isinstance(owner.machine, str | None)
            and _PROCESS.match(owner.process)
        )
    except (ValueError, TypeError, RecursionError):
        is_owner = False
    if not is_owner:
        raise RunLockedError(
            "--output: runs/LOCK there is not a lock of this version. If no run is writing there, delete it"
        )
    return owner


def _is_of_this_process(owner: Owner) -> bool:
    this = process_identity.machine(), process_identity.process(os.getpid())
    return owner.machine is not None and (owner.machine, owner.process) == this


def _has_ended(owner: Owner) -> bool:
    if owner.machine is None or owner.machine != process_identity.machine():
        return False
    return process_identity.has_ended(owner.process)
