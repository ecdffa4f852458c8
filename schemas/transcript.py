"""Transcript of a recording: words with times, in utterances, over all channels.

These records contain raw personal data. They stay in the worker that transcribed them (see `hushbeam.schemas.coders`),
and their reprs never show a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from hushbeam.schemas.spans import TimeSpan


@dataclass(frozen=True)
class Word:
    """A word as the recogniser wrote it.

    Attributes:
      text: The exact text, with its leading space if it has one: ` $1` and `,250` are two words of one
        amount, and joining texts without adding spaces gives the transcript back.
      start_s, end_s: Seconds from the start of the recording.
      confidence: 0 to 1.
      channel: 0-based.
    """

    text: str
    start_s: float
    end_s: float
    confidence: float
    channel: int

    def __repr__(self) -> str:
        return f"Word({self.start_s:.2f}-{self.end_s:.2f} s, channel {self.channel})"


@dataclass(frozen=True)
class Utterance:
    """Words that one channel said without a long pause, in time order."""

    channel: int
    words: tuple[Word, ...]

    @property
    def speaker(self) -> str:
        """`A` for the first channel, `B` for the second: channels, not voices."""
        return chr(ord("A") + self.channel)

    @property
    def start_s(self) -> float:
        return self.words[0].start_s

    @property
    def end_s(self) -> float:
        return self.words[-1].end_s


@dataclass(frozen=True)
class Transcript:
    """A whole conversation.

    Attributes:
      language_code: ISO 639-1; `und` if it cannot be determined.
      language_confidence: 0 to 1; 1 if the manifest names the language.
      duration_s: Duration of the decoded audio.
      channels: Number of separately transcribed channels; 1 for mixed channels.
      utterances: Utterances of all channels, ordered by start.
      speech: Ordered spans in which the voice activity detector found speech, with or without recognised words.
      masked_words: Indices of words that a given transcript masks (`[PII]`, `####`), in order: what was said there is
        unknown, and personal data.
    """

    language_code: str
    language_confidence: float
    duration_s: float
    channels: int
    utterances: tuple[Utterance, ...]
    speech: tuple[TimeSpan, ...] = ()
    masked_words: tuple[int, ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        """All words in the order of the utterances. Findings name words by their index here."""
        return tuple(self.iter_words())

    def iter_words(self) -> Iterator[Word]:
        for utterance in self.utterances:
            yield from utterance.words

    @property
    def has_no_speech(self) -> bool:
        """Whether there is audio without words and without speech.

        Speech in which no word was recognised is speech.
        """
        return self.channels > 0 and self.duration_s > 0 and not self.utterances and not self.speech

    def __repr__(self) -> str:
        return f"Transcript({len(self.utterances)} utterances, {self.duration_s:.1f} s)"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON. Raw words: only for encrypted storage, caches of test recordings, and tests."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Transcript:
        """The inverse of `to_dict`."""
        return cls(
            language_code=values["language_code"],
            language_confidence=values["language_confidence"],
            duration_s=values["duration_s"],
            channels=values["channels"],
            utterances=tuple(
                Utterance(utterance["channel"], tuple(Word(**word) for word in utterance["words"]))
                for utterance in values["utterances"]
            ),
            speech=tuple(TimeSpan(**span) for span in values["speech"]),
            masked_words=tuple(values.get("masked_words", ())),
        )
