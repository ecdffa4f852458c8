"""All options of the main job, in groups."""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from hushbeam.pipelines.options.dataflow import Workers
from hushbeam.pipelines.options.decoding import Decoding
from hushbeam.pipelines.options.groups import (
    Canaries,
    Detection,
    Keeping,
    Muting,
    Observability,
    Recognition,
    Verification,
)
from hushbeam.pipelines.options.notification import Notification
from hushbeam.pipelines.options.parsing import RUN_ID_PATTERN
from hushbeam.transforms.base.secrets import SecretReference
from hushbeam.transforms.mute_audio import MuteSettings
from hushbeam.transforms.read_manifest import ManifestDefaults
from hushbeam.transforms.verify_audio import VerifySettings
from hushbeam.transforms.verify_audio.settings import FAST_SECOND_RECOGNISER


class RedactOptions(BaseModel):
    """All options of the job. Frozen, checked, built once at the edge."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    manifest: tuple[str, ...] = Field(min_length=1, description="JSON Lines, CSV or Parquet; paths, globs, URLs")
    output: str = Field(min_length=1, description="folder or object-store URL of all outputs")
    force: bool = Field(False, description="do recordings again whose output is up to date")
    run_id: str | None = Field(None, pattern=RUN_ID_PATTERN, description="names the run")
    captions: bool = Field(False, description="also write SRT and VTT files, from the redacted words")
    certificate_key: SecretReference | None = Field(
        None, description="where the Ed25519 key (PEM) is kept that signs certificates"
    )
    hash_identities: SecretReference | None = Field(
        None, description="where the key is kept that ids and URLs are replaced with, outside of manifests (HMAC)"
    )
    output_shards: int | None = Field(None, ge=1, le=9999, description="files per table (default: 1 locally, else 64)")
    print_json: bool = Field(False, alias="json", description="print the summary as JSON on standard output")
    defaults: ManifestDefaults = ManifestDefaults()
    recognition: Recognition = Recognition()
    detection: Detection = Detection()
    muting: Muting = Muting()
    verification: Verification = Verification()
    notification: Notification = Notification()
    canaries: Canaries = Canaries()
    workers: Workers = Workers()
    keeping: Keeping = Keeping()
    decoding: Decoding = Decoding()
    observability: Observability = Observability()

    def verification_settings(self) -> VerifySettings:
        """What the stage takes; the second recogniser runs where the first one does."""
        recogniser = replace(
            FAST_SECOND_RECOGNISER,
            model=self.verification.verify_model,
            device=self.recognition.device,
            workers=self.recognition.model_workers,
            batch_windows=self.recognition.batch_windows,
        )
        return VerifySettings(mode=self.verification.verify, recogniser=recogniser, limits=self.decoding.limits())

    def mute_settings(self) -> MuteSettings:
        """What the stage takes."""
        return self.muting.settings(self.decoding.limits())
