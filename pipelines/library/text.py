"""Detection in text and transcripts that are in memory: no audio, no pipeline, no files."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hushbeam.pipelines.library.given_text import Said, TextOrTranscript, checked_language, said_in
from hushbeam.pipelines.library.options import redact_options
from hushbeam.pipelines.library.own_recognisers import Own
from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.rules import Rules, read_rules
from hushbeam.pipelines.options.wrong import WrongOption, WrongOptions
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.policies import Caution, resolve_policies
from hushbeam.transforms.base.secrets import read_secret
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.redact_text.redact import redact
from hushbeam.transforms.redact_text.substitution import Substitution, split_surroundings

Location = str | os.PathLike[str]


@dataclass(frozen=True)
class TextFinding:
    """A place of personal data in a text. It does not contain the value.

    Attributes:
      policy: A policy of docs/policies.md.
      label: What replaces the value with `entity_name`, without brackets: `PHONE_NUMBER`.
      start, end: Offsets of the value (end exclusive): in the given text or, for a transcript, in the text of its
        utterance.
      score: 0 to 1.
      detector: Name of the recogniser.
      utterance: Index of the utterance.
      start_s, end_s: Times of the words, if the transcript has times.
      entity: Number from 1, the same for the same value of a policy; 0 if values are not compared.
    """

    policy: str
    label: str
    start: int
    end: int
    score: float
    detector: str
    utterance: int = 0
    start_s: float | None = None
    end_s: float | None = None
    entity: int = 0


def find_personal_data(
    text: TextOrTranscript,
    policies: str | Sequence[str] = ("default",),
    language: str = "en",
    *,
    caution: Caution = "standard",
    static_entities: Mapping[str, Sequence[str]] | None = None,
    rules: Location | None = None,
    detector: Location | None = None,
    recognisers: Sequence[Own] = (),
) -> list[TextFinding]:
    """Finds personal data in a text or a transcript. Models are loaded at the first call of a process.

    Args:
      text: A text is one utterance or, if each of its lines begins with a speaker (`A:`, `Agent:`, `Speaker 2:`), a
        conversation. A transcript is a `Transcript`, a list of utterances `{"speaker" or "channel", "text"}`, or a
        mapping that has them as `utterances`, as a row of transcripts/; `words` instead of `text` may have times.
      policies: Policies and presets of docs/policies.md.
      language: en, de, es or fr; a transcript that names its language keeps it.
      caution, rules, detector, recognisers: As the options of `hushbeam redact`; a recogniser is a class or its name.
      static_entities: Terms to find, by label, as `redact_static_entities` in a manifest.

    Raises:
      ConfigurationError: Options are wrong; the message has a line for each.
      RecordingError: The language is not supported, or a recogniser failed.
      ValueError: The transcript is not as described.
    """
    detection = {"caution": caution, "rules": rules, "detector": detector, "recognisers": recognisers}
    asked = _asked(language, static_entities, policies=policies, **detection)
    return [found for found, _ in _found(said_in(text, language), asked)]


def redact_text(
    text: str,
    policies: str | Sequence[str] = ("default",),
    substitution: str = "entity_name",
    language: str = "en",
    *,
    surrogate_key: str | None = None,
    caution: Caution = "standard",
    static_entities: Mapping[str, Sequence[str]] | None = None,
    rules: Location | None = None,
    detector: Location | None = None,
    recognisers: Sequence[Own] = (),
) -> str:
    """The text with personal data replaced; everything else, white space included, stays as it is.

    Args:
      substitution: `entity_name`, `hash`, `mask`, `numbered` or `surrogate`, as `--substitution`.
      surrogate_key: Reference to the key for `surrogate`, such as env:NAME.

    The other arguments, and what is raised, are those of `find_personal_data`.
    """
    replaced = {"substitution": substitution, "surrogate_key": surrogate_key}
    detection = {"caution": caution, "rules": rules, "detector": detector, "recognisers": recognisers}
    asked = _asked(language, static_entities, policies=policies, **detection, **replaced)
    key = read_secret(surrogate_key, "--surrogate_key").encode() if surrogate_key else b""
    replacing = Substitution(substitution, asked.rules.substitutions, key=key)
    if not isinstance(text, str):
        raise ValueError("redact_text takes a text; find_personal_data takes transcripts too")
    said = said_in(text, language)
    findings = [finding for _, finding in _found(said, asked)]
    redacted = redact(said.transcript, findings, replacing)
    texts = [word.text for utterance in redacted.utterances for word in utterance.words]
    return said.rejoined(text, texts)


@dataclass(frozen=True)
class _Asked:
    policies: tuple[str, ...]
    settings: DetectionSettings
    rules: Rules
    static_entities: Mapping[str, Sequence[str]]


def _asked(language: str, static_entities: Mapping[str, Sequence[str]] | None, **given: Any) -> _Asked:
    """What the caller asks for, checked as far as it can be without the text.

    Args:
      given: Options of `hushbeam redact`, by name.
    """
    wrong = WrongOptions()
    options, read = RedactOptions(), Rules()
    with wrong.collecting():
        options = redact_options(given)
    with wrong.collecting("rules"):
        rules = given.get("rules")  # of a wrong type, it is told with the options
        read = read_rules(os.fspath(rules) if isinstance(rules, str | os.PathLike) else None)
    with wrong.collecting("language"):
        checked_language(language)
    terms = {} if static_entities is None else static_entities
    if not _are_terms(terms):
        wrong.add(
            [WrongOption('static_entities: expected lists of terms by label, such as {"PROJECT": ["Blue Moon"]}')]
        )
    wrong.raise_any()
    return _Asked(resolve_policies(options.defaults.policies), read.applied_to(options.detection), read, terms)


def _are_terms(terms: Any) -> bool:
    """Whether they are lists by label. A text alone would be searched letter by letter, and not as a whole."""
    return isinstance(terms, Mapping) and all(
        isinstance(label, str)
        and isinstance(some, Sequence)
        and not isinstance(some, str)
        and all(isinstance(term, str) for term in some)
        for label, some in terms.items()
    )


def _found(said: Said, asked: _Asked) -> Iterator[tuple[TextFinding, Finding]]:
    request = DetectionRequest(said.transcript, asked.policies, asked.static_entities)
    for finding in _Detectors.detect(asked.settings, request):
        assert finding.first_word is not None
        assert finding.last_word is not None
        utterance, first, _ = said.places[finding.first_word]
        _, _, last = said.places[finding.last_word]
        before, value, _ = split_surroundings([said.texts[utterance][first:last]])
        start = first + len(before)
        found = TextFinding(
            finding.policy,
            finding.label,
            start,
            start + len(value),
            finding.score,
            finding.detector,
            utterance,
            finding.start_s if said.has_times else None,
            finding.end_s if said.has_times else None,
            finding.entity,
        )
        yield found, finding


class _Detectors:
    """The detectors of this process, each used by one thread at a time."""

    _loaded: dict[tuple[str, ...], Detector] = {}  # noqa: RUF012 - of the process, under its lock
    _lock = threading.Lock()

    @classmethod
    def detect(cls, settings: DetectionSettings, request: DetectionRequest) -> tuple[Finding, ...]:
        # A class that is defined again, as in a notebook, keeps its name.
        own = (str(id(_class_of(name))) for name in settings.recognisers)
        with cls._lock:
            detector = cls._loaded.get(key := (repr(settings), *own))
            if detector is None:
                detector = Detector(settings)
                detector.load()
                cls._loaded[key] = detector
            return detector.detect(request).findings


def _class_of(name: str) -> object:
    module, _, path = name.partition(":")
    return getattr(sys.modules.get(module), path, None)
