"""Exit statuses of the commands; docs/reference/exit_statuses.md is made from them."""

import signal
from typing import NamedTuple

EXIT_COMPLETED = 0
"""The command did its work; at most a tolerated share of recordings failed or were quarantined."""
EXIT_BROKEN = 1
"""The job ended early, or a file of the output could not be read."""
EXIT_USAGE = 2
"""An option, a manifest or a secret is missing or wrong; nothing was done."""
EXIT_INCOMPLETE = 3
"""Done, but more recordings failed or were quarantined than is tolerated, or something is missing or open."""
EXIT_PROBLEMS = 4
"""A check found problems."""
EXIT_LOCKED = 5
"""Another run works on the output, or took it over."""
EXIT_CANARIES_MISSED = 6
"""The canary check failed; no recording was processed."""
EXIT_INTERRUPTED = 128 + signal.SIGINT
"""Ctrl-C."""


class Meaning(NamedTuple):
    """What an exit status means.

    Attributes:
      says: What happened.
      advice: What an orchestrator may do.
    """

    says: str
    advice: str


MEANINGS = {
    EXIT_COMPLETED: Meaning(
        "Done. Of a run: at most the share `--fail_above` of the recordings that it attempted failed or were "
        "quarantined (skipped ones, done before, count for nothing), and at most that share of its notifications did "
        "not arrive",
        "go on",
    ),
    EXIT_BROKEN: Meaning(
        "The job broke: a model, memory, a store, or one unexpected error of over 20 recordings in a row",
        "run it again once, then call a person",
    ),
    EXIT_USAGE: Meaning("Options or set-up are wrong; nothing was changed", "call a person"),
    EXIT_INCOMPLETE: Meaning(
        "More of the attempted recordings failed or were quarantined (see `errors/`), or more notifications did not "
        "arrive, than `--fail_above` tolerates: also if all that was new failed, however many were skipped; or there "
        "was no recording, without `--allow_empty`. `notify`: some did not arrive; `evaluate`: the sample is not "
        "reviewed; `erase`: an id is unknown",
        "tell a person, without undoing the run: what completed is published",
    ),
    EXIT_PROBLEMS: Meaning("`audit`, `doctor` or `models` found something wrong", "call a person"),
    EXIT_LOCKED: Meaning(
        "Another run works on the same output, and this one changed nothing; or it took the output over from this one, "
        "which had stood still for ten minutes",
        "try again later",
    ),
    EXIT_CANARIES_MISSED: Meaning(
        "`--canaries`: less than 90 % of the known values were redacted; nothing was published", "call a person"
    ),
    128 + signal.SIGHUP: Meaning("Stopped by SIGHUP; nothing half done is public", "run it again"),
    EXIT_INTERRUPTED: Meaning("Stopped by SIGINT (Ctrl-C)", "run it again"),
    128 + signal.SIGQUIT: Meaning("Stopped by SIGQUIT", "run it again"),
    128 + signal.SIGTERM: Meaning("Stopped by SIGTERM", "run it again"),
}
"""What each exit status means."""
