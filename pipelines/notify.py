"""`hushbeam notify`: delivers notifications that earlier runs could not deliver, with the same ids."""

from __future__ import annotations

import json
import sys
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.options.commands.notify import NotifyOptions
from hushbeam.pipelines.options.dataflow import fit_workers
from hushbeam.pipelines.options.groups import Workers
from hushbeam.pipelines.options.parsing import is_local, parse
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import remarks
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.pipelines.running.inputs import find_inputs, spool_standard_input, spooled_manifests, standard_input_name
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.locked import locked
from hushbeam.pipelines.running.outputs import check_writable, output_of_runs, signing_key
from hushbeam.pipelines.running.starting.job_servers import start_job_server
from hushbeam.pipelines.running.terminal import print_for_machines, waiting
from hushbeam.pipelines.running.waiting import wait
from hushbeam.schemas.delivery import NOTIFICATIONS_SCHEMA, Announcement, Delivery
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.tables.change import Tables
from hushbeam.transforms.archive.tables.parquet import time_text
from hushbeam.transforms.archive.tables.read import read_rows, run_files
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.base.temporary_files import TemporaryFolder, check_temporary_files
from hushbeam.transforms.begin_run import check_hashed_with_same_key, check_signed_as_before
from hushbeam.transforms.notify import Notify
from hushbeam.transforms.notify.deliver import WebhookClient
from hushbeam.transforms.notify.open_notifications import NameReceivers, open_notifications
from hushbeam.transforms.notify.pending import is_open
from hushbeam.transforms.read_manifest import ManifestDefaults, ReadManifest
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.signing import check_signing
from hushbeam.transforms.table_formats import update_tables
from hushbeam.transforms.write_tables import WriteTables


class Resumption(NamedTuple):
    """Settings, inputs and names of a delivery, decided once, before the pipeline is built."""

    options: NotifyOptions
    manifests: tuple[str, ...]
    recordings: tuple[str, ...]
    output: str
    run_id: str
    processed_at: str
    spool: TemporaryFolder | None = None

    def close(self) -> None:
        """Removes the lines of standard input."""
        if self.spool:
            self.spool.cleanup()


def prepare(options: NotifyOptions, *, local: bool) -> Resumption:
    """Checks the options before anything is sent.

    Raises:
      ConfigurationError: A manifest or a secret is missing.
    """
    manifests, recordings, _ = find_inputs(options.inputs, options.manifest, [options.output], local=local)
    if not (manifests or recordings):
        raise ConfigurationError(
            "--manifest: give the manifests of the runs, or their other inputs; only they hold the URLs of receivers"
        )
    output = urls.normalised(options.output)
    if local:
        check_hashed_with_same_key(output, options.hash_identities)  # with another one it would find no receiver
        WebhookClient(options.notification)
        check_signing(options.output, options.notification.signed_url_hours)
    started = datetime.now(UTC)
    run_id = f"notify-{started:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"
    spool = spool_standard_input() if standard_input_name() in manifests else None
    return Resumption(options, manifests, recordings, output, run_id, time_text(started), spool)


def build(pipeline: beam.Pipeline, resumption: Resumption) -> beam.PCollection[Delivery]:
    """Builds the pipeline: open notifications, their receivers, delivery, and its rows."""
    options, manifests, named, output, run_id, processed_at, spool = resumption
    defaults = ManifestDefaults(**options.defaults.model_dump())
    recordings, _ = pipeline | ReadManifest(
        manifests,
        defaults,
        recordings=named,
        spooled=spooled_manifests(spool.name if spool else None),
        hash_identities=options.hash_identities,
        only_receivers=True,
        output=output,
        is_held=False,  # it hashes nothing that it writes
    )
    announcements = (
        pipeline
        | "Output root" >> beam.Create([output])
        | "Open notifications" >> beam.FlatMap(open_notifications).with_output_types(Announcement)
    )
    announced, unnamed = (announcements, recordings) | NameReceivers(run_id)
    settings = options.notification.of_job(options.defaults.webhook_url)
    deliveries = (announced | Notify(settings, run_id), unnamed) | "Deliveries" >> beam.Flatten()
    rows = deliveries | "Rows" >> beam.Map(
        lambda delivery: (delivery.recording_id, json.dumps(delivery.to_row(processed_at)))
    )
    {"notifications": rows} | WriteTables(
        {"notifications": NOTIFICATIONS_SCHEMA}, output, run_id, processed_at=processed_at
    )
    return deliveries


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Runs the job as the command line does, and returns its exit status."""
    options, beam_options = parse(NotifyOptions, arguments)
    return execute(options, beam_options, console)


def execute(options: NotifyOptions, beam_options: PipelineOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or remarks()
    return exit_status_of(lambda: _notify(options, beam_options, console), console)


def _notify(options: NotifyOptions, beam_options: PipelineOptions, console: Console) -> int:
    check_temporary_files()
    output = output_of_runs(options.output)
    if not options.resume:
        still_open = sum(1 for _ in open_notifications(output))
        if options.print_json:
            print_for_machines({"open": still_open})
        else:
            hint = "; --resume delivers them" if still_open else ""
            console.print(f"[bold]{counted(still_open, 'notification')} not delivered[/]{hint}", highlight=False)
        return EXIT_INCOMPLETE if still_open else EXIT_COMPLETED
    check_writable(options.output)
    fit_workers(beam_options, Workers(), device="cpu")
    start_job_server(beam_options)
    local = is_local(beam_options)
    key = signing_key(output, options.certificate_key)
    with (
        closing(prepare(options, local=local)) as resumption,
        locked(resumption.output, resumption.run_id, console, local=local, wait=options.wait_for_lock),
    ):
        check_signed_as_before(output, options.certificate_key)  # again: the first run may have ended meanwhile
        with waiting(console, "delivering notifications", "Notify.passed", "notification"):
            _run(resumption, beam_options)
        written = run_files(resumption.output, "notifications", resumption.run_id)
        names = [urls.relative(url, resumption.output) for url in written]
        Tables(resumption.output, key).list_files(resumption.run_id, names)
        update_tables(resumption.output, resumption.run_id)
    return _report(resumption, console, for_machines=options.print_json)


def _run(resumption: Resumption, beam_options: PipelineOptions) -> None:
    pipeline = beam.Pipeline(options=beam_options)
    build(pipeline, resumption)
    wait(pipeline.run())


def _report(resumption: Resumption, console: Console, *, for_machines: bool) -> int:
    tables = run_files(resumption.output, "notifications", resumption.run_id)
    rows = (row for table in tables for _, row in read_rows(table, NOTIFICATIONS_SCHEMA.names))
    deliveries = [Delivery.of_row(json.loads(row)) for row in rows]
    outcomes = Counter(delivery.outcome for delivery in deliveries)
    reasons = Counter(delivery.reason for delivery in deliveries if is_open(delivery))
    if for_machines:
        print_for_machines({"open": reasons.total(), "outcomes": outcomes, "reasons": reasons})
    else:
        result = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        console.print(f"[bold]{result or 'No notification was open'}[/]", highlight=False)
        for reason, count in reasons.most_common():
            console.print(f"{count} not delivered: {escape(reason)}", highlight=False)
    return EXIT_INCOMPLETE if any(map(is_open, deliveries)) else EXIT_COMPLETED


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
