"""Edges of muted spans, from the words of findings and the audio around them.

A recogniser times a word to within 50 to 300 ms, and beside a silence to within seconds: ends are early, the first word
of a turn is dragged back over the silence before it, and the word before a number may include its first digits. The
audio is more exact. So a run of personal words gets every stretch of speech that no other word can claim, and its edges
lie in pauses wherever there are pauses. Only where speech goes on without a pause do the recogniser's times decide,
corrected by the lateness of its clock (`clock`) and widened.

Loudness alone cannot tell noise from speech: what is neither detected as speech nor near a word is a pause. Noise hides
the quiet parts of words too, and what it hides looks like a pause. The less of a run's words shows above the
noise, the further its edges move out, to the recogniser's times and a margin around them.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from hushbeam.schemas.errors import QuarantineError
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.spans import TimeSpan, merged, merged_spans
from hushbeam.schemas.transcript import Transcript, Word
from hushbeam.transforms.base.spoken_length import longest_for_muting_s, number_s, symbol_s
from hushbeam.transforms.media.samples import FloatSamples
from hushbeam.transforms.mute_audio.clock import ClockSettings, lateness_s, pauses_between_words
from hushbeam.transforms.mute_audio.loudness import LoudnessRange, PauseSettings, Stretch
from hushbeam.transforms.mute_audio.personal_runs import PersonalRun, personal_runs

ReadRanges = Callable[[Sequence[TimeSpan]], Iterable[FloatSamples]]
"""Returns 16 kHz mono float32 samples for each range of a channel, in the requested order; shorter at the recording's
end.

Ranges are requested in the order of their ends, so that they can be returned while the recording is decoded.
"""

_WORD_END_S = 0.05
"""This much of a word's end is ignored when its stretch is looked for: neighbours overlap by a frame or two."""


@dataclass(frozen=True)
class EdgeSettings:
    """How far a span reaches beyond the times of its words. The defaults are measured: see docs/edges.md.

    Attributes:
      within_speech_before_s, within_speech_after_s: Added where another word precedes or follows without a pause.
      into_pause_before_s, into_pause_after_s: Added into the silence around a span, for speech too quiet to measure;
        never into the speech that follows.
      in_noise_before_s, in_noise_after_s: Where noise hides the quiet parts of words, a span reaches at least so far
        beyond the words' times. In noise, 19 of 20 starts are less than 0.2 s late, and most ends are late.
      clear_db: Noise hides nothing of words whose loud frames lie so far above the threshold of speech. The median is
        32 dB in clean calls, 13 dB in white noise 15 dB below speech, and 9 dB in noise 10 dB below.
      hidden_db: At so little, the margins hold in full.
      around_speech_s: Added around findings without words, whose times come from the audio.
      around_detected_s: What is as loud as speech, but lies further than this from detected speech and from the words
        of a run and beside it, is noise, unless speech was not detected at one of the words.
      unclaimed_reach_s: Speech that no word claims belongs to a span if no more silence than this lies between them.
      unclaimed_gap_s: Without a pause between two words, a gap in the recogniser's times that is longer than this holds
        speech that it did not write.
      latest_end_s: No word lasts longer than this after the recogniser's end of it, where others speak on.
      grazed_s: A stretch that a word's time overlaps by less, while another holds the rest, is not the word's.
      longest_silence_s: A longer silence divides a run of personal words into two spans.
      context_s: How much is read on each side of a span, to tell speech from noise.
      longest_gap_s: How much is read at most between two spans with no word between them.
      join_s: Spans closer than this are one.
      join_in_noise_s: The same for spans with margins for noise: the gaps between them are shorter.
      widest_number_s: How far a number that is too short for its digits may be widened.
    """

    within_speech_before_s: float = 0.12
    within_speech_after_s: float = 0.25
    into_pause_before_s: float = 0.15
    into_pause_after_s: float = 0.55
    in_noise_before_s: float = 0.20
    in_noise_after_s: float = 0.05
    clear_db: float = 22.0
    hidden_db: float = 13.0
    around_speech_s: float = 0.10
    around_detected_s: float = 0.15
    unclaimed_reach_s: float = 1.0
    unclaimed_gap_s: float = 0.25
    latest_end_s: float = 0.70
    grazed_s: float = 0.20
    longest_silence_s: float = 1.5
    context_s: float = 3.0
    longest_gap_s: float = 10.0
    join_s: float = 0.30
    join_in_noise_s: float = 0.10
    widest_number_s: float = 0.50
    pauses: PauseSettings = field(default_factory=PauseSettings)
    clock: ClockSettings = field(default_factory=ClockSettings)


class SpanTimeError(QuarantineError):
    """A finding has no time at which it could be muted."""

    remedy = "Report it with the model's name; try another `--model`."


def plan_mutes(
    transcript: Transcript, findings: Sequence[Finding], read_ranges: ReadRanges, settings: EdgeSettings
) -> tuple[TimeSpan, ...]:
    """The stretches to mute so that no part of any finding can be heard.

    Args:
      transcript: The words to which the findings' indices refer.
      findings: In any order; they may overlap.
      read_ranges: Returns the samples of a channel; called at most once, with all ranges.

    Returns:
      Spans ordered by channel and start, merged, within [0, duration]. Where the channels were mixed for the
      recogniser, channel 0 stands for all of them.

    Raises:
      SpanTimeError: A finding has no usable time.
    """
    words = transcript.words
    for finding in findings:
        _require_time(finding, words, transcript)
    runs = [
        run
        for channel in range(transcript.channels)
        for run in personal_runs(words, findings, channel, settings.longest_silence_s)
    ]
    spans = [
        around(finding, settings) for finding in findings if finding.first_word is None or finding.last_word is None
    ]
    in_noise: list[TimeSpan] = []
    if runs:
        by_audio, in_noise = _spans_of(runs, transcript, read_ranges, settings)
        spans += by_audio
    joined = merged_spans(spans, transcript.duration_s, settings.join_s)
    # The words between two findings are kept in noise too, although the margins leave less of them.
    return merged_spans([*joined, *in_noise], transcript.duration_s, settings.join_in_noise_s)


def around(finding: Finding, settings: EdgeSettings) -> TimeSpan:
    """What is muted for a finding whose times come from the audio."""
    return TimeSpan(
        finding.channel, finding.start_s - settings.around_speech_s, finding.end_s + settings.around_speech_s
    )


def _require_time(finding: Finding, words: Sequence[Word], transcript: Transcript) -> None:
    """Refuses findings without a usable time; all later steps give each finding a span."""
    times = [finding.start_s, finding.end_s]
    usable = True
    if finding.first_word is not None and finding.last_word is not None:
        covered = words[finding.first_word : finding.last_word + 1]
        times += [time_s for word in covered for time_s in (word.start_s, word.end_s)]
        usable = bool(covered) and all(word.channel == finding.channel for word in covered)
    usable = (
        usable
        and all(math.isfinite(time_s) for time_s in times)
        and finding.start_s <= finding.end_s
        and finding.end_s > 0.0
        and finding.start_s < transcript.duration_s
        and 0 <= finding.channel < transcript.channels
    )
    if not usable:
        raise SpanTimeError(
            f"a finding of policy {finding.policy} has no time within the recording, so it cannot be muted"
        )


def _spans_of(
    runs: Sequence[PersonalRun], transcript: Transcript, read_ranges: ReadRanges, settings: EdgeSettings
) -> tuple[list[TimeSpan], list[TimeSpan]]:
    """For each run, the span that the audio shows and that with margins for noise.

    The clock and the edges are read from the audio together, so that it is decoded once.
    """
    duration_s = transcript.duration_s
    pauses = pauses_between_words(transcript, settings.clock)
    beside_pauses = [span for pause in pauses for span in pause.ranges_to_read(duration_s, settings.clock)]
    of_runs = [run.range_to_read(duration_s, settings.context_s, settings.longest_gap_s) for run in runs]
    loudness = _loudness_in([*beside_pauses, *of_runs], read_ranges, settings.pauses)
    first = len(beside_pauses)
    late_s = lateness_s(pauses, [of_range.stretches(settings.pauses) for of_range in loudness[:first]], settings.clock)
    edges = Edges(settings)
    speech = {
        channel: merged((span.start_s, span.end_s) for span in transcript.speech if span.channel == channel)
        for channel in {run.channel for run in runs}
    }
    by_audio, in_noise = [], []
    for run, around_run in zip(runs, loudness[first:], strict=True):
        on_time = run.widened_by(late_s)
        stretches = around_run.stretches(settings.pauses)
        spoken = spoken_stretches(stretches, on_time, speech[run.channel], settings.around_detected_s)
        span = edges.of(on_time, spoken)
        by_audio.append(span)
        in_noise.append(edges.in_noise(span, on_time, hidden_share(run, around_run, settings)))
    return by_audio, in_noise


def _loudness_in(ranges: Sequence[TimeSpan], read_ranges: ReadRanges, settings: PauseSettings) -> list[LoudnessRange]:
    """The loudness in each range. Samples are held no longer than they are needed."""
    found: dict[int, LoudnessRange] = {}
    order = sorted(range(len(ranges)), key=lambda index: ranges[index].end_s)
    for index, samples in zip(order, read_ranges([ranges[index] for index in order]), strict=True):
        found[index] = LoudnessRange.of(samples, ranges[index].start_s, settings)
    return [found[index] for index in range(len(ranges))]


def spoken_stretches(
    stretches: Sequence[Stretch], run: PersonalRun, speech: Sequence[tuple[float, float]], around_s: float
) -> tuple[Stretch, ...]:
    """The parts of stretches that may hold speech: up to detected speech, and up to words of the run or beside it.

    What lies further out is noise as loud as quiet speech. A span would reach through it, as through speech that no
    word claims. Where a word of the run lies outside detected speech, the detector missed some, and nothing is noise.

    Args:
      speech: Detected speech of the run's channel, ordered and apart.
      around_s: How far from detected speech, and from words, quiet parts of speech may lie.
    """
    near = _within(speech, stretches[0].start_s - around_s, stretches[-1].end_s + around_s) if stretches else ()
    if not all(any(start_s < word.end_s and word.start_s < end_s for start_s, end_s in near) for word in run.words):
        return tuple(stretches)
    words = [word for word in (*run.words, run.before, run.kept_after) if word is not None]
    places = [
        (start_s - around_s, end_s + around_s) for start_s, end_s in (*near, *((w.start_s, w.end_s) for w in words))
    ]
    spoken = []
    for stretch in stretches:
        inside = [place for place in places if place[0] < stretch.end_s and stretch.start_s < place[1]]
        if inside:
            start_s, end_s = min(start_s for start_s, _ in inside), max(end_s for _, end_s in inside)
            spoken.append(Stretch(max(start_s, stretch.start_s), min(end_s, stretch.end_s)))
    return tuple(spoken)


def _within(speech: Sequence[tuple[float, float]], start_s: float, end_s: float) -> Sequence[tuple[float, float]]:
    """The ranges, ordered and apart, that reach into a range."""
    first = bisect_right(speech, start_s, key=lambda span: span[1])
    return speech[first : bisect_left(speech, end_s, key=lambda span: span[0])]


def hidden_share(run: PersonalRun, around_run: LoudnessRange, settings: EdgeSettings) -> float:
    """How much of the quiet parts of a run's words noise hides: 0 (nothing) to 1 (all)."""
    visible_db = around_run.visible_db((_earliest_s(word), word.end_s) for word in run.words)
    share = (settings.clear_db - visible_db) / (settings.clear_db - settings.hidden_db)
    return min(max(share, 0.0), 1.0)


class Edges:
    """Places the edges of runs of personal words by the stretches of speech around them."""

    def __init__(self, settings: EdgeSettings) -> None:
        self._settings = settings

    def of(self, run: PersonalRun, stretches: Sequence[Stretch]) -> TimeSpan:
        """The span of a run.

        Args:
          stretches: In the run's `range_to_read`, in order.
        """
        start_s, end_s = self._start_s(run, stretches), self._end_s(run, stretches)
        return TimeSpan(run.channel, min(start_s, end_s), max(start_s, end_s))

    def in_noise(self, span: TimeSpan, run: PersonalRun, hidden: float) -> TimeSpan:
        """A run's span in noise: never narrower than `span`.

        Args:
          span: As the audio shows it.
          hidden: How far its edges move towards the words' times with their margins: not at all (0) to wholly (1).
        """
        settings = self._settings
        start_s = min(word.start_s for word in run.words) - settings.in_noise_before_s - self._missing_at_start_s(run)
        end_s = run.end_s + settings.in_noise_after_s
        return TimeSpan(
            run.channel,
            span.start_s - hidden * max(span.start_s - start_s, 0.0),
            span.end_s + hidden * max(end_s - span.end_s, 0.0),
        )

    def _start_s(self, run: PersonalRun, stretches: Sequence[Stretch]) -> float:
        first = run.words[0]
        index = next((i for i, s in enumerate(stretches) if s.end_s > first.start_s and s.start_s < run.end_s), None)
        if index is None:
            return first.start_s - self._settings.into_pause_before_s
        within_speech_s = self._start_within_speech_s(run, stretches, index)
        return self._start_in_pause_s(run, stretches, index) if within_speech_s is None else within_speech_s

    def _end_s(self, run: PersonalRun, stretches: Sequence[Stretch]) -> float:
        last = run.words[-1]
        home = _home(last, stretches)
        index = home if home is not None else _last_before(last.end_s, run.words[0].start_s, stretches)
        if index is None:
            return last.end_s + self._settings.into_pause_after_s
        within_speech_s = self._end_within_speech_s(run, stretches, index)
        if within_speech_s is not None:
            return within_speech_s
        end_s = self._end_in_pause_s(run, stretches, index)
        # A word in what seems to be silence may be too quiet to measure: its longest duration is muted all the same.
        return (
            end_s if home is not None else max(end_s, min(last.end_s, last.start_s + longest_for_muting_s(last.text)))
        )

    def _start_in_pause_s(self, run: PersonalRun, stretches: Sequence[Stretch], index: int) -> float:
        """Where a run begins in the pause before it, from the first stretch that holds a word of it."""
        # Speech between two runs of personal words is personal too, however long the pauses are.
        reach_s = math.inf if run.before_is_personal else self._settings.unclaimed_reach_s
        while index > 0:
            earlier = stretches[index - 1]
            if stretches[index].start_s - earlier.end_s > reach_s:
                break
            if run.before is not None and _may_reach(run.before, earlier):
                break
            index -= 1
        pause_s = stretches[index].start_s - stretches[index - 1].end_s if index else math.inf
        return stretches[index].start_s - min(self._settings.into_pause_before_s, pause_s)

    def _end_in_pause_s(self, run: PersonalRun, stretches: Sequence[Stretch], index: int) -> float:
        """Where a run ends in the pause after it, from the last stretch that holds a word of it."""
        while index + 1 < len(stretches):
            later = stretches[index + 1]
            if later.start_s - stretches[index].end_s > self._settings.unclaimed_reach_s:
                break
            if run.kept_after is not None and later.end_s > _earliest_s(run.kept_after) + _WORD_END_S:
                break
            index += 1
        pause_s = stretches[index + 1].start_s - stretches[index].end_s if index + 1 < len(stretches) else math.inf
        return stretches[index].end_s + min(self._settings.into_pause_after_s, pause_s)

    def _start_within_speech_s(self, run: PersonalRun, stretches: Sequence[Stretch], index: int) -> float | None:
        """Where a run begins in the stretch in which the word before it ends; None if a pause lies between them."""
        first, kept, stretch = run.words[0], run.kept_before, stretches[index]
        if kept is None or stretch.start_s >= first.start_s or not _may_reach(kept, stretch):
            return None
        if index + 1 < len(stretches) and self._grazes(first, stretch, stretches[index + 1]):
            return first.start_s
        start_s = first.start_s - self._missing_at_start_s(run)
        if first.start_s - kept.end_s > self._settings.unclaimed_gap_s:
            start_s = min(start_s, kept.end_s + 2 * self._settings.within_speech_before_s)
        # A word whose time is longer than it takes to say includes speech that follows it.
        start_s = min(start_s, max(kept.start_s, stretch.start_s) + longest_for_muting_s(kept.text))
        return start_s - self._settings.within_speech_before_s

    def _end_within_speech_s(self, run: PersonalRun, stretches: Sequence[Stretch], index: int) -> float | None:
        """Where a run ends in a stretch that goes on into the word after it; None if a pause lies between them."""
        last, kept, stretch = run.words[-1], run.kept_after, stretches[index]
        kept_home = _home(kept, stretches) if kept is not None else None
        if kept is None or kept_home is None or stretch.end_s <= last.end_s:
            return None
        is_shared = kept_home <= index
        if is_shared and index > 0 and self._grazes(last, stretch, stretches[index - 1]):
            return last.end_s
        if not is_shared and stretch.end_s <= max(last.end_s + self._settings.latest_end_s, kept.start_s):
            return None
        end_s = last.end_s + self._settings.within_speech_after_s + self._missing_at_end_s(run)
        if kept.start_s - last.end_s > self._settings.unclaimed_gap_s:
            end_s = max(end_s, kept.start_s - _WORD_END_S)
        end_s = max(end_s, min(kept.end_s, stretch.end_s) - longest_for_muting_s(kept.text))
        return min(end_s, stretch.end_s + self._settings.into_pause_after_s)

    def _grazes(self, word: Word, stretch: Stretch, other: Stretch) -> bool:
        """Whether a word's time only touches a stretch, and lies more in another beside it."""
        here_s, there_s = (min(s.end_s, word.end_s) - max(s.start_s, word.start_s) for s in (stretch, other))
        return here_s < min(there_s, self._settings.grazed_s)

    def _missing_at_start_s(self, run: PersonalRun) -> float:
        """Seconds by which the digits at the start of a run are too short: the word before it includes some of them."""
        head = _numbers(run.words)
        text = "".join(word.text for word in head)
        missing_s = number_s(text) - symbol_s(text) - (head[-1].end_s - head[0].start_s) if head else 0.0
        return min(max(missing_s, 0.0), self._settings.widest_number_s)

    def _missing_at_end_s(self, run: PersonalRun) -> float:
        """Seconds by which the number at the end of a run, with the name of any currency sign, is too short."""
        tail = _numbers(run.words[::-1])
        text = "".join(word.text for word in tail)
        missing_s = number_s(text) - (tail[0].end_s - tail[-1].start_s) if tail else 0.0
        return min(max(missing_s, symbol_s(text)), self._settings.widest_number_s)


def _home(word: Word, stretches: Sequence[Stretch]) -> int | None:
    """The stretch in which a word ends, if any: starts are dragged over silences, ends are not."""
    end_s = word.end_s - min(_WORD_END_S, (word.end_s - word.start_s) / 2)
    return _last_before(end_s, word.start_s, stretches)


def _last_before(time_s: float, ends_after_s: float, stretches: Sequence[Stretch]) -> int | None:
    """The last stretch that begins before a time, if it ends after another."""
    index = next((i for i in reversed(range(len(stretches))) if stretches[i].start_s < time_s), None)
    return index if index is not None and stretches[index].end_s > ends_after_s else None


def _may_reach(word: Word, stretch: Stretch) -> bool:
    """Whether a word before a run may have been said in a stretch."""
    return stretch.start_s < word.end_s + _WORD_END_S and stretch.end_s > _earliest_s(word)


def _earliest_s(word: Word) -> float:
    """When a word began at the earliest, if it ended when the recogniser says."""
    return max(word.start_s, word.end_s - longest_for_muting_s(word.text))


def _numbers(words: Sequence[Word]) -> list[Word]:
    """The words with digits before the first word without."""
    numbers = []
    for word in words:
        if not any(character.isdigit() for character in word.text):
            break
        numbers.append(word)
    return numbers
