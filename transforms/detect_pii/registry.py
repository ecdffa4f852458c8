"""List of all recognisers."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.policies import CATALOGUE, OWN_POLICIES
from hushbeam.transforms.detect_pii.listed_terms import ListedTerms
from hushbeam.transforms.detect_pii.names.spelled import SpelledWords
from hushbeam.transforms.detect_pii.numbers.spoken_numbers import SpokenNumbers
from hushbeam.transforms.detect_pii.patterns.custom import CustomPatterns
from hushbeam.transforms.detect_pii.patterns.internet import InternetAddresses
from hushbeam.transforms.detect_pii.recogniser import Recogniser
from hushbeam.transforms.detect_pii.settings import DetectionSettings

ENTRY_POINT_GROUP = "hushbeam.recognisers"
REPORTED_POLICIES = frozenset({*CATALOGUE, *OWN_POLICIES})
"""Policies under which recognisers may report."""


def recognisers_for(settings: DetectionSettings) -> tuple[Recogniser, ...]:
    """All recognisers of a job, not loaded: Hushbeam's own, the job's patterns, and the user's own."""
    return (*_built_in(), CustomPatterns(settings), *own_recognisers(settings))


def load_recogniser(recogniser: Recogniser) -> None:
    """Raises ConfigurationError if a recogniser cannot be used. The error that it raised is shown: nothing was
    transcribed yet.
    """
    unknown = sorted(set(recogniser.policies) - REPORTED_POLICIES)
    if unknown:
        raise ConfigurationError(
            f"the recogniser {recogniser.name} covers {', '.join(unknown[:3])}; its policies must be among those of "
            "docs/policies.md"
        )
    try:
        recogniser.load()
    except (ConfigurationError, MemoryError):
        raise
    except Exception as error:
        raise ConfigurationError(
            f"the recogniser {recogniser.name} cannot be loaded ({type(error).__name__}: {error}); mend or uninstall it"
        ) from error


def _built_in() -> tuple[Recogniser, ...]:
    return (SpokenNumbers(), InternetAddresses(), SpelledWords(), ListedTerms())


BUILT_IN = frozenset(one.name for one in _built_in())
"""Names of the recognisers whose findings the conversation model judges. Findings of the user's own patterns and
recognisers always count."""

_NEEDED = ("name", "policies", "policies_in", "load", "recognise")
"""What every recogniser has; a subclass of `Recogniser` declares the first two, and its own `recognise`."""


def own_recognisers(settings: DetectionSettings) -> list[Recogniser]:
    """Those of installed packages and of the settings. Raises ConfigurationError if one cannot be made."""
    installed = [_made(point, settings) for point in sorted(entry_points(group=ENTRY_POINT_GROUP))]
    return [*installed, *(_named(name, settings) for name in settings.recognisers)]


def recogniser_versions(settings: DetectionSettings) -> str:
    """Names and versions of the user's own recognisers that have a version, in words; empty if none has.

    Raises ConfigurationError as `own_recognisers` does.
    """
    versions = [(one.name, getattr(one, "version", "")) for one in own_recognisers(settings)]
    for name, version in versions:
        if not isinstance(version, str):  # the address of a method would be another one in each run
            raise ConfigurationError(f"--recognisers: the version of {name} is no text; make it one, such as '1'")
    return ", ".join(f"{name} {version}" for name, version in versions if version)


def _made(point: EntryPoint, settings: DetectionSettings) -> Recogniser:
    """Raises ConfigurationError if an entry point does not name a class that can be made."""
    try:
        recogniser: Recogniser = point.load()(settings)
    except Exception as error:
        package = f" of the package {point.dist.name}" if point.dist else ""
        raise ConfigurationError(
            f"the recogniser {point.value}{package} cannot be made ({type(error).__name__}: {error}); mend its entry "
            f"point {point.name!r} or uninstall the package"
        ) from error
    _check(recogniser, f"the recogniser {point.value}")
    return recogniser


def _named(name: str, settings: DetectionSettings) -> Recogniser:
    """Raises ConfigurationError if a name such as `ours:StaffNumbers` does not lead to a class that can be made."""
    module, _, path = name.partition(":")
    try:
        recogniser: Recogniser = attrgetter(path)(import_module(module))(settings)
    except Exception as error:
        advice = "; for modules in this folder set PYTHONPATH=." if isinstance(error, ModuleNotFoundError) else ""
        raise ConfigurationError(
            f"--recognisers: {name} cannot be made ({type(error).__name__}: {error}); give MODULE:CLASS, of a module "
            f"that can be imported here and on each worker{advice}"
        ) from error
    _check(recogniser, f"--recognisers: {name}")
    return recogniser


def _check(recogniser: Recogniser, place: str) -> None:
    """Raises ConfigurationError if an object of somebody's class is no recogniser."""
    if missing := [name for name in _NEEDED if not hasattr(recogniser, name)]:
        raise ConfigurationError(
            f"{place} is no recogniser, because it has no {', '.join(missing)}; make its class a subclass of "
            "hushbeam.Recogniser, as docs/rules.md shows"
        )
