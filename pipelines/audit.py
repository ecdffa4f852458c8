"""`hushbeam audit`: checks what past runs published, using only the output folder."""

from __future__ import annotations

import json
import sys
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hushbeam import __version__
from hushbeam.pipelines.options.commands.audit import AuditOptions
from hushbeam.pipelines.options.dataflow import fit_workers
from hushbeam.pipelines.options.groups import Workers
from hushbeam.pipelines.options.parsing import is_local, parse
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import clock_time, printable, remarks, results
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_PROBLEMS
from hushbeam.pipelines.running.job import resolved
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.outputs import check_writable, output_of_runs, page_url
from hushbeam.pipelines.running.starting.job_servers import start_job_server
from hushbeam.pipelines.running.terminal import waiting
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.certificate import read_public_key
from hushbeam.transforms.archive.run_lock import live_holder
from hushbeam.transforms.archive.signatures import key_fingerprint
from hushbeam.transforms.audit import AuditOutput, AuditSettings
from hushbeam.transforms.audit.contents import About
from hushbeam.transforms.audit.facts import UNCHECKED, VALID
from hushbeam.transforms.audit.leak_check import load_leak_check
from hushbeam.transforms.audit.meanings import of_a_writing_run
from hushbeam.transforms.audit.one_recording import AuditedCertificate, audit_certificate, published_status
from hushbeam.transforms.audit.page import (
    Verdict,
    certificate_json,
    render_audit,
    render_certificate,
    verdict_of_audit,
    verdict_of_certificate,
)
from hushbeam.transforms.audit.report import WriteReport
from hushbeam.transforms.audit.runs import runs_of
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.base.temporary_files import check_temporary_files
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.transcribe import TranscriptionSettings
from hushbeam.transforms.transcribe.model import require_device

_MOST_SHOWN = 20
_MOST_NAMED = 3
_STYLES = {"good": "bold green", "open": "bold yellow", "bad": "bold red"}


def build(
    pipeline: beam.Pipeline, output: str, settings: AuditSettings, report: str, about: About
) -> beam.PCollection[str]:
    """Builds the pipeline: audit, then the report."""
    return pipeline | AuditOutput(output, settings) | WriteReport(report, about)


def settings_of(options: AuditOptions) -> AuditSettings:
    """The settings of the audit stage."""
    recogniser = TranscriptionSettings(model=options.model, device=options.device, profile="fast")
    return AuditSettings(
        options.decoding.of_outputs, options.sample, recogniser, public_key=options.certificate_public_key
    )


def about_of(options: AuditOptions) -> About:
    """When and with what this audit is made."""
    key = None
    if options.certificate_public_key:
        key = key_fingerprint(read_public_key(options.certificate_public_key))
    now = datetime.now(UTC).replace(microsecond=0)
    return About(audited_at=now, key=key, sample=options.sample, model=options.model, version=__version__)


def prepare(options: AuditOptions, *, local: bool) -> tuple[str, str | None]:
    """Checks the options before anything runs; returns the output root and the page's URL.

    Raises:
      ConfigurationError: The output is empty, or a key, a model or the temporary folder is missing.
    """
    check_temporary_files()
    output = output_of_runs(options.output)
    if options.report is None and options.certificate is None:
        check_writable(options.output)
    if options.certificate_public_key:
        read_public_key(options.certificate_public_key)
    if options.run_id is not None and options.run_id not in (runs := runs_of(output)):
        known = ", ".join(runs[-_MOST_NAMED:])
        raise ConfigurationError(f"--run_id: no such run in --output; the last runs are {known}")
    if options.certificate is not None:
        published_status(output, options.certificate)
    if options.sample:
        resolved("--model", options.model)
        if local:
            require_device(options.device)
    return output, None if options.html is None else page_url("--html", options.html, output)


def report_url(options: AuditOptions, output: str) -> str:
    """Where the JSON report is written: where the options say, or in the output."""
    audit_id = f"audit-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"
    return urls.normalised(options.report) if options.report else urls.join(output, "runs", audit_id, "audit.json")


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Runs the audit as the command line does, and returns its exit status."""
    options, beam_options = parse(AuditOptions, arguments)
    return execute(options, beam_options, console)


def execute(options: AuditOptions, beam_options: PipelineOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or results()
    return exit_status_of(lambda: _audit(options, beam_options, console), console)


def _audit(options: AuditOptions, beam_options: PipelineOptions, console: Console) -> int:
    with waiting(remarks(), "checking options and models"):
        output, page = prepare(options, local=is_local(beam_options))
    _tell_of_a_writing_run(output)
    about = about_of(options)
    if options.certificate is not None:
        with waiting(remarks(), "checking the recording and its run"):
            one = _audited(output, options.certificate, settings_of(options))
        return _show(options, console, one, page, about)
    fit_workers(beam_options, Workers(), device=options.device)
    start_job_server(beam_options)
    url = report_url(options, output)
    with waiting(remarks(), "checking the output", "AuditRecording.passed", "recording"):
        _run(beam_options, output, settings_of(options), url, about)
    report = json.loads(files.read_bytes(url))
    if page is not None:
        files.write_bytes(page, render_audit(report, urls.display(options.output), options.run_id).encode())
    if options.print_json:
        console.print_json(data=report)
    else:
        print_report(console, report, url)
        _print_page(console, page)
    return EXIT_PROBLEMS if report["problems"] else EXIT_COMPLETED


def _tell_of_a_writing_run(output: str) -> None:
    """Tells people beforehand why there will be problems that the end of a run mends."""
    if (holder := live_holder(output)) is not None:
        remarks().print(
            f"[bold yellow]Warning:[/] {escape(of_a_writing_run(holder.run_id))}. Its last heartbeat was "
            f"{max(0.0, holder.beat_s):.0f} s ago, and what it has not completed counts as problems here",
            highlight=False,
        )


def _audited(output: str, recording_id: str, settings: AuditSettings) -> AuditedCertificate:
    return audit_certificate(output, recording_id, settings, load_leak_check(settings) if settings.sample else None)


def _show(options: AuditOptions, console: Console, one: AuditedCertificate, page: str | None, about: About) -> int:
    if page is not None:
        files.write_bytes(page, render_certificate(one, urls.display(options.output), about).encode())
    if options.print_json:
        console.print_json(data=certificate_json(one, about))
    else:
        _print_verdict(console, verdict_of_certificate(one))
        _print_problems(console, [vars(problem) for problem in (*one.problems, *one.run_problems)])
        _print_page(console, page)
    return EXIT_PROBLEMS if one.problems or one.run_problems else EXIT_COMPLETED


def _print_verdict(console: Console, verdict: Verdict) -> None:
    console.print(f"[{_STYLES[verdict.level]}]{escape(verdict.sentence)}[/]", highlight=False, soft_wrap=True)
    for line in verdict.more:
        console.print(escape(line), highlight=False, soft_wrap=True)


def _print_page(console: Console, page: str | None) -> None:
    if page is not None:
        console.print(f"Page: {escape(urls.display(page))}", highlight=False, soft_wrap=True)


def _print_problems(console: Console, problems: Sequence[Mapping[str, str]]) -> None:
    if not problems:
        return
    table = Table("problem", "where", "detail", box=None, pad_edge=False)
    for problem in problems[:_MOST_SHOWN]:
        table.add_row(*(escape(printable(problem[part])) for part in ("kind", "subject", "detail")))
    console.print(table)


def print_report(console: Console, report: dict[str, Any], url: str) -> None:
    """Prints the totals, possible leaks, and problems."""
    console.print(
        f"[bold]{counted(report['recordings'], 'recording')}[/] ({report['audio_s'] / 60:.1f} minutes of audio, "
        f"{report['muted_s'] / 60:.1f} muted), {_signatures(report)}, {report['verified']} transcribed again",
        highlight=False,
    )
    if report["audible"]:
        transcribed = ", ".join(f"{count} {policy}" for policy, count in report["audible"].items())
        console.print(f"Possibly still audible (names and places are guesses): {transcribed}", highlight=False)
        for place in report["audible_places"][:_MOST_SHOWN]:
            console.print(f"  {_place(place)}", highlight=False, markup=False, soft_wrap=True)
        if len(report["audible_places"]) > _MOST_SHOWN:
            console.print("  and more, listed in the report")
    if not report["problems"]:
        _print_verdict(console, verdict_of_audit(report, report["runs"]))
    else:
        _print_problems(console, report["list"])
        total = sum(report["problems"].values())
        console.print(f"[bold red]{counted(total, 'problem')}[/]", highlight=False)
    console.print(f"Report: {escape(url)}", highlight=False, soft_wrap=True)


def _signatures(report: dict[str, Any]) -> str:
    """Counts of signed certificates: those whose signature was found wrong are told apart."""
    states: Counter[str] = Counter()
    for run in report["runs"]:
        states.update(run["signatures"])
    wrong = report["signed"] - states[VALID] - states[UNCHECKED]
    return f"{report['signed'] - wrong} signed" + (f", {wrong} with a wrong signature" if wrong else "")


def _place(place: dict[str, Any]) -> str:
    """Where to listen; never what is said there."""
    start, end = clock_time(place["start_s"], tenths=True), clock_time(place["end_s"], tenths=True)
    return f"{printable(place['recording_id'])}  {start} to {end}, channel {place['channel'] + 1}: {place['policy']}"


def _run(beam_options: PipelineOptions, output: str, settings: AuditSettings, report: str, about: About) -> None:
    pipeline = beam.Pipeline(options=beam_options)
    build(pipeline, output, settings, report, about)
    pipeline.run().wait_until_finish()


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
