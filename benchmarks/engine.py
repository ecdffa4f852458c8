"""Speed of the speech engine alone, against faster-whisper's own pipelines: part of `make bench`.

    python -m benchmarks.engine [--device cuda] [--workers 1 2 4] [--batch 8 16] [--encoder ctranslate2 torch]
        [--shape large-v3-turbo]

Every combination of workers, batch and encoder, and the yardsticks after them, transcribes the same recordings with a
beam of 5, each in a process of its own. Prints a table for each corpus and writes `benchmarks/results/engine.json`.
Speeds come twice: in seconds of the recordings, and in seconds of their channels, since each channel is transcribed by
itself.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, get_args

from rich.console import Console
from rich.table import Table

from benchmarks.contestants import Machine, batched_pipeline, plain_transcribe
from benchmarks.corpus import Corpus, make_long, make_short
from benchmarks.measure import Clock, Cost, in_new_process, processor_name
from benchmarks.random_model import SHAPES, make_model
from hushbeam.schemas.errors import RecordingError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.transcribe.engine import SpeechEngine, SpeechJob
from hushbeam.transforms.transcribe.settings import DEVICES, PROFILES, EncoderName, TranscriptionSettings, cores

RESULTS = Path(__file__).parent / "results" / "engine.json"
BATCHED, PLAIN = "batched pipeline", "transcribe"
_BATCHES = {"cpu": 8, "cuda": 64}
_IN_FLIGHT = 256

Way = Callable[[Clock, Corpus], int]
"""Transcribes a corpus and gives the number of words."""


@dataclass(frozen=True)
class Result:
    """One way of transcribing one corpus; medians where it ran several times.

    Attributes:
      recording_speed: Seconds of recordings for each second of work, models loaded.
      channel_speed: The same in seconds of channels.
      cpu_s_per_channel_hour: Processor seconds for an hour of one channel: hardly depends on who else computes.
      words: That were recognised: a way that is fast because it leaves words out shows here.
    """

    way: str
    recording_speed: float
    channel_speed: float
    cpu_s_per_channel_hour: float
    peak_mib: float
    words: int


def transcribe_corpus(clock: Clock, corpus: Corpus, settings: TranscriptionSettings) -> int:
    """The speech engine, decoding of the files included."""
    engine = SpeechEngine(settings)
    engine.load()
    clock.ready()
    jobs = (
        SpeechJob(path.stem, partial(recogniser_blocks, path, limits=MediaLimits()), language="en")
        for path in corpus.recordings
    )
    words = 0
    for _, transcribed in engine.transcribe(jobs, in_flight=_IN_FLIGHT):
        if isinstance(transcribed, RecordingError):
            raise transcribed
        words += len(transcribed.transcript.words)
    engine.close()
    return words


def compare(corpus: Corpus, ways: dict[str, Way], repeats: int) -> list[Result]:
    """Runs all ways on a corpus, in turns."""
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    words: dict[str, int] = {}
    for _ in range(repeats):
        for name, way in ways.items():
            words[name], cost = in_new_process(way, corpus)
            costs[name].append(cost)
    return [
        Result(
            name,
            recording_speed=corpus.audio_s / median(cost.work_s for cost in runs),
            channel_speed=corpus.channel_s / median(cost.work_s for cost in runs),
            cpu_s_per_channel_hour=median(cost.work_cpu_s for cost in runs) / corpus.channel_s * 3600,
            peak_mib=max(cost.peak_mib for cost in runs),
            words=words[name],
        )
        for name, runs in costs.items()
    ]


def main() -> int:
    """The command line."""
    given = _arguments()
    console = Console()
    results: dict[str, Any] = {"machine": _this_machine(given)}
    with TemporaryDirectory(prefix="hushbeam-bench-") as scratch:
        folder = Path(scratch)
        model = given.model
        if given.shape:
            model = str(make_model(SHAPES[given.shape], folder / given.shape))
        ways = _ways(given, model)
        corpora = []
        if given.short:
            corpora.append(make_short(folder / "short", given.short))
        if given.long:
            corpora.append(make_long(folder / "long", given.long, given.minutes))
        results["corpora"] = {}
        for corpus in corpora:
            compared = compare(corpus, ways, given.repeats)
            results["corpora"][corpus.name] = [asdict(result) for result in compared]
            console.print(_table(corpus, compared))
    given.results.parent.mkdir(parents=True, exist_ok=True)
    given.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=DEVICES, default="cpu")
    parser.add_argument("--model", default="base", help="as for the job")
    parser.add_argument("--shape", choices=SHAPES, help="instead of a model: one of this size with random weights")
    parser.add_argument("--profile", choices=PROFILES, default="accurate", help="of the engine")
    parser.add_argument("--workers", type=int, nargs="+", default=[0], help="0 is the engine's choice")
    parser.add_argument("--batch", type=int, nargs="+", default=[0], help="windows; 0 is the engine's choice")
    parser.add_argument("--encoder", choices=get_args(EncoderName), nargs="+", default=["auto"], help="as for the job")
    parser.add_argument("--short", type=int, default=24, help="calls of 20 to 40 s")
    parser.add_argument("--long", type=int, default=2, help="long recordings")
    parser.add_argument("--minutes", type=float, default=5.0, help="length of each long recording")
    parser.add_argument("--yardsticks", nargs="*", choices=(BATCHED, PLAIN), default=[BATCHED, PLAIN])
    parser.add_argument("--yardstick-batch", type=int, default=0, help="windows; 0: 8 on a CPU, 64 on a GPU")
    parser.add_argument("--repeats", type=int, default=1, help="rounds; medians are shown")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args()


def _ways(given: argparse.Namespace, model: str) -> dict[str, Way]:
    ways: dict[str, Way] = {}
    for workers, batch, encoder in product(given.workers, given.batch, given.encoder):
        settings = TranscriptionSettings(
            model=model,
            device=given.device,
            profile=given.profile,
            workers=workers,
            batch_windows=batch,
            encoder=encoder,
            # Random weights have doubtful words, and are decoded once all the same.
            second_look="none" if given.shape else "thorough",
        )
        name = f"engine, {settings.model_workers} × {settings.model_threads} threads, batch {settings.batch}"
        if encoder != "auto":
            name += f", encoder {encoder}"
        ways[name] = partial(transcribe_corpus, settings=settings)
    machine = Machine(model, given.device, given.yardstick_batch or _BATCHES[given.device])
    yardsticks = {BATCHED: batched_pipeline, PLAIN: plain_transcribe}
    return ways | {name: partial(yardsticks[name], machine=machine) for name in given.yardsticks}


def _this_machine(given: argparse.Namespace) -> dict[str, Any]:
    named = {name: getattr(given, name) for name in ("device", "model", "shape", "profile", "repeats")}
    return named | {
        "cores": cores(),
        "processor": processor_name(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "packages": {name: version(name) for name in ("faster-whisper", "ctranslate2", "onnxruntime", "numpy")},
    }


def _table(corpus: Corpus, compared: Sequence[Result]) -> Table:
    yardstick = next((result for result in compared if result.way == BATCHED), compared[-1])
    table = Table(
        "",
        "recordings",
        "channels",
        "CPU s per channel hour",
        "peak MiB",
        "words",
        f"÷ {yardstick.way}",
        "CPU: ÷",
        title=f"{corpus.name}: {corpus.audio_s / 60:.1f} min, {corpus.channel_s / 60:.1f} min of channels",
    )
    for result in compared:
        table.add_row(
            result.way,
            f"{result.recording_speed:.1f}×",
            f"{result.channel_speed:.1f}×",
            f"{result.cpu_s_per_channel_hour:.0f}",
            f"{result.peak_mib:.0f}",
            f"{result.words}",
            f"{result.channel_speed / yardstick.channel_speed:.2f}",
            f"{yardstick.cpu_s_per_channel_hour / result.cpu_s_per_channel_hour:.2f}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
