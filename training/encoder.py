"""MiniLM encoder with a head that labels tokens, in PyTorch.

Shapes: B windows of T tokens, D = 384 numbers a token, C labels.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

LAYERS = 6
HEADS = 12
DIMENSION = 384
INNER = 1536
VOCABULARY = 30522
LONGEST = 512


class Batch(NamedTuple):
    """Windows of tokens.

    Attributes:
      tokens, channels, rules: (B, T) numbers of tokens, channels, and labels that rules gave.
      mask: (B, T) whether there is a token.
    """

    tokens: Tensor
    channels: Tensor
    rules: Tensor
    mask: Tensor


class Layer(nn.Module):
    """One transformer layer of BERT: attention, then two dense layers, each with its sum and norm."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.qkv = nn.Linear(DIMENSION, 3 * DIMENSION)
        self.attention = nn.Linear(DIMENSION, DIMENSION)
        self.attention_norm = nn.LayerNorm(DIMENSION, eps=1e-12)
        self.up = nn.Linear(DIMENSION, INNER)
        self.down = nn.Linear(INNER, DIMENSION)
        self.norm = nn.LayerNorm(DIMENSION, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: Tensor, seen: Tensor) -> Tensor:
        batch, length, _ = values.shape
        query, key, value = self.qkv(values).view(batch, length, 3, HEADS, DIMENSION // HEADS).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        mixed = mixed.transpose(1, 2).reshape(batch, length, DIMENSION)
        values = self.attention_norm(values + self.dropout(self.attention(mixed)))
        changed: Tensor = self.norm(values + self.dropout(self.down(functional.gelu(self.up(values)))))
        return changed


class Encoder(nn.Module):
    """Gives each token the logits of all labels."""

    def __init__(self, labels: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, DIMENSION)
        self.positions = nn.Embedding(LONGEST, DIMENSION)
        self.channels = nn.Embedding(2, DIMENSION)
        self.rules = nn.Embedding(labels, DIMENSION)
        self.norm = nn.LayerNorm(DIMENSION, eps=1e-12)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(LAYERS))
        self.head = nn.Linear(DIMENSION, labels)
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        # Rules begin without a say.
        nn.init.zeros_(self.rules.weight)

    def forward(self, batch: Batch) -> Tensor:
        positions = torch.arange(batch.tokens.shape[1], device=batch.tokens.device)
        hidden = (
            self.tokens(batch.tokens)
            + self.positions(positions)
            + self.channels(batch.channels)
            + self.rules(batch.rules)
        )
        hidden = self.dropout(self.norm(hidden))
        seen = batch.mask[:, None, None, :]
        for layer in self.layers:
            hidden = layer(hidden, seen)
        logits: Tensor = self.head(self.dropout(hidden))
        return logits


def pretrained(folder: Path, labels: int, dropout: float = 0.1) -> Encoder:
    """An encoder with the weights of a BERT checkpoint, and a new head."""
    given = load_file(str(folder / "model.safetensors"))
    encoder = Encoder(labels, dropout)

    def put(module: nn.Module, name: str) -> None:
        weights = {"weight": given[f"{name}.weight"]}
        if f"{name}.bias" in given:
            weights["bias"] = given[f"{name}.bias"]
        module.load_state_dict(weights)

    for module, part in (
        (encoder.tokens, "word_embeddings"),
        (encoder.positions, "position_embeddings"),
        (encoder.channels, "token_type_embeddings"),
        (encoder.norm, "LayerNorm"),
    ):
        put(module, f"embeddings.{part}")
    for number, layer in enumerate(encoder.layers):
        assert isinstance(layer, Layer)
        name = f"encoder.layer.{number}"
        self_attention = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        layer.qkv.load_state_dict(
            {kind: torch.cat([given[f"{part}.{kind}"] for part in self_attention]) for kind in ("weight", "bias")}
        )
        put(layer.attention, f"{name}.attention.output.dense")
        put(layer.attention_norm, f"{name}.attention.output.LayerNorm")
        put(layer.up, f"{name}.intermediate.dense")
        put(layer.down, f"{name}.output.dense")
        put(layer.norm, f"{name}.output.LayerNorm")
    return encoder
