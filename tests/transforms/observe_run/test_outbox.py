"""A receiver that is slow or broken is left behind, and named."""

from __future__ import annotations

import threading
import time
from functools import partial

from transforms.observe_run import Outbox
from transforms.observe_run.outbox import NotReceivedError


def test_what_is_sent_arrives_in_order():
    arrived: list[int] = []
    outbox = Outbox("the receiver")
    for number in range(100):
        outbox.put(partial(arrived.append, number))
    assert outbox.close(time.monotonic() + 30) == ""
    assert arrived == list(range(100))


def test_a_receiver_that_never_answers_is_waited_for_no_longer_than_allowed():
    answered = threading.Event()
    outbox = Outbox("the receiver")
    outbox.put(answered.wait)
    started = time.monotonic()
    assert outbox.close(started + 0.2) == "the receiver did not answer in time"
    assert not answered.is_set()
    assert time.monotonic() - started < 10
    answered.set()


def test_an_error_is_named_by_its_kind_and_what_follows_is_tried():
    arrived: list[str] = []

    def fails() -> None:
        raise ConnectionError("http://user:secret@receiver refused Maria")

    outbox = Outbox("the receiver")
    outbox.put(fails)
    outbox.put(lambda: arrived.append("second"))
    assert outbox.close(time.monotonic() + 30) == "the receiver: ConnectionError"
    assert arrived == ["second"]


def test_what_a_receiver_of_ours_says_is_told():
    def fails() -> None:
        raise NotReceivedError("the metrics were not taken")

    outbox = Outbox("the collector")
    outbox.put(fails)
    assert outbox.close(time.monotonic() + 30) == "the collector: the metrics were not taken"
