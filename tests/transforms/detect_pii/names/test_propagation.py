"""Names that are repeated, in part or misheard: functions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hushbeam.transforms.detect_pii.names.propagation import RepeatedNames, same_people
from hushbeam.transforms.detect_pii.recogniser import Candidate
from tests.transforms.detect_pii.conversations import Said, Spans

Repeated = Callable[[str, str, float], list[str]]


@pytest.fixture(scope="module")
def repeated(said: Said, spans: Spans) -> Repeated:
    """The further mentions of a name (`daniel whitfield`) whose words are marked with stars in a text."""
    propagation = RepeatedNames()
    propagation.load()

    def of(text: str, value: str, score: float) -> list[str]:
        starred = said(text)
        first = next(number for number, word in enumerate(starred.words) if "*" in word.text)
        last = max(number for number, word in enumerate(starred.words) if "*" in word.text)
        conversation = said(text.replace("*", ""))
        known = Candidate("person_name", first, last, score, "test", value)
        return [name for _, name in spans(conversation, propagation.propagate(conversation, [known]))]

    return of


def test_a_part_of_a_name_is_found_before_and_after_it(repeated: Repeated) -> None:
    text = "A: Hello Daniel, one moment.\nB: I'm *Daniel* *Whitfield*.\nA: Is this Whitfield's card?"
    assert repeated(text, "daniel whitfield", 0.9) == ["Daniel", "Whitfield's"]


@pytest.mark.parametrize(
    ("value", "misheard"),
    [("kowalczyk", "Kavalchick"), ("okafor", "Okaffa"), ("raghunathan", "Ragunathen"), ("delacroix", "Delacroa")],
)
def test_a_misheard_name_is_found(value: str, misheard: str, repeated: Repeated) -> None:
    assert repeated(f"It is *{value.title()}* .\nThank you {misheard} for waiting", value, 0.9) == [misheard]


def test_a_whole_name_that_was_written_as_one_word_is_found(repeated: Repeated) -> None:
    assert repeated("The card says *Priya* *Raman* .\nyes, prearamon, that's it", "priya raman", 0.9) == ["prearamon"]


def test_a_nickname_is_found(repeated: Repeated) -> None:
    assert repeated("I'm *Robert* *Chen* .\nOkay Bob, thank you", "robert chen", 0.9) == ["Bob"]


def test_a_name_that_is_also_a_word_needs_a_capital_in_the_middle_of_a_sentence(repeated: Repeated) -> None:
    text = "I'm *Grace* *Long* .\nIt took so long.\nThere is a grace period.\nLong calls cost more.\nThank you Grace"
    assert repeated(text, "grace long", 0.9) == ["Grace"]


def test_everyday_words_that_sound_like_a_name_are_left_alone(repeated: Repeated) -> None:
    text = "I'm *Marcus* *Chen* .\nthe market is down and the chain broke, can you mark us present"
    assert repeated(text, "marcus chen", 0.9) == []


def test_an_uncertain_name_is_not_looked_for(repeated: Repeated) -> None:
    assert repeated("maybe *Tiasin* .\nOkay Tiasin", "tiasin", 0.5) == []


def test_parts_misspellings_and_spelled_forms_are_one_person() -> None:
    people = same_people({"daniel whitfield", "daniel", "whitfield", "witfield", "sarah"})
    assert people["daniel"] == people["whitfield"] == people["witfield"] == "daniel whitfield"
    assert people["sarah"] == "sarah"


def test_a_first_name_that_two_people_share_belongs_to_neither() -> None:
    people = same_people({"maria lopez", "maria chen", "maria"})
    assert len(set(people.values())) == 3


def test_a_misheard_full_name_is_the_same_person() -> None:
    people = same_people({"marguerite delacroix", "margaret delacroy"})
    assert len(set(people.values())) == 1


def test_a_whole_name_that_was_heard_as_other_words_is_found(repeated: Repeated) -> None:
    text = "I'm *Ludmila* *Dostalova* .\nThank you, La Mila Dostolava, one moment"
    assert repeated(text, "ludmila dostalova", 0.9) == ["La Mila Dostolava", "Dostolava"]
