"""Decoding of window batches: what every recogniser does, and the Whisper model with checks of its result."""

from __future__ import annotations

import enum
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import ctranslate2
import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.spans import runs
from hushbeam.transforms.base.spoken_length import longest_for_second_look_s
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ, FloatSamples
from hushbeam.transforms.transcribe.model import LoadedModel
from hushbeam.transforms.transcribe.windows import Window
from hushbeam.transforms.transcribe.words import TOKENS_PER_SECOND, TimedText, timed_texts

FRAMES_PER_SECOND = 100
_CONTEXTS = tuple(range(600, 3001, 200))
"""Frames that the model gets. Fixed steps, so that the words of a window do not depend on its batch."""

_TRAILING_FRAMES = 100
"""Silence that the model gets after a window's audio. Without it the model invents endings."""

_NOT_REPEATED = (5, 3)
"""Lengths of token sequences that a repetitive text may not repeat, in the order in which they are tried."""

_COMPRESSION_LIMIT = 2.4
_LOG_PROBABILITY_LIMIT = -1.0
_NO_SPEECH_LIMIT = 0.6
_TOKENS_PER_SECOND_SPOKEN = 10
_MOST_TOKENS = 224
_DIGITS_PER_SECOND = 8.0
_LETTERS_PER_SECOND = 16.0
_TWICE = re.compile(r"\b(\w+(?:\W+\w+)+)\W+\1\b", re.IGNORECASE)
_UNTRANSCRIBED_S = 1.0
_TRANSCRIBED_AROUND_S = 0.25


class Doubt(enum.Enum):
    """Why the text of a decoded window may be wrong."""

    REPEATS = "the text repeats itself more than speech does"
    UNLIKELY = "the model gives its own text a low probability"
    UNTRANSCRIBED = "a stretch of speech has no words"


@dataclass(frozen=True)
class Request:
    """A window for the model.

    Attributes:
      window: Position of its audio in the recording.
      features: What the recogniser made of its audio, of shape (values, frames). For Whisper, the log-mel bands.
      language: None detects it.
      careful: Whether this is the second look: the model gets a whole 30 s, and decodes a repetitive text again.
    """

    window: Window
    features: NDArray[np.float32]
    language: str | None
    careful: bool = False

    @property
    def frames(self) -> int:
        """Number of frames of its audio."""
        return int(self.features.shape[1])

    @property
    def context(self) -> int:
        """Frames that the model gets: the audio and silence after it."""
        needed = self.frames + _TRAILING_FRAMES
        return _CONTEXTS[-1] if self.careful else next((n for n in _CONTEXTS if n >= needed), _CONTEXTS[-1])


@dataclass(frozen=True)
class DecodedWindow:
    """The words of one window.

    Attributes:
      words: In order, in the window's time.
      log_probability: Mean over the tokens.
      untranscribed: Stretches of speech without words, in seconds of the window, ordered.
    """

    words: tuple[TimedText, ...]
    language: str
    language_confidence: float
    log_probability: float
    doubt: Doubt | None
    untranscribed: tuple[tuple[float, float], ...]

    def __repr__(self) -> str:
        return f"DecodedWindow({len(self.words)} words, {self.doubt})"


class Recogniser(Protocol):
    """A speech model of any family. Safe to call from several threads.

    Attributes:
      identity: Identity of the weights, for provenance records.
      languages: ISO 639-1 codes that the model knows.
      detects_language: Whether it finds the language of a request that names none. A model of one language needs not.
    """

    identity: str
    languages: frozenset[str]
    detects_language: bool

    def features(self, samples: FloatSamples) -> NDArray[np.float32]:
        """What the model gets for 16 kHz samples: shape (values, frames), 100 frames a second; zeros are silence."""

    def loudness(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """How loud each frame is, in any unit."""

    def decode(self, requests: Sequence[Request]) -> list[DecodedWindow]:
        """Decodes a batch of requests of the same context and care."""


@dataclass(frozen=True, repr=False)
class _Text:
    tokens: list[int]
    log_probability: float
    no_speech: float
    repeats: bool

    @property
    def silent(self) -> bool:
        """Whether the window probably has no speech, so that its text is dropped."""
        return self.no_speech > _NO_SPEECH_LIMIT and self.log_probability < _LOG_PROBABILITY_LIMIT

    @property
    def doubt(self) -> Doubt | None:
        if self.silent:
            return None
        if self.repeats:
            return Doubt.REPEATS
        return Doubt.UNLIKELY if self.log_probability < _LOG_PROBABILITY_LIMIT else None


@dataclass(frozen=True, repr=False)
class _Batch:
    """One batch in the model.

    Attributes:
      encoded: The encoder's output, on the model's device.
      languages: Of each request, with its probability.
    """

    requests: Sequence[Request]
    encoded: Any
    prompts: list[list[int]]
    languages: list[tuple[str, float]]


def _part(batch: _Batch, indices: Sequence[int]) -> _Batch:
    """The batch with these windows only."""
    if len(indices) == len(batch.requests):
        return batch
    on_cpu = batch.encoded if batch.encoded.device == "cpu" else batch.encoded.to_device(ctranslate2.Device.cpu)
    rows = np.asarray(on_cpu)[list(indices)]
    return _Batch(
        [batch.requests[index] for index in indices],
        ctranslate2.StorageView.from_array(rows),
        [batch.prompts[index] for index in indices],
        [batch.languages[index] for index in indices],
    )


class WindowDecoder:
    """The Whisper model as a recogniser. Safe to call from several threads."""

    def __init__(self, model: LoadedModel, beam: int) -> None:
        self.identity = model.identity
        self.languages = model.languages
        self.detects_language = model.multilingual
        self._model = model
        self._beam = beam

    def features(self, samples: FloatSamples) -> NDArray[np.float32]:
        """Log-mel bands."""
        return self._model.mel(samples)

    def loudness(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mean of the log-mel bands."""
        return features.mean(axis=0)

    def decode(self, requests: Sequence[Request]) -> list[DecodedWindow]:
        """Decodes a batch of requests of the same context and care.

        Raises:
          RuntimeError: CTranslate2 failed, or ran out of the device's memory.
        """
        encoded = self._encode(requests)
        languages = self._languages(requests, encoded)
        batch = _Batch(requests, encoded, [self._prompt(language) for language, _ in languages], languages)
        texts = self._generate(batch, {"beam_size": self._beam})
        if requests[0].careful:
            texts = self._decoded_again(batch, texts)
        words = self._align(batch, texts)
        return [
            _checked(request, language, text, spoken)
            for request, language, text, spoken in zip(requests, languages, texts, words, strict=True)
        ]

    def _encode(self, requests: Sequence[Request]) -> Any:
        first = requests[0]
        padded = np.zeros((len(requests), first.features.shape[0], first.context), np.float32)
        for row, request in zip(padded, requests, strict=True):
            row[:, : request.frames] = request.features[:, : first.context]
        return self._model.encode(padded)

    def _languages(self, requests: Sequence[Request], encoded: Any) -> list[tuple[str, float]]:
        if all(request.language for request in requests):
            return [(request.language or "", 1.0) for request in requests]
        if not self._model.multilingual:
            return [("en", 1.0)] * len(requests)
        found = self._model.whisper.detect_language(encoded)
        return [
            (request.language, 1.0) if request.language else (likely[0][0].strip("<|>"), float(likely[0][1]))
            for request, likely in zip(requests, found, strict=True)
        ]

    def _prompt(self, language: str) -> list[int]:
        tokenizer = self._model.tokenizer(language)
        return [*tokenizer.sot_sequence, tokenizer.no_timestamps]

    def _generate(self, batch: _Batch, options: dict[str, Any]) -> list[_Text]:
        shown_s = batch.requests[0].context / FRAMES_PER_SECOND
        most = min(_MOST_TOKENS, int(_TOKENS_PER_SECOND_SPOKEN * shown_s))
        results = self._model.whisper.generate(
            batch.encoded,
            batch.prompts,
            # CTranslate2 spends half of `max_length` on new tokens.
            max_length=2 * most,
            return_scores=True,
            return_no_speech_prob=True,
            **options,
        )
        texts = []
        for request, result, (language, _) in zip(batch.requests, results, batch.languages, strict=True):
            tokenizer = self._model.tokenizer(language)
            tokens = [token for token in result.sequences_ids[0] if token < tokenizer.eot]
            written = len(result.sequences_ids[0])
            text = tokenizer.decode(tokens).strip()
            repeats = written >= most or _compression(text) > _COMPRESSION_LIMIT or _is_said_twice(text, request.window)
            log_probability = result.scores[0] * written / (written + 1)
            texts.append(_Text(tokens, log_probability, result.no_speech_prob, repeats))
        return texts

    def _decoded_again(self, batch: _Batch, texts: list[_Text]) -> list[_Text]:
        """Decodes windows with a repetitive text again, without repetition, until a text is not repetitive.

        Whisper samples at rising temperatures instead. CTranslate2 has a random generator for each of its threads, so
        the same recording would not always give the same words. Of five unlikely texts sampling improved none.
        """
        tried = [[text] for text in texts]
        for tokens in _NOT_REPEATED:
            for index, attempts in enumerate(tried):
                if attempts[-1].doubt is Doubt.REPEATS:
                    options = {"beam_size": self._beam, "no_repeat_ngram_size": tokens}
                    attempts.extend(self._generate(_part(batch, [index]), options))
        return [
            attempts[-1]
            if attempts[-1].doubt is None
            else max(attempts, key=lambda text: (not text.repeats, text.log_probability))
            for attempts in tried
        ]

    def _align(self, batch: _Batch, texts: Sequence[_Text]) -> list[list[TimedText]]:
        """Word times, from the encoder output that the text came from."""
        words: list[list[TimedText]] = [[] for _ in batch.requests]
        tokens = [[] if text.silent else text.tokens for text in texts]
        parts: list[Sequence[int]] = [range(len(texts))]
        if self._model.device != "cuda":
            # The model scores its whole vocabulary for each token, and for as many tokens in all windows as in the one
            # with the longest text: aligning one by one takes a fraction of the memory, and no more time.
            parts = [[index] for index in range(len(texts)) if tokens[index]]
        for indices in parts:
            part = _part(batch, indices)
            for language in sorted({language for language, _ in part.languages}):
                tokenizer = self._model.tokenizer(language)
                results = self._model.whisper.align(
                    part.encoded,
                    tokenizer.sot_sequence,
                    # The model's align does not take an empty text: one end-of-text token stands for it.
                    [tokens[index] or [tokenizer.eot] for index in indices],
                    [min(request.frames, _CONTEXTS[-1]) for request in part.requests],
                )
                for index, result in zip(indices, results, strict=True):
                    if batch.languages[index][0] == language and tokens[index]:
                        found, likely = result.alignments, result.text_token_probs
                        window = batch.requests[index].window
                        words[index] = timed_texts(tokenizer, tokens[index], found, likely, window)
        return words


def _checked(request: Request, language: tuple[str, float], text: _Text, words: list[TimedText]) -> DecodedWindow:
    doubt = text.doubt
    untranscribed = () if text.silent else speech_without_words(request.window, words)
    if doubt is None and too_many_digits(words):
        doubt = Doubt.REPEATS
    if doubt is None and untranscribed:
        doubt = Doubt.UNTRANSCRIBED
    return DecodedWindow(tuple(words), *language, text.log_probability, doubt, untranscribed)


def speech_without_words(window: Window, words: Sequence[TimedText]) -> tuple[tuple[float, float], ...]:
    """Stretches of detected speech, of at least a second, that no word accounts for, in seconds of the window.

    A word accounts for the time that it can take to say, at each end of its range: a word that is stretched over a
    whole sentence leaves most of that sentence untranscribed.
    """
    steps = int(window.duration_s * TOKENS_PER_SECOND) + 1
    open_speech = np.zeros(steps, bool)
    for start, stop in window.speech:
        open_speech[
            start * TOKENS_PER_SECOND // RECOGNISER_RATE_HZ : stop * TOKENS_PER_SECOND // RECOGNISER_RATE_HZ
        ] = True
    for word in words:
        long = longest_for_second_look_s(word.text)
        for low, high in (
            (word.start_s, min(word.end_s, word.start_s + long)),
            (max(word.start_s, word.end_s - long), word.end_s),
        ):
            first = max(int((low - _TRANSCRIBED_AROUND_S) * TOKENS_PER_SECOND), 0)
            open_speech[first : int((high + _TRANSCRIBED_AROUND_S) * TOKENS_PER_SECOND) + 1] = False
    return tuple(
        (start / TOKENS_PER_SECOND, stop / TOKENS_PER_SECOND)
        for start, stop in runs(open_speech)
        if stop - start >= _UNTRANSCRIBED_S * TOKENS_PER_SECOND
    )


def too_many_digits(words: Sequence[TimedText]) -> bool:
    """Whether a run of digits is longer than a person can say in its time: the model repeated a digit."""
    digits, start, end = 0, 0.0, 0.0
    for word in words:
        count = len(re.findall(r"\d", word.text))
        if not count:
            digits = 0
            continue
        start = word.start_s if not digits else start
        digits += count
        end = word.end_s
        if digits > 12 and digits > _DIGITS_PER_SECOND * (end - start):
            return True
    return False


def _is_said_twice(text: str, window: Window) -> bool:
    """Whether words come twice in a row, faster than people speak."""
    letters = len(re.findall(r"\w", text))
    spoken_s = sum(stop - start for start, stop in window.speech) / RECOGNISER_RATE_HZ
    return letters > _LETTERS_PER_SECOND * spoken_s and _TWICE.search(text) is not None


def _compression(text: str) -> float:
    encoded = text.encode()
    return len(encoded) / len(zlib.compress(encoded))
