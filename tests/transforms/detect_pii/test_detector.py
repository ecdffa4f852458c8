"""The detector with all recognisers, on whole conversations, without a pipeline."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.finding import Finding, personal_words
from hushbeam.schemas.policies import CATALOGUE, resolve_policies
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.detect_pii import detector as module
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector, RecogniserError
from hushbeam.transforms.detect_pii.languages import UnsupportedLanguageError, UnsupportedPolicyError
from hushbeam.transforms.detect_pii.recogniser import Candidate, Recogniser
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.transcribe.given.masks import masked_words
from tests.own_detectors import blind_detector, detector

DEFAULT = resolve_policies(["default"])
_SETTINGS = DetectionSettings()


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


WithRecognisers = Callable[..., Detector]


@pytest.fixture
def with_recognisers(monkeypatch: pytest.MonkeyPatch, blind: str) -> WithRecognisers:
    """Makes a detector of a user's own recognisers, whose model finds nothing."""

    def load(*recognisers: Fixed, allow_list: tuple[str, ...] = ()) -> Detector:
        monkeypatch.setattr(module, "recognisers_for", lambda _: recognisers)
        detector = Detector(DetectionSettings(detector=blind, allow_list=allow_list))
        detector.load()
        return detector

    return load


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> str:
    return blind_detector(tmp_path_factory.mktemp("detectors") / "blind")


def candidate(policy: str, first: int, last: int, **more: object) -> Candidate:
    return Candidate(policy, first, last, 0.9, "fixed", **more)  # type: ignore[arg-type]


def test_a_whole_call_is_scrubbed(whole_detector: Detector) -> None:
    call = transcript_of(
        "Thanks, my name is Sarah. What's your account number?",
        "It's 4471 920 385, and I'm Daniel Whitfield.",
        "So that's 4471 920 385?",
        "Yes, email me at daniel dot whitfield at gmail dot com.",
    )
    expected = [
        ("person_name", "Sarah."),
        ("account_number", "4471 920 385,"),
        ("person_name", "Daniel Whitfield."),
        ("account_number", "4471 920 385?"),
        ("email_address", "daniel dot whitfield at gmail dot com."),
    ]
    found = said(call, detect(whole_detector, call, DEFAULT))
    assert [policy for policy, _ in found] == [policy for policy, _ in expected]
    for (_, redacted), (_, value) in zip(found, expected, strict=True):
        # Nobody minds a word or two too much beside a value, such as "me at".
        assert value in redacted
        assert len(redacted.split()) <= len(value.split()) + 2


@pytest.mark.parametrize(
    ("policy", "lines", "value"),
    [
        (
            "banking_information",
            ("It is D E eight nine, 3704 0044 0532 0130 00",),
            "D E eight nine, 3704 0044 0532 0130 00",
        ),
        ("banking_information", ("My IBAN is GB29 NWBK 6016 1331 9268 19",), "GB29 NWBK 6016 1331 9268 19"),
        ("banking_information", ("The routing number is 021000021",), "021000021"),
        ("ip_address", ("The gateway is 192.168.0.254",), "192.168.0.254"),
        ("ip_address", ("What is the IP?", "Ten dot zero dot zero dot one"), "Ten dot zero dot zero dot one"),
        ("healthcare_number", ("Your Medicare number?", "One E G four T E five M K seven three"), "One E G four T E"),
        ("healthcare_number", ("My NHS number is 401 023 2137",), "401 023 2137"),
        ("us_social_security_number", ("219-09-9999 is what it says",), "219-09-9999"),
        ("number_sequence", ("My NI is A B one two three four five six C",), "B one two three four five six C"),
        ("drivers_license", ("My driving licence is MORGA753116SM9IJ",), "MORGA753116SM9IJ"),
    ],
)
def test_identifiers_with_a_format_are_found_as_they_are_said(
    whole_detector: Detector, policy: str, lines: tuple[str, ...], value: str
) -> None:
    call = transcript_of(*lines)
    ((found, redacted),) = said(call, detect(whole_detector, call, [policy]))
    assert found == policy
    assert value in redacted


def test_ordinary_talk_has_no_identifiers(whole_detector: Detector) -> None:
    call = transcript_of("We open at nine and close at six, it takes 20 minutes.")
    assert detect(whole_detector, call, DEFAULT) == ()


def test_detection_never_reaches_the_network(whole_detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a recogniser opened a connection")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    call = transcript_of("Write to jane.doe@example.co.uk or see example.com, 614-555-0142")
    assert detect(whole_detector, call, DEFAULT) != ()


def test_the_same_value_has_the_same_entity_number(whole_detector: Detector) -> None:
    call = transcript_of("My account number is 4471 920 385.", "Is 4471 920 385 right, or order number 8812 4490?")
    first, again, other = [(one.policy, one.entity) for one in detect(whole_detector, call, DEFAULT)]
    assert first == again != other


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


def test_static_entities_win_and_carry_their_label(with_recognisers: WithRecognisers) -> None:
    detector = with_recognisers(Fixed(candidate("person_name", 1, 2)))
    call = transcript_of("I'm Daniel Whitfield of Falcon.")
    assert [
        (one.label, one.first_word) for one in detect(detector, call, DEFAULT, {"code": ["Falcon", "Whitfield"]})
    ] == [
        ("PERSON_NAME", 1),
        ("CODE", 2),
        ("CODE", 4),
    ]


def test_a_misheard_static_entity_is_redacted(with_recognisers: WithRecognisers) -> None:
    call, terms = transcript_of("I met Shavon Kovalchick there"), {"client": ["Siobhan Kowalczyk"]}
    (found,) = detect(with_recognisers(), call, DEFAULT, terms)
    assert (found.first_word, found.last_word, found.label) == (2, 3, "CLIENT")
    assert detect(with_recognisers(allow_list=("Shavon Kovalchick",)), call, DEFAULT, terms) == ()


def test_a_language_without_a_grammar_is_quarantined(whole_detector: Detector) -> None:
    with pytest.raises(UnsupportedLanguageError):
        detect(whole_detector, transcript_of("moshi moshi", language_code="ja"), DEFAULT)


def test_a_silent_recording_has_no_findings(whole_detector: Detector) -> None:
    assert detect(whole_detector, Transcript("en", 1.0, 3.0, 1, ()), DEFAULT) == ()


def test_detecting_before_loading_is_a_programming_error() -> None:
    with pytest.raises(RuntimeError, match="load"):
        detect(Detector(DetectionSettings()), transcript_of("hello"), DEFAULT)


def test_a_recogniser_that_raises_fails_the_recording_without_quoting_it(with_recognisers: WithRecognisers) -> None:
    detector = with_recognisers(Broken(candidate("person_name", 0, 0)))
    with pytest.raises(RecogniserError) as raised:
        detect(detector, transcript_of("Wolfeschlegel here"), DEFAULT)
    assert "fixed" in str(raised.value)
    assert "Wolfeschlegel" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_every_word_that_anything_found_is_redacted_whoever_wins(with_recognisers: WithRecognisers) -> None:
    detector = with_recognisers(
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


def test_a_policy_that_nobody_asked_for_hides_no_other(with_recognisers: WithRecognisers) -> None:
    detector = with_recognisers(Fixed(candidate("credit_card_number", 0, 1), candidate("person_name", 0, 1)))
    call = transcript_of("a b c")
    assert said(call, detect(detector, call, ["person_name"])) == [("person_name", "a b")]


def test_neighbours_of_different_values_are_different_findings(with_recognisers: WithRecognisers) -> None:
    detector = with_recognisers(
        Fixed(candidate("person_name", 0, 0, value="ana"), candidate("person_name", 1, 1, value="bo")),
    )
    call = transcript_of("Ana Bo")
    assert [one.entity for one in detect(detector, call, DEFAULT)] == [1, 2]


def test_the_allow_list_drops_candidates(with_recognisers: WithRecognisers) -> None:
    detector = with_recognisers(Fixed(candidate("organization", 1, 2)), allow_list=("Harbor Bank",))
    assert detect(detector, transcript_of("Ana harbor bank,"), ["organization"]) == ()


def test_times_are_those_of_the_words(with_recognisers: WithRecognisers) -> None:
    detector = with_recognisers(Fixed(candidate("person_name", 1, 2)))
    (finding,) = detect(detector, transcript_of("a b c d"), DEFAULT)
    assert (finding.start_s, finding.end_s, finding.channel) == (0.5, 1.4, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        candidate("person_name", 2, 1),
        candidate("person_name", 1, 9),
        candidate("surname", 0, 0),
        replace(candidate("person_name", 0, 0), score=7.5),
        replace(candidate("person_name", 0, 0), score=math.nan),
    ],
)
def test_a_candidate_that_cannot_be_fails_the_recording(with_recognisers: WithRecognisers, wrong: Candidate) -> None:
    reporter = Fixed(wrong)
    reporter.policies = frozenset({"person_name"})
    with pytest.raises(RecogniserError, match="the recogniser fixed reported"):
        detect(with_recognisers(reporter), transcript_of("a b", "c d"), DEFAULT)


def test_a_candidate_over_two_utterances_is_a_finding_in_each(with_recognisers: WithRecognisers) -> None:
    call = transcript_of("a b", "c d")
    found = detect(with_recognisers(Fixed(candidate("person_name", 1, 2))), call, DEFAULT)
    assert said(call, found) == [("person_name", "b"), ("person_name", "c")]
    assert [finding.channel for finding in found] == [0, 1]


@pytest.mark.parametrize(("first", "second"), [(" seventy", "-eight."), (" 4", "11."), (" forty-", "two")])
def test_a_number_whose_pieces_are_in_two_utterances_is_redacted_in_both(
    whole_detector: Detector, first: str, second: str
) -> None:
    before = transcript_of("My account number is five five nine one two").words
    texts = [*(word.text for word in before), first, second, " okay"]
    words = [Word(text, number * 0.5, number * 0.5 + 0.4, 0.9, 0) for number, text in enumerate(texts)]
    border = len(words) - 2
    call = Transcript(
        "en", 1.0, len(words) * 0.5, 1, (Utterance(0, tuple(words[:border])), Utterance(0, tuple(words[border:])))
    )
    redacted = personal_words(detect(whole_detector, call, DEFAULT))
    assert {border - 1, border} <= redacted


def test_a_recogniser_that_cannot_be_loaded_ends_the_job_with_its_own_words(
    with_recognisers: WithRecognisers,
) -> None:
    class Unready(Fixed):
        def load(self) -> None:
            raise OSError("no such list: staff.txt")

    with pytest.raises(ConfigurationError, match=r"fixed cannot be loaded \(OSError: no such list: staff.txt\)"):
        with_recognisers(Unready(candidate("person_name", 0, 0)))


def test_a_recogniser_of_a_policy_that_does_not_exist_ends_the_job(with_recognisers: WithRecognisers) -> None:
    with pytest.raises(ConfigurationError, match="fixed covers surname;"):
        with_recognisers(Fixed(candidate("surname", 0, 0)))


@pytest.mark.parametrize("mask", ["[PII]", "####", "[PHONE NUMBER]"])
def test_a_mask_stays_where_words_around_it_are_redacted(with_recognisers: WithRecognisers, mask: str) -> None:
    call = transcript_of(f"It is {mask} Smith")
    call = replace(call, masked_words=masked_words(call.utterances))
    last = len(call.words) - 1
    found = detect(with_recognisers(Fixed(candidate("person_name", 2, last))), call, DEFAULT)
    assert said(call, found) == [("person_name", "Smith")]


def _detector(folder: Path, labels: tuple[str, ...], settings: DetectionSettings = _SETTINGS) -> Detector:
    """Of a model that believes the rules."""
    logits = [[9.0 if row == column else -9.0 for column in range(len(labels))] for row in range(len(labels))]
    own = Detector(settings.model_copy(update={"detector": detector(folder, labels, logits)}))
    own.load()
    return own


@pytest.mark.parametrize(
    ("found", "requested"), [("location_city", "location_address_street"), ("location", "location_city")]
)
def test_a_policy_is_not_covered_by_a_related_one(found: str, requested: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedPolicyError, match=requested):
        detect(_detector(tmp_path / "own", ("nothing", found)), transcript_of("From Leeds."), [requested])


def test_a_pattern_does_not_cover_its_policy(tmp_path: Path) -> None:
    patterns = DetectionSettings(patterns={"person_name": ("Acme Bot",)})
    own = _detector(tmp_path / "own", ("nothing", "drug"), patterns)
    with pytest.raises(UnsupportedPolicyError, match="person_name"):
        detect(own, transcript_of("I'm Ana."), ["person_name"])


CALL = ("What's your account number?", "Hold on, it is 4471 920 385.", "Thanks, I will look that up.", "Bye.")


@pytest.mark.parametrize(
    ("settings", "redacted"),
    [
        (DetectionSettings(), ["4471 920 385."]),
        (DetectionSettings(caution="high"), ["Hold on, it is", "4471 920 385."]),
        (DetectionSettings(exchanges=("account_number",)), [CALL[0], "Hold on, it is", "4471 920 385.", CALL[2]]),
        (DetectionSettings(exchanges=("phone_number",)), ["4471 920 385."]),
    ],
)
def test_caution_and_exchanges_redact_whole_turns(
    settings: DetectionSettings, redacted: list[str], tmp_path: Path
) -> None:
    own = _detector(tmp_path / "own", ("nothing", *sorted(CATALOGUE)), settings)
    call = transcript_of(*CALL)
    assert [text for _, text in said(call, detect(own, call, ["account_number"]))] == redacted


def test_a_number_that_is_read_back_in_other_words_is_redacted_too(tmp_path: Path) -> None:
    labels = ("nothing", *sorted(CATALOGUE))
    believed, doubted = labels.index("account_number"), labels.index("number_sequence")
    logits = [[9.0] + [0.0] * (len(labels) - 1) for _ in labels]
    logits[believed] = [0.0] * len(labels)
    logits[believed][believed] = 9.0
    assert doubted != believed
    own = Detector(DetectionSettings(detector=detector(tmp_path / "own", labels, logits)))
    own.load()
    call = transcript_of("My account number is 4471920.", *["So."] * 6, "Four four seven one nine two oh, then.")
    texts = [text for _, text in said(call, detect(own, call, DEFAULT))]
    assert texts == ["4471920.", "Four four seven one nine two oh,"]
