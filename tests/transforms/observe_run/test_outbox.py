"""Background sender with slow and broken receivers. Plain functions and threads."""

from __future__ import annotations

import threading
import time
from functools import partial

from hushbeam.transforms.observe_run import Outbox, close
from hushbeam.transforms.observe_run.outbox import NotReceivedError


def test_what_is_sent_arrives_in_order() -> None:
    arrived: list[int] = []
    outbox = Outbox("the receiver")
    for number in range(100):
        outbox.put(partial(arrived.append, number))
    assert close([outbox], 30) == []
    assert arrived == list(range(100))


def test_a_receiver_that_never_answers_is_left_behind_and_the_others_are_not_blamed() -> None:
    answered = threading.Event()
    arrived: list[int] = []
    silent, quick = Outbox("the silent one"), Outbox("the quick one")
    silent.put(answered.wait)
    quick.put(partial(arrived.append, 1))
    started = time.monotonic()
    assert close([silent, quick], 1.0) == ["the silent one did not answer in time"]
    assert not answered.is_set()
    assert time.monotonic() - started < 30
    assert arrived == [1]
    answered.set()


def test_an_error_is_named_by_its_kind_and_what_follows_is_tried() -> None:
    arrived: list[str] = []

    def fails() -> None:
        raise ConnectionError("http://user:secret@receiver refused Maria")

    outbox = Outbox("the receiver")
    outbox.put(fails)
    outbox.put(lambda: arrived.append("second"))
    assert close([outbox], 30) == ["the receiver: ConnectionError"]
    assert arrived == ["second"]


def test_what_a_receiver_of_ours_says_is_told() -> None:
    def fails() -> None:
        raise NotReceivedError("the metrics were not taken")

    outbox = Outbox("the collector")
    outbox.put(fails)
    assert close([outbox], 30) == ["the collector: the metrics were not taken"]
