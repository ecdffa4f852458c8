"""Detector: runs all recognisers over a conversation and decides which words are redacted under which policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from hushbeam.schemas.errors import ConfigurationError, RecordingError
from hushbeam.schemas.finding import Finding, RecogniserReport
from hushbeam.schemas.policies import CATALOGUE, find_policy
from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.base.whole_tokens import spread_over_tokens
from hushbeam.transforms.detect_pii.decision import MODEL, decide
from hushbeam.transforms.detect_pii.exchanges import ANSWERS, EXCHANGES, find_answers, find_exchanges
from hushbeam.transforms.detect_pii.expected_words import CERTAIN
from hushbeam.transforms.detect_pii.languages import UnsupportedPolicyError
from hushbeam.transforms.detect_pii.models.conversation_model import ConversationModel
from hushbeam.transforms.detect_pii.names.people import same_people
from hushbeam.transforms.detect_pii.names.spelled import LEAST_MISHEARD, MISHEARD, misheard_names
from hushbeam.transforms.detect_pii.numbers.repetitions import REPEATED, repeated_values
from hushbeam.transforms.detect_pii.patterns.custom import CustomPatterns
from hushbeam.transforms.detect_pii.patterns.static_entities import find_sound_alikes, find_static_entities
from hushbeam.transforms.detect_pii.recogniser import Candidate, Recogniser
from hushbeam.transforms.detect_pii.registry import BUILT_IN, REPORTED_POLICIES, load_recogniser, recognisers_for
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.transcribe.given.masks import wholly_masked

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
    """A recogniser of personal data failed, so its findings are unknown."""

    remedy = "Fix the recogniser, if it is yours; otherwise report it."


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

    def __init__(self, settings: DetectionSettings) -> None:
        self._settings = settings
        self._recognisers: tuple[Recogniser, ...] | None = None
        self._model: ConversationModel | None = None

    def load(self, without: Collection[str] = ()) -> None:
        """Loads every model. Raises ConfigurationError if one is missing: no recogniser is optional.

        Args:
          without: Names of built-in recognisers to leave out, to measure what they add.
        """
        self._load(one for one in recognisers_for(self._settings) if one.name not in without)
        self._model = ConversationModel(self._settings.detector)
        self._model.load()

    def load_rules(self) -> None:
        """Loads only what `rules_of` needs."""
        self._load(one for one in recognisers_for(self._settings) if one.name in BUILT_IN)

    def load_without_models(self) -> None:
        """Loads only what `select` needs, and the recogniser of the job's own patterns, which may change."""
        self._load((CustomPatterns(self._settings),))

    def _load(self, recognisers: Iterable[Recogniser]) -> None:
        loaded = tuple(recognisers)
        names = [MODEL, MISHEARD, ANSWERS, EXCHANGES, *(recogniser.name for recogniser in loaded)]
        if repeated := {name for name in names if names.count(name) > 1}:
            raise ConfigurationError(f"several recognisers are called {', '.join(sorted(repeated))}; rename yours")
        for recogniser in loaded:
            load_recogniser(recogniser)
        self._recognisers = loaded

    def detect(self, request: DetectionRequest, *, keep_reports: bool = False) -> Detection:
        """Finds the personal data that a request asks for.

        Args:
          keep_reports: Returns the reports of all recognisers too: `select` finds from them what other policies cover.

        Raises:
          UnsupportedLanguageError: A language without a grammar. Quarantines the recording.
          UnsupportedPolicyError: A policy that no recogniser covers in the language. Quarantines the recording.
          RecogniserError: A recogniser raised.
        """
        conversation = _conversation(request.transcript)
        reports = self._reports(conversation)
        found = self._select(conversation, reports, request.policies, request.static_entities)
        return Detection(found, reports if keep_reports else ())

    def report(self, transcript: Transcript) -> tuple[RecogniserReport, ...]:
        """Runs every loaded recogniser. Raises as `detect` does."""
        return self._reports(_conversation(transcript))

    def rules_of(self, transcript: Transcript) -> list[str | None]:
        """The policy that the built-in recognisers give to each word: what the model reads beside the words."""
        conversation = _conversation(transcript)
        return self._rules(conversation, self._run_recognisers(conversation))

    def select(self, request: DetectionRequest, reports: Iterable[RecogniserReport]) -> tuple[Finding, ...]:
        """The findings that `detect` returns, from reports about the same transcript. Runs no recogniser. Raises as
        `detect` does.
        """
        conversation = _conversation(request.transcript)
        return self._select(conversation, reports, request.policies, request.static_entities)

    def _reports(self, conversation: Conversation) -> tuple[RecogniserReport, ...]:
        """What all recognisers and the model report, requested or not: the model knows what the rules found."""
        reports = self._run_recognisers(conversation)
        if self._model is None or conversation.language.code not in self._model.languages:
            return reports
        judged = _run(MODEL, self._model.judge, conversation, self._rules(conversation, reports))
        return (*reports, RecogniserReport(MODEL, frozenset(self._model.labels[1:]), tuple(judged)))

    def _run_recognisers(self, conversation: Conversation) -> tuple[RecogniserReport, ...]:
        if self._recognisers is None:
            raise RuntimeError("call load() before detect()")
        return tuple(
            RecogniserReport(
                recogniser.name,
                recogniser.policies_in(conversation.language),
                tuple(
                    _checked(recogniser.name, conversation, _run(recogniser.name, recogniser.recognise, conversation))
                ),
            )
            for recogniser in self._recognisers
        )

    def _rules(self, conversation: Conversation, reports: Sequence[RecogniserReport]) -> list[str | None]:
        known = _with_repetitions(conversation, _candidates(reports, BUILT_IN))
        rules: list[str | None] = [None] * len(conversation.words)
        for word, candidate in _resolved(conversation, _under_requested(known, frozenset(CATALOGUE))):
            rules[word] = candidate.policy
        return rules

    def _select(
        self,
        conversation: Conversation,
        reports: Iterable[RecogniserReport],
        policies: Collection[str],
        static_entities: Mapping[str, Sequence[str]],
    ) -> tuple[Finding, ...]:
        reports = tuple(reports)
        _check_coverage(conversation, reports, policies)
        requested = _requested(policies)
        found = self._wanted(conversation, self._found(conversation, reports, requested))
        named = list(find_static_entities(conversation, static_entities))
        named += self._wanted(conversation, find_sound_alikes(conversation, static_entities, named))
        if self._settings.caution == "high":
            found += find_answers(conversation, found, requested)
        if self._settings.exchanges:
            found += find_exchanges(conversation, [*named, *found], self._settings.exchanges)
        owners = _resolved(conversation, _with_people([*named, *found]))
        masks = wholly_masked(conversation.transcript)
        return tuple(_findings(conversation, [(word, owner) for word, owner in owners if word not in masks]))

    def _found(
        self, conversation: Conversation, reports: Sequence[RecogniserReport], requested: frozenset[str]
    ) -> list[Candidate]:
        """What is personal data under requested policies: all that the user's own recognisers report, and what the
        model decides. The built-in recognisers decide alone under policies that it does not know: `any_number`.
        """
        own = _candidates(reports, {report.recogniser for report in reports} - BUILT_IN - {MODEL})
        found = list(_under_requested(_with_repetitions(conversation, own), requested))
        known = _with_repetitions(conversation, _candidates(reports, BUILT_IN))
        judged = next((report for report in reports if report.recogniser == MODEL), None)
        if judged is None:
            return [*found, *_under_requested(known, requested)]
        found += _under_requested(known, requested - judged.policies)
        rules = list(_under_requested(known, requested))
        decided = list(decide(conversation, judged.candidates, rules, requested, self._settings.caution))
        certain = [one for one in decided if one.score >= CERTAIN]
        found += decided
        found += _run(REPEATED, partial(repeated_values, ends=True), conversation, certain)
        likely = {one.first_word for one in judged.candidates if one.score >= LEAST_MISHEARD}
        return [*found, *_run(MISHEARD, misheard_names, conversation, found, likely)]

    def _wanted(self, conversation: Conversation, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Candidates that are not on the allow-list, nor inside of one that is."""
        allowed = {_plain(term) for term in self._settings.allow_list}
        every = list(candidates)
        excepted = [one for one in every if allowed and _plain(_text(conversation, one)) in allowed]
        return [
            one
            for one in every
            if not any(other.first_word <= one.first_word <= one.last_word <= other.last_word for other in excepted)
        ]


def _conversation(transcript: Transcript) -> Conversation:
    conversation = Conversation(transcript)
    conversation.language  # noqa: B018 - an unsupported language must end the recording even without words
    return conversation


def _check_coverage(conversation: Conversation, reports: Iterable[RecogniserReport], policies: Collection[str]) -> None:
    """Raises UnsupportedPolicyError for policies that neither the model nor a recogniser of the user's own covers in
    the language: what the built-in recognisers find without the model is too little to publish the rest.
    """
    uncovering = {*BUILT_IN, CustomPatterns.name}  # A pattern finds some of a policy's values.
    found = {policy for report in reports if report.recogniser not in uncovering for policy in report.policies}
    missing = {policy for policy in policies if policy in CATALOGUE and not _is_covered(policy, found)}
    if missing:
        raise UnsupportedPolicyError(conversation.language.code, missing)


def _is_covered(policy: str, found: Collection[str]) -> bool:
    """Whether a policy is found, or all policies that it consists of."""
    parts = [one.name for one in CATALOGUE.values() if one.parent == policy]
    return policy in found or (bool(parts) and all(_is_covered(part, found) for part in parts))


def _requested(policies: Collection[str]) -> frozenset[str]:
    """The policies to redact: static entities and patterns under labels of the user's own need no request."""
    return frozenset({*policies, "custom"})


def _candidates(reports: Iterable[RecogniserReport], names: Collection[str]) -> list[Candidate]:
    """What the recognisers of these names reported."""
    return [candidate for report in reports if report.recogniser in names for candidate in report.candidates]


def _with_repetitions(conversation: Conversation, candidates: Sequence[Candidate]) -> list[Candidate]:
    return [*candidates, *_run(REPEATED, repeated_values, conversation, candidates)]


def _text(conversation: Conversation, candidate: Candidate) -> str:
    return "".join(word.text for word in conversation.words[candidate.first_word : candidate.last_word + 1])


def _under_requested(candidates: Iterable[Candidate], requested: frozenset[str]) -> Iterator[Candidate]:
    """Candidates under requested policies."""
    for candidate in candidates:
        policy = _requested_policy(candidate.policy, candidate.alternatives, requested)
        if policy is not None:
            yield replace(candidate, policy=policy)


def _run(name: str, step: Callable[..., Iterable[Candidate]], *arguments: object) -> list[Candidate]:
    try:
        return list(step(*arguments))
    except (RecordingError, ConfigurationError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - a recogniser may raise anything, and its message may quote the call
        raise RecogniserError(f"the recogniser {name} raised {type(error).__name__}") from None


def _checked(name: str, conversation: Conversation, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """The candidates, cut at the borders of utterances: "seventy-" may end one, and "eight" begin the next.

    Raises RecogniserError if one cannot be: nothing would be redacted for it.
    """
    words = len(conversation.words)
    for candidate in candidates:
        if not 0 <= candidate.first_word <= candidate.last_word < words:
            raise RecogniserError(f"the recogniser {name} reported words that do not exist")
        if not {candidate.policy, *candidate.alternatives} <= REPORTED_POLICIES:
            raise RecogniserError(f"the recogniser {name} reported a policy that does not exist")
        if not 0.0 <= candidate.score <= 1.0:
            raise RecogniserError(f"the recogniser {name} reported a score outside 0 to 1")
        for first, last in conversation.spans_by_utterance(candidate.first_word, candidate.last_word):
            yield replace(candidate, first_word=first, last_word=last)


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
    if candidate.detector in (ANSWERS, EXCHANGES):
        # What was found inside keeps its own label.
        rank = len(_RANK) + 1
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
