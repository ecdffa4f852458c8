"""Measures the edges of muted spans with perfect detection: labels aligned with recognised words, and muted.

    python -m evaluation.edges --calls evaluation/dev evaluation/telephone [--laying time]
    python -m evaluation.edges --calls evaluation/dev evaluation/telephone --docs docs   # rewrites docs/edges.svg
    python -m evaluation.edges --calls evaluation/dev --rendered noisy/dev   # the same recordings on a noisy line

Detection is perfect here: what `evaluation.laying` marks. Muting is that of the job (`transforms/mute_audio/edges.py`)
or a fixed padding around the words' times, and replaces samples by silence without encoding them; the figures are those
of `evaluation.score`, which judges files. The errors of starts and ends are measured in the audio: from where the first
audio of an entity lies to where the first muted audio lies, and so for the last.

The recognised words are those of `transcripts.json` beside the truth, which `evaluation.transcribe` makes, or of
`--transcripts`, one file for each folder. With `--rendered`, a folder for each of `--calls` with the same recordings in
noise, the words and the audio that edges are placed by are those of the noisy recordings. The spans are scored in the
clean audio: in noise, its voiced frames could not be told.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
from rich.console import Console

from evaluation.chart import Curve, chart
from evaluation.laying import LAYINGS, lay_labels
from evaluation.score import FRAMES_PER_S, RATE_HZ, Samples, decode, inaudible, score_recording, summarise
from evaluation.truth import TRANSCRIPTS, LabelledRecording, SpokenEntity, read_transcripts, read_truth
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.mute_audio.edges import EdgeSettings, plan_mutes

PADDINGS_S = ((0.0, 0.0), (0.1, 0.1), (0.1, 0.25), (0.1, 0.5), (0.25, 0.5), (0.25, 0.75), (0.5, 1.0))
"""Fixed paddings before and after the words' times that the job's rule is compared with."""


@dataclass(frozen=True)
class Call:
    """A labelled recording, its audio as (channels, samples) at 16 kHz, and the findings of perfect detection.

    Attributes:
      audio: What is muted and scored.
      rendered: The same recording on another line, where edges are placed by that one.
    """

    recording: LabelledRecording
    audio: Samples
    transcript: Transcript
    findings: tuple[Finding, ...]
    rendered: Samples | None = None

    def read_ranges(self, ranges: Sequence[TimeSpan]) -> list[Samples]:
        """The audio of each range, as the job reads it."""
        audio = self.audio if self.rendered is None else self.rendered
        return [audio[span.channel, _sample(span.start_s) : _sample(span.end_s)] for span in ranges]

    def muted(self, spans: Iterable[TimeSpan]) -> Samples:
        """The audio with silence in `spans`."""
        muted = self.audio.copy()
        for span in spans:
            muted[span.channel, _sample(span.start_s) : _sample(span.end_s)] = 0.0
        return muted


Rule = Callable[[Call], Sequence[TimeSpan]]
"""Which stretches of a call are muted."""


@dataclass(frozen=True)
class EdgeErrors:
    """How far the first and the last muted audio of entities lie from their own, in seconds; positive is late."""

    starts_s: tuple[float, ...]
    ends_s: tuple[float, ...]


@dataclass(frozen=True)
class Figures:
    """What a rule does to the calls of one folder. `nearly_covered`: the share of entities muted to 90 %."""

    covered: float
    nearly_covered: float
    zero_leak_files: float
    over_redaction: float
    false_alarms_per_hour: float
    errors: EdgeErrors


def by_sound(call: Call) -> Sequence[TimeSpan]:
    """The job's rule."""
    return plan_mutes(call.transcript, call.findings, call.read_ranges, EdgeSettings())


def by_padding(call: Call, before_s: float, after_s: float) -> Sequence[TimeSpan]:
    """The words' times, padded."""
    return [
        TimeSpan(finding.channel, max(finding.start_s - before_s, 0.0), finding.end_s + after_s)
        for finding in call.findings
    ]


def measure(calls: Sequence[Call], rule: Rule) -> Figures:
    """Mutes all calls by a rule and scores what can still be heard."""
    scores = []
    errors = []
    with TemporaryDirectory() as folder:
        file = Path(folder) / "muted.wav"
        for call in calls:
            muted = call.muted(rule(call))
            soundfile.write(file, muted.T, RATE_HZ, subtype="FLOAT")
            scores.append(score_recording(call.recording, file, ""))
            errors += [_edge_errors(call, muted)]
    summary = summarise(scores)
    return Figures(
        covered=summary["covered_1.0"],
        nearly_covered=summary["covered_0.9"],
        zero_leak_files=summary["zero_leak_files"],
        over_redaction=summary["over_redaction"],
        false_alarms_per_hour=summary["false_alarms_per_hour"],
        errors=EdgeErrors(
            tuple(error for call_errors in errors for error in call_errors.starts_s),
            tuple(error for call_errors in errors for error in call_errors.ends_s),
        ),
    )


def read_calls(
    folder: Path, transcripts: dict[str, Transcript], laying: str, rendered: Path | None = None
) -> list[Call]:
    """The labelled recordings of a folder with their labels laid on the words of `transcripts`.

    Args:
      rendered: A folder with the same recordings, or some of them, on another line: `transcripts` are of these.
    """
    other_line = {recording.recording_id: recording.audio for recording in read_truth(rendered)} if rendered else {}
    calls = []
    for recording in read_truth(folder):
        if rendered and recording.recording_id not in other_line:
            continue
        transcript = transcripts[recording.recording_id]
        findings = lay_labels(recording, transcript, LAYINGS[laying])
        on_line = decode(other_line[recording.recording_id]) if rendered else None
        calls.append(Call(recording, decode(recording.audio), transcript, findings, on_line))
    return calls


def _sample(time_s: float) -> int:
    return max(0, round(time_s * RATE_HZ))


def _edge_errors(call: Call, muted: Samples) -> EdgeErrors:
    """The errors of the edges that a call's entities do not share with a neighbouring entity."""
    starts_s: list[float] = []
    ends_s: list[float] = []
    for channel in range(len(call.audio)):
        entities = [e for e in call.recording.entities if min(e.channel, len(call.audio) - 1) == channel]
        voiced, silenced = inaudible(call.audio[channel], muted[channel])
        for entity in entities:
            runs = _muted_sound(entity, voiced, silenced)
            if runs is None:
                continue
            first, end, own_first, own_end = runs
            if not any(first / FRAMES_PER_S < other.end_s < entity.start_s + 0.01 for other in entities):
                starts_s.append((first - own_first) / FRAMES_PER_S)
            if not any(entity.end_s - 0.01 < other.start_s < end / FRAMES_PER_S for other in entities):
                ends_s.append((end - own_end) / FRAMES_PER_S)
    return EdgeErrors(tuple(starts_s), tuple(ends_s))


def _muted_sound(entity: SpokenEntity, voiced: np.ndarray, silenced: np.ndarray) -> tuple[int, int, int, int] | None:
    """Frames: first and past-the-last of the muted audio around an entity, and of its own; None where none is muted.

    Sound goes on over silence that is muted or not: only audible sound ends it.
    """
    own = np.flatnonzero(voiced[int(entity.start_s * FRAMES_PER_S) : int(np.ceil(entity.end_s * FRAMES_PER_S))])
    if not len(own):
        return None
    own = own + int(entity.start_s * FRAMES_PER_S)
    kept = own[silenced[own]]
    if not len(kept):
        return None
    audible = np.flatnonzero(voiced & ~silenced)
    before = audible[audible < kept[0]]
    after = audible[audible > kept[-1]]
    within = np.flatnonzero(silenced)
    within = within[
        (within > (before[-1] if len(before) else -1)) & (within < (after[0] if len(after) else len(voiced)))
    ]
    return int(within[0]), int(within[-1]) + 1, int(own[0]), int(own[-1]) + 1


def _rules() -> Iterator[tuple[str, Rule]]:
    for before_s, after_s in PADDINGS_S:
        yield f"−{before_s:.2f} / +{after_s:.2f} s", partial(by_padding, before_s=before_s, after_s=after_s)
    yield "by sound (the job)", by_sound


def _row(name: str, figures: Figures) -> str:
    columns = [
        name,
        f"{figures.covered:.3f}",
        f"{figures.nearly_covered:.3f}",
        f"{figures.zero_leak_files:.3f}",
        f"{figures.over_redaction:.4f}",
        f"{figures.false_alarms_per_hour:.1f}",
        _spread(figures.errors.starts_s),
        _spread(figures.errors.ends_s),
    ]
    return "| " + " | ".join(columns) + " |"


def _spread(errors_s: Sequence[float]) -> str:
    """Median, and the two percentiles between which nine of ten errors lie."""
    low, middle, high = np.percentile(errors_s, [5, 50, 95])
    return f"{middle:+.2f} ({low:+.2f} to {high:+.2f})"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=Path, nargs="+", required=True, help="folders of labelled recordings")
    parser.add_argument("--transcripts", type=Path, nargs="+", help="recognised words, a file for each folder")
    parser.add_argument("--rendered", type=Path, nargs="+", help="the same recordings in noise, a folder for each")
    parser.add_argument("--laying", choices=LAYINGS, default="text", help="how labels are laid on recognised words")
    parser.add_argument("--docs", type=Path, help="folder of edges.svg, to be rewritten")
    arguments = parser.parse_args()
    if arguments.transcripts and len(arguments.transcripts) != len(arguments.calls):
        parser.error("--transcripts: as many files as there are folders in --calls")
    if arguments.rendered and len(arguments.rendered) != len(arguments.calls):
        parser.error("--rendered: as many folders as there are in --calls")
    tables = []
    curves = []
    rendered = arguments.rendered or [None] * len(arguments.calls)
    files = arguments.transcripts or [folder / TRANSCRIPTS for folder in arguments.rendered or arguments.calls]
    for folder, file, on_line in zip(arguments.calls, files, rendered, strict=True):
        calls = read_calls(folder, read_transcripts(file), arguments.laying, on_line)
        figures = {name: measure(calls, rule) for name, rule in _rules()}
        header = (
            "| mutes | covered_1.0 | covered_0.9 | zero-leak files | over-redaction | false alarms/h "
            "| start error s | end error s |"
        )
        rows = [_row(name, of_rule) for name, of_rule in figures.items()]
        tables.append("\n".join([f"**{folder.name}**", "", header, "| --- |" + " --- |" * 7, *rows]))
        points = [(of_rule.over_redaction, 1.0 - of_rule.covered) for of_rule in figures.values()]
        curves.append(Curve(folder.name, tuple(points[:-1]), points[-1]))
    Console(highlight=False, soft_wrap=True, markup=False).print("\n\n".join(tables))
    if arguments.docs:
        drawing = chart(curves, across="other speech muted (over-redaction)", up="entities not fully muted")
        (arguments.docs / "edges.svg").write_text(drawing, encoding="utf-8")


if __name__ == "__main__":
    main()
