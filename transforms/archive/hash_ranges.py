"""Rows divided by the first bits of a hash, so that of a large archive one range at a time is in memory."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hushbeam.transforms.storage.file_systems import storage_errors

RANGES = 64
_BITS = np.uint64(58)
"""By which a hash of 64 bits is shifted, so that its range is left."""
_ROWS_IN_MEMORY = 1 << 14


class HashRanges:
    """Rows by ranges of their hashes. Those of a range keep the order in which they were added.

    Some thousands of rows stay in memory, so that those of a small archive are never written to a disk.

    Args:
      folder: A private folder for the other rows, which need not exist.
      none: An array without rows, of the type of those that are added.
    """

    def __init__(self, folder: Path, none: NDArray[Any]) -> None:
        self._folder = folder
        self._none = none
        self._waiting: list[tuple[NDArray[np.uint64], NDArray[Any]]] = []
        self._number_waiting = 0

    def add(self, hashes: NDArray[np.uint64], rows: NDArray[Any]) -> None:
        """Adds rows, each with its hash."""
        self._waiting.append((hashes >> _BITS, rows))
        self._number_waiting += len(rows)
        if self._number_waiting >= _ROWS_IN_MEMORY:
            self._put_away()

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """The rows of one range after the other, from the lowest hashes to the highest."""
        ranges, rows = self._together()
        for number in range(RANGES):
            yield np.concatenate([self._none, *self._stored(number), rows[ranges == number]])

    def _together(self) -> tuple[NDArray[np.uint64], NDArray[Any]]:
        ranges = np.concatenate([np.zeros(0, np.uint64), *(ranges for ranges, _ in self._waiting)])
        return ranges, np.concatenate([self._none, *(rows for _, rows in self._waiting)])

    def _put_away(self) -> None:
        ranges, rows = self._together()
        self._waiting, self._number_waiting = [], 0
        order = np.argsort(ranges, kind="stable")
        starts = np.searchsorted(ranges[order], np.arange(RANGES + 1))
        with storage_errors(str(self._folder), "write"):
            self._folder.mkdir(exist_ok=True)
            for number in np.unique(ranges):
                with self._file(number).open("ab") as file:
                    pickle.dump(rows[order[starts[number] : starts[number + 1]]], file)

    def _stored(self, number: int) -> Iterator[NDArray[Any]]:
        with storage_errors(str(self._folder), "read"):
            try:
                file = self._file(number).open("rb")
            except FileNotFoundError:
                return
            with file:
                while file.peek(1):
                    yield pickle.load(file)  # noqa: S301 - our own, in a private folder

    def _file(self, number: int) -> Path:
        return self._folder / str(number)
