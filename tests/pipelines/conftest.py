"""Short real calls, and the main job run on them as the command line runs it."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from rich.console import Console

from hushbeam.pipelines.redact import run
from tests.output_tables import current

Line = dict[str, Any]
FAST = ("--model", "tiny.en", "--verify", "off", "--fail_above", "0")

LABELLED = Path(__file__).parents[2] / "evaluation" / "dev" / "audio"

SPOKEN = (
    *("45391488", "4539 1488", "4539-1488", "1488 0343", "0343 6467", "four five three"),
    *("6145550142", "614-555", "614 555", "555-0142", "five five five"),
)
"""Said in the calls, in forms that recognisers and views of the detection give them; long enough that no hash, size
or time holds one by chance."""


@dataclass(frozen=True)
class Run:
    """What a run of the job left behind."""

    status: int
    terminal: str
    output: Path

    def rows(self, table: str) -> list[dict[str, Any]]:
        return current(self.output, table)

    def statuses(self) -> set[str]:
        return {json.loads(path.read_text())["recording_id"] for path in self.output.glob("status/*.json")}

    def audio(self) -> dict[str, Path]:
        """Redacted recordings by id."""
        return {path.name.rsplit(".", 2)[0]: path for path in self.output.glob("audio/*")}


def cut(name: str, start_s: float, end_s: float) -> tuple[np.ndarray, int]:
    """A stretch of a labelled call as 16-bit samples of shape (frames, channels)."""
    with av.open(str(LABELLED / name)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="s16", layout=stream.layout.name, rate=stream.rate)
        parts = [out.to_ndarray() for frame in container.decode(stream) for out in resampler.resample(frame)]
        samples = np.concatenate(parts, axis=1).reshape(-1, stream.channels)
    return samples[int(start_s * stream.rate) : int(end_s * stream.rate)], stream.rate


@pytest.fixture(scope="session")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `card.flac`, `phone.wav` (µ-law) and `transfer.flac`, some seconds each."""
    folder = tmp_path_factory.mktemp("calls")
    soundfile.write(folder / "card.flac", *cut("card-payment.mp3", 3.0, 13.5))
    soundfile.write(folder / "phone.wav", *cut("telecom-phone-readback.wav", 3.5, 12.0), subtype="ULAW")
    soundfile.write(folder / "transfer.flac", *cut("wire-transfer.flac", 2.0, 10.5))
    return folder


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where a key for sealed files is kept."""
    path = tmp_path_factory.mktemp("keys") / "store"
    path.write_text(base64.b64encode(os.urandom(32)).decode())
    return f"file:{path}"


def redact_in(
    folder: Path,
    calls: Path,
    lines: Sequence[Line],
    options: Sequence[str] = (),
    output: Path | None = None,
    command: Callable[[list[str], Console], int] = run,
) -> Run:
    """Runs the job on manifest lines; audio comes from `calls`, output goes to `folder/out`."""
    manifest = folder / "manifest.jsonl"
    located = [line | {"audio_url": str(calls / line["audio_url"])} for line in lines]
    manifest.write_text("".join(json.dumps(line) + "\n" for line in located))
    output = output or folder / "out"
    terminal = io.StringIO()
    arguments = ["--manifest", str(manifest), "--output", str(output), *FAST, *options]
    return Run(command(arguments, Console(file=terminal, width=200)), terminal.getvalue(), output)


Redact = Callable[..., Run]


@pytest.fixture
def redact(calls: Path, tmp_path: Path) -> Redact:
    """Runs the job on manifest lines; audio comes from `calls`, output goes to `tmp_path/out`."""

    def redact(*lines: Line, **how: Any) -> Run:
        return redact_in(tmp_path, calls, lines, **how)

    return redact


class FinishedRuns:
    """Runs of the job that are done once for all tests of a module.

    Each test finds what a run left at its own place, as if no test before had touched it.
    """

    def __init__(self, calls: Path, folder: Path) -> None:
        self._calls = calls
        self._folder = folder
        self._runs: dict[str, Run] = {}

    def __call__(self, *lines: Line, options: Sequence[str] = ()) -> Run:
        """Gives the run on these lines. In its options, `{root}` stands for the folder around its output."""
        asked = json.dumps([lines, options], sort_keys=True)
        if asked in self._runs:
            run = self._runs[asked]
            root = run.output.parent
            shutil.rmtree(root)
            shutil.copytree(self._as_left(root), root, symlinks=True)
            return run
        root = self._folder / f"run-{len(self._runs) + 1}"
        root.mkdir()
        located = [option.format(root=root) for option in options]
        run = self._runs[asked] = redact_in(root, self._calls, lines, located)
        shutil.copytree(root, self._as_left(root), symlinks=True)
        return run

    def _as_left(self, root: Path) -> Path:
        return self._folder / "as-left" / root.name


@pytest.fixture(scope="module")
def finished(calls: Path, tmp_path_factory: pytest.TempPathFactory) -> FinishedRuns:
    return FinishedRuns(calls, tmp_path_factory.mktemp("finished"))
