"""Word times, corrected with detected speech, and texts that join to the model's text (functions)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.transcript import Word
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ
from hushbeam.transforms.transcribe.model import LoadedModel
from hushbeam.transforms.transcribe.windows import Piece, Window
from hushbeam.transforms.transcribe.words import TimedText, place, settle, timed_texts, utterances


def window_of(*speech: tuple[float, float]) -> Window:
    length = int((speech[-1][1] + 1.0) * RECOGNISER_RATE_HZ)
    spans = tuple((int(start * RECOGNISER_RATE_HZ), int(stop * RECOGNISER_RATE_HZ)) for start, stop in speech)
    return Window((Piece(0, 0, length),), spans)


def aligned(steps: list[int]) -> list[tuple[int, int]]:
    """An alignment in which each token begins at the given step of 20 ms; the last step ends it."""
    return [(index, step) for index, (first, last) in enumerate(pairwise(steps)) for step in range(first, last)] + [
        (len(steps) - 1, steps[-1])
    ]


def test_the_first_word_after_a_pause_begins_with_the_speech() -> None:
    # The alignment gives the whole pause from 2 to 5 s to the second word.
    (_, first_end), (start, end) = settle([(1.0, 1.6), (1.6, 5.3)], [True, True], [(1.0, 2.0), (5.0, 5.6)])
    assert first_end == pytest.approx(2.0)
    assert (start, end) == pytest.approx((5.0, 5.6))


def test_the_last_word_before_a_pause_lasts_as_long_as_the_speech() -> None:
    spans = settle([(0.1, 0.5), (0.5, 0.9)], [True, True], [(0.2, 1.3)])
    assert spans[-1][1] == pytest.approx(1.3)


def test_a_word_does_not_last_over_unrecognised_speech() -> None:
    spans = settle([(0.1, 0.5), (0.5, 0.9)], [True, True], [(0.2, 6.0)])
    assert spans[-1][1] < 1.1


def test_punctuation_takes_no_time_from_the_words_around_it() -> None:
    # ` are`, `.`, ` As`: the full stop's range holds the pause and the beginning of the next word.
    spans = settle([(2.4, 2.6), (2.6, 4.1), (4.1, 4.3)], [True, False, True], [(1.0, 2.9), (3.9, 5.0)])
    assert spans[0][1] == pytest.approx(2.9)
    assert spans[2][0] == pytest.approx(3.9)


def test_words_without_a_pause_between_them_leave_no_gap() -> None:
    spans = settle([(0.1, 0.5), (0.5, 0.7), (0.7, 1.0)], [True, False, True], [(0.1, 2.0)])
    assert spans[0][1] == spans[2][0]


@given(
    st.lists(st.tuples(st.floats(0, 3), st.booleans()), min_size=1, max_size=20),
    st.lists(st.floats(0.05, 3), min_size=0, max_size=12),
)
def test_settled_times_are_ordered_and_never_negative(tokens: list[tuple[float, bool]], edges: list[float]) -> None:
    moments = [0.0]
    for length, _ in tokens:
        moments.append(moments[-1] + length)
    marks = [sum(edges[: index + 1]) for index in range(len(edges))]
    speech = list(zip(marks[::2], marks[1::2], strict=False))
    spans = settle(list(pairwise(moments)), [spoken for _, spoken in tokens], speech)
    assert len(spans) == len(tokens)
    assert all(start <= end for start, end in spans)
    assert all(first <= second for (first, _), (second, _) in pairwise(spans))


def test_texts_join_to_what_the_model_wrote(tiny: LoadedModel) -> None:
    text = ' Mr. Chen\'s card is 4111-1111, the fee is $1,250 and "no" is said at a.b@example.com. O-W-A-L!'
    tokenizer = tiny.tokenizer("en")
    tokens = tokenizer.encode(text)
    steps = list(range(0, 10 * (len(tokens) + 1), 10))
    words = timed_texts(tokenizer, tokens, aligned(steps), [0.5] * len(tokens), window_of((0.0, len(tokens) * 0.2)))
    assert "".join(word.text for word in words) == text
    assert all(word.text.startswith(" ") for word in words[:3])


def test_two_turns_that_were_written_as_one_number_are_parted(tiny: LoadedModel) -> None:
    tokenizer = tiny.tokenizer("en")
    tokens = tokenizer.encode(" 551-192")
    pieces = [tokenizer.decode([token]) for token in tokens]
    second = next(index for index, piece in enumerate(pieces) if piece.startswith("19"))
    steps = [50 + 10 * index if index < second else 300 + 10 * index for index in range(len(tokens) + 1)]
    speech = window_of((1.0, steps[second - 1] / 50 + 0.2), (steps[second] / 50, steps[-1] / 50 + 0.2))
    words = timed_texts(tokenizer, tokens, aligned(steps), [0.5] * len(tokens), speech)
    assert "".join(word.text for word in words) == " 551-192"
    first, last = words[0], words[-1]
    assert first.end_s < 2.0 < 5.0 < last.start_s
    assert len(utterances(place(words, speech, 0, 0.0))) == 2


def test_words_have_the_times_of_their_audio_in_the_recording() -> None:
    pieces = (Piece(80_000, 0, 32_000), Piece(320_000, 32_000, 32_000))
    window = Window(pieces, ((0, 32_000), (32_000, 64_000)))
    words = place(
        [TimedText(" one", 0.5, 1.0, 1.0), TimedText(" two", 2.5, 3.0, 1.0)], window, channel=1, start_s=100.0
    )
    assert [(placed.start_s, placed.end_s) for placed in words] == [(105.5, 106.0), (120.5, 121.0)]
    assert {placed.channel for placed in words} == {1}


def test_a_long_pause_ends_an_utterance() -> None:
    words = [Word(" a", 0.0, 0.2, 1.0, 0), Word(" b", 0.9, 1.0, 1.0, 0), Word(" c", 1.9, 2.0, 1.0, 0)]
    assert [len(utterance.words) for utterance in utterances(words)] == [2, 1]
    assert utterances([]) == []
