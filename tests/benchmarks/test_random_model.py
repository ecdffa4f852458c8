"""The model with random weights does the work of a real one."""

from pathlib import Path

import numpy as np

from benchmarks.random_model import SENTENCE, SHAPES, make_model
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ
from hushbeam.transforms.transcribe.decoding import Request, WindowDecoder
from hushbeam.transforms.transcribe.model import load
from hushbeam.transforms.transcribe.settings import TranscriptionSettings
from hushbeam.transforms.transcribe.windows import Piece, Window


def test_every_window_gets_the_same_sentence(tmp_path: Path) -> None:
    model = load(TranscriptionSettings(model=str(make_model(SHAPES["tiny"], tmp_path))))
    window = Window((Piece(0, 0, 20 * RECOGNISER_RATE_HZ),), ((0, 20 * RECOGNISER_RATE_HZ),))
    noise = np.random.default_rng(3).normal(0, 0.1, 20 * RECOGNISER_RATE_HZ).astype(np.float32)
    for beam in (1, 5):
        (decoded,) = WindowDecoder(model, beam).decode([Request(window, model.mel(noise), "en")])
        assert "".join(word.text for word in decoded.words) == SENTENCE
        assert decoded.log_probability > -0.1
