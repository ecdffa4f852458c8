"""NeMo models for tests: small networks that know one labelled call by heart, in the files of a real export.

Real weights do not install as packages. These networks have the inputs and outputs of NeMo's exports and go through the
same code of onnx-asr, from the real features of real audio to tokens with times.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx_asr.preprocessors.numpy_preprocessor import NemoPreprocessorNumpy

from evaluation.truth import LabelledRecording
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ
from hushbeam.transforms.transcribe.spoken_audio import SpokenAudio
from hushbeam.transforms.transcribe.windows import Piece

BANDS = 80
STEP = 8
"""Frames of 10 ms for each output of a network."""

_AROUND = 8
_SEEN = STEP + 2 * _AROUND
_SURENESS = 40.0
_LEAST_SCORE = 0.33
_RIDGE = 20.0
_PART_S = 6.0

_WRITTEN_AFTER_S = 0.04
_SECOND_HALF_LETTERS = 6


def audio_of(call: LabelledRecording) -> NDArray[np.float32]:
    """Samples of shape (channels, frames) at 16 kHz."""
    return np.concatenate(list(recogniser_blocks(call.audio, limits=MediaLimits())), axis=1)


def write_ctc(folder: Path, call: LabelledRecording, *, network: str = "model.onnx", **config: object) -> Path:
    """Writes a model of type `nemo-conformer-ctc`."""
    weights, vocabulary = _learnt(call)
    graph = helper.make_graph(
        [
            *_network(weights),
            helper.make_node("LogSoftmax", ["by_time"], ["logprobs"], axis=-1),
        ],
        "ctc",
        _inputs(),
        [helper.make_tensor_value_info("logprobs", TensorProto.FLOAT, ["batch", "steps", len(vocabulary)])],
        _initializers(weights),
    )
    return _write(folder, {network: graph}, vocabulary, {"model_type": "nemo-conformer-ctc"} | config)


def write_tdt(folder: Path, call: LabelledRecording) -> Path:
    """Writes a model of type `nemo-conformer-tdt`: its encoder does all the work, and its joint network none."""
    weights, vocabulary = _learnt(call)
    size = len(vocabulary)
    encoder = helper.make_graph(
        [
            *_network(weights),
            helper.make_node("Transpose", ["by_time"], ["outputs"], perm=[0, 2, 1]),
            helper.make_node("Add", ["length", "more"], ["longer"]),
            helper.make_node("Div", ["longer", "step"], ["encoded_lengths"]),
        ],
        "encoder",
        _inputs(),
        [
            helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["batch", size, "steps"]),
            helper.make_tensor_value_info("encoded_lengths", TensorProto.INT64, ["batch"]),
        ],
        [
            *_initializers(weights),
            numpy_helper.from_array(np.array(STEP - 1), "more"),
            numpy_helper.from_array(np.array(STEP), "step"),
        ],
    )
    states = [helper.make_tensor_value_info(f"input_states_{n}", TensorProto.FLOAT, [1, 1, 1]) for n in (1, 2)]
    joint = helper.make_graph(
        [
            helper.make_node("Transpose", ["encoder_outputs"], ["turned"], perm=[0, 2, 1]),
            # Durations of 0 to 4 steps: always one.
            helper.make_node("Concat", ["turned", "durations"], ["outputs"], axis=2),
            helper.make_node("Identity", ["input_states_1"], ["output_states_1"]),
            helper.make_node("Identity", ["input_states_2"], ["output_states_2"]),
        ],
        "decoder_joint",
        [
            helper.make_tensor_value_info("encoder_outputs", TensorProto.FLOAT, [1, size, 1]),
            helper.make_tensor_value_info("targets", TensorProto.INT32, [1, 1]),
            helper.make_tensor_value_info("target_length", TensorProto.INT32, [1]),
            *states,
        ],
        [
            helper.make_tensor_value_info("outputs", TensorProto.FLOAT, [1, 1, size + 5]),
            *(helper.make_tensor_value_info(f"output_states_{n}", TensorProto.FLOAT, [1, 1, 1]) for n in (1, 2)),
        ],
        [numpy_helper.from_array(np.array([[[0, 1, 0, 0, 0]]], np.float32), "durations")],
    )
    networks = {"encoder-model.onnx": encoder, "decoder_joint-model.onnx": joint}
    return _write(folder, networks, vocabulary, {"model_type": "nemo-conformer-tdt"})


def _inputs() -> list[onnx.ValueInfoProto]:
    return [
        helper.make_tensor_value_info("audio_signal", TensorProto.FLOAT, ["batch", BANDS, "frames"]),
        helper.make_tensor_value_info("length", TensorProto.INT64, ["batch"]),
    ]


def _initializers(weights: NDArray[np.float32]) -> list[onnx.TensorProto]:
    """The weights, and the score that a token needs to be written: that of the blank, the last token."""
    least = np.zeros(len(weights), np.float32)
    least[-1] = _SURENESS * _LEAST_SCORE
    return [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(least, "least")]


def _network(weights: NDArray[np.float32]) -> list[onnx.NodeProto]:
    pads = [_AROUND, _AROUND + STEP - 1]
    return [
        helper.make_node(
            "Conv", ["audio_signal", "weights", "least"], ["scores"], kernel_shape=[_SEEN], strides=[STEP], pads=pads
        ),
        helper.make_node("Transpose", ["scores"], ["by_time"], perm=[0, 2, 1]),
    ]


def _write(
    folder: Path, networks: dict[str, onnx.GraphProto], vocabulary: list[str], config: dict[str, object]
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, graph in networks.items():
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        (folder / name).write_bytes(model.SerializeToString())
    lines = [f"{token} {number}\n" for number, token in enumerate(vocabulary)]
    (folder / "vocab.txt").write_text("".join(lines), encoding="utf-8")
    config = {"features_size": BANDS, "subsampling_factor": STEP} | config
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def _parts(audio: NDArray[np.float32]) -> Iterator[tuple[int, Sequence[Piece], NDArray[np.float32]]]:
    """Channels in parts with their places: features are normalised over the audio that a recogniser gets."""
    for channel, window, samples in SpokenAudio(lambda: [audio]).windows():
        yield channel, window.pieces, samples
    length = int(_PART_S * RECOGNISER_RATE_HZ)
    for channel, samples in enumerate(audio):
        for start in range(0, len(samples), length):
            part = samples[start : start + length]
            yield channel, [Piece(start, 0, len(part))], part


@cache
def _learnt(call: LabelledRecording) -> tuple[NDArray[np.float32], list[str]]:
    """Weights of shape (tokens, bands, frames) that write each word of the call where it begins, and the tokens.

    Ridge regression from the frames around each step, at every phase of the steps, to the token that is written there.
    """
    written: list[list[tuple[float, str]]] = [[] for _ in range(call.channels)]
    for word in call.words:
        text = "".join(character for character in word.text if character.isalnum())
        half = len(text) // 2 if len(text) >= _SECOND_HALF_LETTERS else len(text)
        written[word.channel].append((word.start_s + _WRITTEN_AFTER_S, "▁" + text[:half]))
        if text[half:]:
            written[word.channel].append(((word.start_s + word.end_s) / 2 + _WRITTEN_AFTER_S, text[half:]))
    vocabulary = [*sorted({token for channel in written for _, token in channel}), "<blk>"]
    number = {token: index for index, token in enumerate(vocabulary)}
    size = BANDS * _SEEN
    gram, moments = np.zeros((size, size), np.float32), np.zeros((size, len(vocabulary)), np.float32)
    features_of = NemoPreprocessorNumpy(f"nemo{BANDS}")
    for channel, pieces, samples in _parts(audio_of(call)):
        (features,), _ = features_of(samples[None].copy(), np.array([len(samples)]))
        frames = len(samples) * 100 // RECOGNISER_RATE_HZ // STEP * STEP
        padded = np.pad(features.astype(np.float32), ((0, 0), (_AROUND, _AROUND + STEP)))
        seen = np.lib.stride_tricks.sliding_window_view(padded, _SEEN, axis=1)[:, :frames]
        inputs = seen.transpose(1, 0, 2).reshape(frames, size)
        wanted = np.zeros((frames, len(vocabulary)), np.float32)
        for moment_s, token in written[channel]:
            for piece in pieces:
                at = int(moment_s * RECOGNISER_RATE_HZ) - piece.source
                if 0 <= at < piece.length:
                    # The frames at which a step may begin that holds the moment.
                    last = (piece.offset + at) * 100 // RECOGNISER_RATE_HZ
                    wanted[max(last - STEP + 1, 0) : last + 1] = np.eye(len(vocabulary))[number[token]]
        # Every second phase is enough, and takes half the time.
        gram += inputs[::2].T @ inputs[::2]
        moments += inputs[::2].T @ wanted[::2]
    weights = np.linalg.solve(gram + _RIDGE * np.eye(size, dtype=np.float32), moments)
    return (_SURENESS * weights.T.reshape(len(vocabulary), BANDS, _SEEN)).astype(np.float32), vocabulary
