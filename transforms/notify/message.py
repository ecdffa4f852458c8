"""Body, id and signature of a notification.

The body is that of AssemblyAI's webhook for redacted audio, with the ids that it lacks. Body and id are the same, byte
for byte, in every attempt and every run; only the time of the attempt and the signature change. (A signed URL of the
recording differs in each run.)

Only committed recordings are announced. A failed one has a row in `errors/`, and the next run tries it again, so its
announcement might have to be withdrawn.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from standardwebhooks import Webhook

from hushbeam.schemas.errors import ConfigurationError

_MINIMUM_SECRET_BYTES = 24
_SIGNING_OPTION = "--webhook_signing_secrets"


@dataclass(frozen=True)
class Notification:
    """One message to one receiver.

    Attributes:
      recording_id: The recording whose outputs are ready.
      notification_id: See `notification_id`.
      body: JSON as sent.
    """

    recording_id: str
    notification_id: str
    body: bytes


def notification_id(output_identity: str) -> str:
    """Id of the notification about an output, by which receivers recognise repetitions."""
    return f"msg_{output_identity[:32]}"


def ready_notification(
    recording_id: str, status: str, redacted_audio_url: str | None, output_identity: str
) -> Notification:
    """The notification that the outputs of a recording are public."""
    body = {
        "status": status,
        "redacted_audio_url": redacted_audio_url,
        "transcript_id": recording_id,
        "recording_id": recording_id,
        "output_identity": output_identity,
    }
    return Notification(recording_id, notification_id(output_identity), json.dumps(body, ensure_ascii=True).encode())


class Signer:
    """Signs by Standard Webhooks with every secret; a receiver accepts the signature of the secret that it has.

    It stays in the worker: it refuses to be pickled, and its repr shows no secret.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        """Reads secrets of the form `whsec_` and base64 of at least 24 bytes.

        Raises:
          ConfigurationError: A secret is not valid. The message gives its position in the list.
        """
        self._webhooks = [Webhook(_key(secret, place)) for place, secret in enumerate(secrets, start=1)]

    def headers(self, notification: Notification, at: datetime) -> dict[str, str]:
        """The three headers of the standard; no signature without a secret.

        Args:
          at: Time of this attempt, in UTC, because the library ignores the zone.
        """
        if at.utcoffset() is None or at.utcoffset():
            raise ValueError("the time of an attempt must be in UTC")
        headers = {"webhook-id": notification.notification_id, "webhook-timestamp": str(int(at.timestamp()))}
        if self._webhooks:
            body = notification.body.decode()
            headers["webhook-signature"] = " ".join(
                webhook.sign(notification.notification_id, at, body) for webhook in self._webhooks
            )
        return headers

    def __repr__(self) -> str:
        return f"Signer({len(self._webhooks)} secrets)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer has secrets and stays in its worker")


def _key(secret: str, place: int) -> bytes:
    # The library skips characters that are not base64: a pass phrase would give a key of a few of its letters.
    text = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ConfigurationError(f"{_SIGNING_OPTION}: secret {place} is not base64 after whsec_") from None
    if len(key) < _MINIMUM_SECRET_BYTES:
        raise ConfigurationError(
            f"{_SIGNING_OPTION}: secret {place} has {len(key)} bytes; Standard Webhooks requires 24 to 64"
        )
    return key
