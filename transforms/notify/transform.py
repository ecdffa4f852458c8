"""Notify: sends a webhook to the receiver of each recording, after its outputs are durable."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import apache_beam as beam
from apache_beam.utils.shared import Shared

from hushbeam.schemas.delivery import Announcement, Delivery, Receiver
from hushbeam.transforms.base.each_recording import RecordingStage, each_recording
from hushbeam.transforms.base.unexpected import ends_the_run, place_of
from hushbeam.transforms.notify.deliver import WebhookClient
from hushbeam.transforms.notify.message import ready_notification
from hushbeam.transforms.notify.open_notifications import undelivered
from hushbeam.transforms.notify.settings import NotificationSettings
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.storage.signing import UrlSigner


class Notify(beam.PTransform):
    """Sends one POST for each announcement, at least once, with a stable id.

    A recording without a URL gets only a record. A problem with a receiver is an outcome, never an error, because the
    outputs are public already.
    """

    def __init__(self, settings: NotificationSettings, run_id: str) -> None:
        super().__init__("Notify")
        self._settings = settings
        self._run_id = run_id

    def expand(self, announcements: beam.PCollection[Announcement]) -> beam.PCollection[Delivery]:
        deliveries = (
            announcements
            # A slow receiver must not delay the speech recogniser, and a failing one must not cause a recording to be
            # transcribed again.
            | "Part from the recogniser" >> beam.Reshuffle()
            | each_recording(_NotifyStage(self._settings, self._run_id), Delivery)
        )
        return deliveries.recordings


class _NotifyStage(RecordingStage[Announcement, Delivery]):
    name = "Notify"

    def __init__(self, settings: NotificationSettings, run_id: str) -> None:
        self._settings = settings
        self._run_id = run_id
        self._shared = Shared()
        self.in_flight = settings.concurrency

    def setup(self) -> None:
        # One for the whole process: budgets and rate limits count over all threads.
        self._client: WebhookClient = self._shared.acquire(lambda: WebhookClient(self._settings))
        self._url_signer = UrlSigner()
        self._threads = ThreadPoolExecutor(self._settings.concurrency, thread_name_prefix="notify")

    def teardown(self) -> None:
        self._threads.shutdown()

    def process(self, recording: Announcement) -> Delivery:
        try:
            return self._notify(recording)
        except Exception as error:
            if ends_the_run(error):
                raise
            # The recording is public, so a failed notification is an outcome, which must be recorded.
            return undelivered(recording, f"unexpected: {place_of(error)}", self._run_id)

    def _notify(self, recording: Announcement) -> Delivery:
        receiver = recording.receiver or Receiver(None)
        try:
            url = self._url(recording, receiver)
        except StorageError:
            return undelivered(recording, "the URL could not be signed", self._run_id)
        notification = ready_notification(recording.recording_id, recording.status, url, recording.output_identity)
        return self._client.deliver(notification, receiver, self._run_id)

    def _url(self, recording: Announcement, receiver: Receiver) -> str | None:
        """URL of the redacted audio. Only a receiver gets a signed URL, which works without credentials."""
        url, hours = recording.redacted_audio_url, self._settings.signed_url_hours
        return url if url is None or hours is None or receiver.url is None else self._url_signer.sign(url, hours)

    def submit(self, recording: Announcement) -> Future[Delivery]:
        return self._threads.submit(self.process, recording)

    def measure(self, output: Delivery) -> dict[str, int]:
        return {f"{self.name}.{output.outcome}": 1}
