"""Notify: webhooks for recordings whose outputs are public."""

from hushbeam.transforms.notify.open_notifications import NameReceivers, announcement_of, open_notifications
from hushbeam.transforms.notify.settings import NotificationSettings
from hushbeam.transforms.notify.transform import Notify

__all__ = ["NameReceivers", "NotificationSettings", "Notify", "announcement_of", "open_notifications"]
