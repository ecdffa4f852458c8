"""Looks for what was said, as words and as samples, in everything that a job wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import soundfile

_SHORTEST = 7
"""Characters: shorter ones stand in checksums by chance."""

_WINDOW = 32
"""Samples. So many in a row, of speech, are the same nowhere else."""

_WINDOWS = 5


@dataclass(frozen=True)
class LeakSearch:
    """What must be nowhere: the personal data of a night's calls.

    Attributes:
      words: As they were heard, and their digits alone.
      samples: Stretches of speech that is muted in what is published, as integers and as floats.
    """

    words: tuple[str, ...] = ()
    samples: tuple[bytes, ...] = ()

    def in_text(self, text: str) -> bool:
        """Whether something of it stands in what a job said."""
        joined = " ".join(text.split())
        return any(word in joined for word in self.words)

    def in_files(self, folder: Path) -> list[str]:
        """The names of the files below a folder that hold something of it."""
        return sorted(str(path.relative_to(folder)) for path in _files(folder) if self._is_in(path))

    def _is_in(self, path: Path) -> bool:
        content = path.read_bytes()
        if any(piece in content for piece in (*self.samples, *(word.encode() for word in self.words))):
            return True
        if content[:4] != b"PAR1":
            return False
        try:
            return self.in_text(json.dumps(pq.read_table(path).to_pylist(), default=str, ensure_ascii=False))
        except (OSError, ValueError):  # one that the scenario damaged: its bytes were looked through
            return False


def search_for(
    calls: Path, transcribed: Sequence[dict[str, Any]], muted: dict[str, Sequence[Sequence[float]]]
) -> LeakSearch:
    """The search for the personal data of some calls.

    Args:
      calls: Their folder.
      transcribed: Their unredacted transcripts, with the findings in them.
      muted: What is muted in each, by the stem of its file: [channel, start, end] in seconds.
    """
    values = {finding["text"].strip(" .,?!") for transcript in transcribed for finding in transcript["findings"]}
    forms = {form for value in values for form in (value, re.sub(r"\D", "", value))}
    samples = [window for path in sorted(calls.iterdir()) for window in _windows(path, muted[path.stem])]
    return LeakSearch(tuple(sorted(form for form in forms if len(form) >= _SHORTEST)), tuple(samples))


def _windows(path: Path, muted: Sequence[Sequence[float]]) -> Iterator[bytes]:
    sound, rate_hz = soundfile.read(path, dtype="int16", always_2d=True)
    for channel, start_s, end_s in muted:
        places = np.linspace(start_s + 0.1, end_s - 0.1, _WINDOWS) * rate_hz
        for place in places.astype(int):
            frames = sound[place : place + _WINDOW]
            if len(frames) == _WINDOW and np.unique(frames[:, int(channel)]).size > _WINDOW // 2:
                for window in (frames, frames[:, int(channel)]):  # channels interleaved, and one by itself
                    yield window.astype("<i2").tobytes()
                    yield (window / np.float32(32768)).astype("<f4").tobytes()


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path
