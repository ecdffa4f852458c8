"""Which encoder runs, and that both give the same text. What needs PyTorch runs with `make test-torch`."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path

import ctranslate2
import numpy as np
import pytest

from hushbeam.schemas.errors import ConfigurationError, RecordingError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.transcribe.encoder import encoder_of
from hushbeam.transforms.transcribe.encoder.on_ctranslate2 import CTranslate2Encoder
from hushbeam.transforms.transcribe.engine import SpeechEngine, SpeechJob
from hushbeam.transforms.transcribe.model import load, resolve
from hushbeam.transforms.transcribe.settings import EncoderName, TranscriptionSettings

_CALL = Path(__file__).parents[4] / "examples" / "calls" / "card-payment.mp3"

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="needs PyTorch")
needs_gpu = pytest.mark.skipif(ctranslate2.get_cuda_device_count() == 0, reason="needs an NVIDIA GPU")


def test_on_a_processor_the_models_own_encoder_runs() -> None:
    model = load(TranscriptionSettings(model="tiny.en"))
    assert isinstance(model.encode, CTranslate2Encoder)


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed here")
def test_without_pytorch_the_error_says_what_to_install() -> None:
    with pytest.raises(ConfigurationError, match=r"^--encoder: .*\.\[torch\]"):
        load(TranscriptionSettings(model="tiny.en", encoder="torch"))


@pytest.mark.parametrize("compute_type", ["bfloat16", "int16"])
def test_a_type_that_cannot_be_handed_over_is_an_error(compute_type: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^--encoder: torch does not compute in {compute_type}"):
        encoder_of("torch", None, Path("model.bin"), "cpu", compute_type)


def test_a_gpu_without_pytorch_for_it_keeps_the_models_own_encoder() -> None:
    assert isinstance(encoder_of("auto", None, Path("model.bin"), "cuda", "bfloat16"), CTranslate2Encoder)


@needs_torch
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", ["tiny.en", "base"])
@pytest.mark.parametrize(
    ("device", "compute_type", "tolerance"),
    [("cpu", "float32", 2e-4), pytest.param("cuda", "float16", 2e-2, marks=needs_gpu)],
)
def test_both_encoders_agree_within_rounding(
    name: str, compiled: bool, device: str, compute_type: str, tolerance: float
) -> None:
    from hushbeam.transforms.transcribe.encoder.on_torch import TorchEncoder  # noqa: PLC0415

    weights = resolve(name).path / "model.bin"
    whisper = ctranslate2.models.Whisper(str(weights.parent), device=device, compute_type=compute_type)
    ours = TorchEncoder(weights, device, compute_type, compiled=compiled)
    random = np.random.default_rng(0)
    for windows, frames in ((1, 600), (3, 1000), (2, 3000)):
        features = random.normal(0, 0.5, (windows, 80, frames)).astype(np.float32)
        expected = _numbers(CTranslate2Encoder(whisper, device)(features))
        found = _numbers(ours(features))
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=tolerance * np.abs(expected).max())


def _numbers(encoded: ctranslate2.StorageView) -> np.ndarray:
    if encoded.device != "cpu":
        encoded = encoded.to_device(ctranslate2.Device.cpu)
    return np.array(encoded, np.float32)


@needs_torch
def test_a_call_has_the_same_words_with_either_encoder() -> None:
    def words(encoder: EncoderName) -> list[str]:
        engine = SpeechEngine(TranscriptionSettings(model="base", compute_type="float32", encoder=encoder))
        engine.load()
        blocks = partial(recogniser_blocks, _CALL, limits=MediaLimits())
        ((_, transcribed),) = engine.transcribe([SpeechJob("card", blocks, language="en")], in_flight=1)
        assert not isinstance(transcribed, RecordingError)
        utterances = transcribed.transcript.utterances
        return [word.text for utterance in utterances for word in utterance.words]

    assert words("torch") == words("ctranslate2") != []
