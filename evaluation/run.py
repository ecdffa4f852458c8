"""Redacts the labelled calls with the main job, scores the files that come out, and measures text: `make evaluate`.

    python -m evaluation.run [--asr tiny.en] [options of hushbeam redact]         # all sets but `blind`, and text
    python -m evaluation.run --calls dev telephone [options of hushbeam redact]   # these sets, and no text

Recordings of people are not part of the repository. They are read from the folder that `--people` or the environment
variable EVALUATION_PEOPLE names, and left out where it has none.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from evaluation.score import Recogniser, WhisperRecogniser, details, score_run, summarise
from evaluation.text.authors import Results, author_table, detectors_words, measure, wide_console, write_json
from evaluation.text.redacted_words import FORMS, samples
from hushbeam.pipelines.redact import run
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.transforms.transcribe.model import resolve
from training.conversations import JUDGES

_HERE = Path(__file__).parent
RESULTS = _HERE / "results"
SETS = ("dev", "telephone", "holdout", "practice")
"""Labelled calls of the repository. `blind` is not among them: it is kept for a last judgement."""
SETS_OF_LANGUAGES = ("spanish", "french", "german", "human_spanish", "human_french")
SETS_OF_PEOPLE = ("human", "people")
PEOPLE = Path(os.environ.get("EVALUATION_PEOPLE", _HERE.parents[1] / "shared" / "evaluation"))
"""Where the recordings of people are, unless `--people` names another folder."""
COLUMNS = {
    "set": ("set", ""),
    "entities": ("entities", ""),
    "covered_0.9": ("covered_0.9", ".3f"),
    "text_leaks": ("text leaks", ""),
    "over_redaction": ("over-redaction", ".3f"),
    "false_alarms_per_hour": ("false alarms an hour", ".1f"),
}
"""Columns of the final table, with the formats of their figures."""


def main() -> int:
    """Runs the job on each folder of labelled calls, prints the scores, and keeps them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", nargs="+", help="folders with truth.jsonl, instead of all sets and text")
    parser.add_argument("--people", type=Path, help="folder of the sets of people")
    parser.add_argument(
        "--asr", help="second recogniser (`tiny.en`, or a model folder) that transcribes the redacted audio"
    )
    parser.add_argument("--details", action="store_true", help="name what was missed (the labelled calls are invented)")
    parser.add_argument("--keep", type=Path, help="folder for the runs' outputs, otherwise removed")
    given, job_options = parser.parse_known_args()
    console = wide_console()
    recogniser = WhisperRecogniser(resolve(given.asr).path) if given.asr else None
    people = given.people or PEOPLE
    calls: dict[str, dict[str, Any]] = {}
    for folder in [*map(named, given.calls)] if given.calls else all_sets(people, console):
        with TemporaryDirectory() as scratch:
            output = given.keep / folder.name if given.keep else Path(scratch)
            status, calls[folder.name] = redact_and_score(folder, output, job_options, recogniser, given.details)
        if status not in (EXIT_COMPLETED, EXIT_INCOMPLETE):
            return status
        write_json(RESULTS / "calls.json", calls)
    text = None if given.calls else measure(samples(JUDGES), detectors_words(), with_alone=False)
    if text:
        write_json(RESULTS / "authors.json", text.to_json())
        console.print(author_table(text))
    summary = markdown([*call_rows(calls), *(text_rows(text) if text else ())])
    (RESULTS / "summary.md").write_text(summary, encoding="utf-8")
    console.print(summary)
    return 0


def all_sets(people: Path, console: Console) -> list[Path]:
    """The folders of all sets but `blind`. Says which sets of people are not there."""
    found = [_HERE / name for name in (*SETS, *SETS_OF_LANGUAGES)]
    for folder in (people / name for name in SETS_OF_PEOPLE):
        if (folder / "truth.jsonl").is_file():
            found.append(folder)
        else:
            console.print(f"{folder.name}: skipped, for {folder} has no truth.jsonl", soft_wrap=True)
    return found


def call_rows(calls: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows of the final table from the scores of recordings."""
    for name, summary in calls.items():
        yield {"set": name, **{column: summary[column] for column in COLUMNS if column in summary}}


def text_rows(text: Results) -> Iterator[dict[str, Any]]:
    """Rows of the final table from written conversations: a mention with a word left is a leak."""
    for form in FORMS:
        counts = text.total(form)
        yield {
            "set": f"conversations, {form}",
            "entities": counts.recall.mentions,
            "text_leaks": counts.recall.mentions - counts.recall.all_words,
            "over_redaction": counts.figures()["over_redaction"],
        }


def markdown(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, tuple[str, str]] = COLUMNS) -> str:
    """A table of figures. One that a row does not have is left empty."""
    lines = [[title for title, _ in columns.values()], ["---"] * len(columns)]
    for row in rows:
        figures = ((row.get(column), form) for column, (_, form) in columns.items())
        lines.append(["" if figure is None else format(figure, form) for figure, form in figures])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def named(name: str) -> Path:
    """A folder of labelled calls by the name of its set or by its path."""
    return _HERE / name if (_HERE / name).is_dir() else Path(name)


def redact_and_score(
    folder: Path, output: Path, job_options: Sequence[str], recogniser: Recogniser | None, with_details: bool
) -> tuple[int, dict[str, Any]]:
    """The exit status of the job on a folder, and the scores, which are also printed."""
    started = time.monotonic()
    status = run(["--manifest", str(folder / "manifest.jsonl"), "--output", str(output), *job_options])
    seconds = time.monotonic() - started
    if status not in (EXIT_COMPLETED, EXIT_INCOMPLETE):
        return status, {}
    scores = score_run(folder, output, recogniser)
    summary = summarise(scores, recogniser is not None) | {"wall_s": round(seconds, 1)}
    console = Console()
    console.rule(folder.name)
    if with_details:
        console.print(*details(scores), sep="\n", highlight=False, markup=False)
    console.print_json(data=summary)
    return status, summary


if __name__ == "__main__":
    sys.exit(main())
