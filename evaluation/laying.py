"""Perfect detection: aligns the labels of a recording with the words of a recogniser, misrecognised ones included.

`by_text` aligns what was said with what was written, letter by letter and digit by digit, near in time: the words that
a reader who knows all labels would mark. `by_time` marks the words in whose time more labelled audio was said than
other audio: it needs no letters, and marks a harmless word whose time is wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from evaluation.score import tokens
from evaluation.truth import LabelledRecording, SpokenEntity, SpokenWord
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.transcript import Transcript, Word
from hushbeam.transforms.base.spoken_length import longest_for_muting_s

_FARTHEST_S = 8.0
"""No word is recognised at a time further from its own than this."""

_SAME, _OTHER, _SKIP, _AWAY_PER_S = 2.0, -1.0, -1.0, -0.25
"""What an alignment gains by two equal characters, two others, a character left out, and a second of distance."""

_SHARE = 0.4
"""A word of which so much is personal data is personal data."""

Marks = dict[int, SpokenEntity]
"""The entity of each marked word, by its number in the transcript."""


@dataclass(frozen=True)
class _Character:
    """One character of a spoken or a written word."""

    text: str
    time_s: float
    word: int


def lay_labels(
    recording: LabelledRecording, transcript: Transcript, marks: Callable[[LabelledRecording, Transcript], Marks]
) -> tuple[Finding, ...]:
    """The findings of a detector that knows the truth, marked `by_text` or `by_time`.

    An entity is one finding in each utterance that says some of it, from its first marked word there to its last.
    """
    marked = marks(recording, transcript)
    words = transcript.words
    findings = []
    first = 0
    for utterance in transcript.utterances:
        numbers: dict[SpokenEntity, list[int]] = defaultdict(list)
        for number in range(first, first + len(utterance.words)):
            if number in marked:
                numbers[marked[number]].append(number)
        first += len(utterance.words)
        findings += [
            Finding(
                policy=entity.policy,
                label=entity.policy.upper(),
                channel=utterance.channel,
                start_s=words[of_entity[0]].start_s,
                end_s=words[of_entity[-1]].end_s,
                score=1.0,
                detector="truth",
                first_word=of_entity[0],
                last_word=of_entity[-1],
            )
            for entity, of_entity in numbers.items()
        ]
    return tuple(findings)


def by_time(recording: LabelledRecording, transcript: Transcript) -> Marks:
    """Marks the words whose time holds at least as much audio of entities as of other words.

    Of a word that is dragged over more time than it can last, the last part counts: ends are rarely wrong.
    """
    marked: Marks = {}
    for number, word in enumerate(transcript.words):
        seconds: dict[SpokenEntity | None, float] = defaultdict(float)
        start_s = max(word.start_s, word.end_s - longest_for_muting_s(word.text))
        for spoken in _on_channel(recording, transcript, word.channel):
            overlap_s = min(word.end_s, spoken.end_s) - max(start_s, spoken.start_s)
            seconds[_entity_of(spoken, recording)] += max(0.0, overlap_s)
        other_s = seconds.pop(None, 0.0)
        entity = max(seconds, key=lambda entity: seconds[entity], default=None)
        if entity is not None and seconds[entity] > 0.0 and seconds[entity] >= other_s:
            marked[number] = entity
    return marked


def by_text(recording: LabelledRecording, transcript: Transcript) -> Marks:
    """Marks the words of which two fifths or more say an entity."""
    marked: Marks = {}
    words = transcript.words
    for channel in range(transcript.channels):
        spoken = _on_channel(recording, transcript, channel)
        numbers = [number for number, word in enumerate(words) if word.channel == channel]
        said = _characters((word.text, word.start_s, word.end_s) for word in spoken)
        written = _characters(_timed(words[number]) for number in numbers)
        votes: dict[int, dict[SpokenEntity | None, int]] = defaultdict(lambda: defaultdict(int))
        for transcribed, meant in _alignment(said, written):
            votes[numbers[transcribed.word]][_entity_of(spoken[meant.word], recording)] += 1
        for number, counts in votes.items():
            total = sum(counts.values())
            counts.pop(None, None)
            entity = max(counts, key=lambda entity: counts[entity], default=None)
            if entity is not None and counts[entity] >= _SHARE * total:
                marked[number] = entity
    return marked


LAYINGS: dict[str, Callable[[LabelledRecording, Transcript], Marks]] = {"text": by_text, "time": by_time}


def _timed(word: Word) -> tuple[str, float, float]:
    return word.text, word.start_s, word.end_s


def _on_channel(recording: LabelledRecording, transcript: Transcript, channel: int) -> list[SpokenWord]:
    """What was said in a channel of the transcript, which has one where the recording's were mixed."""
    return [word for word in recording.words if min(word.channel, transcript.channels - 1) == channel]


def _entity_of(word: SpokenWord, recording: LabelledRecording) -> SpokenEntity | None:
    """The entity that a spoken word is part of. Labelled words may end in silence, which entities leave out."""
    for entity in recording.entities:
        middle_s = (word.start_s + min(word.end_s, entity.end_s)) / 2
        if entity.channel == word.channel and entity.start_s <= middle_s < entity.end_s:
            return entity
    return None


def _characters(words: Iterable[tuple[str, float, float]]) -> list[_Character]:
    """The letters and digits of words, spoken numbers as digits, spread over each word's time."""
    characters = []
    for number, (text, start_s, end_s) in enumerate(words):
        letters = "".join(tokens(text)) or "?"
        step_s = (end_s - start_s) / len(letters)
        characters += [
            _Character(letter, start_s + (place + 0.5) * step_s, number) for place, letter in enumerate(letters)
        ]
    return characters


def _alignment(said: Sequence[_Character], written: Sequence[_Character]) -> list[tuple[_Character, _Character]]:
    """The best pairs (written, said) of two sequences of characters in order, equal or not (Needleman and Wunsch)."""
    scores = [[_SKIP * column for column in range(len(written) + 1)]]
    moves = [[2] * (len(written) + 1)]
    for row, meant in enumerate(said, 1):
        above = scores[-1]
        here, move = [_SKIP * row], [1]
        for column, transcribed in enumerate(written, 1):
            away_s = min(abs(transcribed.time_s - meant.time_s), _FARTHEST_S)
            pair = above[column - 1] + (_SAME if transcribed.text == meant.text else _OTHER) + _AWAY_PER_S * away_s
            best = max(pair, above[column] + _SKIP, here[-1] + _SKIP)
            here.append(best)
            move.append(0 if best == pair else 1 if best == above[column] + _SKIP else 2)
        scores.append(here)
        moves.append(move)
    pairs = []
    row, column = len(said), len(written)
    while row and column:
        move_here = moves[row][column]
        if move_here == 0:
            pairs.append((written[column - 1], said[row - 1]))
        row -= move_here != 2
        column -= move_here != 1
    return pairs[::-1]
