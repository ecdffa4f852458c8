"""Deletes redacted audio that is older than a given age, and marks its status objects as expired.

    hushbeam expire --output out/ --older_than 24h

Transcripts, findings and captions stay. Run it as often as you like, for example every hour. It does not wait for
other jobs: while a run writes to the output, it ends at once.

Exit status: 0 done; 1 some files cannot be read; 2 wrong options or set-up; 5 a run is writing to the output.
"""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator
from rich.console import Console

from hushbeam.pipelines.options.common import CertificateKey, PastOutput, PrintJson
from hushbeam.pipelines.options.parsing import parse_without_pipeline
from hushbeam.pipelines.running.command_errors import exit_status_of, incomplete
from hushbeam.pipelines.running.consoles import counted, remarks
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.locked import locked
from hushbeam.pipelines.running.outputs import check_writable, output_of_runs
from hushbeam.pipelines.running.terminal import print_for_machines
from hushbeam.transforms.archive.certificate import read_private_key
from hushbeam.transforms.base.metavar import Metavar
from hushbeam.transforms.retention.expire import expire
from hushbeam.transforms.storage import files

_AGE = re.compile(r"(?P<number>\d{1,6})(?P<unit>[mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class ExpireOptions(BaseModel):
    """All options of the command."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: PastOutput
    print_json: PrintJson = False
    older_than: Annotated[str, Metavar("AGE")] = Field(
        description="delete redacted audio that is older: minutes, hours or days, such as 90m, 24h or 30d"
    )
    certificate_key: CertificateKey = None

    @field_validator("older_than")
    @classmethod
    def _check(cls, age: str) -> str:
        if _AGE.fullmatch(age) is None:
            raise ValueError("expected minutes, hours or days, such as 90m, 24h or 30d")
        return age

    @property
    def age(self) -> timedelta:
        """The age from which redacted audio is deleted."""
        match = _AGE.fullmatch(self.older_than)
        assert match is not None
        return timedelta(**{_UNITS[match["unit"]]: int(match["number"])})


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Expires as the command line does, and returns the exit status."""
    console = console or remarks()
    options = parse_without_pipeline(ExpireOptions, __doc__ or "", arguments)
    return exit_status_of(lambda: _expire(options, console), console)


def _expire(options: ExpireOptions, console: Console) -> int:
    output = output_of_runs(options.output)
    check_writable(options.output)
    key = read_private_key(options.certificate_key)
    before = datetime.now(UTC) - options.age
    with locked(output, f"expire-{uuid.uuid4().hex[:6]}", console) as lock:
        files.remove_incomplete(output)
        expired = expire(output, before, key)
        lock.check()
    if options.print_json:
        print_for_machines({"recordings": expired.recordings, "files": expired.files})
    else:
        console.print(
            f"[bold]{counted(expired.recordings, 'recording')} expired[/], {counted(expired.files, 'file')} deleted",
            highlight=False,
        )
    return incomplete(expired.damaged, console) if expired.damaged else EXIT_COMPLETED


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
