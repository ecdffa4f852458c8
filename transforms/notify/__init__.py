"""From public outputs to receivers that know of them."""

from transforms.notify.settings import NotificationSettings
from transforms.notify.transform import Notify

__all__ = ["NotificationSettings", "Notify"]
