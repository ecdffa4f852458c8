"""Calibration: a temperature, so that probabilities are as often right as they say."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import torch

from training.encoder import Encoder
from training.passes import Tokens, cut
from training.train import batch_of, loss

_BATCH = 16


@torch.no_grad()
def temperature_of(encoder: Encoder, judges: Sequence[Tokens], size: int) -> float:
    """The temperature from 0.5 to 3 at which the tokens of unseen authors are least surprising."""
    encoder.eval()
    windows = cut(judges, size, Random(0))
    logits, labels, counts = [], [], []
    for first in range(0, len(windows), _BATCH):
        batch, known, counted = batch_of(windows[first : first + _BATCH], torch.device("cpu"))
        logits.append(encoder(batch).flatten(0, 1)[None])
        labels.append(known.flatten()[None])
        counts.append(counted.flatten()[None])
    found, known, counted = torch.cat(logits, 1), torch.cat(labels, 1), torch.cat(counts, 1)
    candidates = [0.5 + 0.05 * step for step in range(51)]
    return min(candidates, key=lambda temperature: float(loss(found / temperature, known, counted)))
