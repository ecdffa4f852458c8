"""What was heard: words with times, in utterances, over all channels of one recording.

These records hold raw personal data. They stay in the worker that heard them (see `hushbeam.schemas.coders`), and their
reprs never show a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from hushbeam.schemas.spans import TimeSpan


@dataclass(frozen=True)
class Word:
    """One word as the recogniser wrote it.

    Attributes:
      text: Exactly as recognised, with its leading space if it has one: ` $1` and `,250` are two words of one
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
      language_code: ISO 639-1; `und` where nothing was heard from which it could be told.
      language_confidence: 0 to 1; 1 where the manifest named the language.
      duration_s: Of the decoded audio.
      channels: Channels that were heard by themselves; 1 where the channels were mixed.
      utterances: Over all channels, ordered by start.
      speech: Where the voice activity detector heard speech, ordered, whether or not words were recognised there.
    """

    language_code: str
    language_confidence: float
    duration_s: float
    channels: int
    utterances: tuple[Utterance, ...]
    speech: tuple[TimeSpan, ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        """All words in the order of the utterances: what a finding's word numbers count."""
        return tuple(self.iter_words())

    def iter_words(self) -> Iterator[Word]:
        for utterance in self.utterances:
            yield from utterance.words

    @property
    def has_no_speech(self) -> bool:
        """Whether there is sound, no word, and nothing that the voice activity detector took for speech.

        Speech that was heard and not understood is speech.
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
        )
