"""One pass of the model, and what speaks against its result."""

import numpy as np
import pytest

from transforms.transcribe import decoding
from transforms.transcribe.decoding import Decoded, Doubt, Request, WindowDecoder, too_many_digits, unheard_speech
from transforms.transcribe.model import LoadedModel
from transforms.transcribe.vad import RATE_HZ
from transforms.transcribe.windows import Piece, Window
from transforms.transcribe.words import TimedText


def window_of(seconds: float, *speech: tuple[float, float]) -> Window:
    spans = tuple((int(start * RATE_HZ), int(stop * RATE_HZ)) for start, stop in speech or ((0.0, seconds),))
    return Window((Piece(0, 0, int(seconds * RATE_HZ)),), spans)


def said(*words: tuple[str, float, float]) -> list[TimedText]:
    return [TimedText(text, start, end, 0.9) for text, start, end in words]


def test_speech_after_the_last_word_is_unheard() -> None:
    words = said((" Let", 0.2, 0.4), (" me", 0.4, 0.6), (" repeat", 0.6, 1.0))
    found = unheard_speech(window_of(14.0), words)
    assert found == (pytest.approx((1.25, 14.0), abs=0.05),)


def test_a_sentence_that_one_word_is_stretched_over_is_unheard() -> None:
    words = said((" email", 0.2, 0.6), (" That's", 0.6, 5.0), (" right", 5.0, 5.4))
    found = unheard_speech(window_of(5.8), words)
    assert found == (pytest.approx((1.5, 4.1), abs=0.2),)


def test_a_long_number_in_one_word_is_heard() -> None:
    assert unheard_speech(window_of(5.0), said((" 4242424242424242", 0.1, 4.9))) == ()


def test_silence_without_words_is_not_unheard() -> None:
    words = said((" Yes", 0.1, 0.5), (" no", 9.1, 9.5))
    assert unheard_speech(window_of(10.0, (0.1, 0.6), (9.0, 9.6)), words) == ()


def test_more_digits_than_anybody_can_say_are_a_loop() -> None:
    loop = said(*((f" {'1' * 4}", 1.0 + 0.05 * number, 1.05 + 0.05 * number) for number in range(28)))
    assert too_many_digits(loop)
    card = said(*((f"-{'1' * 4}", 1.0 + number, 2.0 + number) for number in range(4)))
    assert not too_many_digits(card)


def noise(model: LoadedModel, seconds: float, *, careful: bool) -> Request:
    samples = np.random.default_rng(7).normal(0, 0.05, int(seconds * RATE_HZ)).astype(np.float32)
    return Request(window_of(seconds), model.mel(samples), "en", careful)


def test_noise_that_passes_for_speech_leaves_a_doubt_or_no_words(tiny: LoadedModel) -> None:
    decoder = WindowDecoder(tiny, beam=5)
    for careful in (False, True):
        (decoded,) = decoder.decode([noise(tiny, 6.0, careful=careful)])
        assert decoded.doubt is not None or not decoded.words


def test_a_doubtful_text_is_sampled_again_in_a_careful_pass(tiny: LoadedModel) -> None:
    # White noise: the model's first text is unlikely or loops, so that only a careful pass tries other temperatures.
    decoder = WindowDecoder(tiny, beam=5)
    tried: list[float] = []
    generate = tiny.whisper.generate

    class Watched:
        def __getattr__(self, name: str) -> object:
            return getattr(whisper, name)

        def generate(self, *arguments: object, **options: object) -> object:
            tried.append(float(options.get("sampling_temperature", 0.0)))  # type: ignore[arg-type]
            return generate(*arguments, **options)

    whisper = tiny.whisper
    tiny.whisper = Watched()
    try:
        decoder.decode([noise(tiny, 6.0, careful=False)])
        first = tried.copy()
        decoder.decode([noise(tiny, 6.0, careful=True)])
    finally:
        tiny.whisper = whisper
    assert first == [0.0]
    assert tried[1] == 0.0
    assert len(tried) <= 5


def test_context_has_fixed_steps_and_leaves_silence_at_the_end(tiny: LoadedModel) -> None:
    contexts = {noise(tiny, seconds, careful=False).context for seconds in (1.0, 2.0, 3.5)}
    assert contexts == {600}
    assert noise(tiny, 29.9, careful=False).context == 3000
    assert noise(tiny, 1.0, careful=True).context == 3000


def test_decoded_reprs_show_no_words(tiny: LoadedModel) -> None:
    decoded = Decoded(tuple(said((" Kowalczyk", 0.0, 1.0))), "en", 1.0, -0.2, Doubt.UNHEARD, ((0.0, 2.0),))
    assert "Kowalczyk" not in repr(decoded)
    assert "Kowalczyk" not in repr(decoded.words[0])


def test_no_more_hypotheses_are_in_memory_at_once_than_the_batch_has_windows(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_LOG_PROBABILITY_LIMIT", 1.0)  # every text is doubtful
    monkeypatch.setattr(decoding, "_NO_SPEECH_LIMIT", 2.0)
    at_once: list[int] = []
    generate = WindowDecoder._generate

    def counted(self: WindowDecoder, work: decoding._Pass, how: dict[str, int]) -> list[decoding._Text]:
        at_once.append(len(work.requests) * how.get("num_hypotheses", 1))
        return generate(self, work, how)

    monkeypatch.setattr(WindowDecoder, "_generate", counted)
    decoded = WindowDecoder(tiny, beam=1).decode([noise(tiny, 2.0 + number, careful=True) for number in range(6)])
    assert at_once == [6] + 3 * 6 * [5]
    assert [each.doubt for each in decoded] == 6 * [Doubt.UNLIKELY]
