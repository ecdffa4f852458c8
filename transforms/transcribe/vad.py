"""Voice activity detection on a stream of blocks: Silero's detector, and loudness for voices that it misses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
from faster_whisper.utils import get_assets_path
from numpy.typing import NDArray

from hushbeam.schemas.spans import runs
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ, FloatSamples

FRAME = 512
"""Samples that one speech probability stands for: 32 ms."""

FRAME_S = FRAME / RECOGNISER_RATE_HZ

_CONTEXT = 64
_STATE = (1, 1, 128)

QUIET_PEAK = 0.0008
"""Speech below this amplitude (-62 dB of full scale, 26 steps of a 16-bit sample) cannot be understood."""

_WARM_UP_FRAMES = 16
_LONGEST_RUN_FRAMES = 2048

_REMEMBERED_FRAMES = round(60 / FRAME_S)
_SOFTEST_VOICE_DB = -50.0
_ABOVE_NOISE_DB = 12.0
_BELOW_VOICE_DB = 20.0
_LOUD_OF = 7
_LOUD_AT_LEAST = 3

Probabilities = NDArray[np.float32]


class SpeechProbabilities:
    """Speech probabilities of one channel, block by block, with the detector's state kept between blocks.

    The detector does not get long stretches of near silence, which are a large part of one side of a telephone call:
    their probability is 0. It always gets the half second before audio returns.

    The detector misses some loud and clear voices, above all whispering ones: their probability is 0 over whole
    sentences. Speech that it misses would be neither transcribed nor muted. Therefore audio that is as loud as the
    channel's voices, and louder than its noise, has probability 1.
    """

    def __init__(self) -> None:
        self._levels: NDArray[np.float32] = np.zeros(0, np.float32)
        self._hidden = np.zeros(_STATE, np.float32)
        self._cell = np.zeros(_STATE, np.float32)
        self._rest: FloatSamples = np.zeros(0, np.float32)
        self._context: FloatSamples = np.zeros(_CONTEXT, np.float32)

    def feed(self, samples: FloatSamples) -> Probabilities:
        """Returns the probability of every frame that `samples` complete, after the rest of the last call."""
        joined = np.concatenate((self._rest, samples))
        whole = len(joined) // FRAME * FRAME
        self._rest = joined[whole:].copy()
        return self._detect(joined[:whole])

    def finish(self) -> Probabilities:
        """Returns the probability of the last, incomplete frame, if there is one."""
        if not len(self._rest):
            return np.zeros(0, np.float32)
        padded = np.zeros(FRAME, np.float32)
        padded[: len(self._rest)] = self._rest
        self._rest = np.zeros(0, np.float32)
        return self._detect(padded)

    def _detect(self, samples: FloatSamples) -> Probabilities:
        frames = samples.reshape(-1, FRAME)
        found = np.zeros(len(frames), np.float32)
        if not len(frames):
            return found
        contexts = np.concatenate((self._context[None], frames[:-1, -_CONTEXT:]))
        self._context = frames[-1, -_CONTEXT:].copy()
        for start, stop in _audible_runs(np.abs(frames).max(axis=1)):
            inputs = np.concatenate((contexts[start:stop], frames[start:stop]), axis=1)
            probabilities, self._hidden, self._cell = _session().run(
                None, {"input": inputs, "h": self._hidden, "c": self._cell}
            )
            found[start:stop] = probabilities.reshape(-1)
        return np.where(self._as_loud_as_voices(frames), np.float32(1.0), found)

    def _as_loud_as_voices(self, frames: FloatSamples) -> NDArray[np.bool_]:
        power = np.einsum("ij,ij->i", frames, frames) / FRAME
        levels = 10 * np.log10(np.maximum(power, 1e-10)).astype(np.float32)
        self._levels = np.concatenate((self._levels, levels))[-_REMEMBERED_FRAMES:]
        noise, voice = np.percentile(self._levels, (10, 95))
        loud = levels > max(noise + _ABOVE_NOISE_DB, voice - _BELOW_VOICE_DB, _SOFTEST_VOICE_DB)
        # A click is loud as well, but short.
        around = np.convolve(loud, np.ones(_LOUD_OF), mode="full")[_LOUD_OF // 2 : _LOUD_OF // 2 + len(loud)]
        sustained: NDArray[np.bool_] = loud & (around >= _LOUD_AT_LEAST)
        return sustained


class KnownSpeech:
    """Speech probabilities of one channel whose speech is known: 1 in speech, 0 elsewhere.

    Near silence has probability 0 even within the known speech, because it was muted later.

    Args:
      ranges: Start and end in seconds from the channel's first sample, ordered and apart.
    """

    def __init__(self, ranges: Sequence[tuple[float, float]]) -> None:
        self._edges = np.array(ranges, np.float64).reshape(-1) * RECOGNISER_RATE_HZ
        self._rest: FloatSamples = np.zeros(0, np.float32)
        self._frame = 0

    def feed(self, samples: FloatSamples) -> Probabilities:
        """Returns the probability of every frame that `samples` complete, after the rest of the last call."""
        joined = np.concatenate((self._rest, samples))
        whole = len(joined) // FRAME * FRAME
        self._rest = joined[whole:].copy()
        return self._known(joined[:whole])

    def finish(self) -> Probabilities:
        """Returns the probability of the last, incomplete frame, if there is one."""
        padded = np.pad(self._rest, (0, -len(self._rest) % FRAME))
        self._rest = np.zeros(0, np.float32)
        return self._known(padded)

    def _known(self, samples: FloatSamples) -> Probabilities:
        frames = samples.reshape(-1, FRAME)
        middles = (self._frame + np.arange(len(frames)) + 0.5) * FRAME
        self._frame += len(frames)
        # Between an even and an odd edge there is speech.
        inside = np.searchsorted(self._edges, middles, side="right") % 2 == 1
        audible = np.abs(frames).max(axis=1, initial=0.0) >= QUIET_PEAK
        return (inside & audible).astype(np.float32)


def _audible_runs(peaks: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Ranges of frames for the detector: all but long near silence."""
    loud = peaks >= QUIET_PEAK
    loud[:1] = True
    loud[-_WARM_UP_FRAMES:] = True
    window = np.ones(2 * _WARM_UP_FRAMES + 1)
    shown = np.convolve(loud, window, mode="same") > 0 if len(loud) >= len(window) else np.ones_like(loud)
    return [
        (start, min(start + _LONGEST_RUN_FRAMES, stop))
        for begin, stop in runs(shown)
        for start in range(begin, stop, _LONGEST_RUN_FRAMES)
    ]


@cache
def _session() -> onnxruntime.InferenceSession:
    """One session for the process: its `run` is safe in several threads and holds no lock while it computes."""
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    model = Path(get_assets_path()) / "silero_vad_v6.onnx"
    return onnxruntime.InferenceSession(str(model), sess_options=options, providers=["CPUExecutionProvider"])
