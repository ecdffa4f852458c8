"""Substitutions: the texts that replace redacted words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.redacted import SUBSTITUTIONS

MASK = "****"

# Characters around a value that are not part of it. `$` and `%` are not here, because they belong to the value.
_BEFORE = re.compile(r"[\s\"'(\[{«“‘¿¡]*")
_AFTER = re.compile(r"[\s\"')\]}»”’.,;:!?…]*\Z")


@dataclass(frozen=True)
class Substitution:
    """The choice of texts that replace redacted words.

    Attributes:
      default: A name of `SUBSTITUTIONS`.
        `hash`: one `#` for each letter and digit; punctuation and spacing stay. It shows the length of words.
        `entity_name`: the label of each finding, `[PERSON_NAME]`.
        `mask`: `****` for each finding, whatever its length.
        `numbered`: `[PERSON_NAME_1]`, the same number for the same person within a recording.
        `surrogate`: an invented value of the same kind, the same for the same value within a recording.
      by_policy: Names for single policies that differ from the default.
      key: Secret key of the surrogates. It allows testing guesses of values.
      locale: Faker locale of the surrogates.
    """

    default: str = "hash"
    by_policy: Mapping[str, str] = field(default_factory=dict)
    key: bytes = field(default=b"", repr=False)
    locale: str = "en_US"

    def __post_init__(self) -> None:
        for name in (self.default, *self.by_policy.values()):
            if name not in SUBSTITUTIONS:
                raise ConfigurationError(f"redact_pii_sub: {name!r} is unknown; use one of {', '.join(SUBSTITUTIONS)}")
        if "surrogate" in (self.default, *self.by_policy.values()) and not self.key:
            raise ConfigurationError("surrogate_key: surrogates need a secret key; without one they can be reversed")

    def of(self, policy: str) -> str:
        """The substitution's name for a policy."""
        return self.by_policy.get(policy, self.default)


def hashed(text: str) -> str:
    """One `#` for each letter, mark and digit of `text`: `412-412-4124` becomes `###-###-####`."""
    return "".join("#" if unicodedata.category(character)[0] in "LMN" else character for character in text)


def split_surroundings(texts: Sequence[str]) -> tuple[str, str, str]:
    """Splits joined words into the white space and quotes before the value, the value, and the punctuation after."""
    text = "".join(texts)
    before = _BEFORE.match(text)
    assert before is not None
    start = before.end()
    after = _AFTER.search(text, start)
    assert after is not None
    return text[:start], text[start : after.start()], text[after.start() :]
