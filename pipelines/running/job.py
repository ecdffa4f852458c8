"""Job: options, models and locations of a run, checked before the pipeline is built."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from hushbeam.pipelines.options.given import is_folder, policies_of
from hushbeam.pipelines.options.redact_options import RedactOptions
from hushbeam.pipelines.options.rules import Rules, read_rules
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.stored import Provenance
from hushbeam.transforms.archive.certificate import read_private_key
from hushbeam.transforms.archive.findings_store import FindingsStore
from hushbeam.transforms.archive.run_lock import Hold
from hushbeam.transforms.archive.unredacted import UnredactedOutput
from hushbeam.transforms.assemble_transcript.sealing import SpanSealer
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.base.secrets import read_secret
from hushbeam.transforms.detect_pii.models.conversation_model import model_identities
from hushbeam.transforms.media.isolation.children import check_confinement
from hushbeam.transforms.notify.deliver import WebhookClient
from hushbeam.transforms.read_manifest import ManifestDefaults
from hushbeam.transforms.read_manifest.line import ManifestLineError, read_line
from hushbeam.transforms.read_manifest.pseudonyms import Pseudonyms
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.storage.signing import check_signing
from hushbeam.transforms.transcribe.model import resolve

SHARDS_OF_A_CLUSTER = 64


WITHOUT_EFFECT_ON_WORDS = frozenset({"shuffle_key", "batch_windows"})
"""The options of recognition that change no word."""

_DETECTION_OF_A_RECORDING = frozenset({"detector", "caution", "exchanges"})
"""The options of detection that a recording keeps when it is rendered again."""

# Part of every output's identity: raised when a change to the code changes outputs.
_OUTPUT_VERSION = 5


class Job(NamedTuple):
    """Options, models and locations of a run, decided once, before the pipeline is built.

    Attributes:
      manifests: Existing files; globs are resolved.
      output: Normalised root.
      run_id: Names the run's files.
      shards: Files per table.
      rules: The content of the file that `--rules` names.
      identities: Of models by use, and of the `configuration`: two runs with equal identities do the same.
      store: The root for encrypted words and findings; None keeps none.
      unredacted: The root for encrypted, unredacted transcripts; None keeps none.
      hold: Lock of the output, once it is held; None for a template.
    """

    options: RedactOptions
    manifests: tuple[str, ...]
    output: str
    run_id: str
    shards: int
    rules: Rules
    identities: dict[str, str]
    store: SealedRoot | None = None
    unredacted: SealedRoot | None = None
    hold: Hold | None = None


def prepare(options: RedactOptions, *, local: bool) -> Job:
    """Checks the options before anything runs. The secrets of a cluster's workers cannot be read here.

    Raises:
      ConfigurationError: A manifest, a model or a secret is missing.
    """
    manifests = tuple(name for pattern in options.manifest for name in existing(pattern))
    _check_defaults(options.defaults)
    rules = read_rules(options.detection.rules)
    if local:
        check_secrets(options)
        check_confinement(options.decoding)
    return Job(
        options,
        manifests,
        urls.normalised(options.output),
        options.run_id or new_run_id(),
        options.output_shards or (1 if local else SHARDS_OF_A_CLUSTER),
        rules,
        _identities(options, rules),
        options.keeping.store_settings(options.output),
        options.keeping.unredacted_settings(options.output),
    )


def new_run_id() -> str:
    """A new name that starts with the time, so that names sort by it."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"


def existing(pattern: str) -> list[str]:
    """The manifests that a path, glob or URL matches.

    Raises:
      ConfigurationError: No file matches, or this user may not look there.
    """
    try:
        found = files.glob(pattern)
    except StorageError as error:
        if error.retryable:
            raise
        raise ConfigurationError(f"--manifest: {error}") from None
    if not found and is_folder(pattern):
        inside = urls.join(pattern, "*.jsonl")
        raise ConfigurationError(
            f"--manifest: {pattern} is a folder; name a manifest file, or a glob such as '{inside}'"
        )
    if not found:
        raise ConfigurationError(
            f"--manifest: no such file: {pattern}; give a path, a glob in quotes, or an object-store URL"
        )
    return found


def check_secrets(options: RedactOptions) -> None:
    """Reads every secret that the options name, for a run on this machine.

    Raises:
      ConfigurationError: A secret cannot be read.
    """
    WebhookClient(options.notification)
    read_private_key(options.certificate_key)
    if options.defaults.surrogate_key:
        read_secret(options.defaults.surrogate_key, "--surrogate_key")
    if options.hash_identities:
        Pseudonyms(options.hash_identities)
    if options.recognition.shuffle_key:
        SpanSealer(options.recognition.shuffle_key)
    store = options.keeping.store_settings(options.output)
    if store is not None:
        FindingsStore(store)
    unredacted = options.keeping.unredacted_settings(options.output)
    if unredacted is not None:
        UnredactedOutput(unredacted)
    check_signing(options.output, options.notification.signed_url_hours)


def with_configuration(identities: Mapping[str, str], options: RedactOptions, rules: Rules) -> dict[str, str]:
    """The given identities of models, with those of the second recogniser and of the `configuration`."""
    identities = dict(identities)
    if options.verification.enabled:
        identities["second_recogniser"] = resolve(options.verification.model).identity
    chosen = options.model_dump(
        include={"recognition": True, "detection": True, "muting": True, "verification": True, "captions": True},
        exclude={"recognition": set(WITHOUT_EFFECT_ON_WORDS), "detection": {"detection_processes", "rules"}},
    )
    known = json.dumps([_OUTPUT_VERSION, chosen, rules.model_dump(), identities], sort_keys=True)
    return identities | {"configuration": hashlib.sha256(known.encode()).hexdigest()}


def provenance_of(options: RedactOptions, identities: Mapping[str, str]) -> Provenance:
    """The options and models of a job that `rerender` does not change, unless it is told to."""
    return Provenance(
        recognition=options.recognition.model_dump(exclude=set(WITHOUT_EFFECT_ON_WORDS)),
        detection=options.detection.model_dump(include=set(_DETECTION_OF_A_RECORDING)),
        identities={use: name for use, name in identities.items() if use not in ("second_recogniser", "configuration")},
    )


def _check_defaults(defaults: ManifestDefaults) -> None:
    """Refuses defaults with which every manifest line would fail."""
    policies_of(defaults.policies)
    try:
        read_line({"audio_url": "recording.wav"}, defaults, "manifest.jsonl", 1)
    except ManifestLineError as error:
        raise ConfigurationError(f"defaults for the manifest's lines: {error}") from None


def _identities(options: RedactOptions, rules: Rules) -> dict[str, str]:
    """Identities of the models by use, and of the `configuration`: with the recordings, they determine the outputs."""
    identities = {"recogniser": resolve(options.recognition.model).identity}
    identities |= model_identities(rules.applied_to(options.detection))
    return with_configuration(identities, options, rules)
