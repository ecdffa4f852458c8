"""Times of given words, above all of those that come without. Plain functions."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.transcribe.given.errors import UnusableTranscriptError, WrongTranscriptError
from hushbeam.transforms.transcribe.given.records import GivenWord
from hushbeam.transforms.transcribe.given.times import timed


def word(text: str, start_s: float | None = None, end_s: float | None = None, **more: object) -> GivenWord:
    return GivenWord(f" {text}", start_s, end_s, **more)  # type: ignore[arg-type]


def speech(*ranges: tuple[float, float]) -> list[TimeSpan]:
    return [TimeSpan(0, *each) for each in ranges]


def test_words_without_times_share_the_speech_between_their_neighbours_by_length() -> None:
    words = [word("with", 41.1, 41.3), word("2266"), word("44"), word("okay", 50.0, 50.4)]
    placed = timed(words, speech((40.0, 44.0), (49.9, 51.0)), 60.0)
    assert (placed[1].start_s, placed[2].end_s) == (41.3, 50.0), "from the neighbour to the last speech before the next"
    assert placed[1].end_s == placed[2].start_s
    assert placed[1].end_s - placed[1].start_s > placed[2].end_s - placed[2].start_s


def test_a_pause_after_words_without_times_is_not_theirs() -> None:
    words = [word("with", 41.1, 41.3), word("2266"), word("okay", 50.0, 50.4)]
    placed = timed(words, speech((40.0, 44.0), (50.0, 51.0)), 60.0)
    assert (placed[1].start_s, placed[1].end_s) == (41.3, 44.0)


def test_a_word_without_time_between_neighbours_that_touch_reaches_into_both() -> None:
    words = [word("over", 7.28, 7.4), word("$43,000."), word("Matt", 7.44, 7.54)]
    placed = timed(words, speech((5.0, 9.0)), 60.0)
    assert placed[1].start_s < 7.4 < 7.44 < placed[1].end_s
    assert placed[1].end_s - placed[1].start_s > 0.7


def test_words_of_a_segment_without_times_lie_within_it() -> None:
    words = [word("a", 1.0, 1.2), word("b", within_s=(3.0, 4.0)), word("c", within_s=(3.0, 4.0)), word("d", 9.0, 9.2)]
    placed = timed(words, speech((0.0, 10.0)), 60.0)
    assert (placed[1].start_s, placed[2].end_s) == (3.0, 4.0)


def test_words_without_times_at_the_ends_reach_to_the_ends_of_the_audio() -> None:
    placed = timed([word("a"), word("b", 5.0, 5.2), word("c")], [], 8.0)
    assert (placed[0].start_s, placed[0].end_s) == (0.0, 5.0)
    assert (placed[2].start_s, placed[2].end_s) == (5.2, 8.0)


def test_small_disorder_is_mended_and_every_word_has_a_length() -> None:
    placed = timed([word("a", 1.0, 1.5), word("b", 0.9, 1.6), word("c", 1.6, 1.6)], [], 8.0)
    assert [(each.start_s, each.end_s) for each in placed] == [(0.9, 1.5), (0.9, 1.6), (1.6, 1.7)]


def test_an_estimated_start_gives_way_to_a_given_one() -> None:
    words = [word("over", 7.28, 7.4), word("4539 1488 0343 6467"), word("Matt", 7.44, 7.54)]
    placed = timed(words, speech((5.0, 9.0)), 60.0)
    assert [each.start_s for each in placed] == [7.28, 7.28, 7.44]
    assert placed[1].end_s > 7.54, "what its neighbours took from it is still its own"


@pytest.mark.parametrize(
    "words",
    [
        [word("a", 5.0, 5.2), word("b", 1.0, 1.2)],
        [word("a", 1.0, 9.0), word("b", 2.0, 2.5)],
        [word("a", 5.0, 5.2), word("b"), word("c", 1.0, 1.2)],
    ],
)
def test_times_out_of_order_or_on_top_of_each_other_are_refused(words: list[GivenWord]) -> None:
    with pytest.raises(UnusableTranscriptError, match="in the order of their times"):
        timed(words, [], 60.0)


def test_a_word_after_the_audio_is_of_another_recording() -> None:
    assert timed([word("a", 7.9, 8.4)], [], 8.0)[0].end_s == 8.0, "codecs pad their last frame"
    with pytest.raises(WrongTranscriptError, match="after the end of the audio"):
        timed([word("a", 8.5, 9.1)], [], 8.0)


_ROUNDED_S = 0.0005 + 1e-9
_starts = st.none() | st.floats(0, 30)


_drawn = st.tuples(_starts, st.floats(0, 0.25), st.floats(0, 3), st.sampled_from(["a", "2266", "$43,000"]))


@given(st.lists(_drawn, max_size=10), st.floats(0.05, 31.0))
@example([(1.0, 0.0, 1.0, "a"), (1.0, 0.25, 1.0, "a")], 31.0)
def test_starts_are_in_order_within_the_audio_and_never_later_than_given(
    drawn: list[tuple[float | None, float, float, str]], duration_s: float
) -> None:
    known = iter(sorted(min(start_s, duration_s) for start_s, *_ in drawn if start_s is not None))
    words = []
    for given_s, early_s, length_s, text in drawn:
        start_s = None if given_s is None else max(next(known) - early_s, 0.0)
        words.append(word(text, start_s, None if start_s is None else start_s + min(length_s, 0.7)))
    placed = timed(words, speech((2.0, 11.0), (12.0, 20.0)), duration_s)
    assert [each.text for each in placed] == [each.text for each in words]
    assert all(0 <= each.start_s <= each.end_s <= duration_s + _ROUNDED_S for each in placed)
    assert all(first.start_s <= second.start_s for first, second in pairwise(placed))
    for each, spoken in zip(placed, words, strict=True):
        if spoken.start_s is not None and spoken.end_s is not None:
            assert each.start_s <= spoken.start_s + _ROUNDED_S
            assert each.end_s >= min(spoken.end_s, duration_s) - _ROUNDED_S
