"""Recogniser of people, places and organisations by two models: each finds names that the other misses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from hushbeam.transforms.detect_pii.languages import Language
from hushbeam.transforms.detect_pii.models.spacy import SpacyModel
from hushbeam.transforms.detect_pii.models.token_classifier import LabelledSpan, TokenClassifier
from hushbeam.transforms.detect_pii.names.organisations import (
    MEDICAL_FACILITY_WORDS,
    ORGANISATION_ENDINGS,
    is_announced_company,
)
from hushbeam.transforms.detect_pii.names.words import (
    PARTICLES,
    SUFFIXES,
    SURE_TITLES,
    TITLES,
    all_names,
    is_common,
    is_never_name,
    is_rather_something_else,
    may_be_name,
    name_value,
    place_policy,
)
from hushbeam.transforms.detect_pii.recogniser import Candidate, Recogniser
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.tokens import Token, cased_turns, read_terms, tokens_of, word_set

# spaCy's code for models of many languages.
_ANY_LANGUAGE = "xx"
# The classifier finds most where it sees about this much at a time.
_WINDOW_CHARACTERS = 480
_WINDOW_OVERLAP = 64
_SHORT_UTTERANCE = 90
_ASKS = re.compile(
    r"\?|\b(?:name|address|who|where|spell|live|located|city|town|street|e-?mail|speaking)\b", re.IGNORECASE
)

_SPACY_POLICIES = {
    "PERSON": "person_name",
    "PER": "person_name",
    "GPE": "location_city",
    "LOC": "location",
    "FAC": "location",
    "ORG": "organization",
    "NORP": "nationality",
    "LANGUAGE": "language",
    "EVENT": "event",
}
_CLASSIFIER_POLICIES = {
    "GIVEN_NAME": "person_name",
    "SURNAME": "person_name",
    "EMAIL": "email_address",
    "BUILDING_NUMBER": "location_address_street",
    "STREET_NAME": "location_address_street",
    "SECONDARY_ADDRESS": "location_address_street",
    "CITY": "location_city",
    "STATE": "location_city",
    "ZIP_CODE": "location_zip",
    # Labels of other classifiers that users bring.
    "PERSON": "person_name",
    "PER": "person_name",
    "NAME": "person_name",
    "FIRSTNAME": "person_name",
    "MIDDLENAME": "person_name",
    "LASTNAME": "person_name",
    "GIVENNAME": "person_name",
    "PATIENT": "person_name",
    "STAFF": "person_name",
    "STREET": "location_address_street",
    "LOC": "location",
    "LOCATION": "location",
    "COUNTRY": "location_city",
    "ORG": "organization",
    "ORGANIZATION": "organization",
    "HOSPITAL": "organization_medical_facility",
}
_PLACES = ("location_address_street", "location_city", "location_zip", "location")
# The classifier takes digits of any kind for these: they count beside a street, city or state only.
_ONLY_IN_ADDRESSES = frozenset({"BUILDING_NUMBER", "SECONDARY_ADDRESS", "ZIP_CODE"})
_ADDRESS_LABELS = frozenset({"STREET_NAME", "CITY", "STATE"})
_ADDRESS_REACH = 40
_SPOKEN_AT = re.compile(r"@|\bat\b|\bdot\b|\.[a-z]{2,}\b", re.IGNORECASE)

# Scores of the recogniser: see docs/measurements.md for how scores are calibrated.
_BOTH_SCORE = 0.95
_CLASSIFIER_SCORE = 0.9
_CLASSIFIER_KNOWN_SCORE = 0.75
_SPACY_KNOWN_SCORE = 0.85
_SPACY_SCORE = 0.7
_SPACY_UNKNOWN_SCORE = 0.5
_SURE = 0.9


_PEOPLES = {
    "religions": "religion",
    "political_affiliations": "political_affiliation",
    "nationalities": "nationality",
}
# Institutions that everybody deals with do not identify a person.
_NO_ORGANISATIONS = frozenset(
    {
        "social security",
        "social security administration",
        "customer service",
        "medicare",
        "medicaid",
        "apple id",
        "post office",
        "better business bureau",
        "department of motor vehicles",
        "internal revenue service",
        "national insurance",
        "claims department",
        "technical support",
    }
)


# Names that begin sentences as words: "Will you", "May I", "Can you".
_SENTENCE_OPENERS = word_set(
    "will may can in so an do he see my love long are main said do la le al ha no pat she the to"
)


class _Mark(NamedTuple):
    """The label of a model for one token."""

    policy: str
    score: float
    model: str


def model_identities(settings: DetectionSettings) -> dict[str, str]:
    """The models' names and checksums, for provenance, without loading them.

    Raises:
      ConfigurationError: A model is missing, or is not the tested one.
    """
    return {
        "named_entities": SpacyModel(settings.spacy_model).identity,
        "token_classifier": TokenClassifier(settings.token_classifier).identity,
    }


class NamedEntities(Recogniser):
    """Finds entities by the union of both models.

    Args:
      spacy_model: An installed spaCy model package or a folder.
      token_classifier: A folder with an ONNX token classifier; None for Rampart.
    """

    name = "named_entities"
    policies = frozenset(
        {
            "person_name",
            "email_address",
            "location",
            "location_address_street",
            "location_city",
            "location_state",
            "location_zip",
            "location_country",
            "organization",
            "organization_medical_facility",
            "nationality",
            "religion",
            "political_affiliation",
            "language",
            "event",
        }
    )

    def __init__(self, spacy_model: str, token_classifier: str | None) -> None:
        self._spacy = SpacyModel(spacy_model)
        self._classifier = TokenClassifier(token_classifier)

    def load(self) -> None:
        self._spacy.load()
        self._classifier.load()

    def policies_in(self, language: Language) -> frozenset[str]:
        """The policies that the loaded models find in a language."""
        found = {_CLASSIFIER_POLICIES[label] for label in self._classifier.labels & _CLASSIFIER_POLICIES.keys()}
        if self._reads(language.code):
            found |= {_SPACY_POLICIES[label] for label in self._spacy.labels & _SPACY_POLICIES.keys()}
        return frozenset(found | ({"location"} if "location_city" in found else set()))

    def _reads(self, language_code: str) -> bool:
        return self._spacy.language in (language_code, _ANY_LANGUAGE)

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        tokens = tokens_of(conversation)
        marks: list[list[_Mark]] = [[] for _ in tokens]
        worth = _worth_reading(conversation, tokens)
        classified = _useful(self._classified(conversation, _with_context(conversation, worth)))
        _mark(tokens, marks, classified, _CLASSIFIER_POLICIES, "classifier")
        if self._reads(conversation.language.code):
            read = [span for turn, span in enumerate(_utterances(conversation)) if worth[turn]]
            _mark(tokens, marks, self._spacy_entities(conversation, tokens, read), _SPACY_POLICIES, "spacy")
        return _Assembly(conversation, tokens, marks).candidates()

    def _classified(self, conversation: Conversation, spans: Iterable[tuple[int, int]]) -> list[LabelledSpan]:
        found: set[LabelledSpan] = set()
        for window in _windows(conversation.text, spans):
            texts = [conversation.text[start:end] for start, end in window]
            position = 0
            classified = self._classifier.classify("\n".join(texts))
            for (start, _), text in zip(window, texts, strict=True):
                shift = start - position
                found.update(
                    span._replace(start=span.start + shift, end=span.end + shift)
                    for span in classified
                    if position <= span.start < position + len(text)
                )
                position += len(text) + 1
        return sorted(found)

    def _spacy_entities(
        self, conversation: Conversation, tokens: Sequence[Token], spans: Sequence[tuple[int, int]]
    ) -> Iterator[LabelledSpan]:
        text = _with_capitals(conversation, tokens)
        texts = [text[start:end] for start, end in spans]
        # A leading space would be a token of its own to spaCy.
        entities = self._spacy.entities(utterance.lstrip() for utterance in texts)
        for (start, _), utterance, found in zip(spans, texts, entities, strict=True):
            shift = start + len(utterance) - len(utterance.lstrip())
            for entity in found:
                yield entity._replace(start=entity.start + shift, end=entity.end + shift)


def _utterances(conversation: Conversation) -> Iterator[tuple[int, int]]:
    """First and last character (exclusive) of every utterance."""
    word = 0
    for utterance in conversation.utterances:
        last = word + len(utterance.words) - 1
        yield conversation.span_of(word)[0], conversation.span_of(last)[1]
        word = last + 1


def _worth_reading(conversation: Conversation, tokens: Sequence[Token]) -> list[bool]:
    """For every utterance, whether it can contain an entity: one of everyday words alone cannot.

    These are a good part of a call, and the models cost more than everything else together.
    """
    cased = cased_turns(conversation, tokens)
    worth = [conversation.language.code != "en"] * len(conversation.utterances)
    for token in tokens:
        turn = conversation.turn_of(token.word)
        if worth[turn] or len(token.plain) == 1 or not token.plain[0].isalpha() or is_never_name(token.plain):
            continue
        is_marked = token.is_capitalised and not token.begins_sentence and token.plain.split("'")[0] != "i"
        is_name_first = token.begins_sentence and token.plain in all_names() and token.plain not in _SENTENCE_OPENERS
        worth[turn] = (cased[turn] and is_marked) or is_name_first or not is_common(token.plain)
    return worth


def _with_context(conversation: Conversation, worth: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """The utterances worth reading, with the question before them and the continuation by the same speaker."""
    utterances = conversation.utterances
    for turn, (start, end) in enumerate(_utterances(conversation)):
        is_followed = turn + 1 < len(worth) and worth[turn + 1]
        is_question = is_followed and _ASKS.search(conversation.text, start, end) is not None
        goes_on = turn > 0 and worth[turn - 1] and utterances[turn - 1].channel == utterances[turn].channel
        if worth[turn] or (end - start < _SHORT_UTTERANCE and (is_question or goes_on)):
            yield start, end


def _windows(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Packs spans of the text for the classifier; those that are too long are cut at spaces, overlapping."""
    window: list[tuple[int, int]] = []
    length = 0
    for start, end in spans:
        for piece in _pieces(text, start, end):
            if window and length + piece[1] - piece[0] > _WINDOW_CHARACTERS:
                yield window
                window, length = [], 0
            window.append(piece)
            length += piece[1] - piece[0] + 1
    if window:
        yield window


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > _WINDOW_CHARACTERS:
        cut = text.rfind(" ", start + 2 * _WINDOW_OVERLAP, start + _WINDOW_CHARACTERS)
        if cut < 0:
            cut = start + _WINDOW_CHARACTERS
        yield start, cut
        start = max(text.rfind(" ", start, cut - _WINDOW_OVERLAP), cut - 2 * _WINDOW_OVERLAP)
    yield start, end


def _useful(spans: Sequence[LabelledSpan]) -> Iterator[LabelledSpan]:
    """Leaves out digits that the classifier takes for a house number or a postal code without an address around."""
    places = [span.start for span in spans if span.label in _ADDRESS_LABELS]
    for span in spans:
        near = any(-_ADDRESS_REACH < place - span.start < _ADDRESS_REACH for place in places)
        if near or span.label not in _ONLY_IN_ADDRESSES:
            yield span


def _with_capitals(conversation: Conversation, tokens: Sequence[Token]) -> str:
    """The text, with capitals for known names and places in utterances that have none: spaCy needs them."""
    characters = list(conversation.text)
    cased = cased_turns(conversation, tokens)
    for token in tokens:
        if not cased[conversation.turn_of(token.word)] and (
            token.begins_sentence or (token.plain in _written_with_capitals() and not is_common(token.plain))
        ):
            # Some letters have two characters as capitals, and offsets must stay.
            characters[token.start] = characters[token.start].upper()[:1]
    return "".join(characters)


@cache
def _written_with_capitals() -> frozenset[str]:
    return all_names() | read_terms("cities") | read_terms("countries") | read_terms("states")


def _mark(
    tokens: Sequence[Token],
    marks: list[list[_Mark]],
    spans: Iterable[LabelledSpan],
    policies: Mapping[str, str],
    model: str,
) -> None:
    """Adds the labels of spans to the tokens that they touch."""
    position = 0
    for span in spans:
        policy = policies.get(span.label)
        if policy is None:
            continue
        while position < len(tokens) and tokens[position].end <= span.start:
            position += 1
        touched = position
        while touched < len(tokens) and tokens[touched].start < span.end:
            marks[touched].append(_Mark(policy, span.score, model))
            touched += 1


def _is_spelling_example(tokens: Sequence[Token], position: int) -> bool:
    """Whether a word only explains a letter: `I as in India`."""
    before = [token.plain for token in tokens[max(0, position - 2) : position]]
    return (
        bool(before)
        and before[-1] in ("in", "for", "like", "inn")
        and (len(before[0]) == 1 or before[0].endswith("as"))
    )


class _Assembly:
    """Builds candidates from the labels of tokens."""

    def __init__(self, conversation: Conversation, tokens: Sequence[Token], marks: Sequence[Sequence[_Mark]]) -> None:
        self._conversation = conversation
        self._tokens = tokens
        self._marks = marks
        self._marked = [position for position, said in enumerate(marks) if said]
        self._cased = cased_turns(conversation, tokens)

    def candidates(self) -> Iterator[Candidate]:
        for first, last in self._runs("person_name", joined_by=" -'’"):
            yield from self._person(first, last)
        for policy in _PLACES:
            for first, last in self._runs(policy, joined_by=" -'’.,"):
                yield from self._place(policy, first, last)
        for first, last in self._runs("organization", joined_by=" -'’.&"):
            yield from self._organisation(first, last)
        for first, last in self._runs("nationality", joined_by=" -"):
            yield from self._people(first, last)
        for first, last in self._runs("email_address", joined_by=" -'’.@_,"):
            if _SPOKEN_AT.search(self._text(first, last)):
                yield self._candidate("email_address", first, last, _CLASSIFIER_SCORE)
        for first, last in self._runs("language", joined_by=" -"):
            if self._plain(first, last) in read_terms("languages"):
                yield self._candidate("language", first, last, _SPACY_KNOWN_SCORE)
        for first, last in self._runs("event", joined_by=" -'’."):
            yield self._candidate("event", first, last, _SPACY_SCORE)

    def _runs(self, policy: str, joined_by: str) -> Iterator[tuple[int, int]]:
        """First and last of neighbouring tokens that have a mark, with nothing but `joined_by` between them."""
        behind = 0
        for position in self._marked:
            if position < behind or not self._has(position, policy):
                continue
            last = position
            while last + 1 < len(self._tokens) and self._has(last + 1, policy) and self._is_joined(last + 1, joined_by):
                last += 1
            yield position, last
            behind = last + 1

    def _has(self, position: int, policy: str) -> bool:
        marks = self._marks[position]
        if not marks:
            return False
        if policy == "person_name":
            if any(character.isdigit() for character in self._tokens[position].text):
                return False
            # Streets are named after people: the classifier, which knows addresses, decides.
            if any(mark.policy == "location_address_street" for mark in marks):
                return False
        return any(mark.policy == policy for mark in marks)

    def _is_joined(self, position: int, joined_by: str) -> bool:
        before = self._tokens[position].before
        if before == ". " and "." not in joined_by:
            previous = self._tokens[position - 1].plain
            return len(previous) == 1 or previous in TITLES
        return bool(before) and not before.strip(joined_by)

    def _person(self, first: int, last: int) -> Iterator[Candidate]:
        first, last = self._trimmed(first, last)
        if first > last or not self._is_person(first, last):
            return
        if first < last and self._is_street_suffix(self._tokens[last].plain):
            yield self._candidate("location_address_street", first, last, _SPACY_SCORE)
            return
        if self._is_company(first, last):
            yield self._candidate("organization", first, last, _SPACY_SCORE)
            return
        score = self._person_score(first, last)
        first, last = self._extended(first, last)
        yield self._candidate("person_name", first, last, score, name_value(self._tokens[first : last + 1]))

    def _trimmed(self, first: int, last: int) -> tuple[int, int]:
        """Removes words at both ends that are not names: `Hi Sarah`."""
        while first <= last and self._is_plain_word(first):
            first += 1
        while last >= first and self._is_plain_word(last):
            last -= 1
        return first, last

    def _is_plain_word(self, position: int) -> bool:
        token = self._tokens[position]
        if is_never_name(token.plain):
            return True
        is_written_as_name = token.is_capitalised and not token.begins_sentence
        return is_common(token.plain) and token.plain not in all_names() and not is_written_as_name

    def _is_person(self, first: int, last: int) -> bool:
        if self._conversation.language.code != "en":
            # The lists of everyday words are English; names in other languages have capitals.
            return not self._is_cased(first) or any(token.is_capitalised for token in self._tokens[first : last + 1])
        if first == last:
            return self._is_single_name(first)
        tokens = self._tokens[first : last + 1]
        if any(not is_common(token.plain) or token.plain in all_names() for token in tokens):
            return True
        # Two capitals in the middle of a sentence are a name of some kind.
        return not tokens[0].begins_sentence and all(token.is_capitalised for token in tokens)

    def _is_single_name(self, position: int) -> bool:
        token = self._tokens[position]
        by_classifier = self._certainty(position, "classifier")
        if is_rather_something_else(token.plain):
            certainty = by_classifier + self._certainty(position, "spacy")
            return certainty > _SURE and not _is_spelling_example(self._tokens, position)
        if not is_common(token.plain):
            return token.plain in all_names() or token.plain not in read_terms("drugs")
        is_marked = not token.begins_sentence and (token.is_capitalised or not self._is_cased(position))
        return token.plain in all_names() and (is_marked or by_classifier > _SURE)

    def _is_street_suffix(self, word: str) -> bool:
        """Whether a name that ends with a word must be a street's: Park and Hill are surnames too."""
        language = self._conversation.language
        return word in language.street_suffixes - language.ordinary_suffixes - TITLES and word not in all_names()

    def _is_company(self, first: int, last: int) -> bool:
        """Whether a name is announced as the company's, and the classifier is not sure that it is a person's."""
        if any(self._certainty(position, "classifier") > _SURE for position in range(first, last + 1)):
            return False
        return is_announced_company(self._conversation.text, self._tokens[first].start, self._tokens[last].end)

    def _person_score(self, first: int, last: int) -> float:
        positions = range(first, last + 1)
        by_classifier = max(self._certainty(position, "classifier") for position in positions)
        by_spacy = any(self._certainty(position, "spacy") for position in positions)
        is_known = any(
            self._tokens[position].plain in all_names() and not is_common(self._tokens[position].plain)
            for position in positions
        )
        if by_classifier and by_spacy:
            return _BOTH_SCORE
        if by_classifier:
            return max(_CLASSIFIER_SCORE * by_classifier, _CLASSIFIER_KNOWN_SCORE if is_known else 0.0)
        return _SPACY_KNOWN_SCORE if is_known else _SPACY_SCORE

    def _certainty(self, position: int, model: str) -> float:
        return max(
            (mark.score for mark in self._marks[position] if mark.policy == "person_name" and mark.model == model),
            default=0.0,
        )

    def _extended(self, first: int, last: int) -> tuple[int, int]:
        """Takes in titles, initials, particles and the parts of the name that no model saw."""
        while first > 0 and self._is_joined(first, " -'’") and self._belongs_before(first - 1):
            first -= 1
        while last + 1 < len(self._tokens) and self._is_joined(last + 1, " -'’") and self._belongs_after(last + 1):
            last += 1
        return first, last

    def _belongs_before(self, position: int) -> bool:
        token = self._tokens[position]
        if token.plain in TITLES:
            return token.plain in SURE_TITLES or token.is_capitalised or not self._is_cased(position)
        return (
            token.is_capitalised
            and not token.begins_sentence
            and ((len(token.plain) == 1 and token.plain != "i") or may_be_name(token, is_cased=True))
        )

    def _belongs_after(self, position: int) -> bool:
        token = self._tokens[position]
        if token.plain in SUFFIXES or (token.before == "-" and token.plain.isalpha()):
            return True
        is_cased = self._is_cased(position)
        if token.plain in PARTICLES or (len(token.plain) == 1 and token.text.isupper() and token.plain != "i"):
            following = position + 1
            return (
                following < len(self._tokens)
                and self._is_joined(following, " -'’")
                and may_be_name(self._tokens[following], is_cased)
            )
        return may_be_name(token, is_cased)

    def _place(self, policy: str, first: int, last: int) -> Iterator[Candidate]:
        tokens = self._tokens[first : last + 1]
        if policy == "location_city":
            # A run over a comma is a city and its state.
            for one_first, one_last in self._parts(first, last):
                yield from self._settlement(one_first, one_last)
            return
        is_everyday = all(is_common(token.plain) or is_never_name(token.plain) for token in tokens)
        is_title_case = last > first and not tokens[0].begins_sentence and all(token.is_capitalised for token in tokens)
        if policy == "location" and is_everyday and not is_title_case:
            return
        score = _CLASSIFIER_SCORE if policy != "location" else _SPACY_SCORE
        if policy == "location" and tokens[-1].plain in ORGANISATION_ENDINGS:
            is_medical = tokens[-1].plain in MEDICAL_FACILITY_WORDS
            policy = "organization_medical_facility" if is_medical else "organization"
        if tokens[-1].plain in self._conversation.language.street_suffixes:
            policy = "location_address_street"
        if policy == "location_address_street":
            words = [token for token in tokens if token.plain.isalpha()]
            if words and not any(self._could_be_street(token) for token in words):
                return
            first = self._begin_of_street(first)
        yield self._candidate(policy, first, last, score)

    def _could_be_street(self, token: Token) -> bool:
        """Whether a word allows a street: `aisle 10` is not one."""
        language = self._conversation.language
        is_marked = token.is_capitalised and not token.begins_sentence
        is_part = token.plain in language.street_suffixes or token.plain in language.unit_words
        return is_marked or is_part or not is_common(token.plain)

    def _begin_of_street(self, first: int) -> int:
        """Takes in the words of a street's name that no model saw: `Maple` of `Maple Grove Avenue`."""
        while first > 0 and self._is_joined(first, " -'’"):
            before = self._tokens[first - 1]
            if not before.is_capitalised or before.plain in self._conversation.language.not_street_names:
                break
            first -= 1
        return first

    def _parts(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        start = first
        for position in range(first + 1, last + 1):
            if "," in self._tokens[position].before:
                yield start, position - 1
                start = position
        yield start, last

    def _settlement(self, first: int, last: int) -> Iterator[Candidate]:
        tokens = self._tokens[first : last + 1]
        name = " ".join(token.plain for token in tokens)
        policy = place_policy(name)
        is_listed = policy != "location_city" or name in read_terms("cities")
        if not is_listed and all(is_common(token.plain) or is_never_name(token.plain) for token in tokens):
            return
        if first == last and is_common(name) and (tokens[0].begins_sentence or not tokens[0].is_capitalised):
            return
        if is_never_name(name) and _is_spelling_example(self._tokens, first):
            return
        if self._is_inside_organisation(first, last):
            return
        yield self._candidate(policy, first, last, _SPACY_KNOWN_SCORE if is_listed else _SPACY_SCORE)

    def _is_inside_organisation(self, first: int, last: int) -> bool:
        """Whether a place is only part of a name: `Lakeview Family Clinic`."""
        following = last + 1
        if following == len(self._tokens) or not self._is_joined(following, " -'’&"):
            return False
        if self._has(following, "organization") and any(
            self._has(at, "organization") for at in range(first, following)
        ):
            return True
        words = self._tokens[following : following + 2]
        return any(word.plain in ORGANISATION_ENDINGS and not word.begins_clause for word in words) and (
            not self._is_cased(first) or words[0].is_capitalised
        )

    def _organisation(self, first: int, last: int) -> Iterator[Candidate]:
        tokens = self._tokens[first : last + 1]
        if all(is_never_name(token.plain) or (len(token.text) < 4 and token.text.isupper()) for token in tokens):
            return
        if self._plain(first, last).removeprefix("the ") in _NO_ORGANISATIONS or all(len(t.text) == 1 for t in tokens):
            return
        if all(is_common(token.plain) for token in tokens) and (first == last or not tokens[-1].is_capitalised):
            return
        is_medical = any(token.plain in MEDICAL_FACILITY_WORDS for token in tokens)
        yield self._candidate(
            "organization_medical_facility" if is_medical else "organization", first, last, _SPACY_SCORE
        )

    def _people(self, first: int, last: int) -> Iterator[Candidate]:
        name = self._plain(first, last)
        for gazetteer, policy in _PEOPLES.items():
            if name in read_terms(gazetteer) or name.removesuffix("s") in read_terms(gazetteer):
                yield self._candidate(policy, first, last, _SPACY_KNOWN_SCORE)
                return
        if name in all_names() and not is_common(name):
            yield self._candidate("person_name", first, last, _SPACY_SCORE)
        elif not is_common(name) and not is_never_name(name) and self._tokens[first].is_capitalised:
            yield self._candidate("nationality", first, last, _SPACY_UNKNOWN_SCORE)

    def _is_cased(self, position: int) -> bool:
        return self._cased[self._conversation.turn_of(self._tokens[position].word)]

    def _text(self, first: int, last: int) -> str:
        return self._conversation.text[self._tokens[first].start : self._tokens[last].end]

    def _candidate(self, policy: str, first: int, last: int, score: float, value: str = "") -> Candidate:
        first_word, last_word = self._conversation.words_of(self._tokens[first].start, self._tokens[last].end)
        return Candidate(policy, first_word, last_word, score, NamedEntities.name, value or self._plain(first, last))

    def _plain(self, first: int, last: int) -> str:
        return " ".join(token.plain for token in self._tokens[first : last + 1])
