"""Verdict on a run: whether all is redacted and verified, what needs somebody, and what is worth listening to."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from hushbeam.transforms.archive.runs.summary import ANY_DOUBT, REPAIRED, UNTRANSCRIBED_SPEECH
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.report_run.figures import DeliveryGroup, ErrorGroup, RunFigures
from hushbeam.transforms.report_run.remedies import remedy_of
from hushbeam.transforms.storage import urls

_PASSED, _NOTHING_TO_VERIFY = "passed", "nothing_to_verify"
_DOUBTS = {
    REPAIRED: "a muted value was recognised again, and muted once more before publication",
    UNTRANSCRIBED_SPEECH: "a second or more of speech without words was muted",
}


@dataclass(frozen=True)
class Need:
    """Something that a person must do about a run.

    Attributes:
      kind: `rate`, `failed`, `quarantined` or `notification`.
      count: Of recordings or notifications; 0 for a rate.
      what: What is wrong.
      where: Stage and class of the error, or the receiver.
      remedy: What to do; may be empty.
      retryable: Whether the same may pass in a later run.
    """

    kind: str
    count: int
    what: str
    where: str
    remedy: str
    retryable: bool


@dataclass(frozen=True)
class Doubt:
    """A reason to listen to published recordings."""

    reason: str
    count: int
    what: str


def verdict(figures: RunFigures) -> str:
    """What became of the run, in one or two sentences."""
    done = _done(figures)
    needs = list(_clauses(figures))
    if not needs:
        return f"{done}. Nothing needs you."
    *others, last = needs
    return f"{done}; {', '.join(others)}{' and ' if others else ''}{last}."


def needs(figures: RunFigures) -> tuple[Need, ...]:
    """What a person must do about, the whole run first, then by causes, the most frequent first."""
    found = [
        Need(
            "rate",
            0,
            rate.described(),
            "unlike earlier runs with the same configuration",
            "Check models, sources and failures before you trust this run.",
            retryable=False,
        )
        for rate in figures.rates
        if rate.is_unexpected
    ]
    found += [_of_failures(group) for group in figures.errors]
    found += [_of_notifications(group, figures.output) for group in figures.undelivered]
    return tuple(found)


def doubts(figures: RunFigures) -> tuple[Doubt, ...]:
    """Why a person should listen to some of the published recordings."""
    counts = figures.summary["doubtful"]
    return tuple(Doubt(reason, counts[reason], what) for reason, what in _DOUBTS.items() if counts.get(reason))


def review_command(output: str) -> str:
    """The command that shows published recordings, those with the most doubts first."""
    return _command("review", output)


def _command(name: str, output: str) -> str:
    return f"hushbeam {name} --output {shlex.quote(urls.display(output))}"


def _done(figures: RunFigures) -> str:
    recordings = figures.summary["recordings"]
    done, lost = recordings["completed"] + recordings.get("recovered", 0), _lost(figures)
    if not done + lost:
        skipped = recordings["skipped"]
        return f"Nothing was new: {counted(skipped, 'recording')} had been done before" if skipped else _other(figures)
    whole = f"{'All ' if done > 1 else ''}{counted(done, 'recording')}"
    if lost:
        whole = f"{done:,} of {counted(done + lost, 'recording')}"
    return f"{whole} {'was' if done + lost == 1 else 'were'} redacted{_verified(figures, done)}"


def _other(figures: RunFigures) -> str:
    """Of runs that published nothing, and skipped nothing."""
    given = sum(figures.summary["recordings"].values())
    return f"{counted(given, 'recording')} of the input went to no public output" if given else "No recording was given"


def _verified(figures: RunFigures, done: int) -> str:
    verified = figures.verification.get(_PASSED, 0)
    nothing_to_verify = figures.verification.get(_NOTHING_TO_VERIFY, 0)
    if verified and verified + nothing_to_verify == done:
        return " and verified"
    if verified:
        return f", {verified:,} of them verified"
    if nothing_to_verify == done > 0:
        return "; no value was muted that could be verified"
    return ", none verified" if done else ""


def _clauses(figures: RunFigures) -> Iterator[str]:
    if lost := _lost(figures):
        yield f"{lost:,} {'needs' if lost == 1 else 'need'} you"
    if undelivered := sum(group.count for group in figures.undelivered):
        yield f"{counted(undelivered, 'notification')} {'was' if undelivered == 1 else 'were'} not delivered"
    if any(rate.is_unexpected for rate in figures.rates):
        yield "this run is unlike earlier ones"
    if doubtful := figures.summary["doubtful"].get(ANY_DOUBT):
        yield f"{doubtful:,} {'is' if doubtful == 1 else 'are'} worth listening to"


def _lost(figures: RunFigures) -> int:
    recordings = figures.summary["recordings"]
    return int(recordings["failed"] + recordings["quarantined"])


def _of_failures(group: ErrorGroup) -> Need:
    remedy = remedy_of(group.error_class, group.message)
    where = f"{group.error_class} in {group.stage}"
    return Need(group.status, group.count, group.message or group.error_class, where, remedy, group.retryable)


def _of_notifications(group: DeliveryGroup, output: str) -> Need:
    answer = f" (HTTP status {group.http_status})" if group.http_status is not None else ""
    remedy = "The receiver refuses them for good: correct it, or the URL."
    if group.is_open:
        remedy = f"`{_command('notify', output)} --resume`, with this run's inputs, webhook options and key."
    where = f"to {group.host}" if group.host else group.outcome.replace("_", " ")
    what = f"{group.reason or 'no answer'}{answer}"
    return Need("notification", group.count, what, where, remedy, group.is_open)
