"""The command `hushbeam`; `python -m hushbeam` is the same."""

import signal
import sys
from typing import NoReturn


def entry() -> NoReturn:
    """Entry point of the installed command. Imports the rest, so that Ctrl-C meanwhile ends it without a traceback."""
    try:
        from hushbeam.pipelines.command_line import entry as run  # noqa: PLC0415
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    run()


if __name__ == "__main__":
    entry()
