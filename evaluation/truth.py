"""Labelled recordings: their words with times, and their personal data.

A folder of labelled recordings contains `truth.jsonl`, `manifest.jsonl` and the audio that both name. All values in
the labelled recordings of this repository are invented, so these records may be shown.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hushbeam.schemas.transcript import Transcript, Utterance, Word

TRANSCRIPTS = "transcripts.json"
"""What a recogniser transcribed of a folder's recordings, beside its truth."""

TURN_PAUSE_S = 0.8
"""A longer pause in one channel begins a new utterance when a transcript is made of the labelled words."""


@dataclass(frozen=True)
class SpokenWord:
    """A word as it was said, with the time at which it can be heard."""

    text: str
    channel: int
    start_s: float
    end_s: float


@dataclass(frozen=True)
class SpokenEntity:
    """One piece of personal data as it was said.

    Attributes:
      policy: The policy that it falls under.
      value: In writing: `614-555-0142`.
      said: In words: `six one four, five five five, zero one four two`.
      start_s, end_s: Seconds from the start of the recording.
    """

    policy: str
    value: str
    said: str
    channel: int
    start_s: float
    end_s: float


@dataclass(frozen=True)
class LabelledRecording:
    """A recording of which every word and every entity is known.

    Attributes:
      audio: Of the recording as it was before redaction.
      entities: What must be redacted.
      neutral: What may be redacted or not: it counts neither way.
      words: Everything that was said, ordered by start within a channel.
      policies: What its manifest asks for.
      speech: What was said without the noise that a condition of `evaluation.lines` added, where one did.
      language: Of what is said.
    """

    recording_id: str
    audio: Path
    duration_s: float
    channels: int
    entities: tuple[SpokenEntity, ...]
    neutral: tuple[SpokenEntity, ...]
    words: tuple[SpokenWord, ...]
    policies: tuple[str, ...]
    speech: Path | None = None
    language: str = "en"

    def words_of(self, entity: SpokenEntity) -> tuple[SpokenWord, ...]:
        """The words that say the entity: those that begin in its time.

        In some labelled recordings a word's end takes in the pause after it, where its entity's end does not.
        """
        return tuple(
            word
            for word in self.words
            if word.channel == entity.channel and entity.start_s - 0.03 <= word.start_s < entity.end_s - 0.01
        )

    def perfect_transcript(self) -> Transcript:
        """What a recogniser without errors would give: the labelled words at their labelled times."""
        utterances: list[Utterance] = []
        for channel in range(self.channels):
            spoken = sorted((word for word in self.words if word.channel == channel), key=lambda word: word.start_s)
            turn: list[Word] = []
            for word in spoken:
                if turn and word.start_s - turn[-1].end_s > TURN_PAUSE_S:
                    utterances.append(Utterance(channel, tuple(turn)))
                    turn = []
                turn.append(Word(" " + word.text, word.start_s, word.end_s, 1.0, channel))
            if turn:
                utterances.append(Utterance(channel, tuple(turn)))
        utterances.sort(key=lambda utterance: utterance.start_s)
        return Transcript(self.language, 1.0, self.duration_s, self.channels, tuple(utterances))


def read_truth(folder: Path) -> list[LabelledRecording]:
    """The labelled recordings of a folder, in the order of its `truth.jsonl`."""
    policies: dict[str, tuple[str, ...]] = {}
    manifest = folder / "manifest.jsonl"
    if manifest.exists():
        for line in json_lines(manifest):
            policies[line["recording_id"]] = tuple(line.get("redact_pii_policies", ()))
    return [
        LabelledRecording(
            recording_id=line["recording_id"],
            audio=folder / line["audio"],
            duration_s=line["duration_s"],
            channels=line["channels"],
            entities=tuple(SpokenEntity(**entity) for entity in line["entities"]),
            neutral=tuple(SpokenEntity(**entity) for entity in line.get("neutral", ())),
            words=tuple(
                SpokenWord(word["word"], word["channel"], word["start_s"], word["end_s"]) for word in line["words"]
            ),
            policies=policies.get(line["recording_id"], ()),
            speech=folder / line["speech"] if "speech" in line else None,
            language=line.get("language", "en"),
        )
        for line in json_lines(folder / "truth.jsonl")
    ]


def read_transcripts(path: Path) -> dict[str, Transcript]:
    """Cached transcripts by recording: a JSON list of `{"recording_id": ..., "transcript": Transcript.to_dict()}`."""
    return {
        row["recording_id"]: Transcript.from_dict(row["transcript"])
        for row in json.loads(path.read_text(encoding="utf-8"))
    }


def json_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file with one on each line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
