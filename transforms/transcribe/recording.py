"""One recording on its way through the engine: what went to the model, what came back, and what is missing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from schemas.failure import RecordingError
from schemas.transcript import TimeSpan, Transcript, Word
from transforms.transcribe.decoding import FRAMES_PER_SECOND, Decoded, Doubt, Request
from transforms.transcribe.vad import RATE_HZ, Samples, SpeechProbabilities
from transforms.transcribe.windows import Window, WindowPacker, split
from transforms.transcribe.words import place, utterances

_BLOCK = 8 * RATE_HZ
_SURE_LANGUAGE = 0.5
_LANGUAGE_WINDOWS = 3
_UNKNOWN_LANGUAGE = "und"
_CUT_AROUND_FRAMES = 60


class TranscriptionError(RecordingError):
    """The sound of one recording cannot be transcribed."""


@dataclass(frozen=True)
class SpeechJob:
    """One recording, or a time range of one, to be heard.

    Attributes:
      recording_id: For the caller; the engine does not interpret it.
      blocks: Called once, in a thread of the engine. Gives float32 blocks of shape (channels, frames) at 16 kHz, of any
        length, all with the same number of channels. A `RecordingError` that it raises ends this job alone.
      language: ISO 639-1; None takes the settings' language, or detects it.
      start_s: Where the first sample lies in the recording. All times in the result count from the recording's start.
    """

    recording_id: str
    blocks: Callable[[], Iterable[Samples]]
    language: str | None = None
    start_s: float = 0.0


@dataclass(frozen=True)
class Heard:
    """What the engine heard of one job.

    Attributes:
      transcript: Utterances over all channels, in time order. Its duration is the end of what was heard.
      heard_s: Seconds of sound that the blocks held.
      unheard: Stretches of detected speech for which the model found no words, even at a second look.
    """

    transcript: Transcript
    heard_s: float
    unheard: tuple[TimeSpan, ...]


@dataclass(frozen=True)
class Entry:
    """A window of a recording on its way to the model.

    Attributes:
      best: What an earlier pass made of it.
      whole: Whether it may still be cut in two.
    """

    recording: RecordingInProgress
    channel: int
    request: Request
    best: Decoded | None = None
    whole: bool = True


@dataclass(frozen=True)
class _Settled:
    channel: int
    window: Window
    decoded: Decoded


class RecordingInProgress:
    """Reads one job's sound, and collects what the model made of its windows. Safe to call from several threads.

    `future` holds the outcome once the sound has ended and every window has come back.
    """

    def __init__(self, job: SpeechJob, language: str | None) -> None:
        self.job = job
        self.future: Future[Heard] = Future()
        self.language = language
        self._confidence = 1.0
        self._lock = threading.Lock()
        self._asking = False
        self._votes: list[tuple[str, float]] = []
        self._parked: list[Entry] = []
        self._settled: list[_Settled] = []
        self._outstanding = 0
        self._ended = False
        self._frames = 0
        self._packers: list[WindowPacker] = []

    def windows(self, threshold: float) -> Iterator[tuple[int, Window, Samples]]:
        """Reads the sound to its end and yields each channel's windows with their sound.

        Raises:
          TranscriptionError: The blocks do not fit together, or hold values that are no sound.
          RecordingError: Reading failed.
        """
        detectors: list[SpeechProbabilities] = []
        for block in _reblocked(self.job.blocks()):
            if not self._packers:
                detectors = [SpeechProbabilities() for _ in block]
                self._packers = [WindowPacker(threshold) for _ in block]
            self._frames += block.shape[1]
            for channel, samples in enumerate(block):
                probabilities = detectors[channel].feed(samples)
                for window, sound in self._packers[channel].feed(samples, probabilities):
                    yield channel, window, sound
        for channel, packer in enumerate(self._packers):
            for windows in (packer.feed(np.zeros(0, np.float32), detectors[channel].finish()), packer.finish()):
                for window, sound in windows:
                    yield channel, window, sound

    def arrived(self, channel: int, window: Window, features: NDArray[np.float32]) -> list[Entry]:
        """Takes a window that was cut, and returns what may go to the model now."""
        with self._lock:
            self._outstanding += 1
            entry = Entry(self, channel, Request(window, features, self.language))
            if self.language is None:
                if self._asking:
                    self._parked.append(entry)
                    return []
                self._asking = True
            return [entry]

    def ended(self) -> None:
        """All windows have arrived."""
        with self._lock:
            self._ended = True
        self._complete()

    def heard(self, entry: Entry, decoded: Decoded) -> list[Entry]:
        """Takes what the model made of a window, and returns the windows that must go to it again, or only now."""
        with self._lock:
            following = self._settle_language(entry, decoded) if entry.request.language is None else []
            again = self._second_look(entry, decoded)
            if not again:
                best = _better(entry.best, decoded)
                self._settled.append(_Settled(entry.channel, entry.request.window, best))
            self._outstanding += len(again) - 1
        self._complete()
        return again + following

    def fail(self, error: BaseException) -> None:
        """Ends the recording, unless it has ended."""
        try:
            self.future.set_exception(error)
        except InvalidStateError:
            return

    def _settle_language(self, entry: Entry, decoded: Decoded) -> list[Entry]:
        """Decides by the first windows which language is spoken, and lets the waiting ones go."""
        if self.language is not None:
            return []
        self._votes.append((decoded.language, decoded.language_confidence))
        unsure = decoded.language_confidence < _SURE_LANGUAGE and len(self._votes) < _LANGUAGE_WINDOWS
        if unsure and not (self._ended and not self._parked):
            if self._parked:
                return [self._parked.pop(0)]
            self._asking = False
            return []
        totals: dict[str, float] = {}
        for language, confidence in self._votes:
            totals[language] = totals.get(language, 0.0) + confidence
        self.language = max(totals, key=lambda language: totals[language])
        self._confidence = totals[self.language] / len(self._votes)
        released = [replace(parked, request=replace(parked.request, language=self.language)) for parked in self._parked]
        self._parked = []
        return released

    def _second_look(self, entry: Entry, decoded: Decoded) -> list[Entry]:
        """Windows whose text is doubtful are heard again, with more context, then in two parts."""
        request, language = entry.request, self.language or decoded.language
        wrong_language = self.language is not None and decoded.language != self.language
        if wrong_language:
            return [replace(entry, request=replace(request, language=self.language))]
        if decoded.doubt is None:
            return []
        if not request.careful:
            return [replace(entry, request=replace(request, language=language, careful=True), best=decoded)]
        best = _better(entry.best, decoded)
        if best.unheard is None or not entry.whole:
            return []
        at = _quiet_frame(request.features, *best.unheard)
        if at is None:
            return []
        windows = split(request.window, at * RATE_HZ // FRAMES_PER_SECOND)
        return [
            Entry(self, entry.channel, Request(window, features, language, careful=True), whole=False)
            for window, features in zip(windows, (request.features[:, :at], request.features[:, at:]), strict=True)
        ]

    def _complete(self) -> None:
        with self._lock:
            if not self._ended or self._outstanding or self.future.done():
                return
            outcome = self._outcome()
        try:
            self.future.set_result(outcome)
        except InvalidStateError:
            return

    def _outcome(self) -> Heard:
        start_s = self.job.start_s
        found = sorted(self._settled, key=lambda settled: settled.window.pieces[0].source)
        spoken, unheard = [], []
        for channel in range(len(self._packers)):
            words: list[Word] = []
            for settled in found:
                if settled.channel == channel:
                    words.extend(place(settled.decoded.words, settled.window, channel, start_s))
            spoken.extend(utterances(words))
        for settled in found:
            if settled.decoded.unheard is not None:
                low, high = (settled.window.source_s(moment) + start_s for moment in settled.decoded.unheard)
                unheard.append(TimeSpan(settled.channel, low, high))
        speech = [
            TimeSpan(channel, round(start_s + start / RATE_HZ, 3), round(start_s + stop / RATE_HZ, 3))
            for channel, packer in enumerate(self._packers)
            for start, stop in packer.spoken
        ]
        heard_s = self._frames / RATE_HZ
        transcript = Transcript(
            language_code=self.language or (self._votes[0][0] if self._votes else _UNKNOWN_LANGUAGE),
            language_confidence=self._confidence if self.language else (self._votes[0][1] if self._votes else 0.0),
            duration_s=start_s + heard_s,
            channels=len(self._packers),
            utterances=tuple(sorted(spoken, key=lambda utterance: (utterance.start_s, utterance.channel))),
            speech=tuple(sorted(speech, key=lambda span: (span.start_s, span.channel))),
        )
        return Heard(transcript, heard_s, tuple(unheard))


def _better(first: Decoded | None, second: Decoded) -> Decoded:
    """The later of two results, unless it is worse."""

    def merit(decoded: Decoded) -> tuple[bool, bool, float]:
        unheard = decoded.unheard or (0.0, 0.0)
        return decoded.doubt is None, decoded.doubt is not Doubt.REPEATS, unheard[0] - unheard[1]

    return second if first is None or merit(second) >= merit(first) else first


def _quiet_frame(features: NDArray[np.float32], start_s: float, stop_s: float) -> int | None:
    """Where to cut a window, so that its unheard stretch begins or ends a part; None where it fills the window."""
    frames = features.shape[1]
    for moment_s in (start_s, stop_s):
        at = int(moment_s * FRAMES_PER_SECOND)
        low, high = (
            max(at - _CUT_AROUND_FRAMES, FRAMES_PER_SECOND),
            min(at + _CUT_AROUND_FRAMES, frames - FRAMES_PER_SECOND),
        )
        if low < high:
            return low + int(np.argmin(features[:, low:high].mean(axis=0)))
    return None


def _reblocked(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """Joins short blocks into blocks of about 8 s, and checks them."""
    waiting: list[Samples] = []
    frames, channels = 0, None
    for block in blocks:
        if block.ndim != 2 or not block.shape[0] or block.shape[0] != (channels or block.shape[0]):
            raise TranscriptionError("the decoded sound changes its number of channels")
        if not np.isfinite(block).all():
            raise TranscriptionError("the decoded sound holds values that are not finite")
        channels = block.shape[0]
        waiting.append(block.astype(np.float32, copy=False))
        frames += block.shape[1]
        if frames >= _BLOCK:
            yield np.concatenate(waiting, axis=1)
            waiting, frames = [], 0
    if waiting:
        yield np.concatenate(waiting, axis=1)
