"""One pass of the model, and the checks of its result (functions, real model)."""

from pathlib import Path

import numpy as np
import pytest

from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ
from hushbeam.transforms.transcribe.decoding import (
    DecodedWindow,
    Doubt,
    Request,
    WindowDecoder,
    speech_without_words,
    too_many_digits,
)
from hushbeam.transforms.transcribe.model import LoadedModel
from hushbeam.transforms.transcribe.windows import Piece, Window
from hushbeam.transforms.transcribe.words import TimedText

DEV = Path(__file__).parents[3] / "evaluation" / "dev"


def window_of(seconds: float, *speech: tuple[float, float]) -> Window:
    spans = tuple(
        (int(start * RECOGNISER_RATE_HZ), int(stop * RECOGNISER_RATE_HZ)) for start, stop in speech or ((0.0, seconds),)
    )
    return Window((Piece(0, 0, int(seconds * RECOGNISER_RATE_HZ)),), spans)


def timed(*words: tuple[str, float, float]) -> list[TimedText]:
    return [TimedText(text, start, end, 0.9) for text, start, end in words]


def test_speech_after_the_last_word_is_untranscribed() -> None:
    words = timed((" Let", 0.2, 0.4), (" me", 0.4, 0.6), (" repeat", 0.6, 1.0))
    found = speech_without_words(window_of(14.0), words)
    assert found == (pytest.approx((1.25, 14.0), abs=0.05),)


def test_a_sentence_under_one_stretched_word_is_untranscribed() -> None:
    words = timed((" email", 0.2, 0.6), (" That's", 0.6, 5.0), (" right", 5.0, 5.4))
    found = speech_without_words(window_of(5.8), words)
    assert found == (pytest.approx((1.5, 4.1), abs=0.2),)


def test_a_long_number_in_one_word_accounts_for_its_time() -> None:
    assert speech_without_words(window_of(5.0), timed((" 4242424242424242", 0.1, 4.9))) == ()


def test_silence_without_words_is_not_untranscribed() -> None:
    words = timed((" Yes", 0.1, 0.5), (" no", 9.1, 9.5))
    assert speech_without_words(window_of(10.0, (0.1, 0.6), (9.0, 9.6)), words) == ()


def test_more_digits_than_a_person_can_say_are_a_loop() -> None:
    loop = timed(*((f" {'1' * 4}", 1.0 + 0.05 * number, 1.05 + 0.05 * number) for number in range(28)))
    assert too_many_digits(loop)
    card = timed(*((f"-{'1' * 4}", 1.0 + number, 2.0 + number) for number in range(4)))
    assert not too_many_digits(card)


def noise(model: LoadedModel, seconds: float, *, careful: bool) -> Request:
    samples = np.random.default_rng(7).normal(0, 0.05, int(seconds * RECOGNISER_RATE_HZ)).astype(np.float32)
    return Request(window_of(seconds), model.mel(samples), "en", careful)


def test_noise_that_is_taken_for_speech_gives_a_doubt_or_no_words(tiny: LoadedModel) -> None:
    decoder = WindowDecoder(tiny, beam=5)
    for careful in (False, True):
        (decoded,) = decoder.decode([noise(tiny, 6.0, careful=careful)])
        assert decoded.doubt is not None or not decoded.words


def stuck(model: LoadedModel, *, careful: bool) -> Request:
    """Speech as from a damaged record: the loudest 0.4 s of a call, again and again."""
    speech = np.concatenate(
        list(recogniser_blocks(DEV / "audio" / "hiring-screen.flac", limits=MediaLimits())), axis=1
    )[0]
    sums = np.cumsum(np.abs(speech), dtype=np.float64)
    loudest = int((sums[8000:] - sums[:-8000]).argmax()) + 1
    samples = np.tile(speech[loudest : loudest + 6400], 60)
    return Request(window_of(len(samples) / RECOGNISER_RATE_HZ), model.mel(samples), "en", careful)


def test_a_text_that_goes_in_circles_is_decoded_again_in_a_careful_pass_always_to_the_same(tiny: LoadedModel) -> None:
    decoder = WindowDecoder(tiny, beam=5)
    (first,) = decoder.decode([stuck(tiny, careful=False)])
    assert first.doubt is Doubt.REPEATS
    (second,) = decoder.decode([stuck(tiny, careful=True)])
    assert second.doubt is not Doubt.REPEATS
    assert 0 < len(second.words) < len(first.words)
    (_, in_company) = decoder.decode([noise(tiny, 6.0, careful=True), stuck(tiny, careful=True)])
    assert in_company == second


def test_context_has_fixed_steps_and_leaves_silence_at_the_end(tiny: LoadedModel) -> None:
    contexts = {noise(tiny, seconds, careful=False).context for seconds in (1.0, 2.0, 3.5)}
    assert contexts == {600}
    assert noise(tiny, 29.9, careful=False).context == 3000
    assert noise(tiny, 1.0, careful=True).context == 3000


def test_decoded_reprs_show_no_words(tiny: LoadedModel) -> None:
    decoded = DecodedWindow(tuple(timed((" Kowalczyk", 0.0, 1.0))), "en", 1.0, -0.2, Doubt.UNTRANSCRIBED, ((0.0, 2.0),))
    assert "Kowalczyk" not in repr(decoded)
    assert "Kowalczyk" not in repr(decoded.words[0])
