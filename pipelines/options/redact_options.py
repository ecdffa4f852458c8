"""All options of `hushbeam redact`, in groups."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from hushbeam.pipelines.options.common import (
    Captions,
    CertificateKey,
    Force,
    HashIdentities,
    Manifests,
    NewRunId,
    Output,
    OutputShards,
    PrintJson,
)
from hushbeam.pipelines.options.dataflow import Workers
from hushbeam.pipelines.options.groups import Canaries, Detection, Keeping, Observability, Recognition
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio import MuteSettings
from hushbeam.transforms.notify import NotificationSettings
from hushbeam.transforms.read_manifest import ManifestDefaults
from hushbeam.transforms.verify_audio import VerifySettings


class RedactOptions(BaseModel):
    """All options of the job: frozen, and validated once, when the command line is parsed."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)

    manifest: Manifests
    output: Output
    force: Force = False
    run_id: NewRunId = None
    captions: Captions = False
    certificate_key: CertificateKey = None
    hash_identities: HashIdentities = None
    output_shards: OutputShards = None
    print_json: PrintJson = False
    defaults: ManifestDefaults = ManifestDefaults()
    recognition: Recognition = Recognition()
    detection: Detection = Detection()
    muting: MuteSettings = MuteSettings()
    verification: VerifySettings = VerifySettings()
    notification: NotificationSettings = NotificationSettings()
    canaries: Canaries = Canaries()
    workers: Workers = Workers()
    keeping: Keeping = Keeping()
    decoding: MediaLimits = MediaLimits()
    observability: Observability = Observability()
