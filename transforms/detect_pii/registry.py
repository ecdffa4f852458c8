"""List of all recognisers."""

from __future__ import annotations

from importlib.metadata import entry_points

from hushbeam.transforms.detect_pii.listed_terms import ListedTerms
from hushbeam.transforms.detect_pii.names.spelled import SpelledWords
from hushbeam.transforms.detect_pii.numbers.spoken_numbers import SpokenNumbers
from hushbeam.transforms.detect_pii.patterns.custom import CustomPatterns
from hushbeam.transforms.detect_pii.patterns.internet import InternetAddresses
from hushbeam.transforms.detect_pii.patterns.presidio import PresidioPatterns
from hushbeam.transforms.detect_pii.recogniser import Recogniser
from hushbeam.transforms.detect_pii.settings import DetectionSettings

ENTRY_POINT_GROUP = "hushbeam.recognisers"


def recognisers_for(settings: DetectionSettings) -> tuple[Recogniser, ...]:
    """All recognisers of a job, not loaded: Hushbeam's own, the job's patterns, and those of installed packages."""
    return (*_built_in(), CustomPatterns(settings), *_installed(settings))


def _built_in() -> tuple[Recogniser, ...]:
    return (SpokenNumbers(), InternetAddresses(), SpelledWords(), PresidioPatterns(), ListedTerms())


BUILT_IN = frozenset(one.name for one in _built_in())
"""Names of the recognisers whose findings the conversation model judges. Findings of the user's own patterns and
recognisers always count."""


def _installed(settings: DetectionSettings) -> list[Recogniser]:
    return [point.load()(settings) for point in sorted(entry_points(group=ENTRY_POINT_GROUP))]
