"""Exit statuses of the commands, as docs/command_line.md lists them."""

import signal

EXIT_COMPLETED = 0
"""The command did all of its work, and found nothing wrong."""
EXIT_BROKEN = 1
"""The job ended early, or a file of the output could not be read."""
EXIT_USAGE = 2
"""An option, a manifest or a secret is missing or wrong; nothing was done."""
EXIT_INCOMPLETE = 3
"""Done, but recordings failed, were quarantined or are unknown, or notifications or reviews are open."""
EXIT_PROBLEMS = 4
"""A check found problems."""
EXIT_LOCKED = 5
"""Another run works on the output, or took it over."""
EXIT_CANARIES_MISSED = 6
"""The canary check failed; no recording was processed."""
EXIT_INTERRUPTED = 128 + signal.SIGINT
"""Ctrl-C."""
