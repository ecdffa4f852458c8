"""Reader of written conversations. Plain functions, and all conversations of the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evaluation.text.redacted_words import authors_in
from training.conversations import (
    CONVERSATIONS,
    LANGUAGES,
    ConversationFormatError,
    Mark,
    Piece,
    read_conversation,
    read_conversations,
)

HEADER = "# domain: bakery · country: UK · channels: 2\n"


def written(tmp_path: Path, text: str, author: str = "someone") -> Path:
    path = tmp_path / author / "call.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEADER + text, encoding="utf-8")
    return path


def test_a_line_has_two_forms(tmp_path: Path) -> None:
    path = written(tmp_path, "B: It's [[phone_number:caller.phone|{double five, one~551}]]. [laughs]\n")
    spoken, form = (read_conversation(path, form) for form in ("spoken", "written"))
    mark = Mark("phone_number", "caller.phone")
    assert spoken.turns[0].speaker == 1
    assert spoken.turns[0].pieces == (Piece("It's "), Piece("double five, one", mark), Piece(". "))
    assert form.turns[0].pieces[1] == Piece("551", mark)


def test_a_pair_may_lie_around_a_mark(tmp_path: Path) -> None:
    path = written(tmp_path, "A: {Ask [[person_name|Siobhan]]~Ask [[person_name|Chivon]]}.\n")
    assert read_conversation(path, "written").turns[0].pieces[1].text == "Chivon"


_FREQUENT = {"en": "the and you to", "es": "que de no la", "fr": "le de vous je", "de": "und ich das die"}


@pytest.mark.parametrize("author", authors_in())
def test_the_language_of_an_author_is_that_of_the_conversations(author: str) -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in (CONVERSATIONS / author).glob("*.txt")).lower()
    words = re.findall(r"\w+", texts)
    counts = {code: sum(words.count(word) for word in listed.split()) for code, listed in _FREQUENT.items()}
    assert max(counts, key=counts.__getitem__) == LANGUAGES.get(author, "en")


def test_a_national_number_is_one_policy_whatever_its_author_wrote(tmp_path: Path) -> None:
    path = written(tmp_path, "A: [[number_sequence:caller.dni|cuatro]] y [[number_sequence:ticket|dos]]\n", "lucia")
    first, _, second = read_conversation(path, "spoken").turns[0].pieces
    assert (first.mark, second.mark) == (
        Mark("us_social_security_number", "caller.dni"),
        Mark("number_sequence", "ticket"),
    )


@pytest.mark.parametrize(
    "line",
    [
        "no speaker",
        "A: [[person_name|Amy]",
        "A: [[nonsense|Amy]]",
        "A: {one~1",
        "A: {one}",
        "A: a ~ b",
        "A: [[person_name|",
    ],
)
def test_a_line_that_is_not_as_the_format_asks_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConversationFormatError, match=r"call\.txt, line 2"):
        read_conversation(written(tmp_path, line + "\n"), "spoken")


def test_a_file_needs_a_first_line_about_itself(tmp_path: Path) -> None:
    path = tmp_path / "call.txt"
    path.write_text("A: hello\n", encoding="utf-8")
    with pytest.raises(ConversationFormatError, match="line 1"):
        read_conversation(path, "spoken")


def test_all_conversations_can_be_read() -> None:
    pairs = list(read_conversations())
    assert len(pairs) > 1000
    assert {pair[0].language for pair in pairs} == {"en", "es", "fr", "de"}
    assert all(len(spoken.turns) == len(form.turns) for spoken, form in pairs)
