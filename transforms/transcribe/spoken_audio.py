"""Audio of one recording as the recogniser reads it: checked, with the speech of each channel cut into windows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from hushbeam.schemas.errors import RecordingError
from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ, FloatSamples
from hushbeam.transforms.transcribe.vad import KnownSpeech, SpeechProbabilities
from hushbeam.transforms.transcribe.windows import Window, WindowPacker

_BLOCK = 8 * RECOGNISER_RATE_HZ


class TranscriptionError(RecordingError):
    """The audio of one recording cannot be transcribed."""

    remedy = "Play the recording; try another `--model`."


class SpokenAudio:
    """The audio of a recording, or of a range of one, and the speech in it.

    Args:
      blocks, start_s, speech: As in `hushbeam.transforms.transcribe.recording.SpeechJob`.
    """

    def __init__(
        self,
        blocks: Callable[[], Iterable[FloatSamples]],
        *,
        start_s: float = 0.0,
        speech: Sequence[TimeSpan] | None = None,
    ) -> None:
        self._blocks = blocks
        self._start_s = start_s
        self._known = speech
        self._frames = 0
        self._packers: list[WindowPacker] = []

    def windows(self) -> Iterator[tuple[int, Window, FloatSamples]]:
        """Reads the audio to its end and yields each channel's windows with their audio. Call it once.

        Raises:
          TranscriptionError: The blocks do not fit together, or hold values that are not finite.
          RecordingError: Reading failed.
        """
        detectors: list[SpeechProbabilities | KnownSpeech] = []
        for block in _reblocked(self._blocks()):
            if not self._packers:
                detectors = [self._detector(channel) for channel in range(len(block))]
                self._packers = [WindowPacker() for _ in block]
            self._frames += block.shape[1]
            for channel, samples in enumerate(block):
                probabilities = detectors[channel].feed(samples)
                for window, audio in self._packers[channel].feed(samples, probabilities):
                    yield channel, window, audio
        for channel, packer in enumerate(self._packers):
            for windows in (packer.feed(np.zeros(0, np.float32), detectors[channel].finish()), packer.finish()):
                for window, audio in windows:
                    yield channel, window, audio

    @property
    def channels(self) -> int:
        """Number of channels; 0 without audio."""
        return len(self._packers)

    @property
    def length_s(self) -> float:
        """Seconds that were read."""
        return self._frames / RECOGNISER_RATE_HZ

    @property
    def speech(self) -> tuple[TimeSpan, ...]:
        """All detected speech, in times of the recording, ordered by start."""
        start_s = self._start_s
        found = [
            TimeSpan(
                channel, round(start_s + start / RECOGNISER_RATE_HZ, 3), round(start_s + stop / RECOGNISER_RATE_HZ, 3)
            )
            for channel, packer in enumerate(self._packers)
            for start, stop in packer.spoken
        ]
        return tuple(sorted(found, key=lambda span: (span.start_s, span.channel)))

    def _detector(self, channel: int) -> SpeechProbabilities | KnownSpeech:
        if self._known is None:
            return SpeechProbabilities()
        start_s = self._start_s
        return KnownSpeech(
            [(span.start_s - start_s, span.end_s - start_s) for span in self._known if span.channel == channel]
        )


def _reblocked(blocks: Iterable[FloatSamples]) -> Iterator[FloatSamples]:
    """Checks the blocks, and joins and cuts them into blocks of 8 s."""
    waiting: list[FloatSamples] = []
    frames, channels = 0, None
    for block in blocks:
        if block.ndim != 2 or not block.shape[0] or block.shape[0] != (channels or block.shape[0]):
            raise TranscriptionError("the number of channels of the decoded audio changes")
        if not np.isfinite(block).all():
            raise TranscriptionError("the decoded audio contains values that are not finite")
        channels = block.shape[0]
        waiting.append(block.astype(np.float32, copy=False))
        frames += block.shape[1]
        if frames >= _BLOCK:
            joined = np.concatenate(waiting, axis=1)
            whole = frames - frames % _BLOCK
            yield from np.split(joined[:, :whole], whole // _BLOCK, axis=1)
            waiting, frames = [joined[:, whole:]], frames - whole
    if frames:
        yield np.concatenate(waiting, axis=1)
