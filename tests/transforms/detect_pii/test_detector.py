"""The detector with all recognisers, on whole conversations, without a pipeline."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import pytest

from hushbeam.schemas.finding import Finding
from hushbeam.schemas.policies import resolve_policies
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.detect_pii import detector as module
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector, RecogniserError
from hushbeam.transforms.detect_pii.languages import UnsupportedLanguageError
from hushbeam.transforms.detect_pii.recogniser import Candidate, Recogniser
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.detect_pii.text.conversation import Conversation

DEFAULT = resolve_policies(["default"])


def transcript_of(*lines: str, language_code: str = "en") -> Transcript:
    """Utterances of both sides in turn, two words a second."""
    utterances: list[Utterance] = []
    second = 0.0
    for number, line in enumerate(lines):
        words = []
        for text in line.split():
            words.append(Word(f" {text}", second, second + 0.4, 0.9, number % 2))
            second += 0.5
        utterances.append(Utterance(number % 2, tuple(words)))
    return Transcript(language_code, 1.0, second, 2, tuple(utterances))


def said(transcript: Transcript, findings: Iterable[Finding]) -> list[tuple[str, str]]:
    words = transcript.words
    return [
        (one.policy, "".join(word.text for word in words[one.first_word or 0 : (one.last_word or 0) + 1]).strip())
        for one in findings
    ]


def detect(
    detector: Detector,
    transcript: Transcript,
    policies: Collection[str],
    static_entities: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Finding, ...]:
    return detector.detect(DetectionRequest(transcript, policies, static_entities or {})).findings


@pytest.fixture(scope="module")
def whole_detector() -> Detector:
    detector = Detector(DetectionSettings())
    detector.load()
    return detector


class Fixed(Recogniser):
    """Reports what it was given."""

    name = "fixed"
    policies: frozenset[str] = frozenset()

    def __init__(self, *candidates: Candidate) -> None:
        self._candidates = candidates
        self.policies = frozenset(candidate.policy for candidate in candidates)

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        return self._candidates


class Broken(Fixed):
    """Raises with what was said in its message, as a careless recogniser would."""

    def recognise(self, conversation: Conversation) -> Iterator[Candidate]:
        raise ValueError(conversation.text)


def with_recognisers(
    monkeypatch: pytest.MonkeyPatch, *recognisers: Fixed, settings: DetectionSettings | None = None
) -> Detector:
    monkeypatch.setattr(module, "recognisers_for", lambda _: recognisers)
    monkeypatch.setattr(module, "propagations_for", lambda _: ())
    detector = Detector(settings or DetectionSettings())
    detector.load()
    return detector


def candidate(policy: str, first: int, last: int, **more: object) -> Candidate:
    return Candidate(policy, first, last, 0.9, "fixed", **more)  # type: ignore[arg-type]


def test_a_whole_call_is_scrubbed(whole_detector: Detector) -> None:
    call = transcript_of(
        "Thanks, my name is Sarah. What's your account number?",
        "It's 4471 920 385, and I'm Daniel Whitfield.",
        "So that's 4471 920 385?",
        "Yes, email me at daniel dot whitfield at gmail dot com.",
    )
    assert said(call, detect(whole_detector, call, DEFAULT)) == [
        ("person_name", "Sarah."),
        ("account_number", "4471 920 385,"),
        ("person_name", "Daniel Whitfield."),
        ("account_number", "4471 920 385?"),
        ("email_address", "daniel dot whitfield at gmail dot com."),
    ]


def test_the_same_value_has_the_same_entity_number(whole_detector: Detector) -> None:
    call = transcript_of("My account number is 4471 920 385.", "Is 4471 920 385 right, or order number 88 12 44 90?")
    entities = [one.entity for one in detect(whole_detector, call, DEFAULT)]
    assert entities == [1, 1, 2]


def test_a_number_without_a_label_falls_under_the_policy_that_is_asked_for(whole_detector: Detector) -> None:
    call = transcript_of("It was 614 555 0142 I think.")
    for policy in ("phone_number", "number_sequence", "any_number", "account_number"):
        assert said(call, detect(whole_detector, call, [policy])) == [(policy, "614 555 0142")]


def test_what_nobody_asked_for_is_left(whole_detector: Detector) -> None:
    call = transcript_of("My account number is 4471 920 385 and I'm Daniel Whitfield.")
    assert said(call, detect(whole_detector, call, ["person_name"])) == [("person_name", "Daniel Whitfield.")]


def test_a_policy_covers_those_below_it(whole_detector: Detector) -> None:
    call = transcript_of("My postcode is LS6 3HM.")
    assert [one.policy for one in detect(whole_detector, call, ["location"])] == ["location"]


def test_static_entities_win_and_carry_their_label(whole_detector: Detector) -> None:
    call = transcript_of("I'm Daniel Whitfield of Falcon.")
    findings = detect(whole_detector, call, DEFAULT, {"codename": ["Falcon", "Whitfield"]})
    assert [(one.policy, one.label) for one in findings] == [
        ("person_name", "PERSON_NAME"),
        ("custom", "CODENAME"),
        ("custom", "CODENAME"),
    ]


def test_a_misheard_static_entity_is_redacted_unless_a_threshold_asks_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call, terms = transcript_of("I met Shavon Kovalchick there"), {"client": ["Siobhan Kowalczyk"]}
    (found,) = detect(with_recognisers(monkeypatch), call, DEFAULT, terms)
    assert (found.first_word, found.last_word, found.label) == (2, 3, "CLIENT")
    exact = DetectionSettings(thresholds={"custom": 1.0})
    assert detect(with_recognisers(monkeypatch, settings=exact), call, DEFAULT, terms) == ()
    allowed = DetectionSettings(allow_list=("Shavon Kovalchick",))
    assert detect(with_recognisers(monkeypatch, settings=allowed), call, DEFAULT, terms) == ()


def test_a_language_without_a_grammar_is_quarantined(whole_detector: Detector) -> None:
    with pytest.raises(UnsupportedLanguageError):
        detect(whole_detector, transcript_of("moshi moshi", language_code="ja"), DEFAULT)


def test_a_silent_recording_has_no_findings(whole_detector: Detector) -> None:
    assert detect(whole_detector, Transcript("en", 1.0, 3.0, 1, ()), DEFAULT) == ()


def test_detecting_before_loading_is_a_programming_error() -> None:
    with pytest.raises(RuntimeError, match="load"):
        detect(Detector(DetectionSettings()), transcript_of("hello"), DEFAULT)


def test_a_recogniser_that_raises_fails_the_recording_without_quoting_it(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = with_recognisers(monkeypatch, Broken(candidate("person_name", 0, 0)))
    with pytest.raises(RecogniserError) as raised:
        detect(detector, transcript_of("Wolfeschlegel here"), DEFAULT)
    assert "fixed" in str(raised.value)
    assert "Wolfeschlegel" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_every_word_that_anything_found_is_redacted_whoever_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = with_recognisers(
        monkeypatch,
        Fixed(
            candidate("person_name", 0, 2), candidate("credit_card_number", 2, 3), candidate("number_sequence", 3, 4)
        ),
    )
    call = transcript_of("a b c d e f")
    assert said(call, detect(detector, call, DEFAULT)) == [
        ("person_name", "a b"),
        ("credit_card_number", "c d"),
        ("number_sequence", "e"),
    ]


def test_a_policy_that_nobody_asked_for_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = with_recognisers(
        monkeypatch, Fixed(candidate("credit_card_number", 0, 1), candidate("person_name", 0, 1))
    )
    call = transcript_of("a b c")
    assert said(call, detect(detector, call, ["person_name"])) == [("person_name", "a b")]


def test_neighbours_of_different_values_are_different_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = with_recognisers(
        monkeypatch,
        Fixed(candidate("person_name", 0, 0, value="ana"), candidate("person_name", 1, 1, value="bo")),
    )
    call = transcript_of("Ana Bo")
    assert [one.entity for one in detect(detector, call, DEFAULT)] == [1, 2]


def test_thresholds_and_the_allow_list_drop_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = DetectionSettings(thresholds={"person_name": 0.999}, allow_list=("Harbor Bank",))
    detector = with_recognisers(
        monkeypatch, Fixed(candidate("person_name", 0, 0), candidate("organization", 1, 2)), settings=settings
    )
    assert detect(detector, transcript_of("Ana harbor bank,"), ["person_name", "organization"]) == ()


def test_times_are_those_of_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = with_recognisers(monkeypatch, Fixed(candidate("person_name", 1, 2)))
    (finding,) = detect(detector, transcript_of("a b c d"), DEFAULT)
    assert (finding.start_s, finding.end_s, finding.channel) == (0.5, 1.4, 0)
