"""Training of the encoder on written conversations."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR

from training.conversations import Pair
from training.encoder import Batch, Encoder
from training.passes import WINDOW_TOKENS, Augmentation, Passes, Window, cut

_SORTED_BATCHES = 40
"""Batches whose windows are sorted by length: as many of all lengths that most batches have one length."""


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    Attributes:
      passes: Passes over all conversations, each with other values.
      batch: Windows of a step.
      warm_up: Share of the steps in which the rate rises to `rate`; afterwards it falls.
      kept: Share of the averaged weights that a step keeps.
    """

    passes: int = 8
    batch: int = 10
    rate: float = 3e-4
    warm_up: float = 0.08
    dropout: float = 0.1
    weight_decay: float = 0.01
    kept: float = 0.99
    seed: int = 20261129
    augmentation: Augmentation = field(default_factory=Augmentation)


def train(
    conversations: Sequence[Pair], encoder: Encoder, folder: Path, recipe: Recipe, report: Callable[[str], None] = print
) -> Encoder:
    """Trains an encoder on conversations. Returns one with the averaged weights of the last steps.

    Args:
      folder: Of `tokenizer.json`.
    """
    torch.manual_seed(recipe.seed)
    random = Random(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    encoder = encoder.to(device).train()
    average = deepcopy(encoder).eval()
    passes = Passes(folder, processes=2)
    windows = cut(passes.one(conversations, recipe.seed, recipe.augmentation), WINDOW_TOKENS, random)
    steps = recipe.passes * (len(windows) // recipe.batch)
    optimiser = torch.optim.AdamW(encoder.parameters(), recipe.rate, weight_decay=recipe.weight_decay)
    schedule = LambdaLR(optimiser, lambda step: _rate(step, steps, recipe.warm_up))
    done, started, recent = 0, time.monotonic(), float("nan")
    for number in range(1, recipe.passes + 1):
        coming = passes.one(conversations, recipe.seed + number, recipe.augmentation)  # made while this one is learnt
        for together in batches(windows, recipe.batch, random):
            batch, labels, counts = batch_of(together, device)
            with torch.autocast(device.type, torch.bfloat16):
                logits = encoder(batch)
            value = loss(logits.float(), labels, counts)
            optimiser.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            _average(average, encoder, recipe.kept)
            done += 1
            recent = value.item() if done == 1 else 0.95 * recent + 0.05 * value.item()
            if done % 50 == 0:
                report(f"pass {number}, step {done} of {steps}: loss {recent:.4f}, {time.monotonic() - started:.0f} s")
        if number < recipe.passes:
            windows = cut(coming, WINDOW_TOKENS, random)
    passes.close()
    return average.cpu()


def loss(logits: Tensor, labels: Tensor, counts: Tensor) -> Tensor:
    """Mean cross entropy of the tokens that count. `labels` and `counts` are (B, T)."""
    losses = functional.cross_entropy(logits.transpose(1, 2), labels, reduction="none")
    return (losses * counts).sum() / counts.sum().clamp(min=1.0)


def batches(windows: Sequence[Window], size: int, random: Random) -> list[Sequence[Window]]:
    """Windows in random order, `size` at a time, those of about one length together; less is left out."""
    made: list[Sequence[Window]] = []
    for first in range(0, len(windows), size * _SORTED_BATCHES):
        by_length = sorted(windows[first : first + size * _SORTED_BATCHES], key=_length)
        made += [by_length[start : start + size] for start in range(0, len(by_length) - size + 1, size)]
    random.shuffle(made)
    return made


def batch_of(windows: Sequence[Window], device: torch.device) -> tuple[Batch, Tensor, Tensor]:
    """Windows as one batch, as long as the longest of them, its labels, and which of them count."""
    longest = max(map(_length, windows))
    tokens, channels, rules, labels, counts, mask = (
        torch.from_numpy(np.stack(column)[:, :longest]).to(device) for column in zip(*windows, strict=True)
    )
    return Batch(tokens, channels, rules, mask.bool()), labels.long(), counts


def _length(window: Window) -> int:
    return int(window.mask.sum())


def _rate(step: int, steps: int, warm_up: float) -> float:
    rising = step / max(1.0, warm_up * steps)
    falling = 0.5 * (1 + np.cos(np.pi * min(1.0, step / max(1, steps))))
    return float(min(rising, 1.0) * max(falling, 0.01))


@torch.no_grad()
def _average(average: Encoder, encoder: Encoder, kept: float) -> None:
    olds, news = list(average.parameters()), list(encoder.parameters())
    torch._foreach_lerp_(olds, [new.detach() for new in news], 1 - kept)
