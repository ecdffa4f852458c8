"""Which recognisers look at a conversation. The one place where they are listed."""

from __future__ import annotations

from importlib.metadata import entry_points

from hushbeam.transforms.detect_pii.addresses import WholeAddresses
from hushbeam.transforms.detect_pii.announced_names import AnnouncedNames
from hushbeam.transforms.detect_pii.candidate import Propagation, Recogniser
from hushbeam.transforms.detect_pii.custom_patterns import CustomPatterns
from hushbeam.transforms.detect_pii.internet import InternetAddresses
from hushbeam.transforms.detect_pii.listed_names import ListedNames
from hushbeam.transforms.detect_pii.listed_places import ListedPlaces
from hushbeam.transforms.detect_pii.medical_terms import MedicalTerms
from hushbeam.transforms.detect_pii.name_contexts import NameContexts
from hushbeam.transforms.detect_pii.name_propagation import RepeatedNames
from hushbeam.transforms.detect_pii.named_entities import NamedEntities
from hushbeam.transforms.detect_pii.passwords import Secrets
from hushbeam.transforms.detect_pii.personal_terms import PersonalTerms
from hushbeam.transforms.detect_pii.presidio_patterns import PresidioPatterns
from hushbeam.transforms.detect_pii.repetitions import RepeatedValues
from hushbeam.transforms.detect_pii.road_places import RoadPlaces
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.detect_pii.spelled_words import SpelledWords
from hushbeam.transforms.detect_pii.spoken_numbers import SpokenNumbers
from hushbeam.transforms.detect_pii.street_numbers import StreetNumbers

ENTRY_POINT_GROUP = "hushbeam.recognisers"


def recognisers_for(settings: DetectionSettings) -> tuple[Recogniser, ...]:
    """All recognisers of a job, not yet loaded: ours, the job's own patterns, and those of installed packages."""
    return (
        SpokenNumbers(),
        InternetAddresses(),
        Secrets(),
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
    """What looks for further mentions, in the order in which it runs."""
    return (RepeatedValues(), RepeatedNames(), WholeAddresses())


def _installed(settings: DetectionSettings) -> list[Recogniser]:
    return [point.load()(settings) for point in sorted(entry_points(group=ENTRY_POINT_GROUP))]
