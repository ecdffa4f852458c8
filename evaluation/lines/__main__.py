"""Renders labelled calls through bad lines, and measures the job on them: `make evaluate-lines`.

    python -m evaluation.lines measure [--calls dev telephone] [--conditions gsm] [--asr tiny.en] [options of the job]
    python -m evaluation.lines render --calls telephone --conditions white_15db gsm --to FOLDER

Without `--conditions`, all of them:

CONDITIONS
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evaluation.lines.conditions import CLEAN, CONDITIONS
from evaluation.lines.render import read_lines, render
from evaluation.lines.table import table
from evaluation.run import RESULTS, named, redact_and_score
from evaluation.score import WhisperRecogniser
from evaluation.text.authors import wide_console, write_json
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.transforms.transcribe.model import resolve


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    listed = "\n".join(f"    {name:18}{condition.description}" for name, condition in CONDITIONS.items())
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").replace("CONDITIONS", listed), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure", help="run the job in each condition, and print one table")
    measuring.add_argument("--asr", help="second recogniser (`tiny.en`, or a model folder) of the redacted audio")
    measuring.add_argument("--keep", type=Path, help="folder for calls and outputs, otherwise removed")
    rendering = commands.add_parser("render", help="write calls in conditions, each a folder of labelled calls")
    rendering.add_argument("--to", type=Path, required=True, help="folder: TO/SET/CONDITION has the labelled calls")
    for command in (measuring, rendering):
        command.add_argument(
            "--calls", nargs="+", default=["dev", "telephone"], help="sets, or folders with truth.jsonl"
        )
        command.add_argument("--conditions", nargs="+", default=[*CONDITIONS], choices=CONDITIONS, metavar="CONDITION")
        command.add_argument("--seed", type=int, default=2026)
    given, job_options = parser.parse_known_args(arguments)
    if given.command == "measure":
        return _measure(given, job_options)
    if job_options:
        parser.error(f"unrecognized arguments: {' '.join(job_options)}")
    console = wide_console()
    for folder in map(named, given.calls):
        lines = read_lines(folder, given.seed)
        for condition in given.conditions:
            to = given.to / folder.name / condition
            render(folder, lines, condition, to)
            console.print(to, soft_wrap=True)
    return 0


def _measure(given: argparse.Namespace, job_options: Sequence[str]) -> int:
    """Renders, redacts and scores one condition after another, first clean calls, which the others are compared to."""
    console = wide_console()
    recogniser = WhisperRecogniser(resolve(given.asr).path) if given.asr else None
    summaries: dict[str, dict[str, Any]] = {}
    shown = ""
    for folder in map(named, given.calls):
        lines = read_lines(folder, given.seed)
        summaries[folder.name] = {}
        for condition in dict.fromkeys((CLEAN, *given.conditions)):
            with TemporaryDirectory() as scratch:
                calls = (given.keep or Path(scratch)) / folder.name / condition
                render(folder, lines, condition, calls)
                status, summary = redact_and_score(calls, calls / "output", job_options, recogniser, False)
            if status not in (EXIT_COMPLETED, EXIT_INCOMPLETE):
                return status
            summaries[folder.name][condition] = summary
            write_json(RESULTS / "lines.json", summaries)
            shown = f"Calls: {', '.join(summaries)}\n\n{table(summaries)}"
            (RESULTS / "lines.md").write_text(shown, encoding="utf-8")
    console.print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
