"""Copies of sources: bounded, private, and gone with what refers to them."""

from __future__ import annotations

import gc
import pickle
import shutil
import stat
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, BinaryIO

import pytest

from hushbeam.transforms.sources import spool as module
from hushbeam.transforms.sources.spool import Copy, Spool
from hushbeam.transforms.storage.errors import StorageError


def writing(content: bytes, stated: int | None = None) -> Callable[[BinaryIO, Callable[[int], None]], str]:
    def fetch(target: BinaryIO, may_grow: Callable[[int], None]) -> str:
        may_grow(stated or 0)
        for end in range(1, len(content) + 1):
            may_grow(end)
            target.write(content[end - 1 : end])
        return "digest"

    return fetch


def test_a_copy_is_private_and_ends_with_the_last_reference() -> None:
    spool = Spool()
    copy = spool.add(100, writing(b"audio"))
    path = copy.path
    assert path.read_bytes() == b"audio"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.parent.name.startswith("hushbeam-"), "the clean-up of killed runs finds it"
    record = {"copy": copy}
    del copy
    assert path.exists()
    record.clear()
    assert not path.parent.exists()
    assert (len(spool), spool.size_bytes) == (0, 0)


def test_the_last_reader_removes_a_copy_at_once_and_another_worker_has_none() -> None:
    spool = Spool()
    copy = spool.add(100, writing(b"audio"))
    assert pickle.loads(pickle.dumps(copy)) is None
    copy.remove()
    copy.remove()
    assert not copy.path.exists()
    assert len(spool) == 0


def test_a_copy_that_outlives_its_folder_is_in_the_way_of_no_other() -> None:
    spool = Spool()
    of_an_earlier_run = spool.add(100, writing(b"audio"))
    shutil.rmtree(of_an_earlier_run.path.parent)
    copy = spool.add(100, writing(b"more audio"))
    assert copy.path.read_bytes() == b"more audio"
    del of_an_earlier_run
    assert copy.path.exists()
    del copy
    assert len(spool) == 0


def test_nothing_stays_of_a_copy_that_failed() -> None:
    def fetch(target: BinaryIO, may_grow: Callable[[int], None]) -> str:
        may_grow(50)
        target.write(b"half")
        raise StorageError("the connection broke", retryable=True)

    spool = Spool()
    with pytest.raises(StorageError, match="the connection broke"):
        spool.add(100, fetch)
    assert (len(spool), spool.size_bytes) == (0, 0)


@pytest.mark.parametrize("stated", [11, None], ids=["stated", "found while reading"])
def test_a_source_larger_than_the_spool_is_refused(stated: int | None) -> None:
    spool = Spool()
    with pytest.raises(StorageError, match="--max_recording_gb") as caught:
        spool.add(10, writing(b"eleven byte", stated))
    assert not caught.value.retryable
    assert len(spool) == 0


def test_a_copy_waits_for_others_to_go_and_not_for_ever() -> None:
    spool = Spool(wait_s=0.1)
    first = spool.add(10, writing(b"1234567"))
    with pytest.raises(StorageError, match="is full") as caught:
        spool.add(10, writing(b"1234567"))
    assert caught.value.retryable
    patient = Spool(wait_s=20)
    first = patient.add(10, writing(b"1234567"))
    added: list[Copy] = []
    thread = threading.Thread(target=lambda: added.append(patient.add(10, writing(b"7654321"))))
    thread.start()
    thread.join(0.2)
    assert not added
    del first
    gc.collect()
    thread.join(10)
    assert [copy.path.read_bytes() for copy in added] == [b"7654321"]


@pytest.mark.parametrize("kept", [0, 3])
def test_copies_that_end_by_garbage_collection_at_any_moment_disturb_no_other(kept: int) -> None:
    moment, moments = 0, 1

    def lose_one(frame: FrameType, event: str, _: object) -> Any:
        nonlocal moments
        if frame.f_code.co_filename != module.__file__:
            return None
        moments += 1
        if moments == moment:
            copies.clear()  # their finalisers run here, between two steps of the spool
        return lose_one

    while moment <= moments:
        moment, moments = moment + 1, 0
        spool = Spool()
        others = [spool.add(100, writing(b"a")) for _ in range(kept)]
        copies = [spool.add(100, writing(b"a")) for _ in range(2)]
        sys.settrace(lose_one)
        try:
            added = spool.add(100, writing(b"audio"))
        finally:
            sys.settrace(None)
        assert added.path.read_bytes() == b"audio"
        copies.clear()
        assert (len(spool), spool.size_bytes) == (kept + 1, kept + 5)
        del added, others
        assert len(spool) == 0
