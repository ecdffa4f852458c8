"""Detector: runs all recognisers over a conversation and decides which words are redacted under which policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from hushbeam.schemas.errors import ConfigurationError, RecordingError
from hushbeam.schemas.finding import Finding, RecogniserReport
from hushbeam.schemas.policies import CATALOGUE, broader, find_policy
from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.base.whole_tokens import spread_over_tokens
from hushbeam.transforms.detect_pii.calibration import Calibration, packaged
from hushbeam.transforms.detect_pii.languages import Language, UnsupportedPolicyError
from hushbeam.transforms.detect_pii.names.propagation import same_people
from hushbeam.transforms.detect_pii.patterns.custom import CustomPatterns
from hushbeam.transforms.detect_pii.patterns.static_entities import find_sound_alikes, find_static_entities
from hushbeam.transforms.detect_pii.recogniser import Candidate, Propagation, Recogniser
from hushbeam.transforms.detect_pii.registry import propagations_for, recognisers_for
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.detect_pii.text.conversation import Conversation

# Of overlapping candidates, each word goes to the policy that is first here: exact kinds of numbers, then policies of
# words. Policies that are not listed come last.
PRECEDENCE = (
    "ip_address",
    "email_address",
    "credit_card_number",
    "us_social_security_number",
    "credit_card_cvv",
    "credit_card_expiration",
    "banking_information",
    "passport_number",
    "drivers_license",
    "vehicle_id",
    "healthcare_number",
    "account_number",
    "password",
    "username",
    "url",
    "filename",
    "date_of_birth",
    "phone_number",
    "location_address",
    "location_address_street",
    "location_zip",
    "location_coordinate",
    "number_sequence",
    "person_name",
    "person_age",
    "money_amount",
    "statistics",
    "duration",
    "date_interval",
    "date",
    "time",
    "location_city",
    "location_state",
    "location_country",
    "location",
    "organization_medical_facility",
    "organization",
)
_RANK = {policy: rank for rank, policy in enumerate(PRECEDENCE)}


class RecogniserError(RecordingError):
    """A recogniser raised, so its findings are unknown and nothing of the recording is published."""


@dataclass(frozen=True)
class DetectionRequest:
    """What to find in a conversation.

    Attributes:
      policies: Names of `hushbeam.schemas.policies.CATALOGUE`.
      static_entities: Terms by label.
    """

    transcript: Transcript
    policies: Collection[str]
    static_entities: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)


class Detection(NamedTuple):
    """Findings in the order of the words, and the reports of all recognisers if they were kept."""

    findings: tuple[Finding, ...]
    reports: tuple[RecogniserReport, ...] = ()


class Detector:
    """Finds the personal data of whole conversations.

    Not safe for threads: one instance per thread, or a lock.
    """

    def __init__(self, settings: DetectionSettings, calibration: Calibration | None = None) -> None:
        self._settings = settings
        self._calibration = calibration or packaged()
        self._recognisers: tuple[Recogniser, ...] | None = None
        self._propagations: tuple[Propagation, ...] = ()

    def load(self) -> None:
        """Loads every model. Raises ConfigurationError if one is missing: no recogniser is optional."""
        self._load(recognisers_for(self._settings))

    def load_without_models(self) -> None:
        """Loads only what `select` needs, and the recogniser of the job's own patterns, which may change."""
        self._load((CustomPatterns(self._settings),))

    def _load(self, recognisers: tuple[Recogniser, ...]) -> None:
        propagations = propagations_for(self._settings)
        for recogniser in recognisers:
            recogniser.load()
        for propagation in propagations:
            propagation.load()
        self._recognisers, self._propagations = recognisers, propagations

    def detect(self, request: DetectionRequest, *, keep_reports: bool = False) -> Detection:
        """Finds the personal data that a request asks for.

        Args:
          keep_reports: Runs every recogniser, requested or not, and returns their reports: `select` finds from them
            what other policies cover.

        Raises:
          UnsupportedLanguageError: A language without a grammar. Quarantines the recording.
          UnsupportedPolicyError: A policy that no recogniser covers in the language. Quarantines the recording.
          RecogniserError: A recogniser raised.
        """
        conversation = _conversation(request.transcript)
        self._require(request.policies, conversation.language)
        run = None if keep_reports else _requested(request.policies)
        reports = self._reports(conversation, run)
        found = self._select(conversation, reports, request.policies, request.static_entities)
        return Detection(found, reports if keep_reports else ())

    def report(self, transcript: Transcript) -> tuple[RecogniserReport, ...]:
        """Runs every loaded recogniser. Raises as `detect` does."""
        return self._reports(_conversation(transcript), None)

    def select(self, request: DetectionRequest, reports: Iterable[RecogniserReport]) -> tuple[Finding, ...]:
        """The findings that `detect` returns, from reports about the same transcript. Runs no recogniser."""
        conversation = _conversation(request.transcript)
        return self._select(conversation, reports, request.policies, request.static_entities)

    def _require(self, policies: Iterable[str], language: Language) -> None:
        """Raises UnsupportedPolicyError for policies that no recogniser covers in a language."""
        if language.policies is None:
            return
        found = language.policies.union(*(one.policies_in(language) for one in self._recognisers or ()))
        covered = found | {parent for policy in found for parent in broader(policy)}
        asked = {policy for policy in policies if policy in CATALOGUE}
        missing = {policy for policy in asked if covered.isdisjoint((policy, *broader(policy)))}
        if missing:
            raise UnsupportedPolicyError(language.code, missing)

    def _reports(self, conversation: Conversation, requested: frozenset[str] | None) -> tuple[RecogniserReport, ...]:
        if self._recognisers is None:
            raise RuntimeError("call load() before detect()")
        return tuple(
            RecogniserReport(
                recogniser.name,
                recogniser.policies,
                tuple(_run(recogniser.name, recogniser.recognise, conversation)),
            )
            for recogniser in self._recognisers
            if requested is None or _counts(recogniser.policies, requested)
        )

    def _select(
        self,
        conversation: Conversation,
        reports: Iterable[RecogniserReport],
        policies: Collection[str],
        static_entities: Mapping[str, Sequence[str]],
    ) -> tuple[Finding, ...]:
        requested = _requested(policies)
        candidates: list[Candidate] = []
        for report in reports:
            if _counts(report.policies, requested):
                candidates += report.candidates
        for propagation in self._propagations:
            candidates += _run(propagation.name, propagation.propagate, conversation, tuple(candidates))
        named = list(find_static_entities(conversation, static_entities))
        alike = find_sound_alikes(conversation, static_entities, named)
        kept = [
            *named,
            *self._wanted(conversation, alike),
            *self._wanted(conversation, self._under_requested(candidates, requested)),
        ]
        return tuple(_findings(conversation, _resolved(conversation, _with_people(kept))))

    def _under_requested(self, candidates: Iterable[Candidate], requested: frozenset[str]) -> Iterator[Candidate]:
        """Candidates under requested policies, with calibrated scores."""
        for candidate in candidates:
            policy = _requested_policy(candidate.policy, candidate.alternatives, requested)
            if policy is not None:
                yield replace(candidate, policy=policy, score=self._calibration.of(candidate.score))

    def _wanted(self, conversation: Conversation, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
        """Candidates that reach the threshold of their policy and are not on the allow-list."""
        allowed = {_plain(term) for term in self._settings.allow_list}
        for candidate in candidates:
            if candidate.score < self._settings.threshold(candidate.policy):
                continue
            words = conversation.words[candidate.first_word : candidate.last_word + 1]
            if allowed and _plain("".join(word.text for word in words)) in allowed:
                continue
            yield candidate


def _conversation(transcript: Transcript) -> Conversation:
    conversation = Conversation(transcript)
    conversation.language  # noqa: B018 - an unsupported language must end the recording even without words
    return conversation


def _requested(policies: Collection[str]) -> frozenset[str]:
    """The policies to redact: static entities and patterns under labels of the user's own need no request."""
    return frozenset({*policies, "custom"})


def _counts(policies: Iterable[str], requested: frozenset[str]) -> bool:
    """Whether a recogniser of these policies may find something under a requested policy."""
    return any(_requested_policy(policy, (), requested) for policy in policies)


def _run(name: str, step: Callable[..., Iterable[Candidate]], *arguments: object) -> list[Candidate]:
    try:
        return list(step(*arguments))
    except (RecordingError, ConfigurationError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - a recogniser may raise anything, and its message may quote the call
        raise RecogniserError(f"the recogniser {name} raised {type(error).__name__}") from None


def _requested_policy(policy: str, alternatives: Sequence[str], requested: frozenset[str]) -> str | None:
    """The first requested policy among these policies and those that cover them."""
    for name in (policy, *alternatives):
        covering: str | None = name
        while covering is not None:
            if covering in requested:
                return covering
            covering = find_policy(covering).parent
    return None


def _with_people(candidates: Sequence[Candidate]) -> Iterator[Candidate]:
    """Gives all names of one person the value of the fullest, so that they count as one entity."""
    people = same_people({one.value for one in candidates if one.policy == "person_name" and one.value})
    for candidate in candidates:
        value = people.get(candidate.value) if candidate.policy == "person_name" else None
        yield candidate if value is None else replace(candidate, value=value)


def _resolved(conversation: Conversation, candidates: Iterable[Candidate]) -> list[tuple[int, Candidate]]:
    """Gives every word, with the pieces glued to it, to one candidate. Returns (word, candidate) in order."""
    best: list[Candidate | None] = [None] * len(conversation.words)
    for candidate in sorted(candidates, key=_strength):
        for word in range(candidate.first_word, candidate.last_word + 1):
            best[word] = best[word] or candidate
    owners = spread_over_tokens(best, conversation.utterances)
    return [(word, owner) for word, owner in enumerate(owners) if owner is not None]


def _strength(candidate: Candidate) -> tuple[int, int, float, int]:
    length = candidate.last_word - candidate.first_word + 1
    # Static entities have a label of their own and win, because the user named them.
    rank = -1 if candidate.label else _RANK.get(candidate.policy, len(_RANK))
    return rank, -length, -candidate.score, candidate.first_word


def _findings(conversation: Conversation, owners: Sequence[tuple[int, Candidate]]) -> Iterator[Finding]:
    numbers: dict[tuple[str, str], int] = {}
    counts: dict[str, int] = {}
    position = 0
    while position < len(owners):
        first, candidate = owners[position]
        last, score = first, candidate.score
        while position + 1 < len(owners) and _continues(conversation, owners[position], owners[position + 1]):
            position += 1
            last = owners[position][0]
            score = max(score, owners[position][1].score)
        position += 1
        words = conversation.words[first : last + 1]
        entity = 0
        if candidate.value:
            key = candidate.policy, candidate.value
            if key not in numbers:
                counts[candidate.policy] = counts.get(candidate.policy, 0) + 1
                numbers[key] = counts[candidate.policy]
            entity = numbers[key]
        yield Finding(
            policy=candidate.policy,
            label=candidate.label or candidate.policy.upper(),
            channel=words[0].channel,
            start_s=min(word.start_s for word in words),
            end_s=max(word.end_s for word in words),
            score=score,
            detector=candidate.detector,
            first_word=first,
            last_word=last,
            entity=entity,
        )


def _continues(conversation: Conversation, one: tuple[int, Candidate], other: tuple[int, Candidate]) -> bool:
    """Whether two neighbouring words are one finding."""
    (word, candidate), (next_word, next_candidate) = one, other
    return (
        next_word == word + 1
        and conversation.turn_of(word) == conversation.turn_of(next_word)
        and (candidate.policy, candidate.label) == (next_candidate.policy, next_candidate.label)
        and (candidate is next_candidate or candidate.value == next_candidate.value)
    )


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
