"""Manifest line: its keys, its validation, and its conversion to a recording with the job's defaults."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hushbeam.schemas.errors import RecordingError
from hushbeam.schemas.languages import LANGUAGE_CODES, primary_language
from hushbeam.schemas.policies import UnknownPolicyError, resolve_policies
from hushbeam.schemas.recording import Recording
from hushbeam.transforms.base.metavar import Metavar
from hushbeam.transforms.base.secrets import SecretReference, is_reference
from hushbeam.transforms.base.strict_json import UnusableJsonError, parsed_json
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.storage.urls import resolve

_LONGEST_URL = 4096

Substitution = Literal["hash", "entity_name", "mask", "numbered", "surrogate"]
AudioQuality = Literal["source", "mp3", "wav", "flac"]
MutingMethod = Literal["silence", "tone", "noise"]


class ManifestLineError(RecordingError):
    """The line is not valid. The message names the key and what to do.

    It names known keys only. Anything else in a line may be personal data, such as the cells of a CSV file without a
    header, so the message gives its position instead.
    """


class UnknownKeyError(ManifestLineError):
    """The line has an unknown key. It is an error, so that a typo cannot turn redaction off."""


class UnknownPolicyInLineError(ManifestLineError):
    """The line names a policy that is not in the catalogue."""


def _from_text(value: Any) -> Any:
    """A list from a CSV cell, which contains JSON or names separated by commas."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text[:1] in ("[", "{"):
        return _parsed(text)
    return [part.strip() for part in text.split(",") if part.strip()]


def _mapping(value: Any) -> Any:
    """A map from Parquet, which returns lists of pairs, or from a CSV cell, which contains JSON."""
    if isinstance(value, str):
        return _parsed(value)
    if not isinstance(value, list):
        return value
    try:
        found = dict(value)
    except (TypeError, ValueError):
        raise ValueError("expected a map, or a list of pairs") from None
    if len(found) < len(value):
        raise ValueError("contains a key twice")
    return found


def _without_nulls(value: Any) -> Any:
    """A structure from Parquet without its null values: Parquet returns the keys of all rows for every row."""
    return {key: entry for key, entry in value.items() if entry is not None} if isinstance(value, dict) else value


def _parsed(text: str) -> Any:
    try:
        return parsed_json(text)
    except UnusableJsonError as error:
        raise ValueError(str(error)) from None


def _muting(value: Any) -> Any:
    return "tone" if value == "beep" else value


def _language(value: str) -> str:
    if primary_language(value) is None:
        raise ValueError(f"expected one of {len(LANGUAGE_CODES)} language codes, such as en")
    return value


class AudioOptions(BaseModel):
    """`redact_pii_audio_options` of AssemblyAI's API."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    override_audio_redaction_method: Annotated[MutingMethod | None, BeforeValidator(_muting)] = None
    return_redacted_no_speech_audio: bool | None = None


class ManifestLine(BaseModel):
    """The keys of AssemblyAI's transcript request, so that a request body is a valid line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    audio_url: str = Field(min_length=1, max_length=_LONGEST_URL)
    recording_id: str | None = Field(default=None, min_length=1, max_length=512)
    redact_pii: bool = True
    redact_pii_policies: Annotated[list[str], BeforeValidator(_from_text)] | None = None
    redact_pii_sub: Substitution | None = None
    redact_pii_audio: bool | None = None
    redact_pii_audio_quality: AudioQuality | None = None
    redact_pii_audio_options: Annotated[AudioOptions, BeforeValidator(_mapping)] = AudioOptions()
    redact_static_entities: Annotated[
        dict[str, list[str]], BeforeValidator(_without_nulls), BeforeValidator(_mapping)
    ] = {}
    language_code: Annotated[str, AfterValidator(_language)] | None = None
    language_detection: bool | None = None
    multichannel: bool | None = None
    transcript_url: str | None = Field(default=None, max_length=_LONGEST_URL)
    webhook_url: str | None = Field(default=None, max_length=_LONGEST_URL)
    webhook_auth_header_name: str | None = None
    webhook_auth_header_value: str | None = None
    metadata: Annotated[dict[str, str], BeforeValidator(_without_nulls), BeforeValidator(_mapping)] = {}


_LISTS = frozenset({"redact_pii_policies"})
_OWN_KEYS = (*ManifestLine.model_fields, *AudioOptions.model_fields)


WebhookUrl = Annotated[
    Annotated[str, Metavar("URL")] | None, Field(description="URL that is notified of each finished recording")
]
AuthHeaderName = Annotated[
    Annotated[str, Metavar("HEADER")] | None,
    Field(description="name of the auth header of every webhook; --webhook_auth_header_values holds its value"),
]
SurrogateKey = Annotated[
    SecretReference | None,
    Field(description="reference to the key from which `surrogate` makes its replacements, such as env:NAME"),
]


class ManifestDefaults(BaseModel):
    """Defaults for keys that lines of the manifest leave out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policies: tuple[Annotated[str, Metavar("POLICY")], ...] = Field(
        ("default",), description="what to redact: names and presets of docs/policies.md"
    )
    substitution: Substitution = Field("hash", description="what stands for redacted words in transcripts")
    redact_audio: bool = Field(True, description="publish redacted audio; --no-redact_audio: transcripts only")
    audio_quality: AudioQuality = Field(
        "source", description="format of the redacted audio: that of the source, or mp3, wav or flac"
    )
    muting: MutingMethod = Field("silence", description="what replaces personal data in the audio")
    return_no_speech_audio: bool = Field(
        False, description="also publish the audio of recordings in which nobody speaks"
    )
    language_code: Annotated[str, AfterValidator(_language), Metavar("CODE")] | None = Field(
        None, description="language of the recordings, such as en; by default it is detected"
    )
    multichannel: bool | None = Field(
        None,
        description="treat each channel as one speaker (default: on); --no-multichannel mixes the channels",
    )
    webhook_url: WebhookUrl = None
    webhook_auth_header_name: AuthHeaderName = None
    surrogate_key: SurrogateKey = None


def read_line(
    values: Mapping[str, Any], defaults: ManifestDefaults, manifest: str, line: int, *, unredacted: bool = False
) -> Recording:
    """Checks one line and fills in the defaults.

    Args:
      values: Key to value as in the file. None and empty cells count as left out.
      manifest: URL of the manifest. Relative URLs are relative to its folder.
      line: Line number from 1.
      unredacted: Whether the job has an unredacted output, for lines with `redact_pii: false`.

    Raises:
      ManifestLineError: The message names the key and never a value.
    """
    try:
        request = ManifestLine.model_validate({key: value for key, value in values.items() if value not in (None, "")})
        # pydantic's own JSON accepts unpaired surrogates in the keys of a mapping.
        json.dumps(request.model_dump(), ensure_ascii=False).encode()
    except ValidationError as error:
        raise _explain(error, values) from None
    except UnicodeEncodeError:
        raise ManifestLineError("The line contains an unpaired Unicode surrogate") from None
    if not request.redact_pii and not unredacted:
        raise ManifestLineError(
            "redact_pii: false needs a job with --unredacted_output; otherwise remove the line or the key"
        )
    if request.webhook_auth_header_value and not is_reference(request.webhook_auth_header_value):
        raise ManifestLineError(
            "webhook_auth_header_value: a manifest must not contain a secret; give a reference such as env:NAME"
        )
    if request.language_code and request.language_detection:
        raise ManifestLineError("language_code and language_detection exclude each other; remove one")
    substitution = request.redact_pii_sub or defaults.substitution
    if substitution == "surrogate" and not defaults.surrogate_key:
        raise ManifestLineError("redact_pii_sub: surrogate needs a secret key; give the job a --surrogate_key")
    policies = request.redact_pii_policies if request.redact_pii_policies is not None else list(defaults.policies)
    options = request.redact_pii_audio_options
    return Recording(
        recording_id=request.recording_id or derived_id(request.audio_url),
        audio_url=_located(manifest, request.audio_url, "audio_url"),
        policies=_resolved(tuple(policies)),
        substitution=substitution,
        redact=request.redact_pii,
        redact_audio=_given(request.redact_pii_audio, defaults.redact_audio),
        audio_quality=request.redact_pii_audio_quality or defaults.audio_quality,
        muting=options.override_audio_redaction_method or defaults.muting,
        return_no_speech_audio=_given(options.return_redacted_no_speech_audio, defaults.return_no_speech_audio),
        static_entities={label: tuple(terms) for label, terms in sorted(request.redact_static_entities.items())},
        language_code=request.language_code or (None if request.language_detection else defaults.language_code),
        multichannel=request.multichannel if request.multichannel is not None else defaults.multichannel,
        webhook_url=request.webhook_url or defaults.webhook_url,
        webhook_auth_header_name=request.webhook_auth_header_name or defaults.webhook_auth_header_name,
        webhook_auth_header_value=request.webhook_auth_header_value,
        metadata=dict(sorted(request.metadata.items())),
        transcript_url=_located(manifest, request.transcript_url, "transcript_url") if request.transcript_url else None,
        manifest=manifest,
        line=line,
    )


def derived_id(audio_url: str) -> str:
    """Stable id for a line without one: the name of the file and a short hash of the URL as in the manifest."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", PurePosixPath(audio_url.split("?", 1)[0]).stem).strip(".-") or "recording"
    return f"{stem[:80]}-{hashlib.sha256(audio_url.encode()).hexdigest()[:10]}"


def _located(manifest: str, url: str, key: str) -> str:
    try:
        return resolve(manifest, url)
    except StorageError as error:
        raise ManifestLineError(f"{key}: {error}") from None


def _given(value: bool | None, default: bool) -> bool:
    return default if value is None else value


@lru_cache(maxsize=1024)
def _resolved(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ManifestLineError("redact_pii_policies is empty; remove it for the defaults, or name policies")
    try:
        return resolve_policies(names)
    except UnknownPolicyError as error:
        raise UnknownPolicyInLineError(
            f"Policy {error.position} of redact_pii_policies is unknown. {error.advice}"
        ) from None


def _explain(error: ValidationError, values: Mapping[str, Any]) -> ManifestLineError:
    """Error with the problem and what to do, but without values and unknown keys, which may be personal data."""
    errors = error.errors(include_input=False, include_url=False, include_context=False)
    # A misspelt key may be reported as a missing one too: its position and the nearest known key help more.
    first = min(errors, key=lambda each: each["type"] != "extra_forbidden")
    where = first["loc"]
    if not where:
        return ManifestLineError("The line has a key that is not text")
    if first["type"] == "extra_forbidden":
        place = f"key {_place(values, where)} of {'the line' if len(where) == 1 else where[0]}"
        near = get_close_matches(str(where[-1]), _OWN_KEYS, n=1)
        return UnknownKeyError(f"Unknown key: {place}" + (f"; did you mean {near[0]!r}?" if near else ""))
    if first["type"] == "missing":
        return ManifestLineError(f"{where[0]} is missing; every line needs it")
    if len(where) == 1:
        return ManifestLineError(f"{where[0]}: {first['msg']}")
    name = where[1] if where[1] in AudioOptions.model_fields else f"entry {_place(values, where)}"
    return ManifestLineError(f"{where[0]}, {name}: {first['msg']}")


def _place(values: Mapping[str, Any], where: tuple[int | str, ...]) -> int:
    """Position, from 1, of the key, or of the entry in its map or list, that an error is about."""
    if len(where) == 1:
        return list(values).index(str(where[0])) + 1
    holder = _mapping(values[str(where[0])]) if where[0] not in _LISTS else None
    if isinstance(holder, dict):
        # pydantic reports keys that are not text under other names: 1 for true.
        return next(n for n, key in enumerate(holder, 1) if str(key) == str(where[1]) or not isinstance(key, str))
    return int(where[1]) + 1
