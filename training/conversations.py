"""Reader of written conversations: who says what, and which words are personal data.

`BRIEF.md` describes the format of the files, and `conversations/` holds them, a folder for each author.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hushbeam.schemas.policies import CATALOGUE

CONVERSATIONS = Path(__file__).parent / "conversations"

Form = Literal["spoken", "written"]
"""`spoken`: what is said, numbers as words. `written`: what a speech recogniser writes for it."""

LANGUAGES = {
    "lucia": "es",
    "marta": "es",
    "sofia": "es",
    "benoit": "fr",
    "pierre": "fr",
    "henri": "fr",
    "heike": "de",
    "lena": "de",
    "klara": "de",
    "rocio": "es",
    "margaux": "fr",
    "jonas": "de",
    "ximena": "es",
    "lucien": "fr",
    "ulrike": "de",
}
"""Language of the authors who do not write English."""

JUDGES = ("kofi", "nuala", "walter", "jack", "hilda", "lucia", "benoit", "heike")
"""Authors whose conversations judge the packaged model: it was not trained on them."""

# Authors decided these differently; here is what the model learns.
_SAME_POLICY = {"location_address": "location_address_street", "gender_sexuality": "gender"}
_NATIONAL_NUMBER = re.compile(
    r"\b(ssn|dni|curp|rfc|nie|cuit|cuil|cedula|rut|nin|nino|ni|ppsn|sin|tfn|aadhaar|pan|nss)\b"
)

_PAIR = re.compile(r"\{([^{}~]*)~([^{}~]*)\}")
_MARK = re.compile(r"\[\[(\??)([a-z_]+)(?::([^|\[\]]*))?\|([^\[\]|]*)\]\]")
_ASIDE = re.compile(r"\[[^\[\]]*\]|\*")
_TURN = re.compile(r"([A-Z]): (.*)")
_HEADER = re.compile(r"# domain: (.*) · channels: (\d)")


class ConversationFormatError(ValueError):
    """A line that the format does not allow. The message names file and line."""


@dataclass(frozen=True)
class Mark:
    """What some words are.

    Attributes:
      policy: A policy of the catalogue.
      key: Person or thing that the words belong to, such as `caller.last`; empty if it is mentioned once.
      optional: Whether the words may be redacted or not.
    """

    policy: str
    key: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Piece:
    """Text of one turn, all of it under one mark or under none."""

    text: str
    mark: Mark | None = None


@dataclass(frozen=True)
class Turn:
    """What one speaker (0 for `A`) says at a time."""

    speaker: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class WrittenConversation:
    """A conversation in one form.

    Attributes:
      channels: 1 if all speakers are in one channel, 2 if each of the first two has a channel.
    """

    author: str
    name: str
    language: str
    channels: int
    turns: tuple[Turn, ...]


Pair = tuple[WrittenConversation, WrittenConversation]
"""A conversation in its spoken and its written form."""


def read_conversations(folder: Path = CONVERSATIONS) -> Iterator[Pair]:
    """All conversations of all authors, spoken and written form, in the order of their paths.

    Raises:
      ConversationFormatError: A line is not as the format asks.
    """
    for path in sorted(folder.glob("*/*.txt")):
        yield read_conversation(path, "spoken"), read_conversation(path, "written")


def read_conversation(path: Path, form: Form) -> WrittenConversation:
    """One conversation in one form. Raises ConversationFormatError."""
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    found = _HEADER.match(header)
    if not found:
        raise ConversationFormatError(f"{path}, line 1: write `# domain: … · country: … · channels: 1 or 2`")
    author = path.parent.name
    turns = [_turn(line, form, f"{path}, line {number}") for number, line in enumerate(lines, 2) if line.strip()]
    return WrittenConversation(author, path.stem, LANGUAGES.get(author, "en"), int(found[2]), tuple(turns))


def _turn(line: str, form: Form, place: str) -> Turn:
    found = _TURN.match(line)
    if not found:
        raise ConversationFormatError(f"{place}: begin a turn with a speaker, such as `A: `")
    text = _PAIR.sub(lambda pair: pair[1 if form == "spoken" else 2], found[2])
    pieces: list[Piece] = []
    position = 0
    for mark in _MARK.finditer(text):
        pieces.append(Piece(_said(text[position : mark.start()], place)))
        pieces.append(Piece(_said(mark[4], place), _mark(mark[2], mark[3] or "", bool(mark[1]), place)))
        position = mark.end()
    pieces.append(Piece(_said(text[position:], place)))
    return Turn(ord(found[1]) - ord("A"), tuple(piece for piece in pieces if piece.text))


def _said(text: str, place: str) -> str:
    """Text without remarks such as `[laughs]`."""
    said = _ASIDE.sub("", text)
    if set("{}[]|~") & set(said):
        raise ConversationFormatError(f"{place}: a mark or a pair is not closed, or lies in another one")
    return said


def _mark(policy: str, key: str, optional: bool, place: str) -> Mark:
    if policy not in CATALOGUE:
        raise ConversationFormatError(f"{place}: {policy} is not a policy")
    policy = _SAME_POLICY.get(policy, policy)
    if policy == "number_sequence" and _NATIONAL_NUMBER.search(key.replace("_", ".")):
        policy = "us_social_security_number"
    return Mark(policy, key, optional)
