"""Open notifications: those that earlier runs could not deliver, and their receivers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import apache_beam as beam

from hushbeam.schemas.delivery import NOTIFICATIONS_SCHEMA, UNDELIVERED, Announcement, Delivery, Receiver
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stages import CommittedRecording
from hushbeam.transforms.archive.ledger import list_statuses, published_audio
from hushbeam.transforms.archive.tables.read import read_rows, table_files
from hushbeam.transforms.notify.message import notification_id
from hushbeam.transforms.notify.pending import pending_deliveries

NOBODY = Receiver(None)
"""The notification is recorded, and not sent."""
_NO_RECEIVER = "no manifest of this run names a receiver; if --webhook_url named it, give that option here too"


class Named(NamedTuple):
    """Announcements that can be sent, and records of those that cannot."""

    announcements: beam.PCollection[Announcement]
    unnamed: beam.PCollection[Delivery]


class NameReceivers(beam.PTransform):
    """Fills in missing receivers from the recordings of the manifest.

    Input: (announcements, recordings). A notification stays undelivered if the manifest does not name its recording, or
    names it without a URL.
    """

    def __init__(self, run_id: str) -> None:
        super().__init__("NameReceivers")
        self._run_id = run_id

    def expand(self, pair: tuple[beam.PCollection[Announcement], beam.PCollection[Recording]]) -> Named:
        announcements, recordings = pair
        receivers = recordings | "Their receivers" >> beam.Map(
            lambda recording: (recording.recording_id, receiver_of(recording))
        ).with_output_types(tuple[str, Receiver])
        by_id = announcements | "By recording" >> beam.Map(
            lambda announcement: (announcement.recording_id, announcement)
        ).with_output_types(tuple[str, Announcement])
        named = {"announcements": by_id, "receivers": receivers} | "Join" >> beam.CoGroupByKey()
        outputs = named | "Name" >> beam.FlatMapTuple(
            lambda _, joined: _named(joined["announcements"], joined["receivers"], self._run_id)
        ).with_outputs("unnamed", main="named")
        outputs["named"].element_type = Announcement
        outputs["unnamed"].element_type = Delivery
        return Named(outputs["named"], outputs["unnamed"])


def announcement_of(recording: CommittedRecording, otherwise: Receiver = NOBODY) -> Announcement:
    """The announcement of a committed recording.

    Args:
      otherwise: The receiver if the recording names none.
    """
    lost = recording.webhook_asked and recording.webhook_url is None
    own = Receiver(recording.webhook_url, recording.webhook_auth_header_name, recording.webhook_auth_header_value)
    receiver = otherwise if own.url is None else own
    return Announcement(
        recording.recording_id,
        recording.status,
        recording.redacted_audio_url,
        recording.output_identity,
        None if lost else receiver,
        recording.manifest,
        recording.line,
    )


def receiver_of(recording: Recording) -> Receiver:
    """The receiver that a manifest line names."""
    return Receiver(recording.webhook_url, recording.webhook_auth_header_name, recording.webhook_auth_header_value)


def open_notifications(output: str) -> Iterator[Announcement]:
    """Announcements of public outputs that are not delivered yet, in the order of ids and without receivers."""
    tried = _deliveries(output)
    for recording_id, status in sorted(list_statuses(output).items()):
        current = {recording_id: notification_id(status.output_identity)}
        if pending_deliveries(tried.get(recording_id, ()), current):
            yield Announcement(
                recording_id, status.status, published_audio(output, status), status.output_identity, receiver=None
            )


def _deliveries(output: str) -> dict[str, list[Delivery]]:
    found: defaultdict[str, list[Delivery]] = defaultdict(list)
    for url in table_files(output, "notifications"):
        for recording_id, row in read_rows(url, NOTIFICATIONS_SCHEMA.names):
            found[recording_id].append(Delivery.of_row(json.loads(row)))
    return found


def _named(
    announcements: Iterable[Announcement], receivers: Iterable[Receiver], run_id: str
) -> Iterator[Announcement | beam.pvalue.TaggedOutput]:
    receiver = next(iter(receivers), NOBODY)
    for announcement in announcements:
        if announcement.receiver is not None:
            yield announcement
        elif receiver.url is not None:
            yield replace(announcement, receiver=receiver)
        else:
            yield beam.pvalue.TaggedOutput("unnamed", undelivered(announcement, _NO_RECEIVER, run_id))


def undelivered(announcement: Announcement, reason: str, run_id: str) -> Delivery:
    """The record of a notification without any attempt."""
    return Delivery(
        recording_id=announcement.recording_id,
        notification_id=notification_id(announcement.output_identity),
        url_host=None,
        attempts=0,
        http_status=None,
        outcome=UNDELIVERED,
        reason=reason,
        run_id=run_id,
    )
