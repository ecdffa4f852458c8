"""Detection in texts and transcripts in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import hushbeam
from tests.own_detectors import blind_detector

CONVERSATION = """Agent: What is your phone number?
Customer:  it's (614) 555-0142, and my name is Daniel Whitfield.
Agent: Thank you, Daniel."""


class StaffNumbers(hushbeam.Recogniser):
    """A recogniser of a user's own."""

    name = "staff_numbers"
    policies = frozenset({"account_number"})

    def __init__(self, settings: hushbeam.DetectionSettings) -> None:
        """Needs none of the settings."""

    def recognise(self, conversation: hushbeam.Conversation) -> Any:
        start = conversation.text.find("STF-")
        if start >= 0:
            yield hushbeam.Candidate("account_number", *conversation.words_of(start, start + 9), 0.9, self.name)


def values(text: str, findings: list[hushbeam.TextFinding]) -> list[tuple[str, str]]:
    return [(one.policy, text[one.start : one.end]) for one in findings]


def test_offsets_are_those_of_the_value_in_the_given_text() -> None:
    text = "  Hello,\n this is Daniel Whitfield. Mail: dan.whitfield@example.com!"
    found = values(text, hushbeam.find_personal_data(text))
    assert ("person_name", "Daniel Whitfield") in found
    assert ("email_address", "dan.whitfield@example.com") in found


def test_a_finding_does_not_hold_the_value() -> None:
    found = hushbeam.find_personal_data("This is Daniel Whitfield.")
    assert found
    assert "Whitfield" not in repr(found)


def test_policies_are_a_list_or_a_text_with_commas() -> None:
    text = "This is Daniel Whitfield, dan.whitfield@example.com."
    assert hushbeam.redact_text(text, "person_name, email_address") == hushbeam.redact_text(
        text, ["person_name", "email_address"]
    )
    with pytest.raises(hushbeam.ConfigurationError, match="Unknown policy"):
        hushbeam.redact_text(text, "person_name email_address")


def test_lines_with_speakers_are_a_conversation_and_offsets_are_those_of_the_whole_text() -> None:
    found = hushbeam.find_personal_data(CONVERSATION)
    assert ("person_name", "Daniel Whitfield") in values(CONVERSATION, found)
    assert [one.utterance for one in found if one.policy == "phone_number"] == [1]
    assert not any("Agent" in value or "Customer" in value for _, value in values(CONVERSATION, found))


def test_a_name_before_a_line_is_searched_as_text() -> None:
    text = "Daniel Whitfield: hello\nMaria Lopez: good morning"
    redacted = hushbeam.redact_text(text, "person_name")
    assert "Whitfield" not in redacted
    assert "Lopez" not in redacted


def test_white_space_and_speakers_stay_as_they_are_where_text_is_redacted() -> None:
    redacted = hushbeam.redact_text(CONVERSATION, ("phone_number", "person_name"))
    assert redacted == (
        "Agent: What is your phone number?\n"
        "Customer:  it's ([PHONE_NUMBER], and my name is [PERSON_NAME].\n"
        "Agent: Thank you, [PERSON_NAME]."
    )


@pytest.mark.parametrize(
    ("substitution", "expected"),
    [
        ("entity_name", "I am  [PERSON_NAME]. Bye"),
        ("hash", "I am  ###### #########. Bye"),
        ("mask", "I am  ****. Bye"),
        ("numbered", "I am  [PERSON_NAME_1]. Bye"),
    ],
)
def test_substitutions_read_as_in_transcripts(substitution: str, expected: str) -> None:
    assert hushbeam.redact_text("I am  Daniel Whitfield. Bye", "person_name", substitution) == expected


@pytest.mark.parametrize("text", ["", " \n ", "Nothing of interest was said."])
def test_text_without_personal_data_comes_back(text: str) -> None:
    assert hushbeam.redact_text(text) == text
    assert hushbeam.find_personal_data(text) == []


def test_utterances_give_offsets_in_their_own_text_and_times_where_words_have_them() -> None:
    said: list[dict[str, Any]] = [
        {"speaker": "A", "text": "What is your phone number?"},
        {"speaker": "B", "text": " "},
        {
            "speaker": "B",
            "words": [
                {"text": "It's", "start_s": 3.0, "end_s": 3.2},
                {"text": "614-555-0142.", "start_s": 3.3, "end_s": 4.5},
            ],
        },
    ]
    (found,) = hushbeam.find_personal_data(said, "phone_number")
    assert (found.utterance, found.start, found.end) == (2, len("It's "), len("It's 614-555-0142"))
    assert (found.start_s, found.end_s) == (3.3, 4.5)


def test_a_transcript_and_a_row_of_one_give_the_same_as_their_text() -> None:
    texts = (" I", " am", " Maria", " Lopez", "-Garcia.")
    words = [hushbeam.Word(text, number * 0.4, number * 0.4 + 0.3, 0.9, 0) for number, text in enumerate(texts)]
    transcript = hushbeam.Transcript("en", 1.0, 3.0, 1, (hushbeam.Utterance(0, tuple(words)),))
    row = {
        "language_code": "en",
        "utterances": [
            {"channel": 0, "text": "I am Maria Lopez-Garcia.", "words": [{"text": text.strip()} for text in texts]}
        ],
    }
    for said in (transcript, row):
        (found,) = hushbeam.find_personal_data(said, "person_name")
        assert (found.start, found.end) == (len("I am "), len("I am Maria Lopez-Garcia"))


def test_a_recogniser_of_a_users_own_is_a_class_or_its_name(tmp_path: Path) -> None:
    text = "Put it on STF-20417, please."
    blind = blind_detector(tmp_path / "blind")
    for own in (StaffNumbers, f"{__name__}:StaffNumbers"):
        found = hushbeam.find_personal_data(text, "account_number", detector=blind, recognisers=[own])
        assert values(text, found) == [("account_number", "STF-20417")]
        assert found[0].detector == "staff_numbers"


def test_a_recogniser_that_workers_could_not_make_is_refused() -> None:
    class Local(StaffNumbers):
        pass

    with pytest.raises(hushbeam.ConfigurationError, match="top of a module"):
        hushbeam.find_personal_data("a", recognisers=[Local])
    with pytest.raises(hushbeam.ConfigurationError, match="not an object"):
        hushbeam.find_personal_data("a", recognisers=[StaffNumbers(hushbeam.DetectionSettings())])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"policies": ["person_nmae"]}, r"--policies: Unknown policy 'person_nmae'\. Did you mean person_name"),
        ({"policies": []}, "--policies: expected at least one value"),
        ({"policies": 3}, "--policies: expected a list"),
        ({"policies": [3, "calls/"]}, "--policies: expected text"),
        ({"language": "english"}, "^language: expected one of .*; did you mean en"),
        ({"language": None}, "^language: expected one of"),
        ({"caution": "none"}, "--caution: expected low, standard or high"),
        ({"recognisers": ["nowhere:Any"]}, r"--recognisers: nowhere:Any cannot be made .*set PYTHONPATH=\.$"),
        ({"recognisers": ["collections:OrderedDict"]}, "--recognisers: .* is no recogniser, because it has no name"),
        ({"rules": "nowhere.json"}, "--rules: no such file"),
        ({"rules": Path("nowhere.json")}, "--rules: no such file"),
        ({"detector": Path("nowhere")}, "--detector: no such folder"),
        ({"static_entities": "Blue Moon"}, "static_entities: expected lists"),
        ({"static_entities": {"PROJECT": [3]}}, "static_entities: expected lists"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(hushbeam.ConfigurationError, match=message):
        hushbeam.find_personal_data("I am Maria Lopez.", **options)


def test_a_term_alone_is_refused_and_not_searched_letter_by_letter() -> None:
    with pytest.raises(hushbeam.ConfigurationError, match=r'such as \{"PROJECT": \["Blue Moon"\]\}'):
        hushbeam.find_personal_data("It is the Blue Moon.", static_entities={"PROJECT": "Blue Moon"})


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong: Any = {"policies": ["nme"], "caution": "max", "language": "english", "static_entities": ["Blue Moon"]}
    wrong["rules"] = "nowhere.json"
    with pytest.raises(hushbeam.ConfigurationError) as caught:
        hushbeam.redact_text("I am Maria Lopez.", substitution="stars", surrogate_key="a-key", **wrong)
    assert sorted(message.partition(":")[0] for message in str(caught.value).split("\n")) == [
        "--caution",
        "--policies",
        "--rules",
        "--substitution",
        "--surrogate_key",
        "language",
        "static_entities",
    ]


def test_a_wrong_substitution_is_named_as_the_command_names_it() -> None:
    with pytest.raises(hushbeam.ConfigurationError, match="--substitution: expected hash, entity_name"):
        hushbeam.redact_text("I am Maria Lopez.", substitution="stars")


def test_a_language_without_a_grammar_is_an_error_and_not_an_empty_answer() -> None:
    with pytest.raises(hushbeam.RecordingError):
        hushbeam.find_personal_data("Olen Maria Lopez.", language="fi")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ([{"speaker": "A"}], "utterance 1: text is missing"),
        ([{"speaker": "A", "text": "a", "name": "Maria"}], "utterance 1: 1 unknown keys"),
        ([{"text": "a"}, "b"], "utterance 2: expected a mapping"),
        ([{"words": [{"word": "a"}]}], "utterance 1: words: expected"),
        ([{"text": "Maria", "words": [{"text": "Lopez"}]}], "utterance 1: its text differs"),
        ({"text": "a"}, "expected utterances"),
        (7, "expected a text"),
    ],
)
def test_a_transcript_of_another_form_is_refused_without_its_words(said: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        hushbeam.find_personal_data(said)
    assert "Maria" not in str(caught.value)
    assert "Lopez" not in str(caught.value)


@pytest.mark.parametrize(
    "card",
    [
        "4111 1111 1111 1111",
        "4242 4242 4242 4242",
        "5555 5555 5555 4444",
        "5105 1051 0510 5100",
        "3782 822463 10005",
        "6011 1111 1111 1117",
        "3530 1113 3330 0000",
    ],
)
def test_a_card_in_groups_is_labelled_as_a_card(card: str) -> None:
    text = f"my card number is {card}."
    assert values(text, hushbeam.find_personal_data(text)) == [("credit_card_number", card)]
