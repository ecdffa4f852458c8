"""The options of everything that notifies: shared by the jobs that do."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from hushbeam.transforms.base.secrets import FORMS, SecretReference
from hushbeam.transforms.notify import NotificationSettings
from hushbeam.transforms.notify.header_secrets import HeaderSecretOption, host_of
from hushbeam.transforms.storage.signing import LONGEST_HOURS


class Notification(BaseModel):
    """How receivers of webhooks are reached; secrets are named, never given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook_signing_secrets: tuple[SecretReference, ...] = Field((), description=f"where they are kept: {FORMS}")
    webhook_auth_header_values: tuple[HeaderSecretOption, ...] = Field(
        (),
        description="where values of auth headers are kept, each @HOST,HOST:PORT that it may go to; without @: "
        "to the host of --webhook_url alone",
    )
    webhook_allowed_networks: tuple[str, ...] = Field((), description="private networks to send to, as 10.1.0.0/16")
    webhook_allow_http: bool = Field(False, description="send to http:// too, which others can read")
    webhook_requests_per_second: float = Field(50.0, gt=0, description="to one host, at most, from each worker process")
    webhook_budget_minutes: float = Field(
        30.0,
        ge=0,
        description="for failed attempts and waits in all, in each worker process; then they stay undelivered",
    )
    signed_url_hours: float | None = Field(
        None,
        gt=0,
        le=LONGEST_HOURS,
        description="announce redacted recordings by URLs that work for so long without credentials: gs:// and s3://",
    )

    def settings(self, webhook_url: str | None = None) -> NotificationSettings:
        """What the stage takes.

        Args:
          webhook_url: The job's own, for lines that name none.
        """
        return NotificationSettings(
            signing_secrets=self.webhook_signing_secrets,
            auth_header_values=self.webhook_auth_header_values,
            allowed_networks=self.webhook_allowed_networks,
            allow_http=self.webhook_allow_http,
            requests_per_second=self.webhook_requests_per_second,
            budget_in_all_s=self.webhook_budget_minutes * 60,
            signed_url_hours=self.signed_url_hours,
            own_host=host_of(webhook_url),
        )
