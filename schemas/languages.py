"""Language codes of manifests and models."""

from __future__ import annotations

import re
from difflib import get_close_matches

_CODES = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el
en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha haw he hi ho hr ht hu hy hz ia id ie ig ii ik io is
it iu ja jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms
mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl
sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo
yue za zh zu
"""
LANGUAGE_CODES = frozenset(_CODES.split())
"""ISO 639-1, and the codes of speech recognisers for Cantonese, Hawaiian and Javanese."""

_NAMES = {
    "arabic": "ar",
    "chinese": "zh",
    "dutch": "nl",
    "english": "en",
    "french": "fr",
    "german": "de",
    "hindi": "hi",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "mandarin": "zh",
    "polish": "pl",
    "portuguese": "pt",
    "russian": "ru",
    "spanish": "es",
    "swedish": "sv",
    "turkish": "tr",
    "ukrainian": "uk",
}

UNDETERMINED = "und"
"""Code of a recording without speech."""

_WELL_FORMED = re.compile(r"([a-z]{2,3})([-_][a-z]{4})?([-_]([a-z]{2}|[0-9]{3}))?", re.IGNORECASE | re.ASCII)


def primary_language(code: str) -> str | None:
    """The language of a code with a script or a region: `en` for `en_us`. None for an unknown language."""
    match = _WELL_FORMED.fullmatch(code)
    language = match[1].lower() if match else None
    return language if language in LANGUAGE_CODES else None


def language_of_name(name: str) -> str | None:
    """The code of a language that somebody wrote by its English name, perhaps misspelt; None if it is like none."""
    near = get_close_matches(name.lower(), _NAMES, n=1, cutoff=0.75)
    return _NAMES[near[0]] if near else None


def shown_language(code: str) -> str:
    """A code for messages, which repeat text of a manifest only if it is a known code."""
    return UNDETERMINED if code == UNDETERMINED else primary_language(code) or "(no known code)"
