"""Unexpected errors: those that end a recording, those that end the run, and messages without values."""

from __future__ import annotations

import errno
from concurrent.futures import BrokenExecutor

import pytest

from hushbeam.schemas.errors import ConfigurationError, RecordingError, RunError
from hushbeam.transforms.archive.run_lock import RunLockLostError
from hushbeam.transforms.base.unexpected import MOST_IN_A_ROW, InARow, UnexpectedError, ends_the_run, place_of
from hushbeam.transforms.storage.urls import safe_name

SAID = "four one one one"


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:  # noqa: BLE001
        return caught


@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError("--model: there is none"),
        RunError("the model fails"),
        RunLockLostError("lost"),
        MemoryError(),
        BrokenExecutor("a detector's process died"),
        OSError(errno.EMFILE, "too many open files"),
        OSError(errno.ENOMEM, "no memory"),
    ],
    ids=repr,
)
def test_an_error_that_concerns_every_recording_ends_the_run(error: Exception) -> None:
    assert ends_the_run(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError(SAID),
        IndexError(),
        PermissionError(errno.EACCES, SAID),
        OSError(errno.ENOSPC, SAID),
        OverflowError(),
        RecursionError(),
        KeyError(SAID),
        UnicodeDecodeError("utf-8", b"", 0, 1, SAID),
        AssertionError(SAID),
        StopIteration(),
        RecordingError("refused"),
    ],
    ids=repr,
)
def test_anything_else_ends_one_recording(error: Exception) -> None:
    assert not ends_the_run(error)
    assert SAID not in str(UnexpectedError(raised(error)))


def test_the_place_is_where_it_was_raised_and_where_our_code_called_it() -> None:
    with pytest.raises(TypeError) as error:
        safe_name(4111)  # type: ignore[arg-type]
    assert place_of(error.value).startswith("TypeError at urls.py:")
    try:
        int("four", 99)
    except ValueError as caught:
        assert place_of(caught).startswith("ValueError at test_unexpected.py:")
    assert place_of(ValueError(SAID)) == "ValueError"


def test_only_a_full_disk_is_retryable() -> None:
    assert UnexpectedError(raised(OSError(errno.ENOSPC, ""))).retryable
    assert UnexpectedError(raised(OSError(errno.EDQUOT, ""))).retryable
    assert not UnexpectedError(raised(OSError(errno.EACCES, ""))).retryable
    assert not UnexpectedError(raised(ValueError())).retryable


def test_a_row_of_the_same_error_is_counted_until_one_passes_or_breaks_elsewhere() -> None:
    row = InARow()
    assert not any(row.ended("ValueError at a.py:1") for _ in range(MOST_IN_A_ROW))
    row.passed()
    assert not any(row.ended("ValueError at a.py:1") for _ in range(MOST_IN_A_ROW))
    assert not row.ended("ValueError at a.py:2")
    assert not any(row.ended("ValueError at a.py:1") for _ in range(MOST_IN_A_ROW))
    assert row.ended("ValueError at a.py:1")
