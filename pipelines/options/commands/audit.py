"""Checks what past runs published, using only the output folder.

    hushbeam audit --output out/
    hushbeam audit --output out/ --html audit.html
    hushbeam audit --output out/ --certificate ID --html call.html

Compares status objects, certificates, audio files, tables and run summaries with each other; finds files that do not
belong there; checks that muted ranges are silent; and transcribes a sample of the redacted audio to find personal
data that can still be heard. Run it while no job writes to the output.

The second and third examples write what an auditor receives: a page about the whole output, or the certificate of one
recording. Give --certificate_public_key, or the pages say that nothing was proved.

Exit status: 0 no problems; 1 the job broke; 2 wrong options or set-up; 4 problems.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from hushbeam.pipelines.options.arguments import CommandOptions
from hushbeam.pipelines.options.common import PastOutput, PrintJson, RunId
from hushbeam.pipelines.options.wrong import WrongOption
from hushbeam.transforms.base.metavar import File, Metavar, Model
from hushbeam.transforms.base.secrets import SecretReference
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.transcribe.settings import Device


class AuditOptions(CommandOptions):
    """All options of the command."""

    output: PastOutput
    sample: Annotated[float, Metavar("SHARE")] = Field(
        0.1,
        ge=0,
        le=1,
        description="share of the recordings to transcribe, from 0 to 1, at least one; 0 transcribes none",
    )
    model: Model = Field(
        "tiny.en",
        description="speech model that transcribes the sample; a model other than that of the runs finds more",
    )
    device: Device = Field("cpu", description="where the model runs; cuda ends the job if no GPU works")
    certificate_public_key: SecretReference | None = Field(
        None,
        description="reference to the public Ed25519 key, such as env:NAME; certificates without a valid signature are "
        "problems",
    )
    report: File | None = Field(
        None, description="file for the report as JSON; by default runs/AUDIT/audit.json in the output"
    )
    html: File | None = Field(None, description="file for a page about the audit, outside of the output")
    run_id: RunId | None = Field(
        None,
        description="run whose figures the page shows; by default all. Problems are always those of the whole output",
    )
    certificate: Annotated[str, Metavar("RECORDING_ID")] | None = Field(
        None,
        min_length=1,
        description="check only this recording and its run, instead of the whole output, and show its certificate; a "
        "--sample above 0 transcribes it",
    )
    print_json: PrintJson = False
    decoding: MediaLimits = MediaLimits()

    def wrong_together(self) -> Iterator[WrongOption]:
        """What is wrong although each value is right by itself."""
        if self.certificate is not None and self.report is not None:
            yield WrongOption(
                "--report: --certificate writes no report; give --html or --json, or leave one out",
                frozenset({"report", "certificate"}),
            )
        if self.run_id is not None and self.certificate is not None:
            yield WrongOption(
                "--run_id: a recording has one run; leave it out with --certificate",
                frozenset({"run_id", "certificate"}),
            )
        elif self.run_id is not None and self.html is None:
            yield WrongOption(
                "--run_id: it decides what the page shows; give --html too, or leave it out",
                frozenset({"run_id", "html"}),
            )
