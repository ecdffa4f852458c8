"""Deletes redacted audio that is older than a given age, and marks its status objects as expired.

    hushbeam expire --output out/ --older_than 24h

Transcripts, findings and captions stay. Run it as often as you like, for example every hour. It does not wait for
other jobs: while a run writes to the output, it ends at once.

Exit status: 0 done; 1 some files cannot be read; 2 wrong options or set-up; 5 a run is writing to the output.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from hushbeam.pipelines.options.ages import Age, duration
from hushbeam.pipelines.options.arguments import CommandOptions
from hushbeam.pipelines.options.common import CertificateKey, PastOutput, PrintJson, WaitForLock


class ExpireOptions(CommandOptions):
    """All options of the command."""

    runs_pipeline: ClassVar[bool] = False

    output: PastOutput
    print_json: PrintJson = False
    older_than: Age = Field(
        description="delete redacted audio that is older: minutes, hours or days, such as 90m, 24h or 30d"
    )
    certificate_key: CertificateKey = None
    wait_for_lock: WaitForLock = None

    @property
    def age(self) -> timedelta:
        """The age from which redacted audio is deleted."""
        return duration(self.older_than)
