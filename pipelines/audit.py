"""Checks what past runs published, using only the output folder.

    hushbeam audit --output out/

Compares status objects, certificates, audio files, tables and run summaries with each other; finds files that do not
belong there; checks that muted ranges are silent; and transcribes a sample of the redacted audio to find personal
data that can still be heard. Run it while no job writes to the output.

Exit status: 0 no problems; 1 the job broke; 2 wrong options or set-up; 4 problems.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hushbeam.pipelines.options.common import PastOutput, PrintJson
from hushbeam.pipelines.options.dataflow import Workers, fit_workers
from hushbeam.pipelines.options.parsing import parse
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import counted, results
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_PROBLEMS
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.outputs import check_writable, output_of_runs
from hushbeam.pipelines.running.terminal import printable
from hushbeam.transforms.archive.certificate import read_public_key
from hushbeam.transforms.audit import AuditOutput, AuditSettings
from hushbeam.transforms.audit.report import WriteReport
from hushbeam.transforms.base.metavar import File, Metavar, Model
from hushbeam.transforms.base.secrets import SecretReference
from hushbeam.transforms.base.temporary_files import check_temporary_files
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.transcribe import TranscriptionSettings
from hushbeam.transforms.transcribe.model import resolve
from hushbeam.transforms.transcribe.settings import Device

_MOST_SHOWN = 20


class AuditOptions(BaseModel):
    """All options of the command."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: PastOutput
    sample: Annotated[float, Metavar("SHARE")] = Field(
        0.1, ge=0, le=1, description="share of the recordings to transcribe, from 0 to 1; 0 transcribes none"
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
    print_json: PrintJson = False
    decoding: MediaLimits = MediaLimits()

    def settings(self) -> AuditSettings:
        """The settings of the audit stage."""
        recogniser = TranscriptionSettings(model=self.model, device=self.device, profile="fast")
        return AuditSettings(self.decoding.of_outputs, self.sample, recogniser, public_key=self.certificate_public_key)


def build(pipeline: beam.Pipeline, output: str, settings: AuditSettings, report: str) -> beam.PCollection[str]:
    """Builds the pipeline: audit, then the report."""
    return pipeline | AuditOutput(output, settings) | WriteReport(report)


def prepare(options: AuditOptions) -> tuple[str, str]:
    """Checks the options before anything runs; returns the output root and the report's URL.

    Raises:
      ConfigurationError: The output is empty, or a key, a model or the temporary folder is missing.
    """
    check_temporary_files()
    output = output_of_runs(options.output)
    if options.report is None:
        check_writable(options.output)
    if options.certificate_public_key:
        read_public_key(options.certificate_public_key)
    if options.sample:
        resolve(options.model)
    audit_id = f"audit-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"
    report = urls.normalised(options.report) if options.report else urls.join(output, "runs", audit_id, "audit.json")
    return output, report


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Runs the audit as the command line does, and returns its exit status."""
    console = console or results()
    options, beam_options = parse(AuditOptions, __doc__ or "", arguments)
    return exit_status_of(lambda: _audit(options, beam_options, console), console)


def _audit(options: AuditOptions, beam_options: PipelineOptions, console: Console) -> int:
    fit_workers(beam_options, Workers(), device=options.device)
    output, report_url = prepare(options)
    _run(beam_options, output, options.settings(), report_url)
    report = json.loads(files.read_bytes(report_url))
    if options.print_json:
        console.print_json(data=report)
    else:
        print_report(console, report, report_url)
    return EXIT_PROBLEMS if report["problems"] else EXIT_COMPLETED


def print_report(console: Console, report: dict[str, Any], url: str) -> None:
    """Prints the totals, possible leaks, and problems."""
    console.print(
        f"[bold]{counted(report['recordings'], 'recording')}[/] ({report['audio_s'] / 60:.1f} minutes of audio, "
        f"{report['muted_s'] / 60:.1f} muted), {report['signed']} signed, {report['verified']} transcribed again",
        highlight=False,
    )
    if report["audible"]:
        transcribed = ", ".join(f"{count} {policy}" for policy, count in report["audible"].items())
        console.print(f"Possibly still audible (names and places are guesses): {transcribed}", highlight=False)
    if not report["problems"]:
        console.print("[bold green]No problems[/]")
    else:
        table = Table("problem", "where", "detail", box=None, pad_edge=False)
        for problem in report["list"][:_MOST_SHOWN]:
            table.add_row(*(escape(printable(problem[part])) for part in ("kind", "subject", "detail")))
        console.print(table)
        total = sum(report["problems"].values())
        console.print(f"[bold red]{counted(total, 'problem')}[/]", highlight=False)
    console.print(f"Report: {escape(url)}", highlight=False, soft_wrap=True)


def _run(beam_options: PipelineOptions, output: str, settings: AuditSettings, report: str) -> None:
    pipeline = beam.Pipeline(options=beam_options)
    build(pipeline, output, settings, report)
    pipeline.run().wait_until_finish()


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
