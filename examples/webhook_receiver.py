"""A receiver of Hushbeam's notifications, to try it out and to start your own from.

    python examples/webhook_receiver.py COMMAND…

Listens on a free port of this machine, runs COMMAND with `{webhook_url}` replaced by its own URL and with a fresh
signing secret in the environment variable WEBHOOK_SECRET, and ends when the command ends, with its exit status. Then
it prints a line for each notification. Without a command it prints them as they come, until it is interrupted.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

SECRET_VARIABLE = "WEBHOOK_SECRET"  # noqa: S105
_LONGEST_BODY_BYTES = 20_000


class Receiver(ThreadingHTTPServer):
    """Answers 204 to what is signed with the secret, 401 to anything else. A repeated id counts once."""

    def __init__(self, secret: str, *, announce: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.webhook = Webhook(secret)
        self.lines: dict[str, str] = {}
        self._announce = announce
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def take(self, notification_id: str, line: str) -> None:
        """Keeps a notification, unless it came before: delivery is at least once, the id says whether it is new."""
        with self._lock:
            if notification_id in self.lines:
                return
            self.lines[notification_id] = line
            if self._announce:
                _write(line)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(min(length, _LONGEST_BODY_BYTES))
        try:
            notification = self.server.webhook.verify(body, dict(self.headers.items()))
        except (WebhookVerificationError, ValueError):
            self.send_error(401)
            return
        line = f"{notification['recording_id']}: {notification['status']} {notification['redacted_audio_url'] or ''}"
        self.server.take(self.headers["webhook-id"], line.rstrip())
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """The lines say enough."""


def main(command: Sequence[str]) -> int:
    """Receives for as long as `command` runs and returns its exit status."""
    secret = os.environ.get(SECRET_VARIABLE) or f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    with Receiver(secret, announce=not command) as receiver:
        if not command:
            _write(f"listening on {receiver.url}, signing secret {secret}")
            with contextlib.suppress(KeyboardInterrupt):
                receiver.serve_forever()
            return 0
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        completed = subprocess.run(  # noqa: S603
            [argument.replace("{webhook_url}", receiver.url) for argument in command],
            env={**os.environ, SECRET_VARIABLE: secret},
            check=False,
        )
        receiver.shutdown()
    _write(f"signed notifications received: {len(receiver.lines)}")
    for line in sorted(receiver.lines.values()):
        _write(f"  {line}")
    return completed.returncode


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
