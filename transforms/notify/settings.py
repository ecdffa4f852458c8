"""Settings of notifications, and an option group."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hushbeam.transforms.base.metavar import Metavar
from hushbeam.transforms.base.secrets import FORMS, SecretReference
from hushbeam.transforms.notify.header_secrets import HeaderSecretOption, host_of
from hushbeam.transforms.option_lists import SEPARATED
from hushbeam.transforms.storage import urls

LONGEST_SIGNED_HOURS = 7 * 24
"""The limit of both stores for signed URLs."""


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(f"{urls.display(text)!r} is not a network such as 10.1.0.0/16") from None
    return text


class NotificationSettings(BaseModel):
    """How webhooks are sent. Secrets are given by reference, never by value.

    Pickled with the pipeline. Fields without a description are not options.

    Attributes:
      signing_secrets: Each signs every notification (Standard Webhooks), so that a receiver may change from the old
        to the new one at any time; empty for no signature.
      auth_header_values: The secrets that a manifest may send in its auth header, each with the hosts that it may go to
        (`HeaderSecret.parse`). A line that names only the header gets the first secret that may go to its URL.
      own_host: Host of the job's own webhook URL. Secrets that name no host may go there.
      attempts: Requests per notification, at most.
      timeout_s: For one attempt as a whole.
      first_wait_s, longest_wait_s: Between attempts; doubled each time, with jitter.
      budget_s: Seconds that failed attempts and waits for one host may take in total, per worker process. After that
        its notifications stay undelivered, so that a receiver that is down does not delay the run.
      budget_in_all_s: The same over all hosts. When it is used up, each host still has its share of it.
      concurrency: Notifications under way at once, per bundle.
    """

    # A user may give a secret instead of its reference: errors must not repeat it.
    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True, hide_input_in_errors=True
    )

    signing_secrets: tuple[SecretReference, ...] = Field(
        (),
        validation_alias="webhook_signing_secrets",
        description=f"references to the secrets that sign every webhook (Standard Webhooks), each {FORMS}",
    )
    auth_header_values: tuple[HeaderSecretOption, ...] = Field(
        (),
        validation_alias="webhook_auth_header_values",
        description="references to the values of auth headers, each as env:NAME@HOST,HOST:PORT with the hosts that may "
        "get it; without @, only the host of --webhook_url gets it",
    )
    allowed_networks: Annotated[tuple[Annotated[str, AfterValidator(_network), Metavar("NETWORK")], ...], SEPARATED] = (
        Field(
            (),
            validation_alias="webhook_allowed_networks",
            description="private networks that webhooks may be sent to, such as 10.1.0.0/16; by default none",
        )
    )
    allow_http: bool = Field(
        False,
        validation_alias="webhook_allow_http",
        description="send webhooks to http:// URLs too; others can then read auth headers and notifications on the way",
    )
    requests_per_second: Annotated[float, Metavar("RATE")] = Field(
        50.0,
        gt=0,
        validation_alias="webhook_requests_per_second",
        description="most webhooks per second that one worker process sends to one host",
    )
    signed_url_hours: Annotated[float, Metavar("HOURS")] | None = Field(
        None,
        gt=0,
        le=LONGEST_SIGNED_HOURS,
        description="put signed URLs of the redacted audio into webhooks, valid for this many hours (gs://, s3://, "
        "az://); by default URLs are not signed",
    )
    attempts: int = 5
    timeout_s: float = 10.0
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    budget_s: float = 600.0
    budget_in_all_s: float = 1800.0
    concurrency: int = 8
    own_host: str | None = None

    def of_job(self, webhook_url: str | None) -> Self:
        """The settings of a job with this webhook URL for manifest lines without one."""
        return self.model_copy(update={"own_host": host_of(webhook_url)})
