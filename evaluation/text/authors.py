"""Measures what is redacted in the written conversations of each author, and grades the policies.

    python -m evaluation.text.authors                             # default policies, authors whom no model has seen
    python -m evaluation.text.authors --authors kofi,walter --policies all
    python -m evaluation.text.authors --authors ada --detector FOLDER    # a model that was trained without ada
    python -m evaluation.text.authors --sparse                    # one short exchange of personal data in innocent talk
    python -m evaluation.text.authors --grades                    # writes docs/grades.json (`make grades`)

Conversations are read in two forms: `spoken` is what is said, with numbers as words; `written` is what a speech
recogniser writes for it. All of it takes five minutes of a core.

mentions           required marked pieces of requested policies
any word           mentions of which at least one word is redacted, under whatever policy
all words          mentions of which all words are
over-redaction     redacted words that belong to no mark / words that belong to no mark
alarms             runs of redacted words within a turn that touch no mark, per 1,000 words that belong to no mark
no leak            conversations in which all words of all mentions are redacted / conversations with mentions
innocent           over-redaction of conversations without a required mark of a default policy alone
alone              any word, where a policy or preset is requested alone, minus where default policies are requested too

Grades are given for English conversations in the written form, where each policy is requested with the default ones.

Conversations that a model was trained on do not measure it. `--findings` measures another program: its file names the
words that it redacts, as `--keep` writes them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from docs.grades import GRADES, MeasuredRecall, Measurement
from evaluation.text.mentions import Counts, Recall, count, mentions_of, ratio, recall
from evaluation.text.redacted_words import (
    FORMS,
    DetectorsWords,
    RedactedWords,
    Request,
    Sample,
    authors_in,
    from_lines,
    kept,
    samples,
    sparse_samples,
)
from hushbeam.schemas.policies import CATALOGUE, broader, resolve_policies
from hushbeam.transforms.detect_pii.detector import Detector
from hushbeam.transforms.detect_pii.models.conversation_model import ConversationModel
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from training.conversations import JUDGES, Form

DEFAULT: Request = ("default",)
PRESETS_ALONE = ("pci", "phi")
FEWEST_ALONE = 40
"""The loss of a policy that is requested alone is shown from this number of mentions."""
WIDTH = 120
"""Columns of the tables where the output is not a terminal."""
_DEFAULT_POLICIES = frozenset(resolve_policies(DEFAULT))


@dataclass(frozen=True)
class Alone:
    """Recall of one policy or preset where it is requested alone, and where default policies are requested too."""

    alone: Recall = field(default_factory=Recall)
    among: Recall = field(default_factory=Recall)

    def __add__(self, other: Alone) -> Alone:
        return Alone(self.alone + other.alone, self.among + other.among)

    @property
    def loss(self) -> float | None:
        """Share of mentions, any word: negative where less is found alone."""
        return ratio(self.alone.any_word - self.among.any_word, self.among.mentions)


@dataclass(frozen=True)
class Judged:
    """The counts of one conversation in one form."""

    author: str
    language: str
    form: Form
    counts: Counts


@dataclass
class Results:
    """What was measured.

    Attributes:
      alone: By language, and by policy or preset, in the written form.
    """

    request: Request
    judged: list[Judged] = field(default_factory=list)
    alone: dict[tuple[str, str], Alone] = field(default_factory=dict)

    def total(self, form: Form, author: str | None = None, language: str | None = None) -> Counts:
        """The sum over one form, of one author or language or of all."""
        return sum(
            (
                one.counts
                for one in self.judged
                if one.form == form and author in (None, one.author) and language in (None, one.language)
            ),
            Counts(),
        )

    def rows(self) -> Iterator[tuple[str, Form, Counts]]:
        """Name, form and counts of each author, of each language if there are several, and of all."""
        for author in dict.fromkeys(one.author for one in self.judged):
            for form in FORMS:
                yield author, form, self.total(form, author=author)
        languages = sorted({one.language for one in self.judged})
        for language in languages if len(languages) > 1 else ():
            for form in FORMS:
                yield f"all {language}", form, self.total(form, language=language)
        for form in FORMS:
            yield "all", form, self.total(form)

    def losses(self) -> list[tuple[str, Alone]]:
        """Policies and presets with enough mentions, the greatest loss first."""
        by_name: dict[str, Alone] = {}
        for (_, name), one in self.alone.items():
            by_name[name] = by_name.get(name, Alone()) + one
        shown = [(name, one) for name, one in by_name.items() if one.among.mentions >= FEWEST_ALONE]
        return sorted(shown, key=lambda row: (row[1].loss or 0.0, row[0]))

    def grades(self, detector: str, date: str) -> Measurement:
        """Recall of every policy of the catalogue, in English conversations."""
        conversations = sum(one.form == "written" and one.language == "en" for one in self.judged)
        found = {policy: self.alone.get(("en", policy), Alone()) for policy in CATALOGUE}
        return Measurement(
            date,
            detector,
            conversations,
            {
                policy: MeasuredRecall(**asdict(one.among), all_words_alone=one.alone.all_words)
                for policy, one in found.items()
            },
        )

    def to_json(self) -> dict[str, Any]:
        """All figures."""
        policies = sorted({policy for one in self.judged for policy in one.counts.by_policy})
        totals = {form: self.total(form) for form in FORMS}
        rows: dict[str, dict[str, Any]] = {}
        for name, form, counts in self.rows():
            rows.setdefault(name, {})[form] = counts.figures()
        return {
            "policies": list(self.request),
            "authors": rows,
            "by_policy": {
                policy: {form: totals[form].by_policy.get(policy, Recall()).figures() for form in FORMS}
                for policy in policies
            },
            "alone": {
                name: {"alone": one.alone.figures(), "among": one.among.figures(), "loss": one.loss}
                for name, one in self.losses()
            },
        }


def measure(
    of: Iterable[Sample], redacted: RedactedWords, request: Request = DEFAULT, *, with_alone: bool = True
) -> Results:
    """Counts what is redacted under a request, and under each policy and some presets alone.

    Args:
      with_alone: Whether policies are also requested alone, which takes as long again.
    """
    results = Results(request)
    requested = frozenset(resolve_policies(request))
    for sample in of:
        example, language = sample.example, sample.example.transcript.language_code
        counts = count(example, redacted(sample, request), requested)
        results.judged.append(Judged(example.author, language, sample.form, counts))
        if with_alone and sample.form == "written":
            for name, alone in _alone(sample, redacted):
                results.alone[language, name] = results.alone.get((language, name), Alone()) + alone
    return results


def author_table(results: Results) -> Table:
    """The table by author."""
    table = _table(
        "author", "form", "mentions", "any word", "all words", "over-redaction", "alarms", "no leak", "innocent"
    )
    table.title = f"policies: {', '.join(results.request)}"
    for name, form, counts in results.rows():
        row = counts.figures()
        if name.startswith("all") and form == FORMS[0]:
            table.add_section()
        table.add_row(
            name,
            form,
            str(row["mentions"]),
            *(_shown(row[one]) for one in ("any_word", "all_words", "over_redaction")),
            _shown(row["alarms_per_1000_words"], 1),
            _shown(row["dialogues_without_leak"], 2),
            _shown(row["innocent_over_redaction"]),
        )
    return table


def policy_table(results: Results) -> Table:
    """The table by policy, both forms beside each other."""
    table = _table("policy", "mentions", "any word spoken", "any word written", "all words spoken", "all words written")
    for policy, row in results.to_json()["by_policy"].items():
        shares = (_shown(row[form][share]) for share in ("any_word", "all_words") for form in FORMS)
        table.add_row(policy, str(row[FORMS[1]]["mentions"]), *shares)
    return table


def alone_table(results: Results) -> Table:
    """The table of policies and presets that are requested alone."""
    table = _table("requested alone", "mentions", "any word", "with default policies", "loss")
    for name, one in results.losses():
        shares = (figures.figures()["any_word"] for figures in (one.alone, one.among))
        table.add_row(name, str(one.among.mentions), *(_shown(share) for share in shares), _shown(one.loss))
    return table


def detectors_words(folder: str | None = None) -> RedactedWords:
    """Words that the detector redacts with the model of a folder, or the packaged one."""
    detector = Detector(DetectionSettings(detector=folder))
    detector.load()
    return DetectorsWords(detector)


def main() -> None:
    """The command line."""
    parser = authors_parser("authors", __doc__)
    parser.add_argument("--policies", type=_names, default=DEFAULT, help="comma-separated policies and presets")
    parser.add_argument("--findings", type=Path, help="file of redacted words, instead of the detector")
    parser.add_argument("--keep", type=Path, help="file for the redacted words, as `--findings` reads them")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--no-alone", action="store_true", help="do not request policies alone: half the time")
    parser.add_argument("--sparse", action="store_true", help="conversations with one short exchange of personal data")
    parser.add_argument("--grades", action="store_true", help="also write docs/grades.json")
    parser.add_argument("--detector", metavar="FOLDER", help="a detection model, instead of the packaged one")
    given = parser.parse_args()
    if given.grades and (given.authors != JUDGES or given.no_alone or given.findings or given.detector or given.sparse):
        parser.error("--grades measures the packaged model on all who judge, and each policy alone")
    with ExitStack() as files:
        if given.findings:
            redacted = from_lines(given.findings.read_text(encoding="utf-8").splitlines())
        else:
            redacted = detectors_words(given.detector)
        if given.keep:
            redacted = kept(redacted, files.enter_context(given.keep.open("w", encoding="utf-8")))
        judged = (sparse_samples if given.sparse else samples)(given.authors)
        results = measure(judged, redacted, given.policies, with_alone=not (given.no_alone or given.sparse))
    console = wide_console()
    for table in (author_table(results), policy_table(results), alone_table(results)):
        console.print(table)
    if given.json:
        write_json(given.json, results.to_json())
    if given.grades:
        write_json(GRADES, asdict(results.grades(ConversationModel().identity, datetime.now(UTC).date().isoformat())))


def authors_parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """The parser of a module of this package that measures `--authors`."""
    parser = argparse.ArgumentParser(
        prog=f"python -m evaluation.text.{module}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--authors", type=_author_names, default=JUDGES, help=f"default: {','.join(JUDGES)}")
    return parser


def _author_names(text: str) -> tuple[str, ...]:
    """Comma-separated names, as an argument of a command."""
    names = _names(text)
    if unknown := sorted(set(names) - set(authors_in())):
        raise argparse.ArgumentTypeError(f"no conversations by {', '.join(unknown)}")
    return names


def wide_console() -> Console:
    """A console on which the tables fit, also where the output is not a terminal."""
    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=WIDTH)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes a file, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _alone(sample: Sample, redacted: RedactedWords) -> Iterator[tuple[str, Alone]]:
    """Recall of each policy and preset that a conversation mentions."""
    presets = [name for name in PRESETS_ALONE if any(mentions_of(sample.example, resolve_policies((name,))))]
    for name in (*_policies_in(sample), *presets):
        policies = resolve_policies((name,))
        among: Request = DEFAULT if _DEFAULT_POLICIES.issuperset(policies) else (*DEFAULT, name)
        mentions = list(mentions_of(sample.example, policies))
        yield name, Alone(recall(mentions, redacted(sample, (name,))), recall(mentions, redacted(sample, among)))


def _policies_in(sample: Sample) -> list[str]:
    """The policies with mentions in a conversation, and those that cover them."""
    marked = {mention.mark.policy for mention in sample.example.required}
    return sorted(marked.union(*(broader(policy) for policy in marked)))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _table(*columns: str) -> Table:
    table = Table()
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if column == "form" or not number else "right", no_wrap=not number)
    return table


def _shown(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:.{digits}f}"


if __name__ == "__main__":
    main()
