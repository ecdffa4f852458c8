"""Scores a run against labelled recordings, from its outputs alone.

    python -m evaluation.score --truth evaluation/dev --output OUT [--asr MODEL_DIR] [--json FILE]

`--truth` holds truth.jsonl and the original audio; `--output` is the run's output root, which must hold a Parquet
dataset `transcripts/` with the columns recording_id, status, text (redacted) and redacted_audio_url (a path or a
file URL; a relative one is relative to the output root). If a recording has several rows, the one with the latest
`processed_at` counts.

What is measured (all from the files, never from the run's own findings):

  span_recall            voiced seconds of personal data that are inaudible in the redacted audio / all of them
  covered_0.9, _1.0      share of entities with at least 90 % / 99 % of their voiced time inaudible
  zero_leak_files        share of recordings whose entities are all covered to 90 %
  text_leaks             entities whose value can still be read in the redacted text (digits joined over words, names)
  over_redaction         voiced seconds of other speech made inaudible / all of them (0.25 s around personal data, and
                         spans of policies that the manifest does not ask for, are not counted)
  false_alarms_per_hour  muted regions that touch no personal data, per hour of audio
  heard_leaks            with --asr: entities that another recogniser still transcribes from the redacted audio
  heard_non_pii          with --asr: share of the other words that it still transcribes (if low, heard_leaks is void)
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
import numpy.typing as npt
import pyarrow.dataset
from rich.console import Console

from evaluation.truth import LabelledRecording, SpokenEntity, SpokenWord, read_truth

Samples = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

RATE_HZ = 16_000
FRAME = 160
FRAMES_PER_S = RATE_HZ // FRAME
VOICED_DB, SILENT_DB = -45.0, -55.0
LOST_DB = 30.0
"""Speech that a bad line weakens by more than this, as in a lost packet, is not there to be muted."""
SAME_SPEECH = 0.35
"""A correlation over 30 ms below this means that something else is heard: a tone, noise, silence."""
GUARD_S = 0.25
LONGEST_CODEC_DELAY_S = 0.15
SHORTEST_REGION_FRAMES = 10


def _values(words: str, start: int, step: int = 1) -> dict[str, int]:
    return {word: value * step for value, word in enumerate(words.split(), start)}


ONES = _values("zero one two three four five six seven eight nine", 0) | {"oh": 0, "o": 0}
TEENS = _values("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", 10)
TENS = _values("twenty thirty forty fifty sixty seventy eighty ninety", 2, step=10)
_COMMON = (
    "the a an of at on in and my is dot com net org co uk road street lane avenue west east north south apartment "
    "mister missus doctor mr mrs dr ohio oregon georgia"
)
COMMON_WORDS = frozenset(_COMMON.split())
"""Words of values that give nobody away: what is read of an entity must be more than one of these."""


class Recogniser(Protocol):
    """A second listener, of another family than the one that the run used."""

    def transcribe(self, samples: Samples) -> str:
        """What it transcribes in one channel at 16 kHz."""
        ...


@dataclass(frozen=True)
class EntityScore:
    """What is left of one entity.

    Attributes:
      covered: Share of its voiced time that is inaudible.
      readable: Its value can be read in the redacted text.
      transcribed: Its value is transcribed by the second recogniser.
    """

    entity: SpokenEntity
    covered: float
    readable: bool
    transcribed: bool = False


@dataclass(frozen=True)
class RecordingScore:
    """What is left of one recording. All of it is zero where nothing was published (`missing`)."""

    recording: LabelledRecording
    missing: bool = False
    duration_changed: bool = False
    entities: tuple[EntityScore, ...] = ()
    pii_s: float = 0.0
    pii_muted_s: float = 0.0
    other_s: float = 0.0
    other_muted_s: float = 0.0
    false_alarms: int = 0
    other_words: int = 0
    other_words_heard: int = 0


def decode(path: Path) -> Samples:
    """The whole audio as (channels, samples) at 16 kHz; channels beyond the second are mixed into two."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        layout = "stereo" if stream.codec_context.channels > 1 else "mono"
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=RATE_HZ)
        parts = [out.to_ndarray() for frame in container.decode(stream) for out in resampler.resample(frame)]
        parts += [out.to_ndarray() for out in resampler.resample(None)]
    return np.concatenate(parts, axis=1)


def align(original: Samples, redacted: Samples) -> Samples:
    """Shifts `redacted` so that a constant codec delay does not count as change."""
    length = min(original.shape[1], redacted.shape[1], 40 * RATE_HZ)
    first, second = original.mean(0)[:length], redacted.mean(0)[:length]
    size = 1 << (2 * length - 1).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(first, size) * np.conj(np.fft.rfft(second, size)), size)
    reach = int(LONGEST_CODEC_DELAY_S * RATE_HZ)
    lags = np.r_[0:reach, -reach:0]
    lag = int(lags[np.argmax(correlation[lags])])
    return np.pad(redacted, ((0, 0), (lag, 0))) if lag > 0 else redacted[:, -lag:]


def inaudible(original: Samples, redacted: Samples, speech: Samples | None = None) -> tuple[Mask, Mask]:
    """Per frame of 10 ms of one channel: voiced in the original; voiced there and gone or replaced in `redacted`.

    Of a noisy original, `speech` is what was said without the noise: only that is voiced.
    """
    count = len(original) // FRAME
    before, after = _frames(original, count), _frames(redacted, count)
    level_db = _level_db(before)
    spoken_db = level_db if speech is None else _level_db(_frames(speech, count))
    voiced = (spoken_db > VOICED_DB) & (level_db > spoken_db - LOST_DB)
    wide_before, wide_after = _with_neighbours(before), _with_neighbours(after)
    norms = np.linalg.norm(wide_before, axis=1) * np.linalg.norm(wide_after, axis=1)
    correlation = np.abs((wide_before * wide_after).sum(1)) / (norms + 1e-9)
    silent = _level_db(after) < np.minimum(SILENT_DB, level_db - (VOICED_DB - SILENT_DB))
    return voiced, voiced & (silent | (correlation < SAME_SPEECH))


def regions(mask: Mask) -> list[tuple[int, int]]:
    """First and past-the-last frame of every run of true frames that is long enough to be heard."""
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(np.int8), 0]))
    return [
        (int(start), int(end))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if end - start >= SHORTEST_REGION_FRAMES
    ]


def tokens(text: str) -> list[str]:
    """Words in lower case, numbers in words turned to digits: `forty-one double five` is `41`, `55`."""
    raw = re.findall(r"[^\W\d_]+|\d", re.sub(r"['’]", "", text.lower()))
    found: list[str] = []
    position = 0
    while position < len(raw):
        word = raw[position]
        following = raw[position + 1] if position + 1 < len(raw) else ""
        if word in ("double", "triple") and following in ONES:
            found.append(str(ONES[following]) * (2 if word == "double" else 3))
            position += 1
        elif word in TENS and following in ONES and following not in ("oh", "o", "zero"):
            found.append(str(TENS[word] + ONES[following]))
            position += 1
        elif word in TENS:
            found.append(str(TENS[word]))
        else:
            found.append(str(TEENS.get(word, ONES.get(word, word))))
        position += 1
    return found


def is_readable(entity: SpokenEntity, text: Sequence[str], said_elsewhere: Iterable[str]) -> bool:
    """Can the entity's value still be read in these tokens? Words that are also said outside entities do not count."""
    digits = re.sub(r"\D", "", entity.value)
    kept = COMMON_WORDS | set(said_elsewhere)
    names = [word for word in re.findall(r"[^\W\d_]+", entity.value.lower()) if len(word) > 2 and word not in kept]
    runs = re.findall(r"\d+", "".join(token if token.isdigit() else " " for token in text))
    if len(digits) >= 4:
        if any(digits[start : start + 4] in run for run in runs for start in range(len(digits) - 3)):
            return True
    elif len(digits) == 3 and not names:
        return digits in runs
    return any(name in text for name in names)


def score_recording(
    recording: LabelledRecording, redacted_audio: Path, redacted_text: str, recogniser: Recogniser | None = None
) -> RecordingScore:
    """Compares one recording with what was published of it."""
    original = decode(recording.audio)
    speech = decode(recording.speech) if recording.speech else original
    redacted = align(original, decode(redacted_audio))
    result: Counter[str] = Counter()
    audibility: list[tuple[Mask, Mask]] = []
    transcribed: list[list[str]] = []
    for channel in range(original.shape[0]):
        published = redacted[min(channel, redacted.shape[0] - 1)]
        voiced, muted = inaudible(original[channel], published, speech[channel])
        audibility.append((voiced, muted))
        pii, near = _marked(recording, channel, len(voiced))
        result["pii"] += int((voiced & pii).sum())
        result["pii_muted"] += int((muted & pii).sum())
        result["other"] += int((voiced & ~near).sum())
        result["other_muted"] += int((muted & ~near).sum())
        result["false_alarms"] += sum(not near[start:end].any() for start, end in regions(muted))
        if recogniser:
            transcribed.append(tokens(recogniser.transcribe(published)))
    elsewhere = tokens(" ".join(word.text for word in recording.words if not _is_within_any(word, recording.entities)))
    text = tokens(redacted_text)
    others = [
        token
        for word in recording.words
        if recogniser and not _is_near_any(word, recording.entities)
        for token in tokens(word.text)
    ]
    bag = Counter(token for channel_tokens in transcribed for token in channel_tokens)
    return RecordingScore(
        recording=recording,
        duration_changed=abs(redacted.shape[1] - original.shape[1]) > 0.2 * RATE_HZ,
        entities=tuple(
            EntityScore(
                entity=entity,
                covered=_covered(entity, *audibility[min(entity.channel, len(audibility) - 1)]),
                readable=is_readable(entity, text, elsewhere),
                transcribed=any(is_readable(entity, channel_tokens, elsewhere) for channel_tokens in transcribed),
            )
            for entity in recording.entities
        ),
        pii_s=result["pii"] / FRAMES_PER_S,
        pii_muted_s=result["pii_muted"] / FRAMES_PER_S,
        other_s=result["other"] / FRAMES_PER_S,
        other_muted_s=result["other_muted"] / FRAMES_PER_S,
        false_alarms=result["false_alarms"],
        other_words=len(others),
        other_words_heard=sum(min(count, bag[token]) for token, count in Counter(others).items()),
    )


def score_run(truth: Path, output: Path, recogniser: Recogniser | None = None) -> list[RecordingScore]:
    """Scores every labelled recording of a folder against a run's output root."""
    dataset = pyarrow.dataset.dataset(output / "transcripts", format="parquet", partitioning=None)
    order = [column for column in ("processed_at",) if column in dataset.schema.names]
    table = dataset.to_table(columns=["recording_id", "status", "text", "redacted_audio_url", *order])
    # The last row of a recording counts.
    in_order = sorted(table.to_pylist(), key=lambda row: [row[column] for column in order])
    rows: Mapping[str, dict[str, Any]] = {row["recording_id"]: row for row in in_order}
    scores = []
    for recording in read_truth(truth):
        row = rows.get(recording.recording_id)
        if row is None or not row["redacted_audio_url"]:
            scores.append(RecordingScore(recording, missing=True))
            continue
        # An absolute path replaces the output root in this join.
        path = output / re.sub(r"^file://", "", row["redacted_audio_url"])
        scores.append(score_recording(recording, path, row["text"] or "", recogniser))
    return scores


@dataclass
class _PolicyCount:
    entities: int = 0
    covered: int = 0
    readable: int = 0
    transcribed: int = 0


@dataclass
class _Counts:
    entities: list[EntityScore] = field(default_factory=list)
    by_policy: dict[str, _PolicyCount] = field(default_factory=lambda: defaultdict(_PolicyCount))


def summarise(scores: Sequence[RecordingScore], with_recogniser: bool = False) -> dict[str, Any]:
    """The figures of the module's description, over all recordings and by policy."""
    counts = _Counts()
    for score in scores:
        for spoken in score.recording.entities:
            counts.by_policy[spoken.policy].entities += 1
        for left in score.entities:
            counts.entities.append(left)
            policy = counts.by_policy[left.entity.policy]
            policy.covered += left.covered >= 0.9
            policy.readable += left.readable
            policy.transcribed += left.transcribed
    entity_count = sum(policy.entities for policy in counts.by_policy.values())
    hours = sum(score.recording.duration_s for score in scores) / 3600
    published = [score for score in scores if not score.missing]
    summary: dict[str, Any] = {
        "files": len(scores),
        "missing": len(scores) - len(published),
        "entities": entity_count,
        "span_recall": _ratio(sum(s.pii_muted_s for s in published), sum(s.pii_s for s in published)),
        "covered_0.9": _ratio(sum(left.covered >= 0.9 for left in counts.entities), entity_count),
        "covered_1.0": _ratio(sum(left.covered >= 0.99 for left in counts.entities), entity_count),
        "zero_leak_files": _ratio(
            sum(all(left.covered >= 0.9 for left in score.entities) for score in published), len(scores)
        ),
        "text_leaks": sum(left.readable for left in counts.entities),
        "over_redaction": _ratio(sum(s.other_muted_s for s in published), sum(s.other_s for s in published)),
        "other_s": round(sum(s.other_s for s in published), 2),
        "false_alarms_per_hour": round(sum(s.false_alarms for s in published) / hours, 1) if hours else None,
        "duration_changed": sum(score.duration_changed for score in published),
    }
    if with_recogniser:
        summary["heard_leaks"] = sum(left.transcribed for left in counts.entities)
        summary["heard_non_pii"] = _ratio(
            sum(s.other_words_heard for s in published), sum(s.other_words for s in published)
        )
    summary["by_policy"] = {
        name: {
            "n": policy.entities,
            "covered_0.9": round(policy.covered / policy.entities, 3),
            "text_leaks": policy.readable,
        }
        | ({"heard": policy.transcribed} if with_recogniser else {})
        for name, policy in sorted(counts.by_policy.items())
    }
    return summary


def details(scores: Sequence[RecordingScore]) -> list[str]:
    """One line for each entity of which something is left, in the words that were said: for labelled calls only."""
    lines = []
    for score in scores:
        name = score.recording.recording_id
        if score.missing:
            lines.append(f"{name} | no redacted audio")
        for left in score.entities:
            described = f"{left.entity.policy} | {left.entity.said}"
            if left.transcribed:
                lines.append(f"{name} | HEARD | {described}")
            if left.covered < 0.9:
                lines.append(f"{name} | audible {1 - left.covered:.0%} | {described}")
            if left.readable:
                lines.append(f"{name} | TEXT | {described}")
    return lines


class WhisperRecogniser:
    """faster-whisper as the second listener, with greedy decoding."""

    def __init__(self, model: Path) -> None:
        # Only --asr needs the recogniser, and scoring without it should not wait for its import.
        from faster_whisper import WhisperModel  # noqa: PLC0415

        self._model = WhisperModel(str(model), device="cpu", compute_type="int8")

    def transcribe(self, samples: Samples) -> str:
        segments, _ = self._model.transcribe(samples, beam_size=1, language="en", condition_on_previous_text=False)
        return " ".join(segment.text for segment in segments)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--truth", type=Path, required=True, help="folder of labelled recordings")
    parser.add_argument("--output", type=Path, required=True, help="output root of a run")
    parser.add_argument("--asr", type=Path, help="folder of a faster-whisper model that transcribes the redacted audio")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    recogniser = WhisperRecogniser(arguments.asr) if arguments.asr else None
    scores = score_run(arguments.truth, arguments.output, recogniser)
    summary = json.dumps(summarise(scores, with_recogniser=recogniser is not None), indent=1)
    console = Console(highlight=False, soft_wrap=True, markup=False)
    for line in details(scores):
        console.print("  ", line)
    console.print(summary)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(summary + "\n", encoding="utf-8")


def _frames(samples: Samples, count: int) -> Samples:
    samples = samples[: count * FRAME]
    return np.pad(samples, (0, count * FRAME - len(samples))).reshape(count, FRAME)


def _with_neighbours(frames: Samples) -> Samples:
    before = np.vstack([frames[:1], frames[:-1]])
    after = np.vstack([frames[1:], frames[-1:]])
    return np.concatenate([before, frames, after], axis=1)


def _level_db(frames: Samples) -> Samples:
    level: Samples = 20 * np.log10(np.sqrt((frames**2).mean(1)) + 1e-9)
    return level


def _marked(recording: LabelledRecording, channel: int, count: int) -> tuple[Mask, Mask]:
    """Frames of one channel inside entities; frames in or around entities and neutral spans."""
    pii, near = np.zeros(count, bool), np.zeros(count, bool)
    guard = int(GUARD_S * FRAMES_PER_S)
    for entity in recording.entities:
        if entity.channel == channel:
            start, end = _frame_range(entity)
            pii[start:end] = True
            near[max(0, start - guard) : end + guard] = True
    for span in recording.neutral:
        if span.channel == channel:
            start = max(0, int((span.start_s - GUARD_S) * FRAMES_PER_S))
            near[start : int((span.end_s + GUARD_S) * FRAMES_PER_S)] = True
    return pii, near


def _frame_range(entity: SpokenEntity) -> tuple[int, int]:
    return int(entity.start_s * FRAMES_PER_S), int(np.ceil(entity.end_s * FRAMES_PER_S))


def _covered(entity: SpokenEntity, voiced: Mask, muted: Mask) -> float:
    start, end = _frame_range(entity)
    frames = int(voiced[start:end].sum())
    return int(muted[start:end].sum()) / frames if frames else 1.0


def _is_within_any(word: SpokenWord, entities: Iterable[SpokenEntity]) -> bool:
    return any(
        entity.channel == word.channel and entity.start_s - 0.01 <= word.start_s and word.end_s <= entity.end_s + 0.01
        for entity in entities
    )


def _is_near_any(word: SpokenWord, entities: Iterable[SpokenEntity]) -> bool:
    return any(
        entity.channel == word.channel
        and entity.start_s - GUARD_S < word.end_s
        and word.start_s < entity.end_s + GUARD_S
        for entity in entities
    )


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


if __name__ == "__main__":
    main()
