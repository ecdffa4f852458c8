"""Scores detection on labelled recordings without audio, from cached transcripts or from the labelled words.

    python -m evaluation.detect_cached --truth evaluation/dev
    python -m evaluation.detect_cached --truth evaluation/dev --perfect

Transcripts are read from `transcripts.json` beside the truth (`evaluation.transcribe` makes it) or from
`--transcripts FILE`. `--perfect` takes the labelled words at their labelled times instead: what is missed then is the
detector's doing alone.

An entity's voiced time is that of its labelled words; it is covered where a padded finding lies over it. The audio
score (`evaluation.score`) judges the same from audio, more exactly and more slowly: here muting has neither
aligned nor widened anything. Text leaks are counted on the words that no finding holds.

Without `--show` the misses are listed by recording, policy and number, so that rules can be written without reading
the calls that judge them.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from evaluation.score import GUARD_S, is_readable, tokens
from evaluation.truth import TRANSCRIPTS, LabelledRecording, SpokenEntity, SpokenWord, read_transcripts, read_truth
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.transcript import Transcript, Word
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from hushbeam.transforms.detect_pii.settings import DetectionSettings

COVERED = 0.9
SHORTEST_FALSE_ALARM_S = 0.1


@dataclass(frozen=True)
class Padding:
    """Seconds added before and after what a finding says, as the muting does where it knows nothing better."""

    before_s: float = 0.10
    after_s: float = 0.50


@dataclass(frozen=True)
class Interval:
    start_s: float
    end_s: float


@dataclass(frozen=True)
class EntityOutcome:
    """What detection made of one entity.

    Attributes:
      number: Its place in the recording's truth, from 1.
      covered: Share of its words' time under padded findings.
      readable: Its value can be read in the words that no finding holds.
      found_as: The policies of the findings over it.
    """

    number: int
    entity: SpokenEntity
    covered: float
    readable: bool
    found_as: frozenset[str]


@dataclass(frozen=True)
class FalseAlarm:
    """A finding's padded time that touches no entity."""

    finding: Finding
    said: str


@dataclass(frozen=True)
class RecordingOutcome:
    """What detection made of one recording."""

    recording: LabelledRecording
    entities: tuple[EntityOutcome, ...]
    false_alarms: tuple[FalseAlarm, ...]
    other_s: float
    other_covered_s: float


@dataclass
class _PolicyCount:
    outcomes: list[EntityOutcome] = field(default_factory=list)


def judge(
    recording: LabelledRecording, transcript: Transcript, findings: Sequence[Finding], padding: Padding
) -> RecordingOutcome:
    """Compares the findings in a transcript with what was said."""
    muted = {channel: _muted(findings, channel, padding) for channel in range(recording.channels)}
    held = {
        word
        for finding in findings
        if finding.first_word is not None and finding.last_word is not None
        for word in range(finding.first_word, finding.last_word + 1)
    }
    left = tokens("".join(word.text for number, word in enumerate(transcript.words) if number not in held))
    inside = {word for entity in recording.entities for word in recording.words_of(entity)}
    elsewhere = tokens(" ".join(word.text for word in recording.words if word not in inside))
    others = [word for word in recording.words if not _is_near(word, recording)]
    return RecordingOutcome(
        recording=recording,
        entities=tuple(
            EntityOutcome(
                number=number,
                entity=entity,
                covered=_covered_share(_spoken_times(recording, entity), muted[entity.channel]),
                readable=is_readable(entity, left, elsewhere),
                found_as=frozenset(
                    finding.policy
                    for finding in findings
                    if finding.channel == entity.channel
                    and finding.start_s < entity.end_s
                    and entity.start_s < finding.end_s
                ),
            )
            for number, entity in enumerate(recording.entities, 1)
        ),
        false_alarms=tuple(
            FalseAlarm(finding, "".join(word.text for word in _words_of(transcript, finding)).strip())
            for finding in findings
            if not _touches(finding, recording, padding)
        ),
        other_s=sum(word.end_s - word.start_s for word in others),
        other_covered_s=sum(_overlap_s(word, muted[word.channel]) for word in others),
    )


def summarise(outcomes: Sequence[RecordingOutcome]) -> dict[str, Any]:
    """Figures over all recordings and by policy, named as `evaluation.score` names them."""
    entities = [entity for outcome in outcomes for entity in outcome.entities]
    hours = sum(outcome.recording.duration_s for outcome in outcomes) / 3600
    other_s = sum(outcome.other_s for outcome in outcomes)
    by_policy: dict[str, _PolicyCount] = defaultdict(_PolicyCount)
    for entity in entities:
        by_policy[entity.entity.policy].outcomes.append(entity)
    return {
        "files": len(outcomes),
        "entities": len(entities),
        "covered_0.9": _share([entity.covered >= COVERED for entity in entities]),
        "covered_1.0": _share([entity.covered >= 0.99 for entity in entities]),
        "zero_leak_files": _share(
            [all(entity.covered >= COVERED for entity in outcome.entities) for outcome in outcomes]
        ),
        "text_leaks": sum(entity.readable for entity in entities),
        "over_redaction": round(sum(outcome.other_covered_s for outcome in outcomes) / other_s, 4) if other_s else None,
        "false_alarms_per_hour": round(sum(len(outcome.false_alarms) for outcome in outcomes) / hours, 1),
        "by_policy": {
            policy: {
                "n": len(count.outcomes),
                "covered_0.9": _share([entity.covered >= COVERED for entity in count.outcomes]),
                "touched": _share([bool(entity.found_as) for entity in count.outcomes]),
                "same_policy": _share([policy in entity.found_as for entity in count.outcomes]),
                "text_leaks": sum(entity.readable for entity in count.outcomes),
            }
            for policy, count in sorted(by_policy.items())
        },
    }


def detect_all(
    detector: Detector,
    recordings: Sequence[LabelledRecording],
    transcripts: dict[str, Transcript],
    policies: Sequence[str] | None,
    padding: Padding,
) -> list[RecordingOutcome]:
    """Runs the detector on every recording with its manifest's policies, or with `policies`."""
    return [
        judge(
            recording,
            transcripts[recording.recording_id],
            detector.detect(
                DetectionRequest(transcripts[recording.recording_id], policies or recording.policies)
            ).findings,
            padding,
        )
        for recording in recordings
    ]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--truth", type=Path, required=True, help="folder of labelled recordings")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--transcripts", type=Path, help="cached transcripts of the same recordings")
    source.add_argument("--perfect", action="store_true", help="detect in the labelled words")
    parser.add_argument("--policies", help="comma-separated, instead of those of the manifest")
    parser.add_argument("--before", type=float, default=Padding().before_s, help="seconds of padding before a finding")
    parser.add_argument("--after", type=float, default=Padding().after_s, help="seconds of padding after a finding")
    parser.add_argument(
        "--show", action="store_true", help="list misses and false positives in the words that were said"
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()

    recordings = read_truth(arguments.truth)
    transcripts = (
        {recording.recording_id: recording.perfect_transcript() for recording in recordings}
        if arguments.perfect
        else read_transcripts(arguments.transcripts or arguments.truth / TRANSCRIPTS)
    )
    detector = Detector(DetectionSettings())
    detector.load()
    outcomes = detect_all(
        detector,
        recordings,
        transcripts,
        arguments.policies.split(",") if arguments.policies else None,
        Padding(arguments.before, arguments.after),
    )
    summary = summarise(outcomes)
    _report(Console(highlight=False, markup=False), outcomes, summary, show=arguments.show)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


def _report(console: Console, outcomes: Sequence[RecordingOutcome], summary: dict[str, Any], show: bool) -> None:
    table = Table("policy", "n", "covered_0.9", "touched", "same policy", "text leaks")
    for policy, row in summary["by_policy"].items():
        table.add_row(policy, *(str(value) for value in row.values()))
    console.print(table)
    console.print(json.dumps({name: value for name, value in summary.items() if name != "by_policy"}, indent=1))
    for outcome in outcomes:
        name = outcome.recording.recording_id
        for entity in outcome.entities:
            if entity.covered < COVERED or entity.readable:
                found = ", ".join(sorted(entity.found_as)) or "nothing"
                words = f" | {entity.entity.said}" if show else ""
                console.print(
                    f"{name} #{entity.number} | {entity.entity.policy} | covered {entity.covered:.0%} by {found}"
                    f"{' | TEXT' if entity.readable else ''}{words}",
                    soft_wrap=True,
                )
        for alarm in outcome.false_alarms:
            words = f" | {alarm.said}" if show else ""
            console.print(
                f"{name} | false alarm: {alarm.finding.policy} by {alarm.finding.detector} "
                f"at {alarm.finding.start_s:.2f} s{words}",
                soft_wrap=True,
            )


def _muted(findings: Sequence[Finding], channel: int, padding: Padding) -> list[Interval]:
    """Padded findings of one channel, ordered, merged where they overlap."""
    merged: list[Interval] = []
    for finding in sorted(findings, key=lambda finding: finding.start_s):
        if finding.channel != channel:
            continue
        start, end = finding.start_s - padding.before_s, finding.end_s + padding.after_s
        if merged and start <= merged[-1].end_s:
            merged[-1] = Interval(merged[-1].start_s, max(end, merged[-1].end_s))
        else:
            merged.append(Interval(start, end))
    return merged


def _spoken_times(recording: LabelledRecording, entity: SpokenEntity) -> list[Interval]:
    """The times of an entity's words, without pauses that its own time does not hold."""
    return [
        Interval(max(word.start_s, entity.start_s), min(word.end_s, entity.end_s))
        for word in recording.words_of(entity)
    ]


def _overlap_s(word: SpokenWord | Interval, muted: Sequence[Interval]) -> float:
    return sum(max(0.0, min(word.end_s, part.end_s) - max(word.start_s, part.start_s)) for part in muted)


def _covered_share(words: Sequence[Interval], muted: Sequence[Interval]) -> float:
    total = sum(word.end_s - word.start_s for word in words)
    return sum(_overlap_s(word, muted) for word in words) / total if total else 1.0


def _touches(finding: Finding, recording: LabelledRecording, padding: Padding) -> bool:
    """Whether a finding lies near an entity or neutral span, or on too little speech to be heard as a gap."""
    start, end = finding.start_s - padding.before_s, finding.end_s + padding.after_s
    if any(
        span.channel == finding.channel and span.start_s - GUARD_S < end and start < span.end_s + GUARD_S
        for span in (*recording.entities, *recording.neutral)
    ):
        return True
    voiced = sum(
        _overlap_s(word, [Interval(start, end)]) for word in recording.words if word.channel == finding.channel
    )
    return voiced < SHORTEST_FALSE_ALARM_S


def _is_near(word: SpokenWord, recording: LabelledRecording) -> bool:
    return any(
        span.channel == word.channel and span.start_s - GUARD_S < word.end_s and word.start_s < span.end_s + GUARD_S
        for span in (*recording.entities, *recording.neutral)
    )


def _words_of(transcript: Transcript, finding: Finding) -> Sequence[Word]:
    if finding.first_word is None or finding.last_word is None:
        return ()
    return transcript.words[finding.first_word : finding.last_word + 1]


def _share(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


if __name__ == "__main__":
    main()
