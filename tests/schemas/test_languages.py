"""Language codes, and their form in messages. Plain functions."""

from __future__ import annotations

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES

from hushbeam.schemas.languages import LANGUAGE_CODES, primary_language, shown_language


def test_all_that_the_recogniser_knows_are_known() -> None:
    assert set(_LANGUAGE_CODES) <= LANGUAGE_CODES


@pytest.mark.parametrize("code", ["en", "EN", "en_us", "en-GB", "en_Latn_US", "es-419", "yue", "haw"])
def test_a_code_may_say_more_than_the_language(code: str) -> None:
    assert shown_language(code) == primary_language(code) == code.replace("_", "-").split("-")[0].lower()


@pytest.mark.parametrize("code", ["", "zb", "Mary Smith", "en-Mary-Smith", "en_us_4111", "en\n", "ＥＮ", "english"])
def test_what_is_no_code_is_not_said(code: str) -> None:
    assert primary_language(code) is None
    assert shown_language(code) == "(no known code)"
