"""List of all recognisers and propagations."""

from __future__ import annotations

from importlib.metadata import entry_points

from hushbeam.transforms.detect_pii.accounts.credentials import Credentials
from hushbeam.transforms.detect_pii.accounts.internet import InternetAddresses
from hushbeam.transforms.detect_pii.names.announced import AnnouncedNames
from hushbeam.transforms.detect_pii.names.contexts import NameContexts
from hushbeam.transforms.detect_pii.names.listed import ListedNames
from hushbeam.transforms.detect_pii.names.named_entities import NamedEntities
from hushbeam.transforms.detect_pii.names.propagation import RepeatedNames
from hushbeam.transforms.detect_pii.names.spelled import SpelledWords
from hushbeam.transforms.detect_pii.numbers.repetitions import RepeatedValues
from hushbeam.transforms.detect_pii.numbers.spoken_numbers import SpokenNumbers
from hushbeam.transforms.detect_pii.patterns.custom import CustomPatterns
from hushbeam.transforms.detect_pii.patterns.presidio import PresidioPatterns
from hushbeam.transforms.detect_pii.personal.medical import MedicalTerms
from hushbeam.transforms.detect_pii.personal.terms import PersonalTerms
from hushbeam.transforms.detect_pii.places.listed_places import ListedPlaces
from hushbeam.transforms.detect_pii.places.road_places import RoadPlaces
from hushbeam.transforms.detect_pii.places.street_numbers import StreetNumbers
from hushbeam.transforms.detect_pii.places.whole_addresses import WholeAddresses
from hushbeam.transforms.detect_pii.recogniser import Propagation, Recogniser
from hushbeam.transforms.detect_pii.settings import DetectionSettings

ENTRY_POINT_GROUP = "hushbeam.recognisers"


def recognisers_for(settings: DetectionSettings) -> tuple[Recogniser, ...]:
    """All recognisers of a job, not loaded: Hushbeam's own, the job's patterns, and those of installed packages."""
    return (
        SpokenNumbers(),
        InternetAddresses(),
        Credentials(),
        SpelledWords(),
        StreetNumbers(),
        NamedEntities(settings.spacy_model, settings.token_classifier),
        NameContexts(),
        AnnouncedNames(),
        ListedNames(),
        ListedPlaces(),
        RoadPlaces(),
        MedicalTerms(),
        PersonalTerms(),
        PresidioPatterns(),
        CustomPatterns(settings),
        *_installed(settings),
    )


def propagations_for(settings: DetectionSettings) -> tuple[Propagation, ...]:
    """All propagations, in the order in which they run."""
    return (RepeatedValues(), RepeatedNames(), WholeAddresses())


def _installed(settings: DetectionSettings) -> list[Recogniser]:
    return [point.load()(settings) for point in sorted(entry_points(group=ENTRY_POINT_GROUP))]
