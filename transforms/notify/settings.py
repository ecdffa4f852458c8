"""Settings of the stage Notify."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.secrets import FORMS, is_reference
from hushbeam.transforms.notify.header_secrets import HeaderSecret


@dataclass(frozen=True)
class NotificationSettings:
    """Settings of notifications. They are pickled with the pipeline, so secrets are references.

    Attributes:
      signing_secrets: References to Standard Webhooks secrets (`base/secrets.py`). Each signs every notification, so
        that a receiver can change from the old to the new secret at any time. Without one, nothing is signed.
      auth_header_values: Secrets that a manifest may send in its auth header, each with its hosts
        (`HeaderSecret.parse`). A line that names only the header gets the first secret allowed for its URL.
      own_host: Host of the job's own webhook URL, which gets secrets that name no host.
      allowed_networks: Private networks (CIDR) that notifications may go to.
      allow_http: Whether `http://` is allowed. Others can then read the auth header and the notification.
      attempts: Most requests per notification.
      timeout_s: Limit for one attempt.
      first_wait_s, longest_wait_s: Waits between attempts; doubled each time, with jitter.
      budget_s: Seconds that failed attempts and waits for one host may take in total, per worker process. After that
        its notifications stay undelivered, so that a receiver that is down does not delay the run.
      budget_in_all_s: The same over all hosts. When it is used up, a host still has its share of it.
      requests_per_second: Most requests to one host, per worker process.
      concurrency: Notifications in flight, per bundle.
      signed_url_hours: Hours for which the URL of redacted audio works without credentials; None does not sign it.
    """

    signing_secrets: tuple[str, ...] = ()
    auth_header_values: tuple[str, ...] = ()
    allowed_networks: tuple[str, ...] = ()
    allow_http: bool = False
    attempts: int = 5
    timeout_s: float = 10.0
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    budget_s: float = 600.0
    budget_in_all_s: float = 1800.0
    requests_per_second: float = 50.0
    concurrency: int = 8
    signed_url_hours: float | None = None
    own_host: str | None = None

    def validate(self) -> None:
        """Checks the settings before the job starts.

        Raises:
          ConfigurationError: The message names the option.
        """
        if not all(is_reference(reference) for reference in self.signing_secrets):
            raise ConfigurationError(f"--webhook_signing_secrets: give references, {FORMS}, not the secrets themselves")
        try:
            for secret in self.auth_header_values:
                HeaderSecret.parse(secret)
        except ValueError as error:
            raise ConfigurationError(f"--webhook_auth_header_values: {error}") from None
        for network in self.allowed_networks:
            try:
                ipaddress.ip_network(network)
            except ValueError:
                raise ConfigurationError(
                    f"--webhook_allowed_networks: {network!r} is not a network such as 10.1.0.0/16"
                ) from None
