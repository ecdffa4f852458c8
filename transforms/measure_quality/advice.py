"""What to do next, derived from the figures of reviewed recordings: sentences, and commands where there is one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hushbeam.transforms.base.pages import percent
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.measure_quality.agreement import Agreement
from hushbeam.transforms.measure_quality.figures import AtThreshold, Figures, Share

GOOD_RECALL = 0.95
"""Policies are graded reliable from here on: docs/policies.md."""
LOW_CAUTION = 0.5
"""Score from which on findings are roughly those of `--caution low`."""
_GOOD = f"{100 * GOOD_RECALL:g} %"
_NARROW = 0.05
"""Half an interval's length, below which recall is known well enough."""
_FEWEST_VALUES = 10
_MOST_NAMED = 4
_MANY_MOVED = 0.1
_MANY_WORDS = 0.02
_FAIR_KAPPA = 0.6
"""From here on agreement is called substantial (Landis and Koch)."""
_FIRST_SAMPLE = 50
_Z = 1.96


@dataclass(frozen=True)
class Reviewing:
    """What was asked for and what was reviewed.

    Attributes:
      output: The output root as it is shown.
      published: Number of published recordings.
      sample: Number of recordings to draw; None if all reviews count.
      wanted, reviewed: Recordings that the sample has, and those of them that were reviewed.
      reviewers: Names of all who reviewed.
      waiting: Number of missed values whose marks no run has rendered yet.
      reviewed_by_several: Number of recordings that more than one of them reviewed, in whatever version.
    """

    output: str
    published: int
    sample: int | None
    seed: int
    wanted: int
    reviewed: int
    reviewers: tuple[str, ...] = ()
    waiting: int = 0
    reviewed_by_several: int = 0

    @property
    def has_all(self) -> bool:
        """Whether every published recording was reviewed, so that there is nothing to draw a sample of."""
        return 0 < self.published <= self.reviewed

    @property
    def is_complete(self) -> bool:
        """Whether a random sample was drawn, and all of it was reviewed."""
        return self.sample is not None and 0 < self.wanted == self.reviewed


@dataclass(frozen=True)
class Advice:
    """One thing to do, with its reason."""

    text: str
    command: str = ""


def advice_for(reviewing: Reviewing, figures: Figures, agreed: Sequence[Agreement]) -> tuple[Advice, ...]:
    """What to do next, the most urgent first."""
    if not reviewing.reviewed:
        return (_review(reviewing, "Review recordings first: there is nothing to measure yet."),)
    found = (
        *_about_the_sample(reviewing, figures),
        *_about_what_was_missed(reviewing, figures),
        *_about_what_is_known(reviewing, figures),
        *_about_over_redaction(figures),
        *_about_reviewers(reviewing, agreed),
    )
    nothing = "Nothing stands out. Measure again after a change of models, options or callers, with a new `--seed`."
    return found or (Advice(nothing),)


def at_low_caution(figures: Figures) -> AtThreshold:
    """The figures of findings of high scores alone."""
    return min(figures.curve, key=lambda point: abs(point.threshold - LOW_CAUTION))


def weak_policies(figures: Figures) -> list[str]:
    """Policies whose recall is too low: of enough values, and the whole interval is below `GOOD_RECALL`."""
    return [name for name, policy in figures.policies.items() if is_weak(policy.recall)]


def is_weak(recall: Share) -> bool:
    """Whether a recall is too low. Of very few values, one in many policies is below by chance."""
    return recall.whole >= _FEWEST_VALUES and recall.high < GOOD_RECALL


def unsure_policies(figures: Figures) -> list[str]:
    """Policies whose recall may be good or not."""
    return [
        name
        for name, policy in figures.policies.items()
        if policy.recall.whole and policy.recall.low < GOOD_RECALL and not is_weak(policy.recall)
    ]


def more_recordings(share: Share, recordings: int) -> int:
    """How many more recordings like these narrow the interval of a share to `_NARROW` on either side; 0 for none."""
    if not share.whole or (share.high - share.low) / 2 <= _NARROW:
        return 0
    # At a share of 1 the variance is unknown: the interval's own lower end is as bad as it may be.
    spread = max(share.part / share.whole, 0.5) if share.part < share.whole else (1 + share.low) / 2
    values = _Z**2 * spread * (1 - spread) / _NARROW**2 * share.design_effect
    needed = values * recordings / share.whole
    return max(round(needed) - recordings, 1)


def _about_the_sample(reviewing: Reviewing, figures: Figures) -> Iterator[Advice]:
    if reviewing.sample is None and not reviewing.has_all:
        size = min(_FIRST_SAMPLE, reviewing.published)
        yield Advice(
            "These recordings were not drawn at random, so the figures say nothing about the others. Review a random "
            "sample.",
            f"hushbeam review --output {shlex.quote(reviewing.output)} --sample {size} --seed 1",
        )
    elif reviewing.sample is not None and reviewing.reviewed < reviewing.wanted:
        left = counted(reviewing.wanted - reviewing.reviewed, "recording")
        yield _review(reviewing, f"Review the rest of the sample: {left}. Until then the figures may be one-sided.")
    if figures.configurations > 1:
        yield Advice(
            f"The recordings were redacted with {figures.configurations} sets of options and models, which these "
            "figures mix. Redact all with one (`--force`), then review again."
        )


def _about_what_was_missed(reviewing: Reviewing, figures: Figures) -> Iterator[Advice]:
    if reviewing.waiting:
        yield Advice(
            f"{counted(reviewing.waiting, 'missed value')} can be heard until the marks are applied.",
            f"hushbeam rerender --output {shlex.quote(reviewing.output)} --corrections",
        )
    weak = weak_policies(figures)
    if weak:
        yield Advice(
            f"Recall is below {_GOOD} for {_joined(weak)}. Names and terms of your own belong in "
            "`--rules`; `--caution high` also redacts words that are only doubtful. Then measure again."
        )
    moved = figures.overall.moved
    if moved and moved > _MANY_MOVED * figures.overall.recall.part:
        yield Advice(
            f"Reviewers moved {moved:,} of {figures.overall.recall.part:,} muted spans. Listen to them: a part of the "
            "value may be audible, although these figures count it as found."
        )


def _about_what_is_known(reviewing: Reviewing, figures: Figures) -> Iterator[Advice]:
    more = more_recordings(figures.overall.recall, figures.recordings)
    recall = figures.overall.recall
    if not recall.whole:
        yield Advice("Nobody found personal data in these recordings, so recall is unknown. Review more of them.")
    elif more:
        text = f"Recall is known only to within {percent((recall.high - recall.low) / 2)}: "
        left = reviewing.published - figures.recordings
        if left <= 0:
            yield Advice(f"{text}every published recording was reviewed, so only more recordings can narrow it.")
        else:
            yield Advice(f"{text}about {counted(min(more, left), 'more recording')} would narrow it to within 5 %.")
    unsure = unsure_policies(figures)
    if unsure:
        yield Advice(f"Too few values to judge {_joined(unsure)}: recall may be above or below {_GOOD}.")


def _about_over_redaction(figures: Figures) -> Iterator[Advice]:
    words = figures.over_redacted_words
    if words.value is None or words.value <= _MANY_WORDS:
        return
    low, recall = at_low_caution(figures), figures.overall.recall
    if low.recall.value is None or recall.value is None or low.over_redacted_words.part == words.part:
        return
    yield Advice(
        f"{percent(words.value)} of the other words were redacted too. `--caution low` would keep about "
        f"{counted(words.part - low.over_redacted_words.part, 'of these word')}, and take recall from "
        f"{percent(recall.value)} to about {percent(low.recall.value)}."
    )


def _about_reviewers(reviewing: Reviewing, agreed: Sequence[Agreement]) -> Iterator[Advice]:
    if len(reviewing.reviewers) <= 1:
        yield _review(
            reviewing,
            "Let a second person review the same recordings: one reviewer misses things too, which makes recall look "
            "better than it is.",
            " --reviewer NAME",
        )
    for one in agreed:
        kappa, marks = one.findings.kappa, one.marks.positive_agreement
        if (kappa is not None and kappa < _FAIR_KAPPA) or (marks is not None and marks < _FAIR_KAPPA):
            yield Advice(
                f"{' and '.join(one.reviewers)} often disagree. Look at the disagreements together, write down what "
                "counts, and review again: until then the figures depend on who reviewed."
            )


def _review(reviewing: Reviewing, text: str, more: str = "") -> Advice:
    drawn = "" if reviewing.sample is None else f" --sample {reviewing.sample} --seed {reviewing.seed}"
    return Advice(text, f"hushbeam review --output {shlex.quote(reviewing.output)}{drawn}{more}")


def _joined(names: Sequence[str]) -> str:
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[: _MOST_NAMED - 1])} and {len(names) - _MOST_NAMED + 1} other policies"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
