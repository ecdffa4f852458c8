"""A run that begins while another job writes to the same output."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hushbeam.transforms.storage import files


class BeginningRun:
    """Removes the hidden file that is being written, as a run does that takes it for a leftover of a killed write.

    Attributes:
      flushed: How often anything was flushed to the disk: each file, and then its folder.
    """

    def __init__(self, output: Path, monkeypatch: pytest.MonkeyPatch, *, at: int = 1) -> None:
        """Args:
        at: The flush before which the run begins.
        """
        self.flushed = 0
        self._output = output
        self._at = at
        self._flush = os.fsync
        monkeypatch.setattr(os, "fsync", self._begin_and_flush)

    def _begin_and_flush(self, descriptor: int) -> None:
        self.flushed += 1
        if self.flushed == self._at:
            assert files.remove_incomplete(str(self._output)) == 1
        self._flush(descriptor)
