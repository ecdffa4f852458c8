"""Export of a trained encoder to ONNX with weights of 8 bits, and the way back."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from torch import nn

from training.encoder import DIMENSION, HEADS, LAYERS, Encoder, Layer

_WEIGHT_LIMIT = 63
"""Largest 8-bit weight. Processors without VNNI add two products in 16 bits, which larger weights can overflow: they
would give other results than the rest."""

_ARRAYS = 4 * 2 + 2 + LAYERS * (4 * 3 + 2 * 2) + 3
"""Of an exported model, beside single numbers: four embeddings with scales, a norm, the layers and the head. A dense
layer has weights, scales and a bias, a norm a scale and a bias."""


class _Graph:
    """A growing list of operations: each method adds one and returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[TensorProto] = []
        self._count = 0

    def constant(self, values: NDArray[np.generic]) -> str:
        self._count += 1
        name = f"w{self._count}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def numbers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def add(self, operation: str, *inputs: str, **attributes: Any) -> str:
        self._count += 1
        result = f"v{self._count}"
        self.nodes.append(helper.make_node(operation, inputs, [result], **attributes))
        return result

    def sum(self, first: str, *others: str) -> str:
        for other in others:
            first = self.add("Add", first, other)
        return first

    def embedded(self, embedding: nn.Embedding, numbers: str) -> str:
        """Rows of a table of 8-bit numbers, each with its own scale."""
        table = embedding.weight.detach().numpy()
        scale = np.abs(table).max(axis=1, keepdims=True) / 127 + 1e-12
        rows = self.add("Gather", self.constant(np.round(table / scale).astype(np.int8)), numbers)
        scales = self.add("Gather", self.constant(scale.astype(np.float32)), numbers)
        return self.add("Mul", self.add("Cast", rows, to=TensorProto.FLOAT), scales)

    def norm(self, norm: nn.LayerNorm, values: str) -> str:
        scale, bias = (self.constant(one.detach().numpy()) for one in (norm.weight, norm.bias))
        return self.add("LayerNormalization", values, scale, bias, axis=-1, epsilon=norm.eps)

    def dense(self, dense: nn.Linear, values: str) -> str:
        """A product with 8-bit weights, a scale for each column; the values get 8 bits while the model runs."""
        kernel = dense.weight.detach().numpy().T
        scale = np.abs(kernel).max(axis=0) / _WEIGHT_LIMIT + 1e-12
        weights = self.constant(np.round(kernel / scale).astype(np.int8))
        self._count += 1
        whole, step, zero = (f"q{self._count}{part}" for part in "wsz")
        self.nodes.append(helper.make_node("DynamicQuantizeLinear", [values], [whole, step, zero]))
        product = self.add("Cast", self.add("MatMulInteger", whole, weights, zero), to=TensorProto.FLOAT)
        scales = self.add("Mul", step, self.constant(scale.astype(np.float32)))
        return self.add("Add", self.add("Mul", product, scales), self.constant(dense.bias.detach().numpy()))


def exported(encoder: Encoder, temperature: float = 1.0) -> ModelProto:
    """The encoder as a model with inputs `tokens`, `channels`, `rules` (1, T) and output `logits` (1, T, C).

    Args:
      temperature: Divides the logits.
    """
    graph = _Graph()
    length = graph.add("Shape", "tokens")
    count = graph.add("Gather", length, graph.constant(np.array(1, np.int64)))
    positions = graph.add("Range", graph.constant(np.array(0, np.int64)), count, graph.constant(np.array(1, np.int64)))
    hidden = graph.sum(
        graph.embedded(encoder.tokens, "tokens"),
        graph.embedded(encoder.positions, positions),
        graph.embedded(encoder.channels, "channels"),
        graph.embedded(encoder.rules, "rules"),
    )
    hidden = graph.norm(encoder.norm, hidden)
    for layer in encoder.layers:
        assert isinstance(layer, Layer)
        hidden = _layer(graph, layer, hidden)
    logits = graph.dense(encoder.head, hidden)
    graph.nodes.append(helper.make_node("Div", [logits, graph.constant(np.array(temperature, np.float32))], ["logits"]))
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, [1, "T"]) for name in ("tokens", "channels", "rules")
    ]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, "T", encoder.head.out_features])
    made = helper.make_graph(graph.nodes, "conversation model", inputs, [output], graph.weights)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], producer_name="hushbeam training")
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def restored(model: ModelProto, labels: int, dropout: float = 0.1) -> Encoder:
    """An encoder with the weights of an exported one, to train on. Their 8 bits are its only loss.

    Raises:
      ValueError: The model has other weights than `exported` gives.
    """
    kinds = {TensorProto.INT8, TensorProto.FLOAT}
    arrays = [numpy_helper.to_array(one) for one in model.graph.initializer if one.data_type in kinds and one.dims]
    if len(arrays) != _ARRAYS:
        raise ValueError("the model was not exported by this program")
    given = iter(arrays)
    encoder = Encoder(labels, dropout)

    def put(parameter: nn.Parameter, values: NDArray[np.generic]) -> None:
        parameter.data.copy_(torch.from_numpy(values.astype(np.float32)).reshape(parameter.shape))

    def dense(module: nn.Linear) -> None:
        weights, scale, bias = next(given), next(given), next(given)
        put(module.weight, (weights * scale).T)
        put(module.bias, bias)

    def norm(module: nn.LayerNorm) -> None:
        put(module.weight, next(given))
        put(module.bias, next(given))

    for table in (encoder.tokens, encoder.positions, encoder.channels, encoder.rules):
        put(table.weight, next(given) * next(given))
    norm(encoder.norm)
    for layer in encoder.layers:
        assert isinstance(layer, Layer)
        dense(layer.qkv)
        dense(layer.attention)
        norm(layer.attention_norm)
        dense(layer.up)
        dense(layer.down)
        norm(layer.norm)
    dense(encoder.head)
    return encoder


@torch.no_grad()
def mixed(first: Encoder, second: Encoder, share: float) -> Encoder:
    """An encoder with the mean of the weights of two, of which one was trained on from the other.

    Args:
      share: Of the second.
    """
    made = deepcopy(second)
    for parameter, one, other in zip(made.parameters(), first.parameters(), second.parameters(), strict=True):
        parameter.copy_(torch.lerp(one, other, share))
    return made


def _layer(graph: _Graph, layer: Layer, values: str) -> str:
    size = DIMENSION // HEADS
    parts = graph.add("Reshape", graph.dense(layer.qkv, values), graph.numbers(0, 0, 3 * HEADS, size))
    parts = graph.add("Transpose", parts, perm=[0, 2, 1, 3])
    query, key, value = (
        graph.add("Slice", parts, graph.numbers(part * HEADS), graph.numbers((part + 1) * HEADS), graph.numbers(1))
        for part in range(3)
    )
    scores = graph.add("MatMul", query, graph.add("Transpose", key, perm=[0, 1, 3, 2]))
    scores = graph.add("Mul", scores, graph.constant(np.array(size**-0.5, np.float32)))
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    mixed = graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), graph.numbers(0, 0, DIMENSION))
    values = graph.norm(layer.attention_norm, graph.sum(values, graph.dense(layer.attention, mixed)))
    up = graph.dense(layer.up, values)
    # GELU: x * (1 + erf(x / sqrt 2)) / 2
    curve = graph.add("Erf", graph.add("Mul", up, graph.constant(np.array(2**-0.5, np.float32))))
    half = graph.add("Mul", up, graph.constant(np.array(0.5, np.float32)))
    changed = graph.add("Mul", half, graph.add("Add", curve, graph.constant(np.array(1.0, np.float32))))
    return graph.norm(layer.norm, graph.sum(values, graph.dense(layer.down, changed)))
