"""The stage on a real runner, with a real receiver."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.util import assert_that

from hushbeam.schemas import delivery
from hushbeam.schemas.delivery import DELIVERED, NOT_REQUESTED, REJECTED, Delivery
from hushbeam.schemas.stages import CommittedRecording
from hushbeam.transforms.notify import NotificationSettings, Notify, announcement_of
from hushbeam.transforms.notify.message import notification_id
from tests.transforms.notify.receiver import Receiver, Reply, running

_SECRET = "whsec_" + base64.b64encode(b"canary-of-the-signature-").decode()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running(Receiver()) as receiver:
        yield receiver


def _committed(number: int, url: str | None) -> CommittedRecording:
    return CommittedRecording(
        recording_id=f"call-{number}",
        manifest="calls.jsonl",
        line=number,
        output_identity=f"{number:064d}"[::-1],
        status="redacted_audio_ready",
        redacted_audio_url=f"gs://public/audio/call-{number}.wav",
        transcript_row="{}",
        finding_rows=(),
        audio_s=1.0,
        webhook_url=url,
    )


def _settings() -> NotificationSettings:
    return NotificationSettings(
        signing_secrets=("env:HUSHBEAM_TEST_SIGNING",), allowed_networks=("127.0.0.0/8",), allow_http=True
    )


def _run(recordings: list[CommittedRecording], expected: dict[str, str], *arguments: str) -> None:
    def check(deliveries: list[Delivery]) -> None:
        assert {delivery.recording_id: delivery.outcome for delivery in deliveries} == expected
        assert len(deliveries) == len(expected)

    options = PipelineOptions(["--runner=FnApiRunner", *arguments])
    with beam.Pipeline(options=options) as pipeline:
        deliveries = (
            pipeline | beam.Create([announcement_of(each) for each in recordings]) | Notify(_settings(), "run-1")
        )
        assert_that(deliveries, check)


def test_each_recording_is_announced_and_gets_its_row(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUSHBEAM_TEST_SIGNING", _SECRET)
    url = f"http://127.0.0.1:{receiver.server_port}/"
    recordings = [*(_committed(number, url) for number in range(20)), _committed(20, None)]
    _run(recordings, {f"call-{number}": DELIVERED for number in range(20)} | {"call-20": NOT_REQUESTED})
    assert sorted(request.headers["webhook-id"] for request in receiver.received) == sorted(
        notification_id(recording.output_identity) for recording in recordings[:20]
    )


def test_a_recording_that_names_no_receiver_gets_the_one_that_is_given() -> None:
    given = delivery.Receiver("https://given.example/")
    own = _committed(1, "https://own.example/")
    assert announcement_of(_committed(1, None), given).receiver == given
    assert announcement_of(own, given).receiver == announcement_of(own).receiver == delivery.Receiver(own.webhook_url)
    lost = replace(_committed(1, None), webhook_asked=True)
    assert announcement_of(lost, given).receiver is None, "only a manifest names who asked for it"


def test_a_receiver_that_says_no_fails_nothing(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUSHBEAM_TEST_SIGNING", _SECRET)
    receiver.replies = [Reply(404)]
    _run([_committed(0, f"http://127.0.0.1:{receiver.server_port}/")], {"call-0": REJECTED})


def test_a_bundle_that_is_repeated_sends_the_same_ids(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUSHBEAM_TEST_SIGNING", _SECRET)
    url = f"http://127.0.0.1:{receiver.server_port}/"
    recordings = [_committed(number, url) for number in range(5)]
    _run(recordings, {f"call-{number}": DELIVERED for number in range(5)}, "--direct_runner_bundle_repeat=2")
    assert len(receiver.received) > 5
    assert len({(request.headers["webhook-id"], request.body) for request in receiver.received}) == 5
