"""Measures what each module of detection adds: without the model, without rules, and without each rule in turn.

    python -m evaluation.text.ablation

The figures are those of `evaluation.text.authors` for the default policies.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from evaluation.text.authors import authors_parser, measure
from evaluation.text.redacted_words import FORMS, DetectorsWords, RedactedWords, Request, Sample, samples
from hushbeam.schemas.policies import broader, resolve_policies
from hushbeam.transforms.detect_pii.detector import Detector
from hushbeam.transforms.detect_pii.registry import BUILT_IN
from hushbeam.transforms.detect_pii.settings import DetectionSettings

_SHOWN = ("any_word", "all_words", "over_redaction", "alarms_per_1000_words", "dialogues_without_leak")


def variants() -> Iterator[tuple[str, RedactedWords]]:
    """What is measured, by name."""
    yield "both", _without()
    yield "model alone", _without(*BUILT_IN)
    yield "rules alone", _rules_alone()
    for name in sorted(BUILT_IN):
        yield f"without {name}", _without(name)


def _without(*names: str) -> RedactedWords:
    detector = Detector(DetectionSettings())
    detector.load(without=names)
    return DetectorsWords(detector)


def _rules_alone() -> RedactedWords:
    detector = Detector(DetectionSettings())
    detector.load_rules()

    def words(sample: Sample, request: Request) -> frozenset[int]:
        asked = set(resolve_policies(request))
        rules = detector.rules_of(sample.example.transcript)
        return frozenset(word for word, policy in enumerate(rules) if policy and asked & {policy, *broader(policy)})

    return words


def main() -> None:
    """The command line."""
    given = authors_parser("ablation", __doc__).parse_args()
    console = Console(width=120)
    table = Table("detection", "form", *_SHOWN)
    for name, redacted in variants():
        results = measure(samples(given.authors), redacted, with_alone=False)
        for form in FORMS:
            figures = results.total(form).figures()
            table.add_row(name, form, *(str(figures[shown]) for shown in _SHOWN))
        console.print(name)
    console.print(table)


if __name__ == "__main__":
    main()
