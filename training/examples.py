"""Examples for the model: the words of conversations as a recogniser would write them, with their labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from hushbeam.schemas.transcript import Transcript, Utterance, Word
from training.conversations import Mark, Turn, WrittenConversation
from training.generated.recogniser_noise import plain_text, split_into_items

SECONDS_A_WORD = 0.35
LINE_GAP_S = 0.6


@dataclass(frozen=True)
class Mention:
    """One marked piece of a conversation.

    Attributes:
      words: Numbers of its words, counted over `Transcript.words`.
    """

    mark: Mark
    words: tuple[int, ...]


@dataclass(frozen=True)
class Example:
    """A transcript of which every word is known.

    Attributes:
      author, name: Of the conversation.
      mentions: Marked words, in order. A word belongs to one of them at most.
    """

    author: str
    name: str
    transcript: Transcript
    mentions: tuple[Mention, ...]

    @property
    def required(self) -> tuple[Mention, ...]:
        return tuple(mention for mention in self.mentions if not mention.mark.optional)


@dataclass(frozen=True)
class Style:
    """What a recogniser and a recording do to a whole conversation.

    Attributes:
      lower_case, no_punctuation: Whether it is written without.
      one_channel: Whether all speakers are in one channel.
      swapped: Whether the channels are exchanged.
      pieces: Whether numbers are split into several words, as Whisper's are.
      joined: Share of turns that the recogniser joins to the turn before, where both are in one channel.
      broken: Share of turns that it breaks in two.
    """

    lower_case: bool = False
    no_punctuation: bool = False
    one_channel: bool = False
    swapped: bool = False
    pieces: bool = False
    joined: float = 0.0
    broken: float = 0.0


PLAIN = Style()


def random_style(random: Random, channels: int) -> Style:
    """A style as often as it occurs, or a little more."""
    return Style(
        lower_case=random.random() < 0.15,
        no_punctuation=random.random() < 0.15,
        one_channel=channels == 1 or random.random() < 0.15,
        swapped=random.random() < 0.5,
        pieces=random.random() < 0.5,
        joined=random.random() if random.random() < 0.4 else 0.0,
        broken=0.15 if random.random() < 0.4 else 0.0,
    )


def example(conversation: WrittenConversation, style: Style, random: Random) -> Example:
    """A conversation as a transcript."""
    utterances: list[Utterance] = []
    mentions: list[Mention] = []
    count, now_s = 0, 0.5
    for turn in conversation.turns:
        words = list(_words(turn, style, random))
        if not words:
            continue
        channel = 0 if style.one_channel or conversation.channels == 1 else (turn.speaker + style.swapped) % 2
        spoken = [
            Word(text, now_s + place * SECONDS_A_WORD, now_s + (place + 1) * SECONDS_A_WORD, 0.9, channel)
            for place, (text, _) in enumerate(words)
        ]
        utterances.append(Utterance(channel, tuple(spoken)))
        by_piece: dict[int, list[int]] = {}
        for place, (_, piece) in enumerate(words):
            if piece is not None:
                by_piece.setdefault(piece, []).append(count + place)
        for piece, numbers in by_piece.items():
            mark = turn.pieces[piece].mark
            assert mark is not None
            mentions.append(Mention(mark, tuple(numbers)))
        count += len(words)
        now_s = spoken[-1].end_s + LINE_GAP_S
    channels = 1 + max((utterance.channel for utterance in utterances), default=0)
    transcript = Transcript(conversation.language, 1.0, now_s, channels, tuple(_recut(utterances, style, random)))
    return Example(conversation.author, conversation.name, transcript, tuple(mentions))


def _recut(turns: Sequence[Utterance], style: Style, random: Random) -> Iterator[Utterance]:
    """The turns as a recogniser cuts them, which knows pauses and not speakers."""
    joined: list[Utterance] = []
    for turn in turns:
        if joined and joined[-1].channel == turn.channel and random.random() < style.joined:
            joined[-1] = Utterance(turn.channel, joined[-1].words + turn.words)
        else:
            joined.append(turn)
    for turn in joined:
        if len(turn.words) > 1 and random.random() < style.broken:
            place = random.randrange(1, len(turn.words))
            yield Utterance(turn.channel, turn.words[:place])
            yield Utterance(turn.channel, turn.words[place:])
        else:
            yield turn


def _words(turn: Turn, style: Style, random: Random) -> Iterator[tuple[str, int | None]]:
    """The words of a turn, each with the number of the marked piece that it belongs to."""
    text = ""
    pieces: list[int | None] = []  # of each character
    for number, piece in enumerate(turn.pieces):
        said = piece.text
        text += said
        pieces += [number if piece.mark else None] * len(said)
    for found in re.finditer(r"\S+", text):
        if not re.search(r"\w", found[0]):
            continue
        start = found.start()
        items = split_into_items(f" {found[0]}", random)[:] if style.pieces else [f" {found[0]}"]
        for item in items:
            length = len(item.strip()) if item is items[0] else len(item)
            of_letters = [pieces[place] for place in range(start, start + length) if text[place].isalnum()]
            owner = next((piece for piece in of_letters if piece is not None), None)
            start += length
            written = plain_text(item) if style.no_punctuation else item
            yield (written.lower() if style.lower_case else written), owner
