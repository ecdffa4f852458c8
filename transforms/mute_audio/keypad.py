"""Keypad tones as findings, from a recording's samples as they are decoded."""

from __future__ import annotations

import numpy as np

from hushbeam.schemas.finding import Finding
from hushbeam.schemas.media import MediaInfo
from hushbeam.transforms.media.recogniser_audio import Resampler, float_channels
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ, FloatSamples, Samples
from hushbeam.transforms.mute_audio.dtmf import ToneFinder

KEYPAD_POLICY = "dtmf"


class KeypadDetector:
    """Hears every block of a recording, in order.

    Attributes:
      has_audio: Whether there was any.
    """

    def __init__(self, *, mix: bool) -> None:
        self.has_audio = False
        self._mix = mix
        self._resampler: Resampler | None = None
        # Keypad tones and their harmonics lie below 3.3 kHz: half the rate costs a third.
        self._finder = ToneFinder(RECOGNISER_RATE_HZ // 2)
        self._rest: FloatSamples | None = None

    def add(self, info: MediaInfo, block: Samples) -> None:
        """Takes the next native samples, of shape (channels, frames)."""
        self.has_audio = True
        if self._resampler is None:
            self._resampler = Resampler(info.sample_rate_hz, 1 if self._mix else info.channels)
        for transcribed in self._resampler.add(float_channels(block, mix=self._mix)):
            self._look(transcribed)

    def findings(self) -> tuple[Finding, ...]:
        """The tones, after the last block, ordered by start."""
        if self._resampler is not None:
            for transcribed in self._resampler.finish():
                self._look(transcribed)
        return tuple(
            Finding(
                policy=KEYPAD_POLICY,
                label=KEYPAD_POLICY.upper(),
                channel=span.channel,
                start_s=span.start_s,
                end_s=span.end_s,
                score=1.0,
                detector="keypad_tones",
            )
            for span in self._finder.finish()
        )

    def _look(self, transcribed: FloatSamples) -> None:
        """Each two samples as one."""
        joined = transcribed if self._rest is None else np.concatenate((self._rest, transcribed), axis=1)
        pairs = joined.shape[1] // 2 * 2
        self._rest = joined[:, pairs:]
        self._finder.add((joined[:, 0:pairs:2] + joined[:, 1:pairs:2]) / np.float32(2))
