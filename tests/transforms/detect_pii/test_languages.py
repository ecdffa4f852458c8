"""Word lists of the languages: functions."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from hushbeam.schemas.errors import QuarantineError
from hushbeam.schemas.policies import CATALOGUE
from hushbeam.transforms.detect_pii.languages import SUPPORTED, UnsupportedLanguageError, language_of
from hushbeam.transforms.detect_pii.numbers.labels import SHAPES
from hushbeam.transforms.detect_pii.text import tokens
from hushbeam.transforms.detect_pii.text.atoms import Kind, split_into_atoms
from hushbeam.transforms.detect_pii.text.tokens import plain, read_terms

GAZETTEERS = Path(tokens.__file__).parents[1] / "gazetteers"


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


@pytest.mark.parametrize("code", ["en", "es", "fr", "de"])
def test_every_listed_word_can_match(code: str) -> None:
    language = language_of(code)
    for part in (language, language.quantities):
        for field in fields(part):
            listed = getattr(part, field.name)
            for word in listed if isinstance(listed, frozenset) and field.name not in ("policies", "titles") else ():
                atoms = split_into_atoms(word, language)
                assert len(atoms) == 1, f"{field.name}: {word}"
                assert atoms[0].kind is not Kind.WORD or atoms[0].value == word, f"{field.name}: {word}"
    assert all(plain(title) == title for title in language.titles)


@pytest.mark.parametrize("gazetteer", sorted(path.stem for path in GAZETTEERS.glob("*.txt")))
def test_every_listed_term_can_match_and_stands_once(gazetteer: str) -> None:
    listed = (GAZETTEERS / f"{gazetteer}.txt").read_text(encoding="utf-8").split("\n")
    terms = [term for term in listed if term]
    assert terms == sorted(set(terms))
    words = [tuple(plain(word) for word in re.findall(r"[^\W_]+(?:'[^\W\d_]+)*", term)) for term in terms]
    assert all(words)
    assert len(set(words)) == len(words)
    assert all(term.islower() and term.isascii() for term in terms)


def test_everyday_words_are_listed_as_they_are_compared() -> None:
    assert all(plain(word) == word for word in read_terms("common_words"))
