"""Names and places in talk, with the packaged model: found, and words that only look like them left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from tests.transforms.detect_pii.conversations import transcript_of

Redacted = Callable[..., str]


@pytest.fixture(scope="module")
def redacted(detector: Detector) -> Redacted:
    """The words that are redacted for some policies, without punctuation."""

    def of(text: str, *policies: str, language_code: str = "en") -> str:
        transcript = transcript_of(text, language_code)
        found = detector.detect(DetectionRequest(transcript, policies or ("person_name",))).findings
        numbers = [word for one in found for word in range(one.first_word or 0, (one.last_word or 0) + 1)]
        return " ".join(transcript.words[number].text.strip(" .,?!") for number in numbers)

    return of


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Oluwaseun Adebayo.", "Oluwaseun Adebayo"),
        ("Hello, this is Aleksandra Wiśniewska, I'm calling about a bill.", "Aleksandra Wiśniewska"),
        ("Am I speaking with Mr. Nguyen?", "Nguyen"),
        ("The patient is Abdul Rahman Al-Farsi.", "Abdul Rahman Al-Farsi"),
        ("My brother Dmitri Volkov will pick it up.", "Dmitri Volkov"),
        ("Doctor Venkataraman prescribed it.", "Venkataraman"),
        ("It was signed by Rosa Maria Delgado Fuentes.", "Rosa Maria Delgado Fuentes"),
        ("Claims department, Siobhan speaking.", "Siobhan"),
        ("Hi Fatima, how are you?", "Fatima"),
        ("The beneficiary is Hyun-woo Park.", "Hyun-woo Park"),
    ],
)
def test_names_of_many_origins_are_found_whole(text: str, name: str, redacted: Redacted) -> None:
    assert name in redacted(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my name is oluwaseun adebayo", "oluwaseun adebayo"),
        ("hi my name is priya raghunathan and i live in leeds", "priya raghunathan"),
        ("am i speaking with mr nguyen", "nguyen"),
        ("this is siobhan from claims", "siobhan"),
        ("my daughter linh was driving", "linh"),
    ],
)
def test_names_are_found_without_capitals_and_punctuation(text: str, name: str, redacted: Redacted) -> None:
    assert name in redacted(text)


@pytest.mark.parametrize(
    ("question", "answer", "name"),
    [
        ("Who am I speaking with?", "Grace Long.", "Grace Long"),
        ("May I have your full name?", "Sure, it's Chivono Canal.", "Chivono Canal"),
        ("And your mother's maiden name?", "Um, Okaffa.", "Okaffa"),
        ("who is the beneficiary", "zanele mthembu", "zanele mthembu"),
        ("Emergency contact?", "That would be my neighbor, Xiomara.", "Xiomara"),
    ],
)
def test_a_question_for_a_name_tells_what_the_answer_is(
    question: str, answer: str, name: str, redacted: Redacted
) -> None:
    assert name in redacted(f"A: {question}\nB: {answer}")


def test_a_backchannel_does_not_end_the_wait_for_a_name(redacted: Redacted) -> None:
    assert "Okaffa" in redacted("A: Can I take your last name please?\nB: Sure.\nA: Thank you.\nB: Okaffa.")


@pytest.mark.parametrize(
    "text",
    [
        "Fingers crossed, it will work.",
        "There is a grace period until May.",
        "Mark your calendar for Tuesday. Will you be home?",
        "Awesome, that works.",
        "I'm sorry, I'm ready now. It's fine.",
        "Thank you for holding. Perfect. Alright.",
        "What is the name of your first pet?",
        "A: What is your user name?\nB: I don't remember.",
        "we open at nine and close at six",
    ],
)
def test_what_only_looks_like_a_name_is_left_alone(text: str, redacted: Redacted) -> None:
    assert redacted(text) == ""


def test_a_street_and_its_town_are_redacted_whole(redacted: Redacted) -> None:
    text = "A: And the address?\nB: It's 1482 Maple Grove Avenue, Columbus, Ohio."
    assert redacted(text, "location") == "1482 Maple Grove Avenue Columbus Ohio"


def test_long_turns_are_read_to_their_end(redacted: Redacted) -> None:
    long = "we talked about the weather and the garden " * 80
    assert redacted(f"{long} and then Oluwaseun Adebayo said goodbye") == "Oluwaseun Adebayo"


@pytest.mark.parametrize(
    ("code", "text", "name"),
    [
        ("es", "A: ¿Cómo se llama?\nB: Me llamo Xiomara Delgado.", "Xiomara Delgado"),
        ("fr", "A: C'est à quel nom ?\nB: Madame Delphine Achour.", "Delphine Achour"),
        ("de", "A: Wie ist Ihr Name?\nB: Hannelore Brinkmann.", "Hannelore Brinkmann"),
    ],
)
def test_names_are_found_in_other_languages(code: str, text: str, name: str, redacted: Redacted) -> None:
    assert name in redacted(text, language_code=code)


def test_the_name_of_something_else_is_not_waited_for(redacted: Redacted) -> None:
    assert redacted("A: What is the name of the medication?\nB: Blue pills.") == ""
    assert redacted("A: Her name was on the list.\nB: My condolences.") == ""


def test_a_misheard_name_is_found_where_nothing_else_was_asked(redacted: Redacted) -> None:
    assert redacted("A: And what is your last name?\nB: Wind field.") == "Wind field"
    assert redacted("A: And what is your last name?\nB: Hang on a second.") == ""
