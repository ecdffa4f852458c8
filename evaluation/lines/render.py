"""Renders a folder of labelled calls in a condition: another folder of labelled calls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile

from evaluation.lines.conditions import CONDITIONS
from evaluation.lines.line import Line, resampled
from evaluation.score import RATE_HZ, decode
from evaluation.truth import json_lines


def read_lines(folder: Path, seed: int) -> list[Line]:
    """The calls of a folder before any condition, at 8 kHz where they were recorded so, else at 16 kHz."""
    rows = json_lines(folder / "truth.jsonl")
    audio = {row["recording_id"]: decode(folder / row["audio"]) for row in rows}
    lines = []
    for row in rows:
        name = row["recording_id"]
        rate_hz = min(RATE_HZ, _rate_hz(folder / row["audio"]))
        samples = resampled(audio[name], RATE_HZ, rate_hz)
        others = [
            resampled(channel, RATE_HZ, rate_hz) for other, found in audio.items() if other != name for channel in found
        ]
        lines.append(Line(name, samples, samples, rate_hz, others, seed))
    return lines


def render(folder: Path, lines: Sequence[Line], condition: str, to: Path) -> None:
    """Writes the calls of `folder`, read by `read_lines`, in a condition: audio, truth and manifest.

    The audio is FLAC, so that a codec of the condition is not applied once more. `speech/` has what is said without
    noise, and `truth.jsonl` names it for the score.
    """
    for name in ("audio", "speech"):
        (to / name).mkdir(parents=True, exist_ok=True)
    audio_of: dict[str, str] = {}
    rows = []
    for row, line in zip(json_lines(folder / "truth.jsonl"), lines, strict=True):
        rendered = CONDITIONS[condition].apply(line)
        name = line.recording_id
        audio_of[name] = f"audio/{name}.flac"
        write_audio(to / audio_of[name], rendered.samples, rendered.rate_hz)
        write_audio(to / f"speech/{name}.flac", rendered.speech, rendered.rate_hz)
        rows.append(_truth(row, rendered) | {"audio": audio_of[name], "speech": f"speech/{name}.flac"})
    manifest = [
        entry | {"audio_url": audio_of[entry["recording_id"]]} for entry in json_lines(folder / "manifest.jsonl")
    ]
    for file, entries in (("truth.jsonl", rows), ("manifest.jsonl", manifest)):
        text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        (to / file).write_text(text, encoding="utf-8")


def write_audio(path: Path, samples: np.typing.NDArray[np.float32], rate_hz: int) -> None:
    """Writes FLAC. What would clip is written with less gain, in all channels alike."""
    peak = float(np.abs(samples).max())
    soundfile.write(path, (samples / max(1.0, peak / 0.999)).T, rate_hz, subtype="PCM_16")


def _truth(row: Mapping[str, Any], line: Line) -> dict[str, Any]:
    """The truth of a call after a condition: times at its tempo, in the channels that are left."""
    channels = len(line.samples)

    def moved(spoken: Mapping[str, Any]) -> dict[str, Any]:
        return dict(spoken) | {
            "channel": min(spoken["channel"], channels - 1),
            "start_s": round(spoken["start_s"] / line.tempo, 4),
            "end_s": round(spoken["end_s"] / line.tempo, 4),
        }

    return dict(row) | {
        "format": "flac",
        "channels": channels,
        "duration_s": round(line.samples.shape[1] / line.rate_hz, 3),
        **{name: [moved(spoken) for spoken in row.get(name, ())] for name in ("entities", "neutral", "words")},
    }


def _rate_hz(path: Path) -> int:
    with av.open(str(path)) as container:
        return int(container.streams.audio[0].codec_context.sample_rate)
