"""Which notifications a later run still has to deliver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hushbeam.schemas.delivery import DELIVERED, REFUSED_ADDRESS, REFUSED_HEADER, REJECTED, UNDELIVERED, Delivery

_SETTLED = frozenset({DELIVERED, REJECTED})
_OPEN = frozenset({UNDELIVERED, REFUSED_ADDRESS, REFUSED_HEADER})


def is_open(delivery: Delivery) -> bool:
    """Whether a later run should try again."""
    return delivery.outcome in _OPEN


def pending_deliveries(deliveries: Iterable[Delivery], current: Mapping[str, str]) -> list[str]:
    """The ids of the recordings whose receivers have not been told, in order.

    What was refused is tried again too: the operator may have changed the options since.

    Args:
      deliveries: Of all runs, in any order.
      current: The notification id of each recording's present output, by recording. A notification about an output
        that was replaced or deleted is no longer sent.
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
