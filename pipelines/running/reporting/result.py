"""Result of a run for people and for programs: outcomes, what failed and why, notifications, and where to look."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from hushbeam.pipelines.running.consoles import clock_time, printable
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.pipelines.running.reporting.costs import told as told_cost
from hushbeam.schemas.delivery import DELIVERED
from hushbeam.transforms.archive.runs.summary import ignored_keys_told
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.report_run import Cost, RunFigures, facts
from hushbeam.transforms.report_run.figures import DeliveryGroup, ErrorGroup
from hushbeam.transforms.storage import urls

_MOST_GROUPS = 5
_MOST_POLICIES = 8
_ATTEMPTED = ("completed", "quarantined", "failed", "unredacted")
"""Outcomes of this run's own work: not of what an earlier run did (skipped, recovered), nor of what is erased."""
_ALL_SKIPPED = (
    "Skipped: done before, and neither source nor options have changed since. What expired meanwhile is not redone "
    "either; --force redoes all"
)
_OUTCOME_STYLES = {"completed": "green", "failed": "red", "quarantined": "yellow"}
_NOT_DELIVERED = {
    "undelivered": "not delivered",
    "rejected": "rejected",
    "refused_address": "not sent",
    "refused_header": "not sent",
}


@dataclass(frozen=True)
class Tolerance:
    """What a run may end with and still be a success.

    Attributes:
      fail_above: Share of attempted recordings that may fail or be quarantined, and of notifications that may not
        arrive.
      allow_empty: Whether there may be no recording.
      nothing: What a run without recordings says instead of that, if none was named to it.
    """

    fail_above: float
    allow_empty: bool
    nothing: str | None = None

    def exit_status(self, figures: RunFigures) -> int:
        """The exit status of a run that ended."""
        is_tolerated = (self.allow_empty or not is_empty(figures)) and not self._exceeded(figures)
        return EXIT_COMPLETED if is_tolerated else EXIT_INCOMPLETE

    def told(self, figures: RunFigures) -> str | None:
        """Why the exit status is what it is, for a person; None if all recordings completed."""
        if is_empty(figures) and self.nothing is not None:
            return self.nothing
        if is_empty(figures):
            because = "--allow_empty is given" if self.allow_empty else "if this is no mistake, give --allow_empty"
            return f"Exit status {self.exit_status(figures)}: the manifests name no recording; {because}"
        shares = {what: share for what, share in _shares(figures).items() if share}
        if not shares:
            return None
        exceeded = self._exceeded(figures)
        shown = " and ".join(f"{_percent(share)} of the {what}" for what, share in (exceeded or shares).items())
        compared = "more than" if exceeded else "not more than"
        return f"Exit status {self.exit_status(figures)}: {shown}, {compared} --fail_above {self.fail_above:g}"

    def _exceeded(self, figures: RunFigures) -> dict[str, float]:
        return {what: share for what, share in _shares(figures).items() if share > self.fail_above}


def is_empty(figures: RunFigures) -> bool:
    """Whether a run had no recording at all, not even one that could not be read."""
    return not any(figures.summary["recordings"].values())


def _shares(figures: RunFigures) -> dict[str, float]:
    """The shares of recordings and notifications that went wrong, of all that the run attempted.

    Of an archive of which most is done, a night whose new recordings all fail would be a small share.
    """
    recordings = figures.summary["recordings"]
    wrong = recordings["failed"] + recordings["quarantined"]
    attempted = sum(recordings.get(outcome, 0) for outcome in _ATTEMPTED)
    undelivered = sum(group.count for group in figures.undelivered)
    requested = undelivered + figures.deliveries.get(DELIVERED, 0)
    return {
        "attempted recordings failed or were quarantined": wrong / (attempted or 1),
        "notifications did not arrive": undelivered / (requested or 1),
    }


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def result_for_machines(
    figures: RunFigures, output: str, report: str, wall_s: float, exit_status: int, *, costs: Sequence[Cost] = ()
) -> dict[str, Any]:
    """The result of a run as JSON: the facts of its report, and what the terminal says beside them."""
    return facts(figures, costs) | {
        "failures": [asdict(group) for group in figures.errors],
        "notifications": figures.deliveries,
        "undelivered": [asdict(group) for group in figures.undelivered],
        "unlike_earlier_runs": [rate.described() for rate in figures.rates if rate.is_unexpected],
        "output": output,
        "report": report,
        "wall_s": round(wall_s, 1),
        "exit_status": exit_status,
    }


def print_summary(
    console: Console,
    figures: RunFigures,
    output: str,
    report: str,
    wall_s: float | None = None,
    *,
    costs: Sequence[Cost] = (),
    tolerance: Tolerance | None = None,
    tells_files: bool = False,
) -> None:
    """Prints the result of a run: outcomes, findings by policy, what did not complete and why, and where to look.

    Args:
      tells_files: Whether to tell the files of recordings that did not complete and that no manifest names.
    """
    summary = figures.summary
    recordings = summary["recordings"]
    _print_outcomes(console, figures, wall_s)
    is_all_done = {outcome for outcome, count in recordings.items() if count} == {"skipped"}
    if is_all_done and tolerance and tolerance.nothing is None:
        _print(console, _ALL_SKIPPED)
    if summary["findings"]:
        _print(console, f"Findings: {_findings(summary['findings'])}")
    if figures.verification:
        outcomes = ", ".join(f"{outcome.replace('_', ' ')} {n}" for outcome, n in figures.verification.items())
        leaks = figures.verification_counts.get("leaks", 0)
        repaired = f"; {counted(leaks, 'value')} still audible at first, then muted" if leaks else ""
        _print(console, f"Verification: {outcomes}{repaired}")
    for cost in costs:
        _print(console, f"Cost: {printable(told_cost(cost))}")
    for rate in figures.rates:
        if rate.is_unexpected:
            console.print(f"[bold yellow]Unlike earlier runs:[/] {rate.described()}", highlight=False, soft_wrap=True)
    if figures.errors:
        _print(console, "Failed or quarantined:", "bold red")
        lines = [_failure(group, group.files if tells_files else {}) for group in figures.errors]
        _print_groups(console, lines, [group.count for group in figures.errors])
    if recordings["failed"] + recordings["quarantined"]:
        _print(console, _advice(figures.errors, urls.join(output, "errors")))
    if figures.undelivered:
        _print_undelivered(console, figures.undelivered, output)
    if notes := _notes(summary):
        _print(console, "Notes:", "bold")
        for note in notes:
            _print(console, f"  {note}")
    console.print(f"Output: {escape(printable(output))}", highlight=False, soft_wrap=True)
    console.print(f"Report: {escape(printable(report))}", highlight=False, soft_wrap=True)
    if tolerance and (told := tolerance.told(figures)):
        _print(console, told, "bold" if tolerance.exit_status(figures) == EXIT_COMPLETED else "bold red")


def _print(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line, style=style), highlight=False, soft_wrap=not console.is_terminal)


def _print_outcomes(console: Console, figures: RunFigures, wall_s: float | None) -> None:
    summary = figures.summary
    line = Text()
    for outcome, count in summary["recordings"].items():
        style = _OUTCOME_STYLES.get(outcome, "") if count else ""
        line.append(", " if line else "").append(f"{count} {outcome}", style=f"bold {style}")
    facts = [f"{summary['audio_s'] / 60:.1f} minutes of audio"]
    if figures.muted_share:
        facts.append(f"{100 * figures.muted_share:.1f} % muted")
    if wall_s is not None:
        facts.append(f"in {clock_time(wall_s)}")
    line.append(f" ({', '.join(facts)})")
    console.print(line, highlight=False, soft_wrap=not console.is_terminal)


def _findings(findings: Mapping[str, int]) -> str:
    ordered = sorted(findings.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{policy} {count}" for policy, count in ordered[:_MOST_POLICIES])
    others = sum(count for _, count in ordered[_MOST_POLICIES:])
    return f"{sum(findings.values())} ({shown}{f', others {others}' if others else ''})"


def _print_groups(console: Console, lines: Sequence[str], counts: Sequence[int]) -> None:
    for line in lines[:_MOST_GROUPS]:
        _print(console, f"  {line}")
    if len(lines) > _MOST_GROUPS:
        others = counts[_MOST_GROUPS:]
        _print(console, f"  and {sum(others)} for {counted(len(others), 'other reason')}")


def _failure(group: ErrorGroup, files: Mapping[str, str]) -> str:
    status = "" if group.status == "failed" else f"{group.status}, "
    return f"{group.count} x {status}{printable(group.message or group.error_class)} ({_named(group, files)})"


def _named(group: ErrorGroup | DeliveryGroup, files: Mapping[str, str]) -> str:
    told = (f"{name}: {urls.display(files[name])}" if name in files else name for name in group.first)
    names = ", ".join(map(printable, told))
    return names + (", ..." if group.count > len(group.first) else "")


def _advice(errors: Sequence[ErrorGroup], table: str) -> str:
    """What to do about recordings that did not complete."""
    retryable = sum(group.count for group in errors if group.retryable)
    again = "run the same command again: what is done is skipped"
    if retryable and retryable == sum(group.count for group in errors):
        advice = f"These may pass later: {again}"
    elif retryable:
        advice = f"{retryable} of them may pass later; correct the others, then {again}"
    else:
        advice = f"Correct these, then {again}"
    return f"{advice}. Each has a row in {printable(table)}"


def _print_undelivered(console: Console, undelivered: Sequence[DeliveryGroup], output: str) -> None:
    _print(console, "Notifications that did not arrive:", "bold red")
    lines = []
    for group in undelivered:
        answer = f", HTTP status {group.http_status}" if group.http_status is not None else ""
        receiver = f" to {printable(group.host)}" if group.host else ""
        outcome = _NOT_DELIVERED.get(group.outcome, group.outcome)
        lines.append(f"{group.count} x {outcome}{receiver}: {printable(group.reason)}{answer} ({_named(group, {})})")
    _print_groups(console, lines, [group.count for group in undelivered])
    if any(group.is_open for group in undelivered):
        _print(
            console,
            f"To deliver them: hushbeam notify --output {printable(shlex.quote(output))} --resume, with this run's "
            "inputs, webhook options and --certificate_key, if any",
        )


def _notes(summary: Mapping[str, Any]) -> list[str]:
    ignored = ignored_keys_told(summary)
    return [printable(ignored)] if ignored else []
