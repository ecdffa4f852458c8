"""Notifications that a later run must deliver. Plain functions."""

from __future__ import annotations

import random

import pytest

from hushbeam.schemas.delivery import DELIVERED, NOT_REQUESTED, REFUSED_ADDRESS, REJECTED, UNDELIVERED, Delivery
from hushbeam.transforms.notify.pending import pending_deliveries


def _delivery(recording_id: str, outcome: str, notification_id: str = "msg_1") -> Delivery:
    return Delivery(recording_id, notification_id, "hook.example", 5, 503, outcome, "", "run-1")


def test_what_is_open_and_never_settled_is_pending_whatever_the_order() -> None:
    deliveries = [
        _delivery("late", UNDELIVERED),
        _delivery("late", UNDELIVERED),
        _delivery("told", UNDELIVERED),
        _delivery("told", DELIVERED),
        _delivery("told", UNDELIVERED),
        _delivery("refuses", REJECTED),
        _delivery("private", REFUSED_ADDRESS),
        _delivery("nobody", NOT_REQUESTED),
    ]
    current = dict.fromkeys(("late", "told", "refuses", "private", "nobody"), "msg_1")
    for seed in range(5):
        random.Random(seed).shuffle(deliveries)
        assert pending_deliveries(deliveries, current) == ["late", "private"]


@pytest.mark.parametrize("current", [{}, {"call": "msg_2"}])
def test_an_output_that_was_replaced_or_deleted_is_not_announced(current: dict[str, str]) -> None:
    assert pending_deliveries([_delivery("call", UNDELIVERED)], current) == []


def test_a_new_output_is_announced_though_the_old_one_was() -> None:
    deliveries = [_delivery("call", DELIVERED, "msg_1"), _delivery("call", UNDELIVERED, "msg_2")]
    assert pending_deliveries(deliveries, {"call": "msg_2"}) == ["call"]
