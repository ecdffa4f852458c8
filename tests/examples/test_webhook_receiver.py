"""The example receiver as a user starts it: a process that runs another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_EXAMPLE = Path(__file__).parents[2] / "examples" / "webhook_receiver.py"
_JOB = """
import sys, urllib.request
from hushbeam.schemas.delivery import Receiver
from hushbeam.transforms.notify.deliver import WebhookClient
from hushbeam.transforms.notify.message import ready_notification
from hushbeam.transforms.notify.settings import NotificationSettings

def send(**settings):
    courier = WebhookClient(NotificationSettings(allowed_networks=("127.0.0.0/8",), allow_http=True, **settings))
    notification = ready_notification("call-1", "redacted_audio_ready", "/out/audio/call-1.wav", "c0ffee" * 11)
    return courier.deliver(notification, Receiver(sys.argv[1]), "run-1")

assert send(signing_secrets=("env:WEBHOOK_SECRET",)).outcome == "delivered"
assert send(signing_secrets=("env:WEBHOOK_SECRET",)).outcome == "delivered"
assert send().http_status == 401
sys.exit(3)
"""


def test_it_prints_each_signed_notification_once_and_ends_as_the_job_did() -> None:
    completed = subprocess.run(
        [sys.executable, str(_EXAMPLE), sys.executable, "-c", _JOB, "{webhook_url}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert completed.returncode == 3, completed.stderr
    assert completed.stdout.splitlines() == [
        "signed notifications received: 1",
        "  call-1: redacted_audio_ready /out/audio/call-1.wav",
    ]
