"""Where to cut: from the words of findings, whose times are wrong, to the exact stretches of sound to mute.

A recogniser says when a word was said to within 50 to 300 ms, and beside a silence to within seconds: ends are early,
first words of a turn are dragged back over the silence before them, and the first digits of a number may be swallowed
by the word before it. The sound itself knows better. A run of personal words therefore owns every stretch of sound
that no other word can claim, its edges lie in pauses wherever there are pauses, and only where speech goes on without
one do the recogniser's times decide, corrected by its clock (`clock`) and widened.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from hushbeam.schemas.errors import QuarantineError
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Transcript, Word
from hushbeam.transforms.mute_audio.clock import ClockSettings, lateness_s, pauses_between_words
from hushbeam.transforms.mute_audio.loudness import PauseSettings, Samples, Stretch, stretches_of_speech
from hushbeam.transforms.mute_audio.spoken_length import longest_s, number_s, symbol_s

ReadRanges = Callable[[Sequence[TimeSpan]], Iterable[Samples]]
"""Gives 16 kHz mono float32 samples for each range of a channel, in the order asked; shorter at the recording's end.

Ranges are asked for in the order of their ends, so that they can be given as the recording is decoded.
"""

_WORD_END_S = 0.05
"""So much of a word's end is left aside when its stretch is looked for: neighbours overlap by a frame or two."""


@dataclass(frozen=True)
class EdgeSettings:
    """How far a span reaches beyond what its words claim. The defaults are measured: see docs/edges.md.

    Attributes:
      within_speech_before_s, within_speech_after_s: Where a word of others precedes or follows without a pause.
      into_pause_before_s, into_pause_after_s: Into the silence around a span, for sounds too quiet to measure; never
        into the sound that follows.
      around_speech_s: Around findings without words, whose times come from the sound itself.
      unclaimed_reach_s: Sound that no word claims belongs to a span if no more silence than this lies between them.
      unclaimed_gap_s: Without a pause between two words, a gap in the recogniser's times that is longer than this
        holds something that it did not write.
      latest_end_s: No word sounds on for longer than this after the recogniser has it end, where others speak on.
      grazed_s: A stretch that a word's time overlaps by less, while another holds the rest, is not the word's.
      longest_silence_s: A longer silence divides a run of personal words into two spans.
      transcribed_s: How much is heard on each side of a span to know speech from noise.
      longest_gap_s: How much is heard at most between two spans with no word between them.
      join_s: Spans closer than this are one.
      widest_number_s: How far a number may be widened that is too short for its digits.
    """

    within_speech_before_s: float = 0.12
    within_speech_after_s: float = 0.25
    into_pause_before_s: float = 0.15
    into_pause_after_s: float = 0.55
    around_speech_s: float = 0.10
    unclaimed_reach_s: float = 1.0
    unclaimed_gap_s: float = 0.25
    latest_end_s: float = 0.70
    grazed_s: float = 0.20
    longest_silence_s: float = 1.5
    transcribed_s: float = 3.0
    longest_gap_s: float = 10.0
    join_s: float = 0.30
    widest_number_s: float = 0.50
    pauses: PauseSettings = field(default_factory=PauseSettings)
    clock: ClockSettings = field(default_factory=ClockSettings)


class SpanTimeError(QuarantineError):
    """A finding has no time at which it could be muted."""


def plan_mutes(
    transcript: Transcript,
    findings: Sequence[Finding],
    read_ranges: ReadRanges,
    settings: EdgeSettings | None = None,
) -> tuple[TimeSpan, ...]:
    """The stretches to mute so that nothing of any finding can be heard.

    Args:
      transcript: The words that the findings count.
      findings: In any order; they may overlap.
      read_ranges: Gives the sound of a channel; called at most once, with all ranges.
      settings: None for the measured defaults.

    Returns:
      Spans ordered by channel and start, merged, within [0, duration]. Where the channels were mixed for hearing,
      channel 0 stands for all of them.

    Raises:
      SpanTimeError: A finding has no usable time.
    """
    settings = settings or EdgeSettings()
    words = transcript.words
    for finding in findings:
        _require_time(finding, words, transcript)
    runs = [run for channel in range(transcript.channels) for run in _runs(words, findings, channel, settings)]
    spans = [
        around(finding, settings) for finding in findings if finding.first_word is None or finding.last_word is None
    ]
    if runs:
        pauses = pauses_between_words(transcript, settings.clock)
        ranges = [span for pause in pauses for span in pause.ranges_to_read(transcript.duration_s, settings.clock)]
        beside_pauses = len(ranges)
        ranges += [run.range_to_read(transcript.duration_s, settings) for run in runs]
        transcribed = _stretches_in(ranges, read_ranges, settings.pauses)
        late_s = lateness_s(pauses, transcribed[:beside_pauses], settings.clock)
        for run, stretches in zip(runs, transcribed[beside_pauses:], strict=True):
            start_s, end_s = _edges(run.widened_by(late_s), stretches, settings)
            spans.append(TimeSpan(run.words[0].channel, start_s, end_s))
    return merge_spans(spans, transcript.duration_s, settings.join_s)


def around(finding: Finding, settings: EdgeSettings) -> TimeSpan:
    """What is muted for a finding whose times come from the sound itself."""
    return TimeSpan(
        finding.channel, finding.start_s - settings.around_speech_s, finding.end_s + settings.around_speech_s
    )


def _stretches_in(
    ranges: Sequence[TimeSpan], read_ranges: ReadRanges, settings: PauseSettings
) -> list[tuple[Stretch, ...]]:
    """The stretches of sound in each range. The sound itself is held no longer than it is needed."""
    found: list[tuple[Stretch, ...]] = [()] * len(ranges)
    order = sorted(range(len(ranges)), key=lambda index: ranges[index].end_s)
    for index, samples in zip(order, read_ranges([ranges[index] for index in order]), strict=True):
        found[index] = stretches_of_speech(samples, ranges[index].start_s, settings)
    return found


def merge_spans(spans: Iterable[TimeSpan], duration_s: float, join_s: float = 0.0) -> tuple[TimeSpan, ...]:
    """Spans within [0, `duration_s`], ordered by channel and start; those that touch or lie within `join_s` are one."""
    merged: list[TimeSpan] = []
    for span in sorted(spans, key=lambda span: (span.channel, span.start_s)):
        start_s, end_s = max(span.start_s, 0.0), min(span.end_s, duration_s)
        if end_s <= start_s:
            continue
        last = merged[-1] if merged else None
        if last is not None and last.channel == span.channel and start_s <= last.end_s + join_s:
            merged[-1] = replace(last, end_s=max(last.end_s, end_s))
        else:
            merged.append(TimeSpan(span.channel, start_s, end_s))
    return tuple(merged)


@dataclass(frozen=True)
class _Run:
    """Consecutive words of one channel that are all personal data.

    Attributes:
      before, after: The neighbouring words of the channel, if any.
      keep_before, keep_after: Those of them that are not personal data, and shall be heard.
    """

    words: tuple[Word, ...]
    before: Word | None
    after: Word | None
    keep_before: Word | None
    keep_after: Word | None

    def range_to_read(self, duration_s: float, settings: EdgeSettings) -> TimeSpan:
        """What must be heard to find the edges: also all that lies between this run and a personal word before it."""
        start_s = min(word.start_s for word in self.words)
        end_s = max(word.end_s for word in self.words)
        gap_start_s = start_s - settings.transcribed_s
        if self.before is not None and self.keep_before is None:
            gap_start_s = min(gap_start_s, max(self.before.end_s, start_s - settings.longest_gap_s))
        return TimeSpan(self.words[0].channel, max(gap_start_s, 0.0), min(end_s + settings.transcribed_s, duration_s))

    def widened_by(self, late_s: float) -> _Run:
        """The same run as a clock that is not `late_s` late would show it, where that makes it longer."""
        first, *rest = self.words
        *others, last = [replace(first, start_s=first.start_s - max(late_s, 0.0)), *rest]
        return replace(self, words=(*others, replace(last, end_s=last.end_s + max(-late_s, 0.0))))


def _require_time(finding: Finding, words: Sequence[Word], transcript: Transcript) -> None:
    """Raises where a finding could slip through: everything after this gives each finding a span."""
    times = [finding.start_s, finding.end_s]
    usable = True
    if finding.first_word is not None and finding.last_word is not None:
        said = words[finding.first_word : finding.last_word + 1]
        times += [time_s for word in said for time_s in (word.start_s, word.end_s)]
        usable = bool(said) and all(word.channel == finding.channel for word in said)
    usable = (
        usable
        and all(math.isfinite(time_s) for time_s in times)
        and finding.start_s <= finding.end_s
        and finding.end_s > 0.0
        and finding.start_s < transcript.duration_s
        and 0 <= finding.channel < transcript.channels
    )
    if not usable:
        raise SpanTimeError(f"a finding of policy {finding.policy} has no time within the recording: not muted")


def _runs(
    transcript_words: Sequence[Word], findings: Sequence[Finding], channel: int, settings: EdgeSettings
) -> list[_Run]:
    """The runs of personal words of a channel. A long silence ends a run."""
    personal: set[int] = set()
    for finding in findings:
        if finding.channel == channel and finding.first_word is not None and finding.last_word is not None:
            personal.update(range(finding.first_word, finding.last_word + 1))
    numbered = [(number, word) for number, word in enumerate(transcript_words) if word.channel == channel]
    words = [word for _, word in numbered]
    marks = [number in personal for number, _ in numbered]
    runs: list[_Run] = []
    start = 0
    for end in range(1, len(words) + 1):
        if (
            end < len(words)
            and marks[end] == marks[start]
            and words[end].start_s - words[end - 1].end_s < settings.longest_silence_s
        ):
            continue
        if marks[start]:
            before = words[start - 1] if start else None
            after = words[end] if end < len(words) else None
            runs.append(
                _Run(
                    words=tuple(words[start:end]),
                    before=before,
                    after=after,
                    keep_before=None if start and marks[start - 1] else before,
                    keep_after=None if end < len(words) and marks[end] else after,
                )
            )
        start = end
    return runs


def _edges(run: _Run, stretches: Sequence[Stretch], settings: EdgeSettings) -> tuple[float, float]:
    start_s, end_s = _start_s(run, stretches, settings), _end_s(run, stretches, settings)
    return min(start_s, end_s), max(start_s, end_s)


def _start_s(run: _Run, stretches: Sequence[Stretch], settings: EdgeSettings) -> float:
    word, keep = run.words[0], run.keep_before
    end_s = max(word.end_s for word in run.words)
    index = next((i for i, s in enumerate(stretches) if s.end_s > word.start_s and s.start_s < end_s), None)
    if index is None:
        return word.start_s - settings.into_pause_before_s
    stretch = stretches[index]
    if keep is not None and stretch.start_s < word.start_s and _reaches(keep, stretch):
        following = stretches[index + 1] if index + 1 < len(stretches) else None
        if following is not None and _grazes(word, stretch, following, settings):
            return word.start_s
        return _start_within_speech_s(run, keep, stretch, settings)
    # What sounds between two personal words is theirs, however long they paused.
    reach_s = settings.unclaimed_reach_s if run.before is None or keep is not None else math.inf
    while index > 0:
        earlier = stretches[index - 1]
        if stretches[index].start_s - earlier.end_s > reach_s:
            break
        if run.before is not None and _reaches(run.before, earlier):
            break
        index -= 1
    pause_s = stretches[index].start_s - stretches[index - 1].end_s if index else math.inf
    return stretches[index].start_s - min(settings.into_pause_before_s, pause_s)


def _end_s(run: _Run, stretches: Sequence[Stretch], settings: EdgeSettings) -> float:
    word, keep = run.words[-1], run.keep_after
    home = _home(word, stretches)
    index = home if home is not None else _last_before(word.end_s, run.words[0].start_s, stretches)
    if index is None:
        return word.end_s + settings.into_pause_after_s
    stretch = stretches[index]
    keep_home = _home(keep, stretches) if keep is not None else None
    if keep is not None and keep_home is not None and stretch.end_s > word.end_s:
        shared = keep_home <= index
        if shared and index > 0 and _grazes(word, stretch, stretches[index - 1], settings):
            return word.end_s
        if shared or stretch.end_s > max(word.end_s + settings.latest_end_s, keep.start_s):
            return _end_within_speech_s(run, keep, stretch, settings)
    while index + 1 < len(stretches):
        later = stretches[index + 1]
        if later.start_s - stretches[index].end_s > settings.unclaimed_reach_s:
            break
        if keep is not None and later.end_s > _earliest_s(keep) + _WORD_END_S:
            break
        index += 1
    pause_s = stretches[index + 1].start_s - stretches[index].end_s if index + 1 < len(stretches) else math.inf
    end_s = stretches[index].end_s + min(settings.into_pause_after_s, pause_s)
    # A word in what seems to be silence may be too quiet to measure: what it can last is muted all the same.
    return end_s if home is not None else max(end_s, min(word.end_s, word.start_s + longest_s(word.text)))


def _start_within_speech_s(run: _Run, keep: Word, stretch: Stretch, settings: EdgeSettings) -> float:
    """Where a run begins in the stretch of sound in which the word before it is said."""
    word = run.words[0]
    start_s = word.start_s - _missing_at_start_s(run, settings)
    if word.start_s - keep.end_s > settings.unclaimed_gap_s:
        start_s = min(start_s, keep.end_s + 2 * settings.within_speech_before_s)
    # A word that is longer than it can be has swallowed some of what follows.
    start_s = min(start_s, max(keep.start_s, stretch.start_s) + longest_s(keep.text))
    return start_s - settings.within_speech_before_s


def _end_within_speech_s(run: _Run, keep: Word, stretch: Stretch, settings: EdgeSettings) -> float:
    """Where a run ends in the stretch of sound in which the word after it is said."""
    word = run.words[-1]
    end_s = word.end_s + settings.within_speech_after_s + _missing_at_end_s(run, settings)
    if keep.start_s - word.end_s > settings.unclaimed_gap_s:
        end_s = max(end_s, keep.start_s - _WORD_END_S)
    end_s = max(end_s, min(keep.end_s, stretch.end_s) - longest_s(keep.text))
    return min(end_s, stretch.end_s + settings.into_pause_after_s)


def _grazes(word: Word, stretch: Stretch, other: Stretch, settings: EdgeSettings) -> bool:
    """Whether a word's time only touches a stretch, and lies more in another beside it."""
    here_s, there_s = (min(s.end_s, word.end_s) - max(s.start_s, word.start_s) for s in (stretch, other))
    return here_s < min(there_s, settings.grazed_s)


def _home(word: Word, stretches: Sequence[Stretch]) -> int | None:
    """The stretch in which a word ends, if it sounds at all: starts are dragged over silences, ends are not."""
    end_s = word.end_s - min(_WORD_END_S, (word.end_s - word.start_s) / 2)
    return _last_before(end_s, word.start_s, stretches)


def _last_before(time_s: float, ends_after_s: float, stretches: Sequence[Stretch]) -> int | None:
    """The last stretch that begins before a time, if it ends after another."""
    index = next((i for i in reversed(range(len(stretches))) if stretches[i].start_s < time_s), None)
    return index if index is not None and stretches[index].end_s > ends_after_s else None


def _reaches(word: Word, stretch: Stretch) -> bool:
    """Whether a word before a run may sound in a stretch."""
    return stretch.start_s < word.end_s + _WORD_END_S and stretch.end_s > _earliest_s(word)


def _earliest_s(word: Word) -> float:
    """When a word began at the earliest, if it ended when the recogniser says."""
    return max(word.start_s, word.end_s - longest_s(word.text))


def _missing_at_start_s(run: _Run, settings: EdgeSettings) -> float:
    """How much too short the digits at the start of a run are: the word before it has swallowed some."""
    head = _numbers(run.words)
    text = "".join(word.text for word in head)
    missing_s = number_s(text) - symbol_s(text) - (head[-1].end_s - head[0].start_s) if head else 0.0
    return min(max(missing_s, 0.0), settings.widest_number_s)


def _missing_at_end_s(run: _Run, settings: EdgeSettings) -> float:
    """How much too short the number at the end of a run is, and its currency's name if it has a sign for one."""
    tail = _numbers(run.words[::-1])
    text = "".join(word.text for word in tail)
    missing_s = number_s(text) - (tail[0].end_s - tail[-1].start_s) if tail else 0.0
    return min(max(missing_s, symbol_s(text)), settings.widest_number_s)


def _numbers(words: Sequence[Word]) -> list[Word]:
    """The words with digits before the first word without."""
    numbers = []
    for word in words:
        if not any(character.isdigit() for character in word.text):
            break
        numbers.append(word)
    return numbers
