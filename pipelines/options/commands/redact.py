"""Redacts recordings: publishes transcripts without personal data, and audio in which it is muted.

    hushbeam redact call.wav
    hushbeam redact calls/ --output redacted/ --policies pci,person_name
    hushbeam redact calls.jsonl --config job.yaml --output gs://redacted

A SECRET is where a secret is kept, never the secret itself: env:NAME, file:/path, or
secretmanager://projects/P/secrets/S/versions/V.

Exit status: 0 done, at most the share --fail_above of the attempted recordings did not complete; 1 the job broke; 2
wrong options or set-up; 3 more than --fail_above did not complete (see errors/ in the output), or there was no
recording; 5 another run works on the output; 6 the canary check failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import ConfigDict, Field

from hushbeam.pipelines.options.arguments import CommandOptions
from hushbeam.pipelines.options.checks import wrong_language, wrong_plain_sources, wrong_webhook
from hushbeam.pipelines.options.common import (
    Captions,
    CertificateKey,
    FailAbove,
    Force,
    HashIdentities,
    Inputs,
    Manifests,
    NewRunId,
    Output,
    OutputShards,
    PrintJson,
    WaitForLock,
)
from hushbeam.pipelines.options.groups import Canaries, Detection, Keeping, Observability, Recognition, Workers
from hushbeam.pipelines.options.worker_types import WorkerTypes
from hushbeam.pipelines.options.wrong import WrongOption
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio import MuteSettings
from hushbeam.transforms.notify import NotificationSettings
from hushbeam.transforms.read_manifest import ManifestDefaults
from hushbeam.transforms.sources.settings import SourceSettings
from hushbeam.transforms.table_formats.settings import TableSettings
from hushbeam.transforms.verify_audio import VerifySettings


class RedactOptions(CommandOptions):
    """All options of the job: frozen, and validated once, when the command line is parsed."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)

    needs_inputs: ClassVar[bool] = True
    basic: ClassVar[frozenset[str] | None] = frozenset(
        """
        inputs manifest output force captions json policies substitution muting language_code webhook_url model device
        caution rules verify
        """.split()  # noqa: SIM905
    )

    inputs: Inputs = ()
    manifest: Manifests = ()
    output: Output = "redacted"
    force: Force = False
    run_id: NewRunId = None
    captions: Captions = None
    certificate_key: CertificateKey = None
    hash_identities: HashIdentities = None
    output_shards: OutputShards = None
    fail_above: FailAbove = 0.5
    allow_empty: bool = Field(
        False,
        description="end with exit status 0 if the manifests name no recording (otherwise 3), or globs match nothing "
        "(otherwise 2)",
    )
    wait_for_lock: WaitForLock = None
    print_json: PrintJson = False
    worker_types: WorkerTypes = ()
    defaults: ManifestDefaults = ManifestDefaults()
    recognition: Recognition = Recognition()
    detection: Detection = Detection()
    muting: MuteSettings = MuteSettings()
    verification: VerifySettings = VerifySettings()
    notification: NotificationSettings = NotificationSettings()
    canaries: Canaries = Canaries()
    workers: Workers = Workers()
    keeping: Keeping = Keeping()
    table_formats: TableSettings = TableSettings()
    decoding: MediaLimits = MediaLimits()
    sources: SourceSettings = SourceSettings()
    observability: Observability = Observability()

    def wrong_together(self) -> Iterator[WrongOption]:
        """What is wrong although each value is right by itself."""
        if not self.inputs and not self.manifest:
            yield WrongOption(
                f"INPUT: give recordings or a manifest, such as: hushbeam {self.command()} calls/",
                frozenset({"inputs", "manifest"}),
            )
        yield from wrong_plain_sources(self.inputs, allow_http=self.sources.allow_http)
        yield from self.wrong_request()

    def wrong_request(self) -> Iterator[WrongOption]:
        """Why no recording could be redacted, whichever it is, or no notification sent."""
        yield from wrong_webhook(self.defaults.webhook_url, self.defaults.webhook_auth_header_name, self.notification)
        if self.defaults.substitution == "surrogate" and self.defaults.surrogate_key is None:
            yield WrongOption(
                "--surrogate_key: --substitution surrogate needs a key; give a reference to one, such as env:NAME",
                frozenset({"surrogate_key", "substitution"}),
            )
        if self.keeping.unredacted_output is None:
            yield from wrong_language(self.defaults.language_code, self.recognition.model)
