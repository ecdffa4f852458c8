"""One recording in the speech engine: its windows, the words that came back, and speech without words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.languages import UNDETERMINED, primary_language
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Transcript, Word
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ, FloatSamples
from hushbeam.transforms.transcribe.decoding import FRAMES_PER_SECOND, DecodedWindow, Doubt, Request
from hushbeam.transforms.transcribe.second_look import parts_to_transcribe_again
from hushbeam.transforms.transcribe.settings import SecondLook
from hushbeam.transforms.transcribe.spoken_audio import SpokenAudio
from hushbeam.transforms.transcribe.windows import Window, split
from hushbeam.transforms.transcribe.words import conversation, place

_SURE_LANGUAGE = 0.5
_LANGUAGE_WINDOWS = 3
_MOST_PARKED = 32
_MOST_UNTRANSCRIBED = 0.95
"""If parts without words are a larger share of a window, the whole window is transcribed again."""


@dataclass(frozen=True)
class SpeechJob:
    """One recording, or a time range of one, to transcribe.

    Attributes:
      recording_id: For the caller; the engine does not interpret it.
      blocks: Called once, in a thread of the engine. Gives float32 blocks of shape (channels, frames) at 16 kHz, of any
        length, all with the same number of channels. A `RecordingError` that it raises ends this job only.
      language: ISO 639-1, of which a region is dropped: models know `en`, not `en_us`. None detects it.
      start_s: Where the first sample lies in the recording. All times in the result count from the recording's start.
      speech: Ranges of the recording to transcribe, those of a channel ordered and apart; None detects speech.
      progress: Called with the seconds of audio that are done, when a window is; from several threads, so a late call
        may be smaller than an earlier one.
    """

    recording_id: str
    blocks: Callable[[], Iterable[FloatSamples]]
    language: str | None = None
    start_s: float = 0.0
    speech: Sequence[TimeSpan] | None = None
    progress: Callable[[float], None] | None = None

    def __post_init__(self) -> None:
        if self.language is not None:
            object.__setattr__(self, "language", primary_language(self.language) or self.language)


@dataclass(frozen=True)
class Transcription:
    """The engine's result for one job.

    Attributes:
      transcript: Utterances over all channels, in time order. Its duration is the end of the job's audio.
      transcribed_s: Seconds of audio in the blocks.
      untranscribed: Stretches of detected speech for which the model wrote no words, even at a second look.
    """

    transcript: Transcript
    transcribed_s: float
    untranscribed: tuple[TimeSpan, ...]


@dataclass(frozen=True)
class Entry:
    """A window of a recording in the queue for the model.

    Attributes:
      best: The result of an earlier pass.
      whole: Whether it is a whole window; a part of one is transcribed by itself.
      first_frame: Where a part begins in its window.
    """

    recording: RecordingInProgress
    channel: int
    request: Request
    best: DecodedWindow | None = None
    whole: bool = True
    first_frame: int = 0


@dataclass(frozen=True)
class _Settled:
    channel: int
    source_s: float
    words: list[Word]


class RecordingInProgress:
    """Reads one job's audio, and collects the words of its windows. Safe to call from several threads.

    `future` holds the transcription once the audio has ended and every window has come back.

    Args:
      loudness: How loud each frame of a request's features is.

    Attributes:
      number: Recordings with lower numbers are transcribed first.
    """

    def __init__(
        self,
        job: SpeechJob,
        *,
        number: int,
        second_look: SecondLook,
        loudness: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    ) -> None:
        self.job = job
        self.number = number
        self.future: Future[Transcription] = Future()
        self.language = job.language
        self._look = second_look
        self._loudness = loudness
        self._confidence = 1.0
        self._lock = threading.Lock()
        self._asking = False
        self._votes: list[tuple[str, float]] = []
        self._parked: list[Entry] = []
        self._released = threading.Condition(self._lock)
        self._settled: list[_Settled] = []
        self._untranscribed: list[TimeSpan] = []
        self._outstanding = 0
        self._arrived_frames = 0
        self._settled_frames = 0
        self._ended = False
        self._audio = SpokenAudio(job.blocks, start_s=job.start_s, speech=job.speech)

    def windows(self) -> Iterator[tuple[int, Window, FloatSamples]]:
        """Reads the audio to its end and yields each channel's windows with their audio.

        Raises:
          TranscriptionError: The blocks do not fit together, or hold values that are not finite.
          RecordingError: Reading failed.
        """
        yield from self._audio.windows()

    def arrived(self, channel: int, window: Window, features: NDArray[np.float32]) -> list[Entry]:
        """Takes a new window, and returns the windows that may go to the model now."""
        with self._lock:
            self._outstanding += 1
            self._arrived_frames += features.shape[-1]
            entry = Entry(self, channel, Request(window, features, self.language))
            if self.language is None:
                if self._asking:
                    self._parked.append(entry)
                    return []
                self._asking = True
            return [entry]

    def wait_for_language(self) -> None:
        """Returns when few windows wait for the language to be detected: the queue does not count their memory."""
        with self._released:
            self._released.wait_for(lambda: len(self._parked) < _MOST_PARKED or self.future.done())

    def ended(self) -> None:
        """Notes that all windows have arrived."""
        with self._lock:
            self._ended = True
        self._complete()

    def take_result(self, entry: Entry, decoded: DecodedWindow) -> list[Entry]:
        """Takes the result of a window, and returns windows that must go to the model again, or only now."""
        with self._lock:
            following = self._settle_language(decoded) if entry.request.language is None else []
            again = self._second_look(entry, decoded)
            if not again:
                self._settle(entry, _better(entry.best, decoded))
            elif not again[0].whole and entry.whole:
                cut = [(part.first_frame, part.first_frame + part.request.frames) for part in again]
                self._settle(entry, decoded, cut)
            self._outstanding += len(again) - 1
            done_s = self._done_s()
        if self.job.progress is not None:
            self.job.progress(done_s)
        self._complete()
        return again + following

    def fail(self, error: BaseException) -> None:
        """Ends the recording with an error, unless it has ended."""
        try:
            self.future.set_exception(error)
        except InvalidStateError:
            return
        with self._released:
            self._released.notify_all()

    def _settle_language(self, decoded: DecodedWindow) -> list[Entry]:
        """Decides the language by the first windows, and releases the waiting ones."""
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
        self._released.notify_all()
        return released

    def _second_look(self, entry: Entry, decoded: DecodedWindow) -> list[Entry]:
        """What to transcribe again: stretches without words by themselves, other doubtful windows as a whole."""
        request, language = entry.request, self.language or decoded.language
        if decoded.language != language:
            return [replace(entry, request=replace(request, language=language))]
        if decoded.doubt is None or request.careful or self._look == "none":
            return []
        if decoded.doubt is Doubt.UNTRANSCRIBED and entry.whole:
            parts = parts_to_transcribe_again(request.window, self._loudness(request.features), decoded)
            if sum(last - first for first, last in parts) < _MOST_UNTRANSCRIBED * request.frames:
                return [self._part(entry, language, *part) for part in parts]
        if self._look == "parts":
            return []
        return [replace(entry, request=replace(request, language=language, careful=True), best=decoded)]

    def _part(self, entry: Entry, language: str, first: int, last: int) -> Entry:
        features = entry.request.features
        _, rest = split(entry.request.window, first * RECOGNISER_RATE_HZ // FRAMES_PER_SECOND)
        window, _ = split(rest, (last - first) * RECOGNISER_RATE_HZ // FRAMES_PER_SECOND)
        part = Request(window, np.ascontiguousarray(features[:, first:last]), language)
        return Entry(self, entry.channel, part, whole=False, first_frame=first)

    def _settle(self, entry: Entry, decoded: DecodedWindow, cut: Sequence[tuple[int, int]] = ()) -> None:
        """Keeps the words of a window, except in the frames of `cut`, which are transcribed by themselves."""
        window, start_s = entry.request.window, self.job.start_s
        self._settled_frames += entry.request.frames - sum(last - first for first, last in cut)
        first_s = 0.0
        bounds = [(first / FRAMES_PER_SECOND, last / FRAMES_PER_SECOND) for first, last in cut]
        for low_s, high_s in [*bounds, (window.duration_s, window.duration_s)]:
            words = [word for word in decoded.words if first_s <= (word.start_s + word.end_s) / 2 < low_s]
            source_s = window.source_s(first_s)
            self._settled.append(_Settled(entry.channel, source_s, place(words, window, entry.channel, start_s)))
            first_s = high_s
        if not cut:
            self._untranscribed += [
                TimeSpan(entry.channel, start_s + window.source_s(low_s), start_s + window.source_s(high_s))
                for low_s, high_s in decoded.untranscribed
            ]

    def _done_s(self) -> float:
        """Seconds of the audio read so far, in the proportion of its speech that is done: the model takes the time."""
        return self._audio.length_s * self._settled_frames / max(self._arrived_frames, 1)

    def _complete(self) -> None:
        with self._lock:
            if not self._ended or self._outstanding or self.future.done():
                return
            transcription = self._transcription()
        try:
            self.future.set_result(transcription)
        except InvalidStateError:
            return

    def _transcription(self) -> Transcription:
        words: list[list[Word]] = []
        for channel in range(self._audio.channels):
            parts = sorted((part for part in self._settled if part.channel == channel), key=lambda part: part.source_s)
            words.append([word for part in parts for word in part.words])
        transcript = Transcript(
            language_code=self.language or (self._votes[0][0] if self._votes else UNDETERMINED),
            language_confidence=self._confidence if self.language else (self._votes[0][1] if self._votes else 0.0),
            duration_s=self.job.start_s + self._audio.length_s,
            channels=self._audio.channels,
            utterances=conversation(words),
            speech=self._audio.speech,
        )
        return Transcription(
            transcript,
            self._audio.length_s,
            tuple(sorted(self._untranscribed, key=lambda span: (span.start_s, span.channel))),
        )


def _better(first: DecodedWindow | None, second: DecodedWindow) -> DecodedWindow:
    """The better of two results; the later one if they are equal."""

    def merit(decoded: DecodedWindow) -> tuple[bool, bool, float]:
        untranscribed_s = sum(stop - start for start, stop in decoded.untranscribed)
        return decoded.doubt is None, decoded.doubt is not Doubt.REPEATS, -untranscribed_s

    return second if first is None or merit(second) >= merit(first) else first
