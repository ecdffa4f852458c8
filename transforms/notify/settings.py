"""How notifications are sent."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.secrets import FORMS, is_reference
from hushbeam.transforms.notify.header_secrets import HeaderSecret


@dataclass(frozen=True)
class NotificationSettings:
    """The options of the stage. Pickled with the pipeline, so secrets are references.

    Attributes:
      signing_secrets: Where the Standard Webhooks secrets are kept (`base/secrets.py`). Each signs every
        notification, so that a receiver may change from the old to the new one at any time; none: no signature.
      auth_header_values: The secrets that a manifest may send in its auth header, each with the hosts that it may go to
        (`HeaderSecret.parse`). A line that names the header alone gets the first that may go to its URL.
      own_host: Of the job's own webhook URL: where secrets go that name no host.
      allowed_networks: Networks (CIDR) that are not public and to which notifications may go all the same.
      allow_http: Whether to send to `http://` too. The auth header and the notification can then be read on the way.
      attempts: Requests per notification, at most.
      timeout_s: For one attempt as a whole.
      first_wait_s, longest_wait_s: Between attempts; doubled each time, with jitter.
      budget_s: What failed attempts and waits for one host may take in all, per worker process. After that its
        notifications stay undelivered, so that a receiver that is down does not hold up the night.
      budget_in_all_s: The same over all hosts. Where it is used up, a host still has its share of it.
      requests_per_second: To one host, at most, per worker process.
      concurrency: Notifications under way at once, per bundle.
      signed_url_hours: For so long, the URL of a redacted recording works without credentials; None: it is not signed.
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
        """Checks what can be checked before the job starts.

        Raises:
          ConfigurationError: Names the option.
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
