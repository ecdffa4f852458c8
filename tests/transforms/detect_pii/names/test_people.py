"""Names of one person. Plain functions."""

from __future__ import annotations

from hushbeam.transforms.detect_pii.names.people import same_people


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
