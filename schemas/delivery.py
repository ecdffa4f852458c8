"""Deliveries of notifications: records, outcomes and table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import pyarrow as pa

from hushbeam.schemas.coders import travels
from hushbeam.schemas.tables import column, processed_at, table_schema

DELIVERED = "delivered"
"""The receiver answered with a 2xx status."""

REJECTED = "rejected"
"""The receiver refused it: a redirect, or a 4xx status that waiting does not change."""

UNDELIVERED = "undelivered"
"""Not delivered within the attempts and the time of the run. A later run tries again with the same id."""

REFUSED_ADDRESS = "refused_address"
"""Nothing was sent: the URL is not https, or resolves to a network that the options do not allow."""

REFUSED_HEADER = "refused_header"
"""Nothing was sent: the auth header is not valid, or the options do not allow its secret."""

NOT_REQUESTED = "not_requested"
"""The manifest names no URL: this row is the only notification."""

NOTIFICATIONS_SCHEMA = table_schema(
    "notifications",
    [
        column("recording_id", pa.string(), "Id of the recording that is announced", "call-4711"),
        column(
            "notification_id",
            pa.string(),
            "The `webhook-id`: the same for the same output, in all attempts and runs",
            "msg_9e89a228c61a…",
        ),
        column(
            "url_host",
            pa.string(),
            "Host and port of the receiver, never the rest of the URL. Empty without a valid URL",
            "hooks.example.com",
            nullable=True,
        ),
        column("attempts", pa.int32(), "Requests that were sent", "1"),
        column("http_status", pa.int32(), "Status of the last answer. Empty without an answer", "200", nullable=True),
        column(
            "outcome",
            pa.string(),
            "`delivered`, `rejected`, `undelivered`, `refused_address`, `refused_header` or `not_requested`",
            "delivered",
        ),
        column(
            "reason",
            pa.string(),
            "Why it was not delivered, one of a few fixed texts; empty if it was",
            "the receiver rejected it",
        ),
        column("run_id", pa.string(), "Run that sent it", "20261129T020000Z-80449f"),
        processed_at(),
    ],
)


@travels
@dataclass(frozen=True)
class Receiver:
    """Receiver of a notification, as in the manifest.

    Attributes:
      url: None to record the notification without sending it.
      auth_header_name: None for no auth header.
      auth_header_value: Reference to its secret; None for the first that the options allow.
    """

    url: str | None
    auth_header_name: str | None = None
    auth_header_value: str | None = None

    def __repr__(self) -> str:
        return f"Receiver({'a URL' if self.url else 'no URL'})"


@travels
@dataclass(frozen=True)
class Announcement:
    """A public output and the receiver of its notification.

    Attributes:
      status, redacted_audio_url, output_identity: As in the recording's status object.
      receiver: None if a notification is requested but its receiver is unknown, because only manifests have URLs.
    """

    recording_id: str
    status: str
    redacted_audio_url: str | None
    output_identity: str
    receiver: Receiver | None
    manifest: str = ""
    line: int = 0

    @property
    def source_url(self) -> str | None:
        """Unknown: a notification that does not arrive is no failure of its recording."""
        return None

    def __repr__(self) -> str:
        return f"Announcement({self.recording_id!r})"


@travels
@dataclass(frozen=True)
class Delivery:
    """One run's attempts to deliver one notification.

    Attributes:
      recording_id: The recording whose outputs it announces.
      notification_id: The same for the same outputs, in all attempts and runs.
      url_host: Host and port, never the rest of the URL; None without a valid URL.
      attempts: Number of requests.
      http_status: Status of the last answer; None without an answer.
      outcome: One of the constants above.
      reason: Why it was not delivered, one of a few fixed reasons; empty if it was.
      run_id: The run that tried.
    """

    recording_id: str
    notification_id: str
    url_host: str | None
    attempts: int
    http_status: int | None
    outcome: str
    reason: str
    run_id: str

    def to_row(self, processed_at: str) -> dict[str, Any]:
        """A row of `NOTIFICATIONS_SCHEMA`.

        Args:
          processed_at: Start of the run, ISO 8601.
        """
        return asdict(self) | {"processed_at": processed_at}

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Delivery:
        """The inverse of `to_row`."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})
