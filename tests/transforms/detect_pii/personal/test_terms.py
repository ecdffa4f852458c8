"""Health data and personal attributes, found by lists, forms and contexts. Plain functions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hushbeam.transforms.detect_pii.personal.medical import MedicalTerms
from hushbeam.transforms.detect_pii.personal.terms import PersonalTerms
from hushbeam.transforms.detect_pii.recogniser import Recogniser
from tests.transforms.detect_pii.conversations import Said, Spans


@pytest.fixture(scope="module")
def recognisers() -> list[Recogniser]:
    made: list[Recogniser] = [MedicalTerms(), PersonalTerms()]
    for recogniser in made:
        recogniser.load()
    return made


@pytest.fixture(scope="module")
def terms(recognisers: list[Recogniser], said: Said, spans: Spans) -> Callable[[str], set[tuple[str, str]]]:
    def of(text: str) -> set[tuple[str, str]]:
        conversation = said(text)
        return {
            found for recogniser in recognisers for found in spans(conversation, recogniser.recognise(conversation))
        }

    return of


Terms = Callable[[str], set[tuple[str, str]]]


@pytest.mark.parametrize(
    ("text", "policy", "term"),
    [
        ("He was diagnosed with asthma.", "medical_condition", "asthma"),
        ("She has stage three kidney disease, you know.", "medical_condition", "stage three kidney disease"),
        ("they told me about high blood pressure", "medical_condition", "high blood pressure"),
        ("I was told about H I V in my chart.", "medical_condition", "H I V"),
        ("I've got a stiff neck.", "injury", "a stiff neck"),
        ("He needs a knee replacement.", "medical_process", "knee replacement"),
        ("I need a CT scan.", "medical_process", "CT scan"),
        ("Can I move my chest x-ray?", "medical_process", "chest x-ray"),
        ("I broke my left arm.", "injury", "I broke my left arm"),
        ("She came in with a sprained ankle.", "injury", "a sprained ankle"),
        ("I'm on metformin for it.", "drug", "metformin"),
        ("He takes metoprolol, fifty milligrams, daily.", "drug", "metoprolol, fifty milligrams"),
        ("My blood type is AB negative.", "blood_type", "AB negative"),
        ("I'm Brazilian.", "nationality", "Brazilian"),
        ("Do you speak Portuguese?", "language", "Portuguese"),
        ("She is a devout Hindu.", "religion", "Hindu"),
        ("I'm a registered Democrat.", "political_affiliation", "registered Democrat"),
        ("I tore my A C L last year.", "injury", "I tore my A C L"),
        ("Two of them is a grand.", "money_amount", "a grand"),
        ("He's in his late sixties.", "person_age", "late sixties"),
        ("She had a grey beard.", "physical_attribute", "grey beard"),
        ("Then the childminder rang.", "occupation", "childminder"),
        ("I'm a thirty four year old paramedic.", "occupation", "paramedic"),
        ("I work as a welder.", "occupation", "welder"),
        ("My wife is a retired school teacher.", "occupation", "school teacher"),
        ("He works as a grief coach.", "occupation", "grief coach"),
        ("It was my ex-wife.", "marital_status", "ex-wife"),
        ("I'm single, by the way.", "marital_status", "single"),
        ("I identify as non-binary.", "gender", "non-binary"),
        ("He is bisexual.", "sexuality", "bisexual"),
        ("I'm a Leo.", "zodiac_sign", "Leo"),
        ("I have green eyes.", "physical_attribute", "green eyes"),
        ("I weigh a hundred and eighty pounds.", "physical_attribute", "a hundred and eighty pounds"),
        ("We closed on Yom Kippur.", "event", "Yom Kippur"),
        ("I bank at Harbor Bank.", "organization", "Harbor Bank"),
    ],
)
def test_each_policy_is_found(text: str, policy: str, term: str, terms: Terms) -> None:
    assert (policy, term) in terms(text)


@pytest.mark.parametrize("drug", ["Warforin", "Lucinipril", "Adiral", "Listenoperal", "amoxacillin", "Metforman"])
def test_a_misheard_medicine_is_found_where_medicines_are_talked_about(drug: str, terms: Terms) -> None:
    assert ("drug", drug) in terms(f"I need a refill of {drug} please.")


def test_a_question_about_work_tells_what_the_answer_is(terms: Terms) -> None:
    assert ("occupation", "Plumber") in terms("A: What do you do for a living?\nB: Plumber.")


@pytest.mark.parametrize(
    "text",
    [
        "The payment failure was fixed, and so was the system failure.",
        "Please restart the router, the connection is slow.",
        "Let me get my manager. Is there a technician available?",
        "I paid with American Express.",
        "I'd like a single room for two nights.",
        "The polish on the floor is fine.",
        "A new customer called about the market.",
        "Can you sign the form? The sign is on the door.",
        "The condition of the car is good.",
        "Turn left and go straight ahead.",
        "Our firmware update fixes it, and a discount is on the premium plan.",
    ],
)
def test_everyday_sentences_hold_nothing_personal(text: str, terms: Terms) -> None:
    assert terms(text) == set()
