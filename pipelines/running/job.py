"""Job: options, models and locations of a run, checked before the pipeline is built."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from typing import NamedTuple

from hushbeam.pipelines.options.arguments import fields_of, flag_of
from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.rules import Rules, read_rules
from hushbeam.pipelines.running.inputs import (
    Inputs,
    find_inputs,
    spool_standard_input,
    spooled_manifests,
    standard_input_name,
)
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.stored import Provenance
from hushbeam.transforms.archive.certificate import read_private_key
from hushbeam.transforms.archive.findings_store import FindingsStore
from hushbeam.transforms.archive.given_identity import CAPTIONS, NO_CAPTIONS, OF_OPTIONS
from hushbeam.transforms.archive.run_lock import Hold
from hushbeam.transforms.archive.runs.parts import RunPart
from hushbeam.transforms.archive.runs.table_format import TableFormat
from hushbeam.transforms.archive.tables.parquet import time_text
from hushbeam.transforms.archive.unredacted import UnredactedOutput
from hushbeam.transforms.assemble_transcript.sealing import SpanSealer
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.base.secrets import read_secret
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.begin_run import check_hashed_with_same_key, check_identities_as_before, check_signed_as_before
from hushbeam.transforms.detect_pii.models.conversation_model import model_identities
from hushbeam.transforms.detect_pii.registry import BUILT_IN, own_recognisers, recogniser_versions
from hushbeam.transforms.media.isolation.children import check_confinement
from hushbeam.transforms.notify.deliver import WebhookClient
from hushbeam.transforms.read_manifest import ManifestDefaults
from hushbeam.transforms.read_manifest.line import ManifestLineError, read_line
from hushbeam.transforms.read_manifest.pseudonyms import Pseudonyms
from hushbeam.transforms.sources.read import Sources
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.errors import AccessDeniedError
from hushbeam.transforms.storage.signing import check_signing
from hushbeam.transforms.storage.urls import file_name
from hushbeam.transforms.table_formats import check_format
from hushbeam.transforms.transcribe.model import ModelFolder, require_device, resolve

MOST_NAMED_ON_A_CLUSTER = 100_000
"""Recordings that a job for a cluster names one by one: they are a part of the pipeline, whose size runners limit."""


WITHOUT_EFFECT_ON_WORDS = frozenset({"shuffle_key", "batch_windows"})
"""The options of recognition that change no word."""

_DETECTION_OF_A_RECORDING = frozenset({"detector", "caution", "exchanges"})
"""The options of detection that a recording keeps when it is rendered again."""

# Part of every output's identity: raised when a change to the code changes outputs.
_OUTPUT_VERSION = 10


class Job(NamedTuple):
    """Options, models and locations of a run, decided once, before the pipeline is built.

    Attributes:
      manifests: Existing files; folders and globs are resolved.
      output: Normalised root.
      run_id: Names the run's files.
      processed_at: Start of the run, ISO 8601. It orders the outputs of a recording.
      shards: Files per table and date; None to choose it by the size.
      rules: The content of the file that `--rules` names.
      identities: Of models by use, the `configuration` in words, and its `configuration_id`: two runs with equal
        identities do the same.
      store: The root for encrypted words and findings; None keeps none.
      unredacted: The root for encrypted, unredacted transcripts; None keeps none.
      hold: Lock of the output: held by this process, or by stages of the pipeline; None before it is held.
      recordings: Locations of recordings that are named without a manifest.
      spool: A temporary folder with the lines of standard input, which is one of the manifests.
      remarks: About the inputs, to tell before the run.
      part: The part of the run, where several pipelines do it, one after the other.
      packs: The packed lines of the part.
      table_format: Of the tables; None for Parquet files alone.
    """

    options: RedactOptions
    manifests: tuple[str, ...]
    output: str
    run_id: str
    processed_at: str
    shards: int | None
    rules: Rules
    identities: dict[str, str]
    store: SealedRoot | None = None
    unredacted: SealedRoot | None = None
    hold: Hold | None = None
    recordings: tuple[str, ...] = ()
    spool: TemporaryFolder | None = None
    remarks: tuple[str, ...] = ()
    part: RunPart | None = None
    packs: tuple[bytes, ...] = ()
    table_format: TableFormat | None = None

    @property
    def spooled(self) -> dict[str, str]:
        """The file with the lines of standard input, by the name of the manifest; empty if it is not read."""
        return spooled_manifests(self.spool.name if self.spool else None)

    def close(self) -> None:
        """Removes the lines of standard input."""
        if self.spool:
            self.spool.cleanup()

    @property
    def tells_files(self) -> bool:
        """Whether the terminal tells the files of recordings that fail: of those that the command names."""
        return bool(self.recordings) and not self.options.hash_identities

    @property
    def sources(self) -> Sources:
        """Looks up and reads the sources."""
        return Sources(self.options.sources, self.options.decoding)


def prepare(options: RedactOptions, *, local: bool, of_records: bool = False, writes: bool = True) -> Job:
    """Checks the options before anything runs. The secrets of a cluster's workers cannot be read here.

    Args:
      of_records: Whether what to redact is in a pipeline already, so that the options name no inputs.
      writes: Whether the job writes to the output.

    Raises:
      ConfigurationError: A manifest, a model or a secret is missing.
    """
    inputs = Inputs((), ()) if of_records else inputs_of(options, local=local)
    is_named = bool(options.inputs or options.manifest)  # with --allow_empty, globs may match nothing
    if not (of_records or is_named):
        raise ConfigurationError(
            "nothing to redact: name recordings, folders or manifests, as in: hushbeam redact calls/"
        )
    _check_defaults(options.defaults)
    rules = read_rules(options.detection.rules)
    own_recognisers(options.detection)
    if local:
        require_device(options.recognition.device)
        check_secrets(options)
        check_confinement(options.decoding)
    output = urls.normalised(options.output)
    # Whoever submits to a cluster need not be allowed to read the output.
    with nullcontext() if local else suppress(AccessDeniedError):
        check_identities_as_before(output, hashed=options.hash_identities is not None)
        if writes:
            check_signed_as_before(output, options.certificate_key)
        if local:  # on a cluster the workers have the key, and check it before anything is published
            check_hashed_with_same_key(output, options.hash_identities)
    table_format = options.table_formats.decided(output)
    if local:  # on a cluster the workers have the libraries and the catalogue's configuration
        check_format(output, table_format)
    identities = _identities(options, rules)
    started = datetime.now(UTC)
    spool = spool_standard_input() if standard_input_name() in inputs.manifests else None  # last, as it may wait
    return Job(
        options,
        inputs.manifests,
        output,
        options.run_id or new_run_id(started),
        time_text(started),
        options.output_shards,
        rules,
        identities,
        options.keeping.store_settings(options.output),
        options.keeping.unredacted_settings(options.output),
        recordings=inputs.recordings,
        spool=spool,
        remarks=inputs.remarks,
        table_format=table_format,
    )


def inputs_of(options: RedactOptions, *, local: bool) -> Inputs:
    """The manifests and recordings that the options name.

    Raises:
      ConfigurationError: An input is missing or of another kind, or the workers cannot read it.
    """
    keeping = options.keeping
    outputs = [root for root in (options.output, keeping.store, keeping.unredacted_output) if root]
    inputs = find_inputs(options.inputs, options.manifest, outputs, local=local, may_be_empty=options.allow_empty)
    if not local and len(inputs.recordings) > MOST_NAMED_ON_A_CLUSTER:
        raise ConfigurationError(
            f"{len(inputs.recordings):,} recordings are named, and a cluster's job takes {MOST_NAMED_ON_A_CLUSTER:,}; "
            "write a manifest of them, and name it"
        )
    return inputs


def new_run_id(started: datetime) -> str:
    """A new name that starts with the time, so that names sort by it."""
    return f"{started:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"


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


def resolved(option: str, model: str) -> ModelFolder:
    """The speech model that an option names.

    Raises:
      ConfigurationError: There is no such model, or it is not complete.
    """
    try:
        return resolve(model)
    except ConfigurationError as error:
        raise ConfigurationError(f"{option}: {str(error).removeprefix('model: ')}") from None


def with_configuration(identities: Mapping[str, str], options: RedactOptions, rules: Rules) -> dict[str, str]:
    """The given identities of models, with that of the second recogniser, and those of the options."""
    identities = dict(identities)
    if options.verification.enabled:
        identities["second_recogniser"] = resolved("--verify_model", options.verification.model).identity
    chosen = options.model_dump(
        include={"recognition": True, "detection": True, "muting": True, "verification": True, "captions": True},
        exclude={"recognition": set(WITHOUT_EFFECT_ON_WORDS), "detection": {"detection_processes", "rules"}},
    )
    known = json.dumps([_OUTPUT_VERSION, chosen, rules.model_dump(), identities], sort_keys=True)
    return identities | {
        "configuration": " ".join(_differing(options, rules)),
        "configuration_id": hashlib.sha256(known.encode()).hexdigest(),
    }


def _differing(options: RedactOptions, rules: Rules) -> Iterator[str]:
    """The options that decide the output and differ from their defaults, as on the command line; of paths the name."""
    for group in (options.recognition, options.detection, options.muting, options.verification):
        for name, field in fields_of(type(group)).items():
            value = getattr(group, name)
            is_told = field.description and name not in {*WITHOUT_EFFECT_ON_WORDS, "detection_processes", "rules"}
            if not is_told or value == field.get_default(call_default_factory=True):
                continue
            flag = flag_of(name, field)
            if isinstance(value, bool):
                yield f"--{flag}" if value else f"--no-{flag}"
            else:
                values = value if isinstance(value, tuple | list) else [value]
                yield f"--{flag} {','.join(file_name(str(one)) for one in values)}"
    if options.captions is not None:
        yield CAPTIONS if options.captions else NO_CAPTIONS
    if rules != Rules():
        yield "--rules"


def provenance_of(options: RedactOptions, identities: Mapping[str, str]) -> Provenance:
    """The options and models of a job that `rerender` does not change, unless it is told to."""
    return Provenance(
        recognition=options.recognition.model_dump(exclude=set(WITHOUT_EFFECT_ON_WORDS)),
        detection=options.detection.model_dump(include=set(_DETECTION_OF_A_RECORDING)),
        identities={use: name for use, name in identities.items() if use not in {"second_recogniser", *OF_OPTIONS}},
        recognisers=BUILT_IN,
    )


def _check_defaults(defaults: ManifestDefaults) -> None:
    """Refuses defaults with which every manifest line would fail."""
    try:
        read_line({"audio_url": "recording.wav"}, defaults, "manifest.jsonl", 1)
    except ManifestLineError as error:
        raise ConfigurationError(f"defaults for the manifest's lines: {error}") from None


def _identities(options: RedactOptions, rules: Rules) -> dict[str, str]:
    """Identities of the models by use, and of the configuration: with the recordings, they determine the outputs."""
    identities = {"recogniser": resolved("--model", options.recognition.model).identity}
    identities |= model_identities(rules.applied_to(options.detection))
    if versions := recogniser_versions(options.detection):
        identities["own_recognisers"] = versions
    return with_configuration(identities, options, rules)
