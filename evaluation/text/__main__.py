"""Measures detection on text.

    python -m evaluation.text                        # everything; figures to evaluation/results/text.json
    python -m evaluation.text --quick                # a part, compared with evaluation/baseline.json (in CI)
    python -m evaluation.text --show                 # also what was missed in train calls and negative lines

calls      generated calls as a recogniser writes them: templates x values x ways of saying them x recogniser noise.
           `train` templates are there to write rules against, `held_out` ones judge: their failures are never shown.
           Requested: the default policies and those of the templates.
negative   1,000 lines without personal data, under the default policies.
sentences  1,500 written sentences of presidio-research's templates (or its own set: --dataset FILE), under all
           policies that its 17 types fall under.

recall_any         entities of which at least one word is redacted, under whatever policy
recall_full        entities of which all words are
precision          findings that touch an entity of any policy / all findings (by the finding's policy)
f2                 of precision and recall_any
over_redacted      words of no entity that are redacted / words of no entity
character_*        letters and digits of redacted words against those of entities' words, whatever the policy
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from evaluation.text import TEMPLATES, sentences
from evaluation.text.figures import Tally, measure
from evaluation.text.negative import negative_lines, words_of_lines
from hushbeam.schemas.policies import PRESETS
from hushbeam.transforms.detect_pii.detector import Detector
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from training.generated.calls import TRAIN_TEMPLATES, CallGenerator, read_templates

EVALUATION = Path(__file__).parents[1]
BASELINE = EVALUATION / "baseline.json"
RESULTS = EVALUATION / "results" / "text.json"
SEED = 20261123
CALL_POLICIES = (
    *PRESETS["default"],
    "person_age",
    "money_amount",
    "medical_condition",
    "medical_process",
    "drug",
    "injury",
    "occupation",
    "nationality",
)
RECALL_SLACK = 0.03
"""Recall of a policy may fall by this much before the check fails: another Faker release gives other values."""
OVER_REDACTION_SLACK = 0.003
FEWEST_ENTITIES = 20
"""The recall of fewer entities than this is no figure to compare."""


@dataclass(frozen=True)
class Size:
    """How much of each kind is measured."""

    calls: int
    lines: int
    sentences: int


FULL = Size(calls=780, lines=1000, sentences=1500)
QUICK = Size(calls=104, lines=252, sentences=200)


def parts(size: Size, dataset: Path | None) -> dict[str, Callable[[Detector], Tally]]:
    """What can be measured, by name."""

    def calls(templates: Path) -> Callable[[Detector], Tally]:
        def run(detector: Detector) -> Tally:
            generator = CallGenerator(read_templates(templates), SEED)
            return measure(detector, generator.calls(size.calls), CALL_POLICIES)

        return run

    def negative(detector: Detector) -> Tally:
        lines = negative_lines(TEMPLATES / "negative.txt", size.lines, SEED)
        return measure(detector, words_of_lines(lines), PRESETS["default"])

    def written(detector: Detector) -> Tally:
        texts = (
            sentences.read_dataset(dataset)
            if dataset
            else sentences.generate(TEMPLATES / "presidio.txt", size.sentences, SEED)
        )
        return measure(detector, texts, sentences.REQUESTED)

    return {
        "train": calls(TRAIN_TEMPLATES),
        "held_out": calls(TEMPLATES / "held_out.txt"),
        "negative": negative,
        "sentences": written,
    }


def regressions(figures: dict[str, Any], baseline: dict[str, Any]) -> list[str]:
    """What is worse than in the baseline, one line each."""
    found = []
    for part, before in baseline.items():
        now = figures.get(part)
        if now is None:
            continue
        for policy, row in {"all policies": before, **before["by_policy"]}.items():
            current = now if policy == "all policies" else now["by_policy"].get(policy)
            if row.get("n", row.get("entities", 0)) < FEWEST_ENTITIES or current is None:
                continue
            for name in ("recall_any", "recall_full"):
                if (current[name] or 0) < (row[name] or 0) - RECALL_SLACK:
                    found.append(f"{part}, {policy}: {name} fell from {row[name]} to {current[name]}")
        if (now["over_redacted_words"] or 0) > (before["over_redacted_words"] or 0) + OVER_REDACTION_SLACK:
            found.append(
                f"{part}: over-redacted words rose from {before['over_redacted_words']} to {now['over_redacted_words']}"
            )
    return found


def main() -> int:
    """The command line. Returns 1 on a regression."""
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.text", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a part of each, compared with the baseline")
    parser.add_argument("--only", choices=("train", "held_out", "negative", "sentences"), action="append")
    parser.add_argument("--dataset", type=Path, help="presidio-research's synth_dataset_v2.json")
    parser.add_argument("--show", action="store_true", help="list what was missed, but for held-out calls")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where the figures go")
    parser.add_argument("--update-baseline", action="store_true", help="write the quick figures as the new baseline")
    arguments = parser.parse_args()
    quick = arguments.quick or arguments.update_baseline

    console = Console(highlight=False, markup=False)
    detector = Detector(DetectionSettings())
    detector.load()
    figures: dict[str, Any] = {}
    for name, run in parts(QUICK if quick else FULL, arguments.dataset).items():
        if arguments.only and name not in arguments.only:
            continue
        started = time.monotonic()
        tally = run(detector)
        figures[name] = tally.figures()
        console.print(_table(f"{name} ({time.monotonic() - started:.0f} s)", figures[name]))
        if arguments.show and name != "held_out":
            _show(console, tally)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if arguments.update_baseline:
        BASELINE.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        return 0
    worse = regressions(figures, json.loads(BASELINE.read_text(encoding="utf-8"))) if quick else []
    for line in worse:
        console.print(line)
    return 1 if worse else 0


def _table(title: str, figures: dict[str, Any]) -> Table:
    table = Table("policy", "n", "recall any", "recall full", "precision", "F2", title=title)
    names = ("recall_any", "recall_full", "precision", "f2")
    for policy, row in figures["by_policy"].items():
        table.add_row(policy, str(row["n"]), *(_shown(row[name]) for name in names))
    table.add_section()
    table.add_row("all", str(figures["entities"]), *(_shown(figures[name]) for name in names))
    table.caption = (
        f"over-redacted words {_shown(figures['over_redacted_words'])} of {figures['negative_words']}; characters: "
        f"precision {_shown(figures['character_precision'])}, recall {_shown(figures['character_recall'])}, "
        f"F2 {_shown(figures['character_f2'])}"
    )
    return table


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _show(console: Console, tally: Tally) -> None:
    for title, rows in (("Left readable", tally.missed), ("False alarms", tally.false_alarms)):
        console.print(f"{title}:")
        for row in sorted(rows, key=lambda row: (row.policy, row.kind)):
            console.print(f"  {row.policy} | {row.kind} | {row.name} | {row.said}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
