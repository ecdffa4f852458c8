"""Manifest line: its keys, its validation, and its conversion to a recording with the job's defaults."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hushbeam.schemas.errors import RecordingError
from hushbeam.schemas.languages import LANGUAGE_CODES, language_of_name, primary_language
from hushbeam.schemas.policies import UnknownPolicyError, resolve_policies
from hushbeam.schemas.public_urls import without_query
from hushbeam.transforms.base.metavar import Metavar
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.base.secrets import SecretReference, is_reference
from hushbeam.transforms.base.strict_json import UnusableJsonError, parsed_json
from hushbeam.transforms.option_lists import SEPARATED, separated
from hushbeam.transforms.read_manifest.messages import expected, listed
from hushbeam.transforms.read_manifest.other_keys import UNSUPPORTED, nearest, sort_keys
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.storage.urls import resolve_source

if TYPE_CHECKING:
    from hushbeam.schemas.recording import Recording

_LONGEST_URL = 4096
_LONGEST_ID = 512
_SURELY_LIKE = 0.7
_SPELLED = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "þ": "th", "Þ": "Th"}
    | {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ı": "i"}
)
"""Letters that Unicode does not take for another one with an accent."""
_MOST_TOLD = 10

Substitution = Literal["hash", "entity_name", "mask", "numbered", "surrogate"]
AudioQuality = Literal["source", "mp3", "wav", "flac"]
MutingMethod = Literal["silence", "tone", "noise"]


class ManifestLineError(RecordingError):
    """The line is not valid. The message names the key and what to do.

    It names known keys only. Anything else in a line may be personal data, such as the cells of a CSV file without a
    header, so the message gives its position instead.
    """

    remedy = "Correct the key that the message names."


class UnknownKeyError(ManifestLineError):
    """The line has an unknown key. It is an error, so that a typo cannot turn redaction off."""

    remedy = "Correct or remove the key."


class UnsupportedKeyError(ManifestLineError):
    """The line asks for something that would change what is published, and that Hushbeam does not do."""

    remedy = "Remove the key; cut or convert the recording before the job."


class UnknownPolicyInLineError(ManifestLineError):
    """The line names a policy that is not in the catalogue."""

    remedy = "Use a name of the catalogue of policies."


def _from_text(value: Any) -> Any:
    """A list from a CSV cell, which contains JSON or names separated by commas."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text[:1] in ("[", "{"):
        return _parsed(text)
    return list(separated(text))


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
    """The code without a script or a region: models know languages."""
    language = primary_language(value)
    if language is None:
        meant = language_of_name(value)
        advice = f"; did you mean {meant}?" if meant else ""
        raise ValueError(f"expected one of {len(LANGUAGE_CODES)} language codes, such as en or en_us{advice}")
    return language


def _all_known(names: tuple[str, ...]) -> tuple[str, ...]:
    if unknown := list(_unknown_policies(names)):
        raise ValueError(" ".join(map(str, unknown)))
    return names


def _unknown_policies(names: Sequence[str]) -> Iterator[UnknownPolicyError]:
    for position, name in enumerate(names, 1):
        try:
            resolve_policies((name,))
        except UnknownPolicyError as error:
            yield UnknownPolicyError(name, position, error.advice)


class AudioOptions(BaseModel):
    """`redact_pii_audio_options` of AssemblyAI's API."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    override_audio_redaction_method: Annotated[MutingMethod | None, BeforeValidator(_muting)] = Field(
        None,
        description="What replaces personal data in the audio; `beep` means `tone`. Default: --muting",
        examples=["tone"],
    )
    return_redacted_no_speech_audio: bool | None = Field(
        None,
        description="Publish audio also if nobody speaks in it. Default: --return_no_speech_audio",
        examples=[True],
    )


class ManifestLine(BaseModel):
    """The keys of AssemblyAI's transcript request, so that a request body is a valid line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    audio_url: str = Field(
        min_length=1,
        max_length=_LONGEST_URL,
        description="Path, `gs://`, `s3://`, `az://` or `https://` URL of the recording. A relative path begins at the "
        "manifest's folder",
        examples=["gs://calls/4711.wav"],
    )
    recording_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=_LONGEST_ID,
        description="Unique in a run. Default: the file's name and a hash of the URL without its query",
        examples=["call-4711"],
    )
    redact_pii: bool = Field(
        True,
        description="`false` publishes nothing of the recording; only in jobs with --unredacted_output",
        examples=[True],
    )
    redact_pii_policies: Annotated[list[str], BeforeValidator(_from_text)] | None = Field(
        None,
        description="Names and presets of policies to redact. Default: --policies",
        examples=[["person_name", "pci"]],
    )
    redact_pii_sub: Substitution | None = Field(
        None,
        description="What stands for redacted words: `hash` a `#` for each letter and digit, `entity_name` "
        "`[PERSON_NAME]`, `numbered` `[PERSON_NAME_1]`, `mask` `****`, `surrogate` an invented value (needs "
        "--surrogate_key). Default: --substitution",
        examples=["entity_name"],
    )
    redact_pii_audio: bool | None = Field(
        None, description="`false` publishes the transcript alone. Default: --redact_audio", examples=[False]
    )
    redact_pii_audio_quality: AudioQuality | None = Field(
        None, description="Format of the redacted audio. Default: --audio_quality", examples=["mp3"]
    )
    redact_pii_audio_options: Annotated[AudioOptions, BeforeValidator(_mapping)] = Field(
        AudioOptions(),
        description="Options of the redacted audio: the keys of the second table",
        examples=[{"override_audio_redaction_method": "tone"}],
    )
    redact_static_entities: Annotated[
        dict[str, list[str]], BeforeValidator(_without_nulls), BeforeValidator(_mapping)
    ] = Field({}, description="Terms that are always redacted, by label", examples=[{"PROJECT": ["Blue Moon"]}])
    language_code: Annotated[str, AfterValidator(_language)] | None = Field(
        None, description="Language of the recording. Default: --language_code, or else detected", examples=["en"]
    )
    language_detection: bool | None = Field(
        None, description="`true` detects the language in spite of --language_code", examples=[True]
    )
    multichannel: bool | None = Field(
        None,
        description="`false` mixes the channels before transcription; otherwise each channel is one speaker. Default: "
        "--multichannel",
        examples=[True],
    )
    transcript_url: str | None = Field(
        default=None,
        max_length=_LONGEST_URL,
        description="Transcript that exists already; the recording is not transcribed",
        examples=["s3://transcripts/4711.json"],
    )
    webhook_url: str | None = Field(
        default=None,
        max_length=_LONGEST_URL,
        description="Receiver of the notification. Default: --webhook_url",
        examples=["https://hooks.example.com/redacted"],
    )
    webhook_auth_header_name: str | None = Field(
        None,
        description="Header that authenticates the notification. Default: --webhook_auth_header_name",
        examples=["Authorization"],
    )
    webhook_auth_header_value: str | None = Field(
        None,
        description="Reference to the header's value, never the value; --webhook_auth_header_values allows it",
        examples=["env:TOKEN"],
    )
    metadata: Annotated[dict[str, str], BeforeValidator(_without_nulls), BeforeValidator(_mapping)] = Field(
        {}, description="Texts by name, copied to `transcripts/`", examples=[{"team": "billing"}]
    )


_LISTS = frozenset({"redact_pii_policies"})


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


PolicyNames = Annotated[
    tuple[Annotated[str, Metavar("POLICY")], ...], AfterValidator(_all_known), SEPARATED, Field(min_length=1)
]
"""Names of policies and presets, as they were given."""


class ManifestDefaults(BaseModel):
    """What is redacted, and how, where a manifest does not say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policies: PolicyNames = Field(("default",), description="what to redact: names and presets of docs/policies.md")
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
    metadata_columns: Annotated[tuple[Annotated[str, Metavar("COLUMN")], ...], SEPARATED] = Field(
        (), description="columns, or further keys of lines, to copy into `metadata`: their names, or * for all"
    )


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
      ManifestLineError: The message names all keys that are wrong, and never a value.
    """
    keys = sort_keys(values, ManifestLine.model_fields, defaults.metadata_columns)
    wrong: list[ManifestLineError] = [
        UnsupportedKeyError(f"{key} is not supported: {UNSUPPORTED[key]}") for key in keys.unsupported
    ]
    try:
        request = ManifestLine.model_validate(keys.own)
        # pydantic's own JSON accepts unpaired surrogates in the keys of a mapping.
        json.dumps([request.model_dump(), keys.columns], ensure_ascii=False).encode()
    except ValidationError as error:
        raise _all_of([*wrong, *_explained(error, values), *_wrong_policies(_names_of_policies(keys.own))]) from None
    except UnicodeEncodeError:
        raise _all_of([*wrong, ManifestLineError("The line contains an unpaired Unicode surrogate")]) from None
    wrong += _refusals(request, keys.columns, defaults, unredacted=unredacted)
    if wrong := [*wrong, *_wrong_policies(request.redact_pii_policies)]:
        raise _all_of(wrong)
    # Imported late: it loads Beam, and the options of commands need only this module's defaults.
    from hushbeam.schemas.recording import Recording  # noqa: PLC0415

    policies = request.redact_pii_policies if request.redact_pii_policies is not None else list(defaults.policies)
    options = request.redact_pii_audio_options
    return Recording(
        recording_id=request.recording_id or derived_id(request.audio_url),
        audio_url=_located(manifest, request.audio_url, "audio_url"),
        policies=_resolved(tuple(policies)),
        substitution=request.redact_pii_sub or defaults.substitution,
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
        metadata=dict(sorted({**request.metadata, **keys.columns}.items())),
        transcript_url=_located(manifest, request.transcript_url, "transcript_url") if request.transcript_url else None,
        manifest=manifest,
        line=line,
        ignored_keys=keys.ignored,
    )


def known_id(values: Mapping[str, Any], manifest: str) -> str | None:
    """The id of the recording of an invalid line; None if the line does not give it, or gives none that is valid."""
    given = values.get("recording_id")
    try:
        if isinstance(given, str) and given:
            return given if len(given) <= _LONGEST_ID and given.encode() else None
    except UnicodeEncodeError:
        return None
    is_derived = given in (None, "") and known_source(values, manifest) is not None
    return derived_id(values["audio_url"]) if is_derived else None


def known_source(values: Mapping[str, Any], manifest: str) -> str | None:
    """The location of the recording of an invalid line; None if the line does not give it, or gives no valid one."""
    url = values.get("audio_url")
    try:
        if isinstance(url, str) and url.encode() and len(url) <= _LONGEST_URL:
            return _located(manifest, url, "audio_url")
    except (UnicodeEncodeError, ManifestLineError):
        pass
    return None


def derived_id(audio_url: str) -> str:
    """Stable id for a line without one: the name of the file and a short hash of the URL as in the manifest.

    Without the query of a web server's URL: that of a presigned URL is another one each night.
    """
    audio_url = without_query(audio_url)
    name = _without_accents(PurePosixPath(audio_url.split("?", 1)[0]).stem)
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "recording"
    return f"{stem[:80]}-{hashlib.sha256(audio_url.encode()).hexdigest()[:10]}"


def _without_accents(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _located(manifest: str, url: str, key: str) -> str:
    try:
        return resolve_source(manifest, url)
    except StorageError as error:
        raise ManifestLineError(f"{key}: {error}") from None


def _given(value: bool | None, default: bool) -> bool:
    return default if value is None else value


@lru_cache(maxsize=1024)
def _resolved(names: tuple[str, ...]) -> tuple[str, ...]:
    return resolve_policies(names)


def _refusals(
    request: ManifestLine, columns: Mapping[str, str], defaults: ManifestDefaults, *, unredacted: bool
) -> Iterator[ManifestLineError]:
    """What the job does not do, of a line whose values are valid one by one."""
    if not request.redact_pii and not unredacted:
        yield ManifestLineError(
            "redact_pii: false needs a job with --unredacted_output; otherwise remove the line or the key"
        )
    if request.webhook_auth_header_value and not is_reference(request.webhook_auth_header_value):
        yield ManifestLineError(
            "webhook_auth_header_value: a manifest must not contain a secret; give a reference such as env:NAME"
        )
    if request.language_code and request.language_detection:
        yield ManifestLineError("language_code and language_detection exclude each other; remove one")
    if not request.metadata.keys().isdisjoint(columns):
        yield ManifestLineError("metadata: has an entry with the name of a column of --metadata_columns; rename one")
    if (request.redact_pii_sub or defaults.substitution) == "surrogate" and not defaults.surrogate_key:
        yield ManifestLineError("redact_pii_sub: surrogate needs a secret key; give the job a --surrogate_key")


def _names_of_policies(own: Mapping[str, Any]) -> list[str] | None:
    """The policies that a line names which is wrong otherwise; None if it names none, or not as a list of names."""
    try:
        names = _from_text(own.get("redact_pii_policies"))
    except ValueError:
        return None
    is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return names if is_list else None


def _wrong_policies(names: Sequence[str] | None) -> Iterator[ManifestLineError]:
    """What is wrong with the names of a line's policies; None is no list, or the defaults."""
    if names is None:
        return
    if not names:
        yield ManifestLineError("redact_pii_policies is empty; remove it for the defaults, or name policies")
    for unknown in _unknown_policies(names):
        yield UnknownPolicyInLineError(f"Policy {unknown.position} of redact_pii_policies is unknown. {unknown.advice}")


def _all_of(wrong: Sequence[ManifestLineError]) -> ManifestLineError:
    """One error for all that is wrong with a line, of the class of the first."""
    all_told = list(dict.fromkeys(map(str, wrong)))  # two terms of one entry may be wrong in the same way
    told = all_told[:_MOST_TOLD]
    if more := len(all_told) - len(told):
        told.append(f"{counted(more, 'more error')} in this line")
    *others, last = told
    return type(wrong[0])(" ".join([*(text if text.endswith((".", "?")) else f"{text}." for text in others), last]))


def _explained(error: ValidationError, values: Mapping[str, Any]) -> Iterator[ManifestLineError]:
    """Errors with the problem and what to do, but without values and unknown keys, which may be personal data."""
    errors = error.errors(include_input=False, include_url=False)
    unknown: dict[tuple[int | str, ...], list[tuple[int | str, ...]]] = {}
    for each in errors:
        if each["type"] == "extra_forbidden":
            unknown.setdefault(each["loc"][:-1], []).append(each["loc"])
    yield from (_unknown_keys(keys, values) for keys in unknown.values())
    # A misspelt key is reported as a missing one too.
    meant = {nearest(str(where[-1]), ManifestLine.model_fields) for where in unknown.get((), ())}
    for each in errors:
        where = each["loc"]
        if not where:
            yield ManifestLineError("The line has a key that is not text")
        elif each["type"] == "missing" and where[0] not in meant:
            yield ManifestLineError(f"{where[0]} is missing; every line needs it")
        elif each["type"] not in {"missing", "extra_forbidden"}:
            is_option = len(where) > 1 and where[1] in AudioOptions.model_fields
            entry = "" if len(where) == 1 else f", {where[1] if is_option else f'entry {_place(values, where)}'}"
            yield ManifestLineError(f"{where[0]}{entry}: {expected(each)}")


def _unknown_keys(found: Sequence[tuple[int | str, ...]], values: Mapping[str, Any]) -> UnknownKeyError:
    """An error for all unknown keys of a line, or of a map in it, that tells what each may stand for."""
    of_line = len(found[0]) == 1
    keys = {_place(values, where): str(where[-1]) for where in found}
    places, known = sorted(keys), ManifestLine.model_fields if of_line else AudioOptions.model_fields
    near = [(place, meant) for place in places if (meant := nearest(keys[place], known))][:_MOST_TOLD]
    said = [repr(meant) if len(keys) == 1 else f"{meant!r} ({place})" for place, meant in near]
    advice = f"; did you mean {listed(said)}?" if near else ""
    # A column of a table may resemble a key by chance.
    if of_line and not all(nearest(key, known, _SURELY_LIKE) for key in keys.values()):
        advice += f"{'' if near else ';'} --metadata_columns copies columns that it names into metadata"
    noun = "key" if len(keys) == 1 else "keys"
    return UnknownKeyError(
        f"Unknown {noun}: {noun} {listed(places)} of {'the line' if of_line else found[0][0]}{advice}"
    )


def _place(values: Mapping[str, Any], where: tuple[int | str, ...]) -> int:
    """Position, from 1, of the key, or of the entry in its map or list, that an error is about."""
    if len(where) == 1:
        return list(values).index(str(where[0])) + 1
    holder = _mapping(values[str(where[0])]) if where[0] not in _LISTS else None
    if isinstance(holder, dict):
        # pydantic reports keys that are not text under other names: 1 for true.
        return next(n for n, key in enumerate(holder, 1) if str(key) == str(where[1]) or not isinstance(key, str))
    return int(where[1]) + 1
