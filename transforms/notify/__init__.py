"""Notify: webhooks for recordings whose outputs are public."""

from typing import TYPE_CHECKING

from hushbeam.transforms.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from hushbeam.transforms.notify.open_notifications import NOBODY, NameReceivers, announcement_of
    from hushbeam.transforms.notify.settings import NotificationSettings
    from hushbeam.transforms.notify.transform import Notify

__all__ = ["NOBODY", "NameReceivers", "NotificationSettings", "Notify", "announcement_of"]

__getattr__ = lazy_exports(
    __name__,
    open_notifications=(
        "NameReceivers",
        "NOBODY",
        "announcement_of",
    ),
    settings=("NotificationSettings",),
    transform=("Notify",),
)
