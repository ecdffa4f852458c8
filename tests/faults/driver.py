"""The main job in a process of its own, in which something goes wrong at a place that is named.

    python -m tests.faults.driver FAULT… -- OPTIONS OF THE JOB

Nothing of the job is replaced: a fault is what happens right after a real stage, or a real write, has done its work.
"""

from __future__ import annotations

import logging
import os
import resource
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from hushbeam.pipelines.redact import run
from hushbeam.transforms.base import each_recording
from hushbeam.transforms.storage import files

SAID = "four five three nine, one four eight eight"
SECOND = 2
"""Faults hit the second recording, so that one is finished before them and one is not."""


def kill_after_stage(stage: str) -> None:
    """The process is killed when a stage has done its second recording."""
    _after_stage(stage, _kill)


def kill_after_write(part: str, times: str = "1") -> None:
    """The process is killed when it has written a file, for the nth time, whose location holds `part`."""
    _after_write(part, int(times), _kill)


def kill_after_delete(part: str) -> None:
    """The process is killed when it has deleted a file whose location holds `part`."""
    delete, once = files.delete, _Count(1, _kill)

    def deleting(url: str) -> None:
        delete(url)
        if part in url:
            once()

    files.delete = deleting


def wait_after_stage(stage: str, seconds: str) -> None:
    """The job stands still for a while when a stage has done its second recording."""
    _after_stage(stage, lambda: time.sleep(float(seconds)))


def replace_after_stage(stage: str, target: str, content: str) -> None:
    """A file is replaced by another one's content when a stage has done its second recording."""
    _after_stage(stage, lambda: _replace(Path(target), Path(content)))


def abort_after_stage(stage: str) -> None:
    """The process aborts, as C++ does, when a stage has done its second recording."""
    _after_stage(stage, os.abort)


def break_in_stage(stage: str, which: str = "second") -> None:
    """A stage's work on its second recording, or on every one, ends in an error that nobody foresaw.

    Its words are those that a library would put into it: what was said.
    """
    finish, count = each_recording._EachRecordingFn._finish, _Count(SECOND, lambda: broken.append(True))
    broken: list[bool] = []

    def finishing(self: Any, element: Any, started: float, future: Future[Any]) -> Any:
        if self._stage.name == stage:
            before = len(broken)
            count()
            if which == "every" or len(broken) > before:
                future = Future()
                future.set_exception(ValueError(f"cannot read {SAID}"))
        return finish(self, element, started, future)

    each_recording._EachRecordingFn._finish = finishing  # type: ignore[method-assign]


def limit_memory(size_bytes: str) -> None:
    """No more memory than this is given to this process."""
    resource.setrlimit(resource.RLIMIT_AS, (int(size_bytes), int(size_bytes)))


def limit_file_size(size_bytes: str) -> None:
    """No file of this process may grow beyond a size, as where a quota is used up."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(size_bytes), int(size_bytes)))


def log_everything() -> None:
    """Not a fault: the process writes its log at DEBUG."""
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


FAULTS: dict[str, Callable[..., None]] = {
    fault.__name__: fault
    for fault in (
        kill_after_stage,
        kill_after_write,
        kill_after_delete,
        wait_after_stage,
        replace_after_stage,
        limit_file_size,
        limit_memory,
        abort_after_stage,
        break_in_stage,
        log_everything,
    )
}


class _Count:
    """Does something when it is called for the nth time, once."""

    def __init__(self, nth: int, then: Callable[[], object]) -> None:
        self._left = nth
        self._then = then
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self._left -= 1
            now = self._left == 0
        if now:
            self._then()


def _after_stage(stage: str, then: Callable[[], object]) -> None:
    finish, second = each_recording._EachRecordingFn._finish, _Count(SECOND, then)

    def finishing(self: Any, element: Any, started: float, future: Any) -> Any:
        output = finish(self, element, started, future)
        if self._stage.name == stage:
            second()
        return output

    each_recording._EachRecordingFn._finish = finishing  # type: ignore[method-assign]


def _after_write(part: str, nth: int, then: Callable[[], object]) -> None:
    write, upload, count = files.write_bytes, files.upload_file, _Count(nth, then)

    def writing(url: str, data: bytes) -> None:
        write(url, data)
        if part in url:
            count()

    def uploading(local_path: Any, url: str) -> None:
        upload(local_path, url)
        if part in url:
            count()

    files.write_bytes, files.upload_file = writing, uploading


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def _replace(target: Path, content: Path) -> None:
    copy = target.with_suffix(".new")
    shutil.copy(content, copy)
    copy.replace(target)


def main(arguments: Sequence[str]) -> int:
    """Sets the faults up and runs the job."""
    # A shell lets what it starts in the background ignore both, and the job heeds what its user ignores.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    split = list(arguments).index("--")
    for fault in arguments[:split]:
        name, *values = fault.split(",")
        FAULTS[name](*values)
    return run(arguments[split + 1 :])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
