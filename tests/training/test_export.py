"""An encoder as ONNX and back. Runs with `make test-torch`."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

if find_spec("torch") is None:
    pytest.skip("needs PyTorch", allow_module_level=True)

import torch
from onnx import numpy_helper

from training.encoder import Encoder
from training.export import exported, mixed, restored

LABELS = 7


def test_an_exported_encoder_is_restored_but_for_the_last_of_its_8_bits() -> None:
    torch.manual_seed(1)
    encoder = Encoder(LABELS)
    found = restored(exported(encoder, temperature=1.3), LABELS)
    for (name, before), after in zip(encoder.named_parameters(), found.parameters(), strict=True):
        assert torch.allclose(before, after, atol=before.detach().abs().max().item() / 100 + 1e-6), name


def test_a_restored_encoder_is_exported_as_it_was() -> None:
    torch.manual_seed(2)
    first = exported(Encoder(LABELS))
    second = exported(restored(first, LABELS))
    for one, other in zip(first.graph.initializer, second.graph.initializer, strict=True):
        np.testing.assert_allclose(numpy_helper.to_array(one), numpy_helper.to_array(other), rtol=1e-5)


def test_weights_are_mixed_by_share() -> None:
    first, second = Encoder(LABELS), Encoder(LABELS)
    made = mixed(first, second, 0.25)
    for one, other, mean in zip(first.parameters(), second.parameters(), made.parameters(), strict=True):
        assert torch.allclose(mean, 0.75 * one + 0.25 * other, atol=1e-6)


def test_a_model_of_another_shape_is_refused() -> None:
    model = exported(Encoder(LABELS))
    del model.graph.initializer[-4:]
    with pytest.raises(ValueError, match="not exported by this program"):
        restored(model, LABELS)
