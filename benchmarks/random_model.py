"""A Whisper model of a given size whose weights are random: its speed is real, its words are not.

It writes the same sentence for every window, so that the work of a window is that of real speech.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ctranslate2.specs import WhisperSpec
from ctranslate2.specs.attention_spec import MultiHeadAttentionSpec
from ctranslate2.specs.common_spec import LayerNormSpec, LinearSpec
from ctranslate2.specs.whisper_spec import WhisperConfig
from numpy.typing import NDArray
from tokenizers import Tokenizer

from hushbeam.transforms.transcribe.model import resolve

SENTENCE = (
    " Thank you for calling, how can I help you today? I would like to change the address of my account, because we"
    " moved to another house last month. Of course, can you tell me the new one, please? Yes, it is the third house on"
    " the left, and the door is green. Very good, I have written that down for you. Is there anything else today?"
)
"""About as many tokens as half a minute of a call has."""

_STEPS_BEFORE_TEXT = 3
_MODEL_WEIGHT = np.float32(0.002)
_END_OF_TEXT = "<|endoftext|>"


@dataclass(frozen=True)
class Shape:
    """Layers of encoder and decoder, width, attention heads and mel bands."""

    encoder_layers: int
    decoder_layers: int
    width: int
    heads: int
    bands: int = 80


SHAPES = {
    "tiny": Shape(4, 4, 384, 6),
    "small": Shape(12, 12, 768, 12),
    "medium": Shape(24, 24, 1024, 16),
    "large-v3-turbo": Shape(32, 4, 1280, 20, 128),
}


def make_model(shape: Shape, folder: Path, seed: int = 0, quantization: str = "float16") -> Path:
    """Writes a model of the shape into the folder, with the vocabulary of the packaged one."""
    packaged = resolve("base").path
    config = json.loads((packaged / "config.json").read_text())
    vocabulary = json.loads((packaged / "vocabulary.json").read_text())
    tokenizer = Tokenizer.from_file(str(packaged / "tokenizer.json"))
    end_of_text = tokenizer.token_to_id(_END_OF_TEXT)
    assert end_of_text is not None
    sentence = [*tokenizer.encode(SENTENCE, add_special_tokens=False).ids, end_of_text]
    spec = WhisperSpec(shape.encoder_layers, shape.heads, shape.decoder_layers, shape.heads)
    _fill(spec, shape, len(vocabulary), sentence, np.random.default_rng(seed))
    spec.register_vocabulary(vocabulary)
    settings = {name: config[name] for name in ("suppress_ids", "suppress_ids_begin", "lang_ids")}
    last = shape.decoder_layers - 1
    spec._config = WhisperConfig(**settings, alignment_heads=[(last, head) for head in range(6)])
    spec.validate()
    spec.optimize(quantization=quantization)
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    shutil.copyfile(packaged / "tokenizer.json", folder / "tokenizer.json")
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": shape.bands}))
    return folder


def _fill(spec: WhisperSpec, shape: Shape, words: int, sentence: list[int], random: np.random.Generator) -> None:
    width = shape.width

    def weights(*size: int) -> NDArray[np.float32]:
        return random.standard_normal(size, np.float32) * _MODEL_WEIGHT

    def norm(layer: LayerNormSpec) -> None:
        layer.gamma, layer.beta = np.ones(width, np.float32), np.zeros(width, np.float32)

    def linear(layer: LinearSpec, inputs: int, outputs: int) -> None:
        layer.weight, layer.bias = weights(outputs, inputs), np.zeros(outputs, np.float32)

    def attention(layer: MultiHeadAttentionSpec, outputs: tuple[int, ...]) -> None:
        norm(layer.layer_norm)
        for part, factor in zip(layer.linear, outputs, strict=True):
            linear(part, width, factor * width)

    encoder, decoder = spec.encoder, spec.decoder
    for conv, inputs in ((encoder.conv1, shape.bands), (encoder.conv2, width)):
        conv.weight, conv.bias = weights(width, inputs, 3), np.zeros(width, np.float32)
    encoder.position_encodings.encodings = weights(1500, width)
    decoder.embeddings.weight = weights(words, width)
    decoder.scale_embeddings = False
    for layer in (*encoder.layer, *decoder.layer):
        attention(layer.self_attention, (3, 1))
        norm(layer.ffn.layer_norm)
        linear(layer.ffn.linear_0, width, 4 * width)
        linear(layer.ffn.linear_1, 4 * width, width)
    for layer in decoder.layer:
        attention(layer.attention, (1, 2, 1))
    norm(encoder.layer_norm)
    norm(decoder.layer_norm)
    # At each step the position's direction outweighs all else, and belongs to one token: the sentence's next.
    directions = np.linalg.qr(random.standard_normal((width, len(sentence))))[0].T.astype(np.float32)
    positions, projection = weights(448, width), weights(words, width)
    for step in range(len(positions) - _STEPS_BEFORE_TEXT):
        positions[step + _STEPS_BEFORE_TEXT] += 10 * directions[min(step, len(sentence) - 1)]
    # A token that comes twice in the sentence has two directions.
    np.add.at(projection, sentence, directions)
    decoder.position_encodings.encodings = positions
    decoder.projection.weight, decoder.projection.bias = projection, np.zeros(words, np.float32)
