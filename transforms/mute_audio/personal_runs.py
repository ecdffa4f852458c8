"""Runs of personal words: consecutive words of one channel that are muted together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hushbeam.schemas.finding import Finding, personal_words
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Word


@dataclass(frozen=True)
class PersonalRun:
    """Consecutive words of one channel that are all personal data.

    Attributes:
      before: The word of the channel before the run, if any.
      before_is_personal: Whether that word is muted too: a long silence divides it from this run.
      kept_after: The word after the run, if it is not personal data.
    """

    words: tuple[Word, ...]
    before: Word | None
    before_is_personal: bool
    kept_after: Word | None

    @property
    def channel(self) -> int:
        return self.words[0].channel

    @property
    def end_s(self) -> float:
        """The latest end of any word: words may overlap."""
        return max(word.end_s for word in self.words)

    @property
    def kept_before(self) -> Word | None:
        """The word before the run, if it is not personal data."""
        return None if self.before_is_personal else self.before

    def range_to_read(self, duration_s: float, context_s: float, longest_gap_s: float) -> TimeSpan:
        """The audio that shows the run's edges.

        Args:
          context_s: How much is read on each side.
          longest_gap_s: How much is read at most of what lies between this run and a personal word before it.
        """
        words_start_s = min(word.start_s for word in self.words)
        start_s = words_start_s - context_s
        if self.before is not None and self.before_is_personal:
            start_s = min(start_s, max(self.before.end_s, words_start_s - longest_gap_s))
        return TimeSpan(self.channel, max(start_s, 0.0), min(self.end_s + context_s, duration_s))

    def widened_by(self, late_s: float) -> PersonalRun:
        """The run as a clock that is not `late_s` late would show it, where that makes it longer."""
        first, *rest = self.words
        *others, last = [replace(first, start_s=first.start_s - max(late_s, 0.0)), *rest]
        return replace(self, words=(*others, replace(last, end_s=last.end_s + max(-late_s, 0.0))))


def personal_runs(
    words: Sequence[Word], findings: Sequence[Finding], channel: int, longest_silence_s: float
) -> list[PersonalRun]:
    """The runs of a channel, in order. A silence of `longest_silence_s` or more ends a run."""
    personal = personal_words(finding for finding in findings if finding.channel == channel)
    numbered = [(number, word) for number, word in enumerate(words) if word.channel == channel]
    own = [word for _, word in numbered]
    is_personal = [number in personal for number, _ in numbered]
    runs: list[PersonalRun] = []
    start = 0
    for end in range(1, len(own) + 1):
        if (
            end < len(own)
            and is_personal[end] == is_personal[start]
            and own[end].start_s - own[end - 1].end_s < longest_silence_s
        ):
            continue
        if is_personal[start]:
            runs.append(
                PersonalRun(
                    words=tuple(own[start:end]),
                    before=own[start - 1] if start else None,
                    before_is_personal=start > 0 and is_personal[start - 1],
                    kept_after=own[end] if end < len(own) and not is_personal[end] else None,
                )
            )
        start = end
    return runs
