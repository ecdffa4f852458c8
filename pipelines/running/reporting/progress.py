"""Progress of a run in figures: audio that is done, the phase, and the time left, from the counts of its stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hushbeam.transforms.base.progress import (
    COMMITTED,
    COMMITTED_AUDIO,
    FOUND,
    LINES_AHEAD,
    MEASURED,
    MEASURED_BYTES,
    MUTED,
    PENDING_BYTES,
    TRANSCRIBED,
    TRANSCRIBED_AUDIO,
    TRANSCRIBED_BYTES,
    VERIFIED,
)

LOADING = "loading models"
TRANSCRIBING = "transcribing"
VERIFYING = "redacting and verifying"
CLOSING = "writing tables and report"

_LOST = (".failed", ".quarantined")
_MANIFEST = "ReadManifest."

AFTER_TRANSCRIPTION = 0.25
"""Time for what comes after transcription, for audio that takes 1 to transcribe: detection, muting, verification, and
publishing. It matters at the beginning and at the end of a run; in between, what was measured in the run decides.
Measured with the packaged models on two busy cores: 0.20 and 0.31 for 7 and 12 minutes of calls in one recording, 0.19
for 10 minutes and 8 short calls; 0.22 in processor time."""

WITHOUT_VERIFICATION = 0.12
"""The same with `--verify off`."""

_UNTIL_MUTED = 0.25
"""Share of that time until the audio is muted; the rest is verification."""

CLOSING_S = 3.0
"""Time from the last recording to the end of the command: tables, summary, report. Measured: 2 to 4 s."""

_LEAST_S = 10.0
_EARLY_SHARE, _EARLY_S = 0.1, 120.0
_ENOUGH_MEASURED = 0.5
_MANY = 20


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
      recordings: Recordings to process; None until it is known.
      committed: Recordings that are public.
      lost: Recordings and lines that failed or were quarantined.
      ended: Recordings to process that are public, failed or quarantined.
      skipped: Recordings whose output was up to date.
      findings: Findings so far.
      transcribed_s: Audio that is transcribed, also in recordings under way.
      afterwards_s: Audio of which what comes after transcription is done.
      measured_s: Audio of all recordings whose length is known.
      measured_share: Their share of the bytes of all sources; 0 to 1.
      transcribed: Recordings that are transcribed to their end.
      is_found: Whether the sources of recordings were looked up.
      has_audio: Whether any of them is to be transcribed.
    """

    recordings: int | None = None
    committed: int = 0
    lost: int = 0
    ended: int = 0
    skipped: int = 0
    findings: int = 0
    transcribed_s: float = 0.0
    afterwards_s: float = 0.0
    measured_s: float = 0.0
    measured_share: float = 0.0
    transcribed: int = 0
    is_found: bool = False
    has_audio: bool = False

    @property
    def audio_s(self) -> float:
        """Audio of all recordings. Where their length is not known yet, sources of equal size count as equally long."""
        known_s = self.measured_s / self.measured_share if self.measured_share else 0.0
        return max(known_s, self.transcribed_s)

    @property
    def is_measured(self) -> bool:
        """Whether the length of every recording is known."""
        return self.measured_share >= 1

    @property
    def has_ended(self) -> bool:
        """Whether every recording has ended, so that only the tables are left."""
        return self.recordings is not None and self.ended >= self.recordings

    def done(self, afterwards: float) -> float:
        """Share of the work on recordings that is done; 0 if it cannot be known.

        Args:
          afterwards: Time of what comes after transcription, for audio that takes 1 to transcribe.
        """
        if self.has_ended:
            return 1.0
        if self.audio_s:
            work_s = self.transcribed_s + afterwards * min(self.afterwards_s, self.transcribed_s)
            return min(work_s / (self.audio_s * (1 + afterwards)), 1.0)
        return self.ended / self.recordings if self.recordings and not self.has_audio else 0.0

    @property
    def is_predictable(self) -> bool:
        """Whether enough is known of the work that is left: its recordings, and how long most or many of them are."""
        is_enough = self.measured_share >= _ENOUGH_MEASURED or self.transcribed >= _MANY or not self.audio_s
        return self.recordings is not None and is_enough


def progress_of(counts: Mapping[str, int]) -> Progress:
    """The progress that the counts of stages show. A cluster reports recordings when they are done, and no others."""
    lost = {name: n for name, n in counts.items() if name.endswith(_LOST)}
    skipped, committed = counts.get("SkipFinished.skipped", 0), counts.get(COMMITTED, 0)
    read = counts.get("ReadManifest.passed", counts.get(FOUND))
    transcribed = max(counts.get(TRANSCRIBED, 0), counts.get(TRANSCRIBED_AUDIO, 0))
    measured = counts.get(MEASURED) or counts.get(TRANSCRIBED_AUDIO, 0)
    measured_bytes = counts.get(MEASURED_BYTES) or counts.get(TRANSCRIBED_BYTES, 0)
    pending_bytes = counts.get(PENDING_BYTES, 0)
    if read is not None and (ahead := counts.get(LINES_AHEAD, 0)):
        share, read = read / (read + ahead), read + ahead
    else:
        share = 1.0
    afterwards = _UNTIL_MUTED * counts.get(MUTED, 0) + (1 - _UNTIL_MUTED) * counts.get(VERIFIED, 0)
    return Progress(
        recordings=None if read is None else max(read - skipped, 0),
        committed=committed,
        lost=sum(lost.values()),
        ended=committed + sum(n for name, n in lost.items() if not name.startswith(_MANIFEST)),
        skipped=skipped,
        findings=sum(n for name, n in counts.items() if name.startswith("findings.")),
        transcribed_s=transcribed / 1000,
        afterwards_s=max(afterwards, counts.get(COMMITTED_AUDIO, 0)) / 1000,
        measured_s=measured / 1000,
        measured_share=share * min(measured_bytes / pending_bytes, 1.0) if pending_bytes else 0.0,
        transcribed=counts.get("Transcribe.passed", 0),
        is_found=bool(pending_bytes or counts.get(FOUND)),
        has_audio=bool(pending_bytes),
    )


def phase_of(progress: Progress, first: str = "starting", activity: str | None = None) -> str:
    """What the run does, in words for users.

    Args:
      first: What it does before it knows of audio; all along, if nothing is transcribed or a cluster tells nothing.
      activity: What a process of this machine waits for, such as `loading models`.
    """
    if progress.has_ended and progress.recordings is not None:
        return CLOSING
    if activity is not None and not progress.transcribed_s:
        return activity
    if progress.measured_s:
        is_transcribed = progress.is_measured and progress.transcribed_s >= progress.measured_s - 0.5
        return VERIFYING if is_transcribed else TRANSCRIBING
    return first


class Clock:
    """Time left of a run, from what was done in the second half of its time so far.

    Only the time since its first recording was begun counts: before, models are loaded. The first half of that tells
    less of what comes: at first, other models are still being loaded beside the work, and recordings are searched for
    speech before their first words. With all of it, the time left was twice too long at first (12 minutes of calls).

    Args:
      afterwards: As in `Progress.done`.
    """

    def __init__(self, afterwards: float = AFTER_TRANSCRIPTION) -> None:
        self._afterwards = afterwards
        self._began_s = 0.0
        self._steps: list[tuple[float, float]] = []

    def share(self, progress: Progress) -> float:
        """Share of the work that is done."""
        return progress.done(self._afterwards)

    def left_s(self, progress: Progress, elapsed_s: float, *, is_loading: bool = False) -> float | None:
        """Seconds until the end of the command; None while it cannot be known.

        Args:
          elapsed_s: Seconds since the run started.
          is_loading: Whether models are being loaded.
        """
        done = self.share(progress)
        if not self._steps or (not done and (is_loading or not progress.is_found)):
            self._began_s, self._steps = elapsed_s, [(elapsed_s, done)]
        elif done != self._steps[-1][1]:
            self._add_step(elapsed_s, done)
        (from_s, from_done), (changed_s, _) = self._steps[0], self._steps[-1]
        worked_s = elapsed_s - self._began_s
        is_early = worked_s < _LEAST_S or (worked_s < _EARLY_S and done < _EARLY_SHARE) or done <= from_done
        if progress.has_ended or is_early or not progress.is_predictable:
            return None
        needed_s = (changed_s - from_s) * (1 - done) / (done - from_done)
        # Work is reported in steps: windows, whole batches, recordings. Until the next step is overdue, time passes.
        since_s, step_s = elapsed_s - changed_s, (changed_s - from_s) / (len(self._steps) - 1)
        return max(needed_s - min(since_s, step_s) + max(since_s - step_s, 0.0), 0.0) + CLOSING_S

    def _add_step(self, elapsed_s: float, done: float) -> None:
        """Notes that more is done, and forgets the steps of the first half of the time."""
        self._steps.append((elapsed_s, done))
        half_s = (self._began_s + elapsed_s) / 2
        while len(self._steps) > 2 and self._steps[1][0] <= half_s:
            del self._steps[0]
