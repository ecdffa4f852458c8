"""Delivers notifications that earlier runs could not deliver, with the same ids.

    hushbeam notify --output out/                                     # counts them
    hushbeam notify --output out/ --resume --manifest calls.jsonl     # delivers them

Only manifests hold the URLs of receivers, so give the manifests and the webhook options of the runs.

Exit status: 0 all are delivered; 1 the job broke; 2 wrong options or set-up; 3 some are not delivered; 5 another run
works on the output.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.options.common import CertificateKey, HashIdentities, PastOutput, PrintJson
from hushbeam.pipelines.options.dataflow import Workers, fit_workers
from hushbeam.pipelines.options.parsing import is_local, parse
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import counted, remarks
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.pipelines.running.job import existing
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.locked import locked
from hushbeam.pipelines.running.outputs import check_writable, output_of_runs
from hushbeam.pipelines.running.terminal import print_for_machines
from hushbeam.pipelines.running.waiting import wait
from hushbeam.schemas.delivery import NOTIFICATIONS_SCHEMA, Announcement, Delivery
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.certificate import read_private_key
from hushbeam.transforms.archive.tables.change import Tables
from hushbeam.transforms.archive.tables.read import read_rows
from hushbeam.transforms.base.metavar import File
from hushbeam.transforms.base.temporary_files import check_temporary_files
from hushbeam.transforms.notify import NameReceivers, NotificationSettings, Notify, open_notifications
from hushbeam.transforms.notify.deliver import WebhookClient
from hushbeam.transforms.notify.pending import is_open
from hushbeam.transforms.read_manifest import ManifestDefaults, ReadManifest
from hushbeam.transforms.read_manifest.line import AuthHeaderName, WebhookUrl
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.signing import check_signing
from hushbeam.transforms.write_tables import WriteTable


class Receivers(BaseModel):
    """The runs' receiver for manifest lines that name none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook_url: WebhookUrl = None
    webhook_auth_header_name: AuthHeaderName = None


class NotifyOptions(BaseModel):
    """All options of the command."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: PastOutput
    print_json: PrintJson = False
    resume: bool = Field(False, description="deliver the notifications; without it they are only counted")
    manifest: tuple[File, ...] = Field((), description="manifests of the runs, which hold the URLs of receivers")
    hash_identities: HashIdentities = None
    defaults: Receivers = Receivers()
    certificate_key: CertificateKey = None
    notification: NotificationSettings = NotificationSettings()


class Resumption(NamedTuple):
    """Settings, manifests and names of a delivery, decided once, before the pipeline is built."""

    options: NotifyOptions
    manifests: tuple[str, ...]
    output: str
    run_id: str


def prepare(options: NotifyOptions, *, local: bool) -> Resumption:
    """Checks the options before anything is sent.

    Raises:
      ConfigurationError: A manifest or a secret is missing.
    """
    manifests = tuple(name for pattern in options.manifest for name in existing(pattern))
    if not manifests:
        raise ConfigurationError("--manifest: give the manifests of the runs; only they hold the URLs of receivers")
    if local:
        WebhookClient(options.notification)
        check_signing(options.output, options.notification.signed_url_hours)
    run_id = f"notify-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"
    return Resumption(options, manifests, urls.normalised(options.output), run_id)


def build(pipeline: beam.Pipeline, resumption: Resumption) -> beam.PCollection[Delivery]:
    """Builds the pipeline: open notifications, their receivers, delivery, and its rows."""
    options, manifests, output, run_id = resumption
    defaults = ManifestDefaults(**options.defaults.model_dump())
    recordings, _ = pipeline | ReadManifest(manifests, defaults, hash_identities=options.hash_identities)
    announcements = (
        pipeline
        | "Output root" >> beam.Create([output])
        | "Open notifications" >> beam.FlatMap(open_notifications).with_output_types(Announcement)
    )
    announced, unnamed = (announcements, recordings) | NameReceivers(run_id)
    settings = options.notification.of_job(options.defaults.webhook_url)
    deliveries = (announced | Notify(settings, run_id), unnamed) | "Deliveries" >> beam.Flatten()
    rows = deliveries | "Rows" >> beam.Map(lambda delivery: (delivery.recording_id, json.dumps(delivery.to_row())))
    rows | WriteTable("notifications", NOTIFICATIONS_SCHEMA, output, run_id, shards=1)
    return deliveries


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Runs the job as the command line does, and returns its exit status."""
    console = console or remarks()
    options, beam_options = parse(NotifyOptions, __doc__ or "", arguments)
    return exit_status_of(lambda: _notify(options, beam_options, console), console)


def _notify(options: NotifyOptions, beam_options: PipelineOptions, console: Console) -> int:
    check_temporary_files()
    output = output_of_runs(options.output)
    if not options.resume:
        waiting = sum(1 for _ in open_notifications(output))
        if options.print_json:
            print_for_machines({"open": waiting})
        else:
            hint = "; --resume delivers them" if waiting else ""
            console.print(f"[bold]{counted(waiting, 'notification')} not delivered[/]{hint}", highlight=False)
        return EXIT_INCOMPLETE if waiting else EXIT_COMPLETED
    check_writable(options.output)
    fit_workers(beam_options, Workers(), device="cpu")
    local = is_local(beam_options)
    resumption = prepare(options, local=local)
    key = read_private_key(options.certificate_key)
    with locked(resumption.output, resumption.run_id, console, local=local):
        _run(resumption, beam_options)
        table = f"notifications/{resumption.run_id}-0000.parquet"
        Tables(resumption.output, key).list_files(resumption.run_id, [table])
    return _report(resumption, console, for_machines=options.print_json)


def _run(resumption: Resumption, beam_options: PipelineOptions) -> None:
    pipeline = beam.Pipeline(options=beam_options)
    build(pipeline, resumption)
    wait(pipeline.run())


def _report(resumption: Resumption, console: Console, *, for_machines: bool) -> int:
    table = urls.join(resumption.output, "notifications", f"{resumption.run_id}-0000.parquet")
    deliveries = [Delivery(**json.loads(row)) for _, row in read_rows(table, NOTIFICATIONS_SCHEMA.names)]
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
