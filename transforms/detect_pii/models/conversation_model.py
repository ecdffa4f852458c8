"""Conversation model: the probability of every policy for every word, from the whole conversation.

`training/` makes it: a small encoder that was pre-trained on English and trained on written conversations. It reads the
words with their turns and channels, and what the rules found.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession, SessionOptions
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from tokenizers import Tokenizer

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.finding import Candidate
from hushbeam.schemas.policies import CATALOGUE
from hushbeam.transforms.base.checksums import sha256_of_model
from hushbeam.transforms.detect_pii.decision import as_candidates
from hushbeam.transforms.detect_pii.languages import SUPPORTED
from hushbeam.transforms.detect_pii.models.windows import (
    NO_WORD,
    Window,
    of_words,
    tokenise,
    windows,
)
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.detect_pii.text.conversation import Conversation

OPTION = "--detector"
NOTHING = "nothing"
PACKAGED = Path(__file__).parent / "packaged"
CHECKSUMS: Mapping[str, str] = {
    "config.json": "784789590d8cc2b89ada1c8e2994431546cbde593427b43ada341082c9158390",
    "model.onnx": "a5e3829ae98d6dad37e20d1c277e1bc502326a65e70276dd6771c0725e809296",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""SHA-256 of the packaged model's files, which are the files of every model."""


class _Config(BaseModel):
    """The content of `config.json`.

    Attributes:
      labels: `nothing`, then policies: the meaning of the model's outputs, in their order.
      languages: ISO 639-1 codes of the languages that it reads.
      window_tokens: Tokens that it reads together.
      stride_tokens: Tokens from one window to the next.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    labels: tuple[str, ...]
    languages: frozenset[Annotated[str, Field(pattern="^[a-z]{2}$")]] = Field(min_length=1)
    window_tokens: int = Field(gt=1, le=8192)
    stride_tokens: int = Field(gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        unknown = sorted(set(self.labels[1:]) - set(CATALOGUE))
        if self.labels[:1] != (NOTHING,) or unknown or len(set(self.labels)) < len(self.labels):
            shown = f"; not policies: {', '.join(unknown[:3])}" if unknown else ""
            raise ValueError(f"labels must be {NOTHING!r} and then policies, each once{shown}")
        if unread := sorted(self.languages - SUPPORTED.keys()):
            raise ValueError(f"languages must be among {', '.join(sorted(SUPPORTED))}, not {', '.join(unread[:3])}")
        if self.stride_tokens >= self.window_tokens:
            raise ValueError("stride_tokens must be smaller than window_tokens")
        return self


class ConversationModel:
    """Gives every word of a conversation the probability of every label.

    Args:
      folder: Folder with `config.json`, `model.onnx` and `tokenizer.json`, as `training/` writes them; None for the
        packaged model.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._folder = PACKAGED if folder is None else Path(folder)
        self._is_packaged = folder is None

    def load(self) -> None:
        """Reads the model. Raises ConfigurationError if a file is missing, or is not as expected."""
        self._check()
        try:
            config = _Config.model_validate_json((self._folder / "config.json").read_bytes())
        except ValidationError as error:
            raise ConfigurationError(f"{OPTION}: config.json: {_explained(error)}") from None
        self.labels, self.languages = config.labels, config.languages
        self._size, self._stride = config.window_tokens, config.stride_tokens
        self._numbers = {label: number for number, label in enumerate(self.labels)}
        try:
            self._tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        except Exception as error:  # noqa: BLE001 - the library raises nothing narrower
            raise ConfigurationError(f"{OPTION}: tokenizer.json is no tokeniser: {error}") from None
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        if None in (self._tokenizer.token_to_id("[CLS]"), self._tokenizer.token_to_id("[SEP]")):
            raise ConfigurationError(f"{OPTION}: tokenizer.json must have the tokens [CLS] and [SEP]")
        self._first = self._tokenizer.token_to_id("[CLS]")
        options = SessionOptions()
        # Each core works on one recording: more threads only make it slower.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # The arena would keep the memory of the longest conversation.
        options.enable_cpu_mem_arena = False
        try:
            self._session = InferenceSession(
                str(self._folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
            if not self._is_packaged:
                self._try_once()
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - the library raises nothing narrower
            raise ConfigurationError(f"{OPTION}: model.onnx cannot be used: {error}") from None

    def _try_once(self) -> None:
        """Reads a full window, so that a model of another form fails here and not in each recording."""
        places = np.arange(self._size - 1, dtype=np.int32)
        tokens = np.full_like(places, self._tokenizer.token_to_id("[SEP]"))
        window = Window(0, len(places), 0, len(places))
        found = self._read(window, tokens, places % 2, places % len(self.labels))
        if found.shape != (len(tokens), len(self.labels)):
            raise ConfigurationError(
                f"{OPTION}: model.onnx must give a number for each of the {len(self.labels)} labels of each token"
            )

    @cached_property
    def identity(self) -> str:
        """Name and checksum of its files. Raises ConfigurationError as `load` does."""
        self._check()
        name = "packaged" if self._is_packaged else self._folder.name
        files = hashlib.sha256(b"".join(bytes.fromhex(sha256_of_model(self._folder / file)) for file in CHECKSUMS))
        return f"{name} sha256:{files.hexdigest()}"

    def _check(self) -> None:
        """Compares the packaged model with the checksums of the tested one."""
        if not os.path.isdir(self._folder):  # noqa: PTH112 - Path.is_dir raises where this user may not look
            raise ConfigurationError(f"{OPTION}: no such folder on this machine: {self._folder}")
        for name, expected in CHECKSUMS.items():
            path = self._folder / name
            if not path.is_file():
                raise ConfigurationError(f"{OPTION}: {self._folder} must hold {', '.join(CHECKSUMS)}")
            if self._is_packaged and sha256_of_model(path) != expected:
                raise ConfigurationError(f"{OPTION}: {name} is not the file that was tested; install hushbeam again")

    def judge(self, conversation: Conversation, rules: Sequence[str | None]) -> Iterator[Candidate]:
        """The probabilities as candidates of one word and one label each: see `probabilities`."""
        return as_candidates(self.probabilities(conversation, rules), self.labels)

    def probabilities(self, conversation: Conversation, rules: Sequence[str | None]) -> NDArray[np.float32]:
        """The probability of each label (columns) for each word (rows).

        Args:
          rules: The policy that rules gave to each word, or None.
        """
        read = tokenise(conversation.transcript, self._tokenizer)
        of_rules = of_words([self._numbers.get(policy or NOTHING, 0) for policy in rules], read)
        words = len(conversation.words)
        sums = np.zeros((words + 1, len(self.labels)), np.float32)  # the last row is for tokens of no word
        for window in windows(len(read.tokens), self._size - 1, self._stride):
            found = self._read(window, read.tokens, read.channels, of_rules)
            kept = slice(window.first_kept - window.first, window.last_kept - window.first)
            np.add.at(sums, read.words[window.first_kept : window.last_kept], found[kept])
        counts = np.bincount(read.words[read.words != NO_WORD], minlength=words)
        probabilities = sums[:words]
        probabilities /= np.maximum(counts, 1)[:, None]
        for word in np.flatnonzero(counts == 0):
            if word and not conversation.words[word].text.startswith(" "):
                probabilities[word] = probabilities[word - 1]  # a piece within the token of the piece before
            else:
                probabilities[word, 0] = 1.0  # a sign that the vocabulary does not have
        return probabilities

    def _read(self, window: Window, *columns: NDArray[np.int32]) -> NDArray[np.float32]:
        """Probabilities of the tokens of one window."""
        feed = {
            name: np.concatenate([[first], values[window.first : window.last]]).astype(np.int64)[None]
            for name, values, first in zip(("tokens", "channels", "rules"), columns, (self._first, 0, 0), strict=True)
        }
        logits: NDArray[np.float32] = self._session.run(None, feed)[0][0, 1:]
        if not np.isfinite(logits).all():
            # A comparison with such a number is false: nothing would be redacted.
            raise ValueError("the model gave numbers that are not finite")
        exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
        probabilities: NDArray[np.float32] = exponents / exponents.sum(axis=-1, keepdims=True)
        return probabilities


def _explained(error: ValidationError) -> str:
    """What is wrong, in one line."""
    return "; ".join(
        f"{'.'.join(map(str, one['loc']))}: {one['msg']}" if one["loc"] else one["msg"] for one in error.errors()
    )


def model_identities(settings: DetectionSettings) -> dict[str, str]:
    """The model's name and checksum, for provenance, without loading it.

    Raises:
      ConfigurationError: The model is missing, or is not the tested one.
    """
    return {"detector": ConversationModel(settings.detector).identity}
