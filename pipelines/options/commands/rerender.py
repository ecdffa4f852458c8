"""Redacts past recordings again with other policies, labels or muting, without transcribing them again.

    hushbeam rerender --output out/ --store kept/ --store_key env:STORE_KEY --muting tone
    hushbeam rerender --output out/ --corrections

The first command needs the store that `hushbeam redact --store` fills, and the source recordings. Options that are
not given keep what each recording asked for. The outputs are those of a full run with these options, and replace the
earlier ones.

The second command applies the corrections of reviewers and changes nothing else. Without --store it can only mute
more; with --store it also restores what was muted by mistake.

Exit status: 0 done, at most the share --fail_above of the attempted recordings did not complete; 1 the job broke; 2
wrong options or set-up; 3 more than --fail_above did not complete (see errors/ in the output); 5 another run works on
the output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hushbeam.pipelines.options.arguments import CommandOptions
from hushbeam.pipelines.options.checks import wrong_webhook
from hushbeam.pipelines.options.commands.notify import Receivers
from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.common import (
    Captions,
    CertificateKey,
    FailAbove,
    Force,
    NewRunId,
    OutputShards,
    PastOutput,
    PrintJson,
    RulesFile,
    StoreKeys,
    WaitForLock,
)
from hushbeam.pipelines.options.groups import Detection, Observability, Recognition
from hushbeam.pipelines.options.wrong import WrongOption
from hushbeam.schemas.policies import Caution
from hushbeam.transforms.base.metavar import Folder
from hushbeam.transforms.detect_pii.settings import DecisionSettings, Policies
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio import MuteSettings
from hushbeam.transforms.notify import NotificationSettings
from hushbeam.transforms.read_manifest import ManifestDefaults
from hushbeam.transforms.read_manifest.line import AudioQuality, MutingMethod, PolicyNames, Substitution, SurrogateKey
from hushbeam.transforms.sources.settings import SourceSettings
from hushbeam.transforms.transcribe.settings import Device
from hushbeam.transforms.verify_audio import VerifySettings

_NO_MANIFEST = ("store",)


class Request(BaseModel):
    """Changes to what recordings asked for. Options that are not given change nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policies: PolicyNames | None = Field(
        None, description="what to redact instead: names and presets of docs/policies.md"
    )
    substitution: Substitution | None = Field(None, description="what stands for redacted words in transcripts")
    redact_audio: bool | None = Field(None, description="publish redacted audio; --no-redact_audio: transcripts only")
    audio_quality: AudioQuality | None = Field(
        None, description="format of the redacted audio: that of the source, or mp3, wav or flac"
    )
    muting: MutingMethod | None = Field(None, description="what replaces personal data in the audio")
    return_no_speech_audio: bool | None = Field(
        None, description="also publish the audio of recordings in which nobody speaks"
    )


class Selection(BaseModel):
    """Which stored findings are redacted. A decision that is not given stays each recording's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    caution: Caution | None = Field(None, description=DecisionSettings.model_fields["caution"].description)
    exchanges: Policies | None = Field(None, description=DecisionSettings.model_fields["exchanges"].description)
    rules: RulesFile = None

    def decision(self) -> dict[str, Any]:
        """The decisions that are given, as options of detection."""
        return {name: value for name, value in self if name != "rules" and value is not None}


class RerenderOptions(CommandOptions):
    """All options of the job. Those that `hushbeam redact` has too mean the same there."""

    output: PastOutput
    store: Folder | None = Field(None, description="the --store of the runs, with the words and findings to use")
    store_key: StoreKeys = ()
    corrections: bool = Field(
        False,
        description="render only the recordings that reviewers corrected; without --store, mute more in what is "
        "published",
    )
    allow_fewer_policies: bool = Field(
        False,
        description="render also recordings that are redacted for more policies now, and publish what these covered",
    )
    force: Force = False
    run_id: NewRunId = None
    captions: Captions = None
    certificate_key: CertificateKey = None
    surrogate_key: SurrogateKey = None
    output_shards: OutputShards = None
    fail_above: FailAbove = 0.0  # what is not rendered stays public as it was, with what a reviewer marked
    wait_for_lock: WaitForLock = None
    device: Device = Field("cpu", description="where the model that verifies runs; cuda ends the job if no GPU works")
    print_json: PrintJson = False
    request: Request = Request()
    selection: Selection = Selection()
    muting: MuteSettings = MuteSettings()
    verification: VerifySettings = VerifySettings()
    receiver: Receivers = Receivers()
    notification: NotificationSettings = NotificationSettings()
    decoding: MediaLimits = MediaLimits()
    sources: SourceSettings = SourceSettings()
    observability: Observability = Observability()

    def wrong_together(self) -> Iterator[WrongOption]:
        """Why no notification could be sent to the receiver."""
        return wrong_webhook(self.receiver.webhook_url, self.receiver.webhook_auth_header_name, self.notification)

    def as_redact(
        self, recognition: Mapping[str, Any], detection: Mapping[str, Any], captions: bool | None = None
    ) -> RedactOptions:
        """The options of a full run with the same outputs.

        Args:
          recognition, detection: Options with which the recordings were transcribed and detected.
          captions: As the job that published them was asked for captions; counts if this one is not asked.
        """
        return RedactOptions(
            manifest=_NO_MANIFEST,
            output=self.output,
            force=self.force,
            run_id=self.run_id,
            captions=captions if self.captions is None else self.captions,
            certificate_key=self.certificate_key,
            output_shards=self.output_shards,
            fail_above=self.fail_above,
            allow_empty=True,
            wait_for_lock=self.wait_for_lock,
            print_json=self.print_json,
            defaults=ManifestDefaults(surrogate_key=self.surrogate_key, **self.receiver.model_dump()),
            recognition=Recognition(**recognition),
            detection=Detection(**{**detection, **self.selection.decision()}, rules=self.selection.rules),
            muting=self.muting,
            verification=self.verification,
            notification=self.notification,
            decoding=self.decoding,
            sources=self.sources,
        )
