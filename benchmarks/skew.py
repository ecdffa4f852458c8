"""One long recording among many short ones: how near two workers come to an even split of the work.

    python -m benchmarks.skew [--calls 50] [--minutes 60] [--spans 30] [--workers 2] [--model tiny.en] [--only_in_spans]

The even split is the time of one worker on one core, divided by the number of workers, each of which has a core to
itself as well; where one worker would take hours, `--only_in_spans` takes the workers' own processor time instead.
What a job costs on a second of silence, with as many workers, is taken off each time: the start of processes and
models. Workers are Beam's local ones, processes of their own; a stage ends when the last worker has ended it. Runs one
job after another, prints a table, and writes `benchmarks/results/skew.json`.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.corpus import SEED, Corpus, make_long, make_short, make_silent
from benchmarks.measure import Clock, in_new_process, processor_name
from hushbeam.pipelines.redact import run
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.transforms.transcribe.settings import cores

RESULTS = Path(__file__).parent / "results"
_KEY = "HUSHBEAM_SKEW_KEY"
_EVEN = 1.25
_WORKER = "apache_beam.runners.worker.sdk_worker_main"


@dataclass(frozen=True)
class Way:
    """How the work is done. `in_spans`: the long recording is cut, so that all workers transcribe it."""

    name: str
    workers: int
    in_spans: bool


@dataclass(frozen=True)
class Skew:
    """What a way cost.

    Attributes:
      start_s: Of a second of silence.
      wall_s: Of all, start included.
      cpu_s: Processor time of all but the start.
      to_even_split: Time without start, in even splits.
    """

    way: str
    start_s: float
    wall_s: float
    cpu_s: float
    to_even_split: float


def main() -> int:
    """Measures each way and says whether the spans came near the even split."""
    given = _arguments()
    console = Console()
    os.environ[_KEY] = base64.b64encode(os.urandom(32)).decode()
    alone = Way("one worker, one core", 1, in_spans=True)
    in_spans = Way(f"{given.workers} workers, in spans", given.workers, in_spans=True)
    in_one_piece = Way(f"{given.workers} workers, in one piece", given.workers, in_spans=False)
    ways = (in_spans,) if given.only_in_spans else (alone, in_spans, in_one_piece)
    with TemporaryDirectory() as scratch:
        silence = make_silent(Path(scratch) / "silence")
        skewed = _skewed(Path(scratch), given.calls, given.minutes)
        longest = given.minutes / given.spans
        costs = {way: _measure(way, silence, skewed, longest, given.model) for way in ways}
    even_s = (costs[in_spans].cpu_s if given.only_in_spans else costs[alone].work_s) / given.workers
    results = [
        Skew(way.name, cost.start_s, cost.start_s + cost.work_s, cost.cpu_s, cost.work_s / even_s)
        for way, cost in costs.items()
    ]
    _show(console, skewed, results)
    _keep(given, skewed, results)
    return 0 if costs[in_spans].work_s <= _EVEN * even_s else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50, help="short recordings, of 20 to 40 seconds")
    parser.add_argument("--minutes", type=float, default=60.0, help="length of the long recording")
    parser.add_argument("--spans", type=int, default=30, help="how many spans it is cut into, about")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--only_in_spans", action="store_true", help="leave out one worker, and the one piece")
    return parser.parse_args()


def _skewed(folder: Path, calls: int, minutes: float) -> Corpus:
    short, long = make_short(folder / "short", calls), make_long(folder / "long", 1, minutes)
    manifest = folder / "manifest.jsonl"
    recordings = (*short.recordings, *long.recordings)
    with manifest.open("w", encoding="utf-8") as lines:
        for number, path in enumerate(recordings):
            lines.write(json.dumps({"recording_id": f"{number:05}", "audio_url": str(path)}) + "\n")
    return Corpus(
        f"{short.name} and {long.name}",
        manifest,
        recordings,
        short.audio_s + long.audio_s,
        short.channel_s + long.channel_s,
    )


@dataclass(frozen=True)
class _Cost:
    """Seconds: until the work begins, of the work, and processor time of the work."""

    start_s: float
    work_s: float
    cpu_s: float


def _measure(way: Way, silence: Corpus, skewed: Corpus, longest_minutes: float, model: str) -> _Cost:
    options = _options(way, longest_minutes, model)
    start, whole = (in_new_process(_job, corpus, options, way.workers)[1] for corpus in (silence, skewed))
    start_s = start.start_s + start.work_s
    return _Cost(start_s, whole.start_s + whole.work_s - start_s, whole.cpu_s - start.cpu_s)


def _options(way: Way, longest_minutes: float, model: str) -> tuple[str, ...]:
    options = ["--model", model, "--verify", "off", "--language_code", "en"]
    if way.in_spans:
        options += ["--shuffle_key", f"env:{_KEY}", "--longest_minutes", str(longest_minutes)]
    if way.workers > 1:
        options += [f"--direct_num_workers={way.workers}", "--direct_running_mode=multi_processing"]
    return tuple(options)


def _job(clock: Clock, corpus: Corpus, options: Sequence[str], workers: int) -> None:
    own = sorted(os.sched_getaffinity(0))[:workers]
    os.sched_setaffinity(0, set(own))
    over = threading.Event()
    pinning = threading.Thread(target=_give_each_worker_a_core, args=(own, over))
    pinning.start()
    try:
        with TemporaryDirectory() as output, Path(os.devnull).open("w") as nowhere:
            arguments = ["--manifest", str(corpus.manifest), "--output", output, *options]
            status = run(arguments, Console(file=nowhere))
    finally:
        over.set()
        pinning.join()
    if status != EXIT_COMPLETED:
        raise RuntimeError(f"the job ended with status {status}")


def _give_each_worker_a_core(own: Sequence[int], over: threading.Event) -> None:
    """Watches for the processes that Beam starts: before they load a model they count the cores that they have."""
    pinned: set[int] = set()
    while not over.wait(0.02):
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if process.pid not in pinned and _WORKER in process.cmdline():
                    process.cpu_affinity([own[len(pinned) % len(own)]])
                    pinned.add(process.pid)


def _show(console: Console, skewed: Corpus, results: Sequence[Skew]) -> None:
    table = Table("", "start s", "wall s", "processor s", "÷ even split", title=skewed.name, box=box.SIMPLE)
    for result in results:
        seconds = (f"{value:.1f}" for value in (result.start_s, result.wall_s, result.cpu_s))
        table.add_row(result.way, *seconds, f"{result.to_even_split:.2f}")
    console.print(table)


def _keep(given: argparse.Namespace, skewed: Corpus, results: Sequence[Skew]) -> None:
    RESULTS.mkdir(exist_ok=True)
    found = {
        "machine": {"processor": processor_name(), "cores": cores()},
        "seed": SEED,
        "model": given.model,
        "corpus": skewed.name,
        "audio_s": round(skewed.audio_s, 1),
        "ways": [asdict(result) for result in results],
    }
    (RESULTS / "skew.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
