"""Captions, SRT and WebVTT, made from redacted words only."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

from hushbeam.schemas.redacted import RedactedTranscript, RedactedUtterance, RedactedWord

LONGEST_TEXT = 84
LONGEST_S = 6.0


@dataclass(frozen=True)
class Cue:
    """One caption of at most `LONGEST_TEXT` characters and `LONGEST_S` seconds, unless a word is longer."""

    start_s: float
    end_s: float
    speaker: str
    text: str


def cues(transcript: RedactedTranscript) -> Iterator[Cue]:
    """Cuts the utterances into cues, in the order of the transcript."""
    for utterance in transcript.utterances:
        for words in _cut(utterance):
            text = " ".join("".join(word.text for word in words).split())
            if text:
                yield Cue(words[0].start_s, max(word.end_s for word in words), utterance.speaker, text)


def to_srt(transcript: RedactedTranscript) -> str:
    """SubRip: numbered cues, the speaker before the text."""
    return "".join(
        f"{number}\n{_time(cue.start_s, ',')} --> {_time(cue.end_s, ',')}\n{cue.speaker}: {cue.text}\n\n"
        for number, cue in enumerate(cues(transcript), start=1)
    )


def to_vtt(transcript: RedactedTranscript) -> str:
    """WebVTT: the speaker as a voice tag."""
    return "WEBVTT\n\n" + "".join(
        f"{_time(cue.start_s, '.')} --> {_time(cue.end_s, '.')}\n"
        f"<v {cue.speaker}>{html.escape(cue.text, quote=False)}</v>\n\n"
        for cue in cues(transcript)
    )


def _cut(utterance: RedactedUtterance) -> Iterator[list[RedactedWord]]:
    """The words of each cue. A cue starts only at a word that starts with a space."""
    cue: list[RedactedWord] = []
    length = 0
    for word in utterance.words:
        too_long = length + len(word.text) > LONGEST_TEXT or (cue and word.end_s - cue[0].start_s > LONGEST_S)
        if cue and too_long and word.text[:1].isspace():
            yield cue
            cue, length = [], 0
        cue.append(word)
        length += len(word.text)
    if cue:
        yield cue


def _time(seconds: float, separator: str) -> str:
    milliseconds = round(max(seconds, 0.0) * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, milliseconds = divmod(milliseconds, 1000)
    return f"{hours:02d}:{minutes:02d}:{whole:02d}{separator}{milliseconds:03d}"
