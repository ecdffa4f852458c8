"""Selection of notifications that a later run must deliver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hushbeam.schemas.delivery import DELIVERED, REFUSED_ADDRESS, REFUSED_HEADER, REJECTED, UNDELIVERED, Delivery

_SETTLED = frozenset({DELIVERED, REJECTED})
_OPEN = frozenset({UNDELIVERED, REFUSED_ADDRESS, REFUSED_HEADER})


def is_open(delivery: Delivery) -> bool:
    """Whether a later run should try again."""
    return delivery.outcome in _OPEN


def pending_deliveries(deliveries: Iterable[Delivery], current: Mapping[str, str]) -> list[str]:
    """Sorted ids of the recordings with an undelivered notification.

    Refused notifications are tried again too, because the operator may have changed the options.

    Args:
      deliveries: Deliveries of all runs, in any order.
      current: Notification id of each recording's current output, by recording. Notifications about replaced or deleted
        outputs are not sent again.
    """
    settled, open_ = set(), set()
    for delivery in deliveries:
        if current.get(delivery.recording_id) != delivery.notification_id:
            continue
        if delivery.outcome in _SETTLED:
            settled.add(delivery.recording_id)
        elif is_open(delivery):
            open_.add(delivery.recording_id)
    return sorted(open_ - settled)
