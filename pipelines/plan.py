"""Says what a run would do: recordings by what is to be done and why, hours of sound, work and cost.

    hushbeam plan --manifest calls.jsonl --output out/ --worker_types core:12:0.04 l4:250:0.80

The same as `hushbeam redact --dry_run`: it takes the same options. No sound is read beyond the headers of a
sample, and nothing is written but the report that `--dry_run_report` asks for. Ends with 0, or with 2 where the options
or the set-up are wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console

from hushbeam.pipelines import redact
from hushbeam.pipelines.running.leave import leave


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Plans as the command line does, and gives the exit status."""
    return redact.run([*arguments, "--dry_run"], console)


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
