"""Weights of a Whisper model's encoder, read from CTranslate2's file."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.random_model import SHAPES, Shape, make_model
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.transcribe.encoder.weights import encoder_weights
from hushbeam.transforms.transcribe.model import resolve

_SMALL = Shape(encoder_layers=2, decoder_layers=1, width=384, heads=6)


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    return encoder_weights(make_model(_SMALL, tmp_path_factory.mktemp("exact"), quantization="float32") / "model.bin")


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The packaged model up to the end of its encoder."""
    whole = (resolve("tiny.en").path / "model.bin").read_bytes()
    return whole[: whole.rindex(b"encoder/")]


def test_the_packaged_model_has_all_layers_of_its_encoder() -> None:
    weights = encoder_weights(resolve("base").path / "model.bin")
    assert sum(name.endswith("self_attention/linear_0/weight") for name in weights) == 6
    assert weights["num_heads"] == 8
    assert weights["layer_5/self_attention/linear_0/weight"].shape == (3 * 512, 512)
    assert not any(name.startswith("decoder") for name in weights)


@pytest.mark.parametrize("quantization", ["float32", "int8_float32"])
def test_weights_that_several_variables_share_are_those_of_each(tmp_path: Path, quantization: str) -> None:
    """CTranslate2 writes equal variables once, be it below `decoder/`: here all gains and all biases of a length."""
    packaged = encoder_weights(resolve("base").path / "model.bin")
    found = encoder_weights(make_model(SHAPES["tiny"], tmp_path, quantization=quantization) / "model.bin")
    layers = ("layer_4/", "layer_5/")  # of `base`, which has two more
    assert found.keys() == {name for name in packaged if not name.startswith(layers)}
    assert not found["conv1/bias"].any()
    assert (found["layer_0/ffn/layer_norm/gamma"] == 1).all()


_NEEDS_TORCH = pytest.mark.skipif(find_spec("torch") is None, reason="CTranslate2 writes bfloat16 with PyTorch")


@pytest.mark.parametrize(
    "quantization",
    ["float16", "int8_float32", "int8_float16", "int16", pytest.param("bfloat16", marks=_NEEDS_TORCH)],
)
def test_weights_are_the_same_numbers_however_they_are_stored(
    exact: dict[str, np.ndarray], tmp_path: Path, quantization: str
) -> None:
    found = encoder_weights(make_model(_SMALL, tmp_path, quantization=quantization) / "model.bin")
    assert found.keys() == exact.keys()
    for name, values in exact.items():
        np.testing.assert_allclose(found[name], values, atol=1e-4, err_msg=name)
    assert np.abs(exact["layer_0/ffn/linear_0/weight"]).max() > 5e-3


@given(kept=st.floats(0, 0.999))
def test_a_file_that_is_cut_short_is_an_error(
    beginning: bytes, tmp_path_factory: pytest.TempPathFactory, kept: float
) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.bin"
    path.write_bytes(beginning[: int(kept * len(beginning))])
    with pytest.raises(ConfigurationError, match=r"^--encoder: .* use ctranslate2$"):
        encoder_weights(path)


def test_a_model_for_something_else_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    whole = (resolve("tiny.en").path / "model.bin").read_bytes()
    path.write_bytes(whole.replace(b"WhisperSpec", b"ConformSpec", 1))
    with pytest.raises(ConfigurationError, match="Whisper models for CTranslate2"):
        encoder_weights(path)
