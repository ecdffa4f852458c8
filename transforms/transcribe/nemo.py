"""NeMo recognisers (Parakeet and other Conformers), exported to ONNX: loads them, and gives their words times.

onnx-asr computes features, runs the network and decodes greedily. It reports the moment at which the network wrote each
token, in steps of a few hundredths of a second, but not how long the token lasts: that is concluded here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from faster_whisper.utils import get_assets_path
from numpy.typing import NDArray

from hushbeam.schemas.errors import ConfigurationError, installs
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ, FloatSamples
from hushbeam.transforms.transcribe.decoding import (
    FRAMES_PER_SECOND,
    DecodedWindow,
    Doubt,
    Request,
    speech_without_words,
)
from hushbeam.transforms.transcribe.model import ModelFolder
from hushbeam.transforms.transcribe.settings import TranscriptionSettings
from hushbeam.transforms.transcribe.windows import Window
from hushbeam.transforms.transcribe.words import UTTERANCE_PAUSE_S, TimedText

_FRAME = RECOGNISER_RATE_HZ // FRAMES_PER_SECOND
_FEWEST_FRAMES = 50
"""Shorter audio is followed by silence: features are normalised by their variance over the audio."""

_TAIL_S = 0.7
"""Audio after a word's last token, before a pause or before the next word, that still belongs to the word."""

_SHORTEST_S = 0.1


@dataclass
class _Word:
    """A word while its tokens are joined, with the times of its first and last token in seconds of the window."""

    text: str
    first_s: float
    last_s: float
    log_probabilities: list[float] = field(default_factory=list)


class NemoRecogniser:
    """A NeMo model that onnx-asr runs. Safe to call from several threads.

    Its features are the samples themselves, a frame of 10 ms in each column, so that they can be cut like Whisper's.

    Attributes:
      identity, languages, detects_language: As in `Recogniser`.
    """

    detects_language = False

    def __init__(self, folder: ModelFolder, settings: TranscriptionSettings) -> None:
        config = folder.config
        self.identity = folder.identity
        self.languages = frozenset(config.get("languages", ("en",)))
        self._step_s = config.get("subsampling_factor", 8) / FRAMES_PER_SECOND
        self._together = settings.device == "cuda"
        self._model = _load(folder, settings)

    def features(self, samples: FloatSamples) -> NDArray[np.float32]:
        """Samples of shape (160, frames); the last frame is completed with silence."""
        return np.ascontiguousarray(np.pad(samples, (0, -len(samples) % _FRAME)).reshape(-1, _FRAME).T, np.float32)

    def loudness(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The power of each frame."""
        return np.square(features).mean(axis=0)

    def decode(self, requests: Sequence[Request]) -> list[DecodedWindow]:
        """Decodes a batch of requests. They share a language if the model knows several."""
        # On a CPU a batch is not faster, and one window alone always gives the same words.
        batches = [requests] if self._together else [[request] for request in requests]
        return [
            self._checked(request, result)
            for batch in batches
            for request, result in zip(batch, self._model.recognize([_audio(each) for each in batch]), strict=True)
        ]

    def _checked(self, request: Request, result: Any) -> DecodedWindow:
        words = timed_words(result.tokens, result.timestamps, result.logprobs, request.window, self._step_s)
        untranscribed = speech_without_words(request.window, words)
        return DecodedWindow(
            tuple(words),
            request.language or min(self.languages),
            1.0,
            float(np.mean(result.logprobs)) if result.logprobs else 0.0,
            Doubt.UNTRANSCRIBED if untranscribed else None,
            untranscribed,
        )


def timed_words(
    tokens: Sequence[str], moments_s: Sequence[float], log_probabilities: Sequence[float], window: Window, step_s: float
) -> list[TimedText]:
    """Joins tokens into words, and gives each word a range of time.

    A word begins where speech begins after the pause before it, or half a step before its first token. It lasts to the
    next word or to the pause after it, and at most 0.7 s beyond its last token.

    Args:
      tokens: Those that begin a word begin with a space.
      moments_s: When the network wrote each token, in seconds of the window.
      window: The window of the tokens, with its detected speech.
      step_s: Seconds between two outputs of the network.
    """
    words = list(_joined(tokens, moments_s, log_probabilities))
    speech = [(start / RECOGNISER_RATE_HZ, stop / RECOGNISER_RATE_HZ) for start, stop in window.speech]
    starts: list[float] = []
    earliest_s = -1.0
    for word in words:
        # The network wrote the token at a moment within the step; both words bear half of the error.
        start_s = max(word.first_s - step_s / 2, earliest_s, 0.0)
        onsets = [onset for onset, _ in speech if earliest_s < onset <= word.first_s + step_s]
        if onsets and word.first_s - onsets[-1] <= _TAIL_S:
            start_s = min(onsets[-1], word.first_s)
        starts.append(start_s)
        earliest_s = word.last_s
    timed = []
    for word, start_s, next_s in zip(words, starts, [*starts[1:], window.duration_s], strict=True):
        stop_s = next((stop for _, stop in speech if stop >= word.last_s), next_s)
        end_s = max(min(word.last_s + _TAIL_S, next_s, stop_s), start_s + _SHORTEST_S)
        confidence = float(np.exp(np.mean(word.log_probabilities)))
        timed.append(TimedText(word.text, start_s, end_s, confidence))
    return timed


def _joined(tokens: Sequence[str], moments_s: Sequence[float], log_probabilities: Sequence[float]) -> Iterator[_Word]:
    """Words of tokens. A number is parted at long pauses: several turns may have said it."""
    word: _Word | None = None
    begins = True
    for token, moment_s, log_probability in zip(tokens, moments_s, log_probabilities, strict=True):
        begins = begins or token.startswith(" ")
        text = token.strip()
        if not text or (text.startswith("<") and text.endswith(">")):
            continue
        if not any(character.isalnum() for character in text):
            # Punctuation takes no time.
            if word is not None:
                word = replace(word, text=word.text + text)
            continue
        if word is None or begins or moment_s - word.last_s > UTTERANCE_PAUSE_S:
            if word is not None:
                yield word
            word = _Word(" " * begins + text, moment_s, moment_s, [])
        else:
            word = replace(word, text=word.text + text, last_s=moment_s)
        word.log_probabilities.append(min(log_probability, 0.0))
        begins = False
    if word is not None:
        yield word


def _audio(request: Request) -> FloatSamples:
    silence = max(0, _FEWEST_FRAMES - request.frames)
    return np.pad(request.features.T.reshape(-1), (0, silence * _FRAME))


def _load(folder: ModelFolder, settings: TranscriptionSettings) -> Any:
    try:
        import onnx_asr  # noqa: PLC0415 - an optional package
    except ImportError:
        raise ConfigurationError(
            f"model: {folder.name!r} is a NeMo model, which needs the package onnx-asr, on "
            f"workers too: {installs('nemo')}"
        ) from None
    provider = "CPUExecutionProvider"
    if settings.device == "cuda":
        provider = "CUDAExecutionProvider"
        _check_gpu(provider)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.model_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        model = onnx_asr.load_model(
            folder.config["model_type"],
            folder.path,
            quantization=folder.quantization,
            sess_options=options,
            providers=[provider],
        )
        return model.with_timestamps()
    except Exception as error:
        raise ConfigurationError(f"model: {folder.name!r} does not load on {settings.device}: {error}") from error


def _check_gpu(provider: str) -> None:
    """Loads a small model on the GPU: onnxruntime itself falls back to the CPU.

    Raises:
      ConfigurationError: onnxruntime has no CUDA, or no GPU works.
    """
    small = str(Path(get_assets_path()) / "silero_vad_v6.onnx")
    if provider in onnxruntime.get_available_providers():
        session = onnxruntime.InferenceSession(small, providers=[provider])
        if session.get_providers()[0] == provider:
            return
    raise ConfigurationError(
        "device: cuda with a NeMo model needs an NVIDIA GPU, and the package onnxruntime-gpu in place of onnxruntime"
    )
