"""Word lists of the languages: functions."""

from __future__ import annotations

import re

import pytest

from hushbeam.schemas.errors import QuarantineError
from hushbeam.schemas.policies import CATALOGUE
from hushbeam.transforms.detect_pii.languages import SUPPORTED, UnsupportedLanguageError, language_of
from hushbeam.transforms.detect_pii.numbers.labels import SHAPES


@pytest.mark.parametrize("code", SUPPORTED)
def test_every_language_has_whole_numbers_and_cues_of_known_policies(code: str) -> None:
    language = language_of(code)
    assert set(language.digits.values()) == set("0123456789")
    assert set(language.months.values()) == set(range(1, 13))
    for policy, patterns in language.cues.items():
        assert policy in SHAPES
        assert policy in CATALOGUE or policy in ("card", "code")
        assert not any(re.compile(pattern).match("") for pattern in patterns)


def test_a_region_of_a_language_is_that_language() -> None:
    assert language_of("en-GB") is language_of("en")


def test_a_language_without_support_quarantines_and_names_those_with() -> None:
    with pytest.raises(UnsupportedLanguageError, match="de, en, es, fr") as raised:
        language_of("ja")
    assert isinstance(raised.value, QuarantineError)
