"""Speed of the whole job, against its own speech engine and other tools: part of `make bench`.

    python -m benchmarks.job [--size quick|usual|full] [--device cuda] [--only comparison stages growth beam]
        [--corpora labelled short long] [--yardsticks 60] [--ordinary FOLDER]

All contestants transcribe the same recordings with the same model and a beam of 5, told that the language is English,
each in a process of its own, one after another. Prints tables and writes `benchmarks/results/job.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.beam_share import Share, share
from benchmarks.contestants import (
    Machine,
    batched_pipeline,
    job_in_spans,
    job_with_metrics,
    plain_transcribe,
    sensitive_batched_pipeline,
    simple_script,
    unverified_job,
    whole_job,
)
from benchmarks.corpus import LABELLED, Corpus, labelled_calls, make_archive, make_long, make_short, make_silent
from benchmarks.engine import transcribe_corpus
from benchmarks.measure import Clock, Cost, in_new_process, processor_name
from hushbeam.transforms.transcribe.settings import DEVICES, TranscriptionSettings, cores

RESULTS = Path(__file__).parent / "results"
PARTS = ("comparison", "stages", "growth", "beam")
CORPORA = ("labelled", "short", "long")
_BATCHES = {"cpu": 8, "cuda": 64}


def engine_alone(clock: Clock, corpus: Corpus, machine: Machine) -> int:
    """The speech engine as the job sets it up. Gives the number of words."""
    return transcribe_corpus(clock, corpus, TranscriptionSettings(model=machine.model, device=machine.device))


JOB, UNVERIFIED, ENGINE = "whole job", "job, unverified", "engine alone"
BATCHED, SENSITIVE, PLAIN, SIMPLE = "batched pipeline", "batched, VAD 0.2", "transcribe", "simple script"
CONTESTANTS: dict[str, Callable[..., Any]] = {
    JOB: whole_job,
    UNVERIFIED: unverified_job,
    ENGINE: engine_alone,
    BATCHED: batched_pipeline,
    SENSITIVE: sensitive_batched_pipeline,
    SIMPLE: simple_script,
    PLAIN: plain_transcribe,
}
YARDSTICKS = frozenset({BATCHED, SENSITIVE, PLAIN, SIMPLE})


@dataclass(frozen=True)
class Size:
    """How much audio goes in.

    Attributes:
      labelled: Folders of labelled calls, as they are.
      short: Calls of 20 to 40 s.
      long: Recordings of `minutes`.
      growth: Numbers of calls of 20 to 40 s.
      hours: Lengths of single recordings, transcribed in spans where they are long.
      beam: Numbers of recordings that pass through Beam alone.
    """

    labelled: int
    short: int
    long: int
    minutes: float
    growth: tuple[int, ...]
    hours: tuple[float, ...]
    beam: tuple[int, ...]


SIZES = {
    "quick": Size(labelled=0, short=4, long=1, minutes=1, growth=(1, 10), hours=(1 / 60,), beam=(10, 100)),
    "usual": Size(
        labelled=1, short=12, long=2, minutes=3, growth=(1, 10, 100), hours=(1 / 60, 1 / 12), beam=(100, 1000)
    ),
    "full": Size(
        labelled=2,
        short=200,
        long=2,
        minutes=30,
        growth=(1, 10, 100, 1000),
        hours=(1 / 6, 1.0, 10.0),
        beam=(100, 10_000),
    ),
}


@dataclass(frozen=True)
class Result:
    """One contestant on one corpus; medians where it was run several times.

    Attributes:
      audio_s: What it transcribed: a part of the corpus where it is a yardstick.
      speed: Seconds of audio for each second of work, models loaded.
      speed_with_start: The same, with imports and the loading of models.
      cpu_s_per_hour: Processor seconds of the work for an hour of audio: what depends least on who else computes.
      job_is_faster, job_needs_less_cpu: How many times the whole job is, by wall and by processor time.
      unverified_is_faster, unverified_needs_less_cpu: How many times the job without its second listening is.
    """

    contestant: str
    audio_s: float
    speed: float
    speed_with_start: float
    cpu_s_per_hour: float
    peak_mib: float
    job_is_faster: float
    job_needs_less_cpu: float
    unverified_is_faster: float
    unverified_needs_less_cpu: float


def compare(
    corpus: Corpus,
    machine: Machine,
    names: Sequence[str],
    repeats: int,
    *,
    starts: Mapping[str, Cost],
    part: Corpus | None,
) -> list[Result]:
    """Runs contestants on a corpus, in turns.

    Args:
      starts: What contestants that load their models while they work cost where nobody speaks.
      part: Some of the corpus, for the yardsticks, which are slow; None gives them all of it.
    """
    transcribed = {name: part if part is not None and name in YARDSTICKS else corpus for name in names}
    costs: dict[str, list[Cost]] = {name: [] for name in names}
    for _ in range(repeats):
        for name in names:
            cost = in_new_process(CONTESTANTS[name], transcribed[name], machine)[1]
            costs[name].append(_without_start(cost, starts[name]) if name in starts else cost)
    middle = {name: _median(runs) for name, runs in costs.items()}
    # Of a second of audio.
    wall_s = {name: cost.work_s / transcribed[name].audio_s for name, cost in middle.items()}
    cpu_s = {name: cost.work_cpu_s / transcribed[name].audio_s for name, cost in middle.items()}
    return [
        Result(
            name,
            audio_s=transcribed[name].audio_s,
            speed=1 / wall_s[name],
            speed_with_start=transcribed[name].audio_s / (cost.start_s + cost.work_s),
            cpu_s_per_hour=cpu_s[name] * 3600,
            peak_mib=cost.peak_mib,
            job_is_faster=wall_s[name] / wall_s[JOB],
            job_needs_less_cpu=cpu_s[name] / cpu_s[JOB],
            unverified_is_faster=wall_s[name] / wall_s[UNVERIFIED],
            unverified_needs_less_cpu=cpu_s[name] / cpu_s[UNVERIFIED],
        )
        for name, cost in middle.items()
    ]


def stage_costs(corpus: Corpus, machine: Machine, start: Cost) -> dict[str, float]:
    """Processor seconds for an hour of audio, by stage, and what is left for Beam, tables and bookkeeping.

    Transcribe does its work in the engine's threads and VerifyAudio in its own, so the first is taken from the engine
    alone, and the second from the difference that it makes.

    Args:
      start: What the job without VerifyAudio costs where nobody speaks.
    """
    engine = in_new_process(engine_alone, corpus, machine)[1]
    stages, unverified = in_new_process(job_with_metrics, corpus, machine)
    verified = in_new_process(whole_job, corpus, machine)[1]
    costs = stages | {"Transcribe": engine.work_cpu_s, "imports and models": start.cpu_s}
    costs["Beam, tables, bookkeeping"] = unverified.cpu_s - sum(costs.values())
    costs["VerifyAudio"] = verified.cpu_s - unverified.cpu_s
    return {name: seconds / corpus.audio_s * 3600 for name, seconds in costs.items()}


def _without_start(cost: Cost, start: Cost) -> Cost:
    """The job loads its models when the first recording comes; what it needs for silence, it needs for that."""
    return Cost(
        start_s=start.work_s,
        work_s=cost.work_s - start.work_s,
        cpu_s=cost.cpu_s,
        work_cpu_s=cost.work_cpu_s - start.work_cpu_s,
        peak_mib=cost.peak_mib,
    )


def _median(costs: Iterable[Cost]) -> Cost:
    rows = [asdict(cost) for cost in costs]
    return Cost(**{name: median(row[name] for row in rows) for name in rows[0]})


@dataclass(frozen=True)
class Growth:
    """The job on more and more.

    Attributes:
      what: How many recordings of which length.
      peak_mib: Flat where the job keeps nothing of what it has done.
      wall_s: With start.
    """

    what: str
    audio_s: float
    peak_mib: float
    wall_s: float
    cpu_s: float


def grow(folder: Path, size: Size, machine: Machine) -> Iterator[Growth]:
    """The whole job on more recordings, then on one that is longer and longer."""
    corpora = [(make_short(folder / f"{count}", count), whole_job) for count in size.growth]
    corpora += [(make_long(folder / f"{hours:.3f}h", 1, hours * 60), job_in_spans) for hours in size.hours]
    for corpus, work in corpora:
        cost = in_new_process(work, corpus, machine)[1]
        yield Growth(corpus.name, corpus.audio_s, cost.peak_mib, cost.start_s + cost.work_s, cost.cpu_s)


def main() -> int:
    """The command line."""
    given = _arguments()
    size = SIZES[given.size]
    size = replace(
        size,
        short=given.short or size.short,
        minutes=given.minutes or size.minutes,
        growth=size.growth if given.growth is None else tuple(given.growth),
        hours=size.hours if given.hours is None else tuple(given.hours),
    )
    machine = Machine(given.model, given.device, given.batch or _BATCHES[given.device])
    names = [name for name in CONTESTANTS if name in given.contestants or name in (JOB, UNVERIFIED)]
    console = Console()
    results: dict[str, Any] = {"machine": _this_machine(machine), "size": asdict(size)}

    def keep(part: str, rows: Any, table: Table) -> None:
        results[part] = rows
        given.results.parent.mkdir(parents=True, exist_ok=True)
        given.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        console.print(table)

    with TemporaryDirectory(prefix="hushbeam-bench-") as scratch:
        folder = Path(scratch)
        silence = make_silent(folder / "silence")
        starts = {name: in_new_process(CONTESTANTS[name], silence, machine)[1] for name in (JOB, UNVERIFIED)}
        keep("start", {name: asdict(start) for name, start in starts.items()}, _start_table(starts))
        if "comparison" in given.only:
            for corpus, part in _corpora(folder, size, given.corpora, given.yardsticks, given.ordinary):
                compared = compare(corpus, machine, names, given.repeats, starts=starts, part=part)
                keep(corpus.name, [asdict(result) for result in compared], _comparison_table(corpus, compared))
        if "stages" in given.only:
            costs = stage_costs(make_short(folder / "stages", size.short), machine, starts[UNVERIFIED])
            keep("stages", costs, _stage_table(costs))
        if "growth" in given.only:
            grown: list[Growth] = []
            for each in grow(folder / "growth", size, machine):
                grown.append(each)
                keep("growth", [asdict(one) for one in grown], _growth_table(grown))
        if "beam" in given.only:
            calls = make_short(folder / "calls", size.short)
            engine = in_new_process(engine_alone, calls, machine)[1]
            shares = [share(count, engine.work_cpu_s / calls.audio_s * 3600) for count in size.beam]
            keep("beam", [asdict(each) for each in shares], _beam_table(shares))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="usual", help="2 minutes, 15, or some hours on 2 cores")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=CORPORA, help="recordings of the comparison")
    parser.add_argument(
        "--yardsticks",
        type=int,
        help="number of short calls that yardsticks transcribe, the first ones; by default all",
    )
    parser.add_argument(
        "--ordinary",
        type=Path,
        help="folder of labelled recordings; those without entities make an archive in which a tenth is personal",
    )
    parser.add_argument("--short", type=int, help="number of short calls, instead of the size's")
    parser.add_argument("--minutes", type=float, help="length of the long recordings, instead of the size's")
    parser.add_argument("--growth", type=int, nargs="*", help="numbers of recordings, instead of the size's")
    parser.add_argument("--hours", type=float, nargs="*", help="lengths of one recording, instead of the size's")
    parser.add_argument("--repeats", type=int, default=1, help="rounds of the comparison; medians are shown")
    parser.add_argument("--model", default="base", help="as for the job")
    parser.add_argument("--device", choices=DEVICES, default="cpu")
    parser.add_argument("--batch", type=int, help="of faster-whisper's batched pipeline; 8 on a CPU, 64 on a GPU")
    parser.add_argument("--results", type=Path, default=RESULTS / "job.json")
    return parser.parse_args()


def _corpora(
    folder: Path, size: Size, kinds: Collection[str], yardsticks: int | None, ordinary: Path | None
) -> Iterator[tuple[Corpus, Corpus | None]]:
    """Each corpus, and the part of it that the yardsticks transcribe where that is not all."""
    if "labelled" in kinds:
        yield from ((labelled_calls(calls), None) for calls in LABELLED[: size.labelled])
    if "short" in kinds:
        part = None
        if yardsticks is not None and yardsticks < size.short:
            # The seed is the same, and so are the first calls.
            part = make_short(folder / "part", yardsticks)
        yield make_short(folder / "short", size.short), part
    if "long" in kinds:
        yield make_long(folder / "long", size.long, size.minutes), None
    if ordinary is not None:
        yield make_archive(folder / "archive", ordinary, size.long, size.minutes), None


def _this_machine(machine: Machine) -> dict[str, Any]:
    packages = ("apache-beam", "faster-whisper", "ctranslate2", "onnxruntime", "presidio-analyzer")
    return asdict(machine) | {
        "cores": cores(),
        "processor": processor_name(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "packages": dict(_installed(packages)),
    }


def _installed(packages: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Packages with their versions. The bundle for a GPU machine has none that only the simple script needs."""
    for name in packages:
        with suppress(PackageNotFoundError):
            yield name, version(name)


def _start_table(starts: Mapping[str, Cost]) -> Table:
    table = Table("", "s", "CPU s", title="From nothing to the end, with one second of silence", box=box.SIMPLE)
    for name, start in starts.items():
        table.add_row(name, f"{start.work_s:.1f}", f"{start.cpu_s:.1f}")
    return table


def _comparison_table(corpus: Corpus, compared: Iterable[Result]) -> Table:
    channels = corpus.channel_s / corpus.audio_s
    table = Table(
        title=f"{corpus.name}: {corpus.audio_s / 60:.1f} min of audio, {channels:.2f} channels on average",
        caption="How many times the job is faster, and needs less processor time",
        box=box.SIMPLE,
        pad_edge=False,
    )
    table.add_column(no_wrap=True)
    for heading in ("speed", "with\nstart", "CPU s\nan hour", "peak\nMiB", "÷ whole\njob", "÷ job,\nunverified"):
        table.add_column(heading, justify="right", no_wrap=True)
    for result in compared:
        is_part = result.audio_s < corpus.audio_s
        table.add_row(
            f"{result.contestant},\n{result.audio_s / 60:.0f} min of it" if is_part else result.contestant,
            f"{result.speed:.1f}×",
            f"{result.speed_with_start:.1f}×",
            f"{result.cpu_s_per_hour:.0f}",
            f"{result.peak_mib:.0f}",
            f"{result.job_is_faster:.2f}, {result.job_needs_less_cpu:.2f}",
            f"{result.unverified_is_faster:.2f}, {result.unverified_needs_less_cpu:.2f}",
        )
    return table


def _stage_table(costs: dict[str, float]) -> Table:
    table = Table("stage", "CPU s per hour", "share", title="Where the job's processor time goes", box=box.SIMPLE)
    total = sum(costs.values())
    for name, seconds in sorted(costs.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{seconds:.1f}", f"{seconds / total:.1%}")
    return table


def _growth_table(grown: Iterable[Growth]) -> Table:
    table = Table("", "minutes of audio", "peak MiB", "wall s", "CPU s", title="Growth", box=box.SIMPLE)
    for each in grown:
        table.add_row(
            each.what,
            f"{each.audio_s / 60:.1f}",
            f"{each.peak_mib:.0f}",
            f"{each.wall_s:.1f}",
            f"{each.cpu_s:.1f}",
        )
    return table


def _beam_table(shares: Iterable[Share]) -> Table:
    table = Table("recordings", "wall s", "CPU s", "CPU ms each", "of transcribing 30 s", title="Beam", box=box.SIMPLE)
    for each in shares:
        table.add_row(
            f"{each.recordings}",
            f"{each.wall_s:.1f}",
            f"{each.cpu_s:.1f}",
            f"{each.cpu_ms_each:.2f}",
            f"{each.of_transcription:.2%}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
