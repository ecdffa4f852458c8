"""Rules file: a job's own patterns, terms to keep and substitutions."""

from __future__ import annotations

import json

import regex
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from hushbeam.pipelines.options.given import read_text_of
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.policies import UnknownPolicyError, resolve_policies
from hushbeam.transforms.detect_pii import DetectionSettings
from hushbeam.transforms.read_manifest.line import Substitution
from hushbeam.transforms.storage.urls import display

_OPTION = "--rules"
_EXPECTED = {
    "dict_type": "expected an object",
    "model_type": "expected an object",
    "string_type": "expected text",
    "tuple_type": "expected a list",
}
"""What a value should be, by pydantic's name for the mistake, instead of its message."""


class Rules(BaseModel):
    """The content of a rules file, as JSON.

    Attributes:
      patterns: Regular expressions by label. Under a policy's name, matches are redacted if that policy is requested;
        under any other label, always.
      allow_list: Terms that are never redacted.
      substitutions: Substitutions by policy, instead of those that recordings choose.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    patterns: dict[str, tuple[str, ...]] = {}
    allow_list: tuple[str, ...] = ()
    substitutions: dict[str, Substitution] = {}

    @field_validator("patterns")
    @classmethod
    def _compile(cls, patterns: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for label, expressions in patterns.items():
            for expression in expressions:
                try:
                    regex.compile(expression)
                except regex.error as error:
                    raise ValueError(f"a pattern of {label!r} is not a regular expression: {error}") from None
        return patterns

    def applied_to(self, detection: DetectionSettings) -> DetectionSettings:
        """The settings of the detector with these rules."""
        return detection.model_copy(update={"allow_list": self.allow_list, "patterns": self.patterns})

    @field_validator("substitutions")
    @classmethod
    def _resolve(cls, by_policy: dict[str, object]) -> dict[str, object]:
        try:
            return {policy: value for name, value in by_policy.items() for policy in resolve_policies((name,))}
        except UnknownPolicyError as error:
            raise ValueError(str(error)) from None


def read_rules(url: str | None) -> Rules:
    """The rules of a file; no rules without a file.

    Raises:
      ConfigurationError: The file is missing or not valid; the message names all keys that are wrong.
    """
    if url is None:
        return Rules()
    option = f"{_OPTION}: {display(url)}"
    try:
        return Rules.model_validate(json.loads(read_text_of(_OPTION, url)))
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{option}: not valid JSON: {error.msg} at line {error.lineno}") from None
    except ValidationError as error:
        found = (
            ": ".join(filter(None, (".".join(map(str, each["loc"])), _message(each["type"], each["msg"]))))
            for each in error.errors(include_input=False, include_url=False)
        )
        raise ConfigurationError(f"{option}: {'; '.join(found)}") from None


def _message(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return f"unknown key; expected {', '.join(Rules.model_fields)}"
    return _EXPECTED.get(kind) or message.removeprefix("Value error, ").replace("Input should be", "expected")
