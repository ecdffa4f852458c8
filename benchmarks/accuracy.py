"""Word error rates on the labelled calls: the engine against faster-whisper's sequential `transcribe`.

    python -m benchmarks.accuracy [--model base] [--profile fast]

Both have a beam of 5 (the engine one of 1 with `--profile fast`) and are told that the language is English. Writings of
numbers, fillers and punctuation make no difference: the words are compared as detection sees them. Prints a table and
writes `benchmarks/results/accuracy.json`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel
from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.table import Table

from benchmarks.corpus import LABELLED
from benchmarks.measure import Clock, in_new_process
from evaluation.truth import LabelledRecording, SpokenEntity, read_truth
from hushbeam.schemas.errors import RecordingError
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.detect_pii.text.atoms import Kind
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.transcribe.engine import SpeechEngine, SpeechJob
from hushbeam.transforms.transcribe.model import resolve
from hushbeam.transforms.transcribe.settings import PROFILES, TranscriptionSettings
from hushbeam.transforms.transcribe.words import utterances
from hushbeam.transforms.verify_audio.spoken_form import runs_of_signs

RESULTS = Path(__file__).parent / "results" / "accuracy.json"
_BEAM_SIZE = 5
_AROUND_S = 1.0
"""Recognisers differ by less on when a word was said."""

Transcription = dict[str, Transcript]


@dataclass(frozen=True)
class Accuracy:
    """Of one way of transcribing one folder of labelled calls.

    Attributes:
      word_errors: Insertions, deletions and substitutions, as a share of what was said.
      entities: Share of the entities whose words, digits and letters are all there, in order, where they were said.
      cpu_s_per_hour: Processor seconds for an hour of recordings, models loaded.
    """

    calls: str
    way: str
    word_errors: float
    entities: float
    cpu_s_per_hour: float


def hear_with_engine(clock: Clock, folder: Path, settings: TranscriptionSettings) -> Transcription:
    """The engine's words of a folder's recordings."""
    engine = SpeechEngine(settings)
    engine.load()
    clock.ready()
    jobs = (
        SpeechJob(call.recording_id, partial(recogniser_blocks, call.audio, limits=MediaLimits()), language="en")
        for call in read_truth(folder)
    )
    transcripts: Transcription = {}
    for recording_id, transcribed in engine.transcribe(jobs):
        if isinstance(transcribed, RecordingError):
            raise transcribed
        transcripts[recording_id] = transcribed.transcript
    engine.close()
    return transcripts


def hear_in_sequence(clock: Clock, folder: Path, settings: TranscriptionSettings) -> Transcription:
    """The words of `WhisperModel.transcribe`, each channel by itself."""
    whisper = WhisperModel(str(resolve(settings.model).path), device="cpu", compute_type="int8")
    clock.ready()
    transcripts: Transcription = {}
    for call in read_truth(folder):
        spoken: list[Utterance] = []
        for channel, samples in enumerate(
            np.concatenate(list(recogniser_blocks(call.audio, limits=MediaLimits())), axis=1)
        ):
            segments, _ = whisper.transcribe(
                samples, language="en", beam_size=_BEAM_SIZE, word_timestamps=True, vad_filter=True
            )
            spoken += utterances(
                [
                    Word(word.word, word.start, word.end, word.probability, channel)
                    for segment in segments
                    for word in segment.words or ()
                ]
            )
        spoken.sort(key=lambda utterance: (utterance.start_s, utterance.channel))
        transcripts[call.recording_id] = Transcript("en", 1.0, call.duration_s, call.channels, tuple(spoken))
    return transcripts


@dataclass(frozen=True)
class Said:
    """A word, digit or letter, in one writing for all who write it."""

    value: str
    channel: int
    start_s: float


def said(transcript: Transcript) -> list[Said]:
    """Everything that was said, in the order of channels and times, without fillers."""
    conversation = Conversation(transcript)
    signs = {sign.word for run in runs_of_signs(conversation) for sign in run}
    language = conversation.language
    found = [
        Said(sign.value.lower(), word.channel, word.start_s)
        for run in runs_of_signs(conversation)
        for sign in run
        for word in [conversation.words[sign.word]]
    ]
    for atom in conversation.atoms:
        number = conversation.word_at(atom.start)
        if atom.kind is Kind.WORD and number not in signs and atom.value not in language.fillers:
            word = conversation.words[number]
            found.append(Said(atom.value, word.channel, word.start_s))
    return sorted(found, key=lambda each: (each.channel, each.start_s))


def word_errors(truth: Sequence[Said], transcribed: Sequence[Said], channels: int) -> tuple[int, int]:
    """Errors, and what was said, over the channels."""
    errors = 0
    for channel in range(channels):
        spoken, recognised = ([each.value for each in of if each.channel == channel] for of in (truth, transcribed))
        errors += Levenshtein.distance(spoken, recognised)
    return errors, len(truth)


def has_entity(
    call: LabelledRecording, entity: SpokenEntity, truth: Iterable[Said], transcribed: Iterable[Said]
) -> bool:
    """Whether all of an entity is there, in order, where it was said."""
    starts = {word.start_s for word in call.words_of(entity)}
    own = "".join(each.value for each in truth if each.channel == entity.channel and each.start_s in starts)
    low_s, high_s = entity.start_s - _AROUND_S, entity.end_s + _AROUND_S
    there = (each for each in transcribed if each.channel == entity.channel and low_s <= each.start_s <= high_s)
    return own in "".join(each.value for each in there)


def accuracy(
    folder: Path, way: str, transcribe: Callable[..., Transcription], settings: TranscriptionSettings
) -> Accuracy:
    """Measures one way on one folder, in a process of its own."""
    transcripts, cost = in_new_process(transcribe, folder, settings)
    errors = words = entities = recognised = 0
    calls = read_truth(folder)
    for call in calls:
        truth, transcribed = said(call.perfect_transcript()), said(transcripts[call.recording_id])
        wrong, spoken = word_errors(truth, transcribed, call.channels)
        errors += wrong
        words += spoken
        entities += len(call.entities)
        recognised += sum(has_entity(call, entity, truth, transcribed) for entity in call.entities)
    hours = sum(call.duration_s for call in calls) / 3600
    return Accuracy(folder.name, way, errors / words, recognised / entities, cost.work_cpu_s / hours)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="base", help="as for the job")
    parser.add_argument("--profile", choices=PROFILES, default="accurate", help="of the engine")
    parser.add_argument("--calls", type=Path, nargs="+", default=LABELLED, help="folders with truth.jsonl")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    settings = TranscriptionSettings(model=given.model, profile=given.profile)
    ways = {"engine": hear_with_engine, "transcribe": hear_in_sequence}
    measured = [accuracy(folder, name, way, settings) for folder in given.calls for name, way in ways.items()]
    given.results.parent.mkdir(parents=True, exist_ok=True)
    given.results.write_text(json.dumps([asdict(each) for each in measured], indent=1) + "\n", encoding="utf-8")
    table = Table("calls", "", "word errors", "entities transcribed whole", "CPU s per hour")
    for each in measured:
        figures = f"{each.word_errors:.1%}", f"{each.entities:.1%}", f"{each.cpu_s_per_hour:.0f}"
        table.add_row(each.calls, each.way, *figures)
    Console().print(table)


if __name__ == "__main__":
    main()
