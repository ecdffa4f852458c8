"""Delivers notifications that earlier runs could not deliver, with the same ids.

    hushbeam notify --output out/                                     # counts them
    hushbeam notify --output out/ --resume --manifest calls.jsonl     # delivers them

Only manifests hold the URLs of receivers, so give the manifests and the webhook options of the runs.

Exit status: 0 all are delivered; 1 the job broke; 2 wrong options or set-up; 3 some are not delivered; 5 another run
works on the output.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from hushbeam.pipelines.options.arguments import CommandOptions
from hushbeam.pipelines.options.checks import wrong_webhook
from hushbeam.pipelines.options.common import (
    CertificateKey,
    HashIdentities,
    Inputs,
    PastOutput,
    PrintJson,
    WaitForLock,
)
from hushbeam.pipelines.options.wrong import WrongOption
from hushbeam.transforms.base.metavar import File
from hushbeam.transforms.notify import NotificationSettings
from hushbeam.transforms.read_manifest.line import AuthHeaderName, WebhookUrl


class Receivers(BaseModel):
    """The receiver for recordings that name none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook_url: WebhookUrl = None
    webhook_auth_header_name: AuthHeaderName = None


class NotifyOptions(CommandOptions):
    """All options of the command."""

    inputs: Inputs = ()
    output: PastOutput
    print_json: PrintJson = False
    resume: bool = Field(False, description="deliver the notifications; without it they are only counted")
    manifest: tuple[File, ...] = Field((), description="manifests of the runs, which hold the URLs of receivers")
    hash_identities: HashIdentities = None
    defaults: Receivers = Receivers()
    certificate_key: CertificateKey = None
    wait_for_lock: WaitForLock = None
    notification: NotificationSettings = NotificationSettings()

    def wrong_together(self) -> Iterator[WrongOption]:
        """Why no notification could be sent to the receiver."""
        return wrong_webhook(self.defaults.webhook_url, self.defaults.webhook_auth_header_name, self.notification)
