"""What two readings of a conversation, with much and with little around each word, make of its words."""

from __future__ import annotations

import numpy as np
import pytest

from hushbeam.schemas.finding import personal_words
from hushbeam.schemas.policies import resolve_policies
from hushbeam.transforms.detect_pii.decision import THRESHOLDS
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from hushbeam.transforms.detect_pii.models.readings import Probabilities, combined
from tests.transforms.detect_pii.conversations import transcript_of

LABELS = ("nothing", "date", "number_sequence", "person_name")
NOTHING = (1.0, 0.0, 0.0, 0.0)
DEFAULT = frozenset(resolve_policies(("default",)))
REDACTED = THRESHOLDS["standard"].redacted

GARDENING = """
A: So I put the beans in on the south side this year and they have done very well.
B: Mine never came up at all. I think the slugs had them, the wet spring was no help.
A: You want to put a bit of grit round them, and do not water in the evening.
B: I always water in the evening because the day is too hot for it.
A: That is what brings them out. In the morning they have all gone to bed.
B: Fair enough. And what do you do about the greenfly on the roses?
A: A drop of soap in a spray bottle. It works as well as anything that you can buy.
B: I might try that at the weekend if the weather holds up.
{inserted}
A: The compost wants turning too, it has been sitting there since the autumn.
B: Ours is full of worms, which is a good sign, they say, so I leave it be.
A: Just keep the lid on it, otherwise the rats come in for the peelings.
B: We had one of those last year, under the shed, the dog went mad for days.
A: They like it warm, the same as anybody. A bit of wire under the floor keeps them off.
B: Right. I will have a look at that when I have painted the fence.
A: What colour are you going for this time? The green was very nice.
B: Green again, I think. It goes with the leaves and does not show the dirt.
"""


def rows(*words: tuple[float, ...]) -> Probabilities:
    return np.array(words, dtype=np.float32)


def test_a_single_value_in_a_conversation_about_other_things_is_found(detector: Detector) -> None:
    inserted = "A: Is your car still the Isuzu?\nB: Yes, the registration is CAA 287 406."
    transcript = transcript_of(GARDENING.format(inserted=inserted))
    found = detector.detect(DetectionRequest(transcript, DEFAULT)).findings
    assert {transcript.words[word].text.strip(" .") for word in personal_words(found)} == {"CAA", "287", "406"}


def test_a_conversation_about_other_things_is_left_as_it_is(detector: Detector) -> None:
    transcript = transcript_of(GARDENING.format(inserted="B: If it does not, there is always next week."))
    assert not detector.detect(DetectionRequest(transcript, DEFAULT)).findings


def test_what_is_plain_from_the_words_beside_it_is_redacted_but_not_certain() -> None:
    wide = rows(NOTHING, (0.98, 0.0, 0.0, 0.02))
    close = rows(NOTHING, (0.02, 0.08, 0.0, 0.9))
    found = combined(wide, close, LABELS)
    assert REDACTED <= found[1, 3] < THRESHOLDS["low"].redacted
    assert found[1].sum() == pytest.approx(1.0)
    assert found[0].tolist() == list(NOTHING)


def test_what_the_whole_conversation_says_is_nothing_stays_nothing() -> None:
    wide = rows((0.999, 0.0, 0.0, 0.001))
    assert combined(wide, rows((0.02, 0.0, 0.0, 0.98)), LABELS)[0, 3] < 0.01


def test_a_number_of_no_kind_is_not_found_by_the_words_beside_it_alone() -> None:
    wide = rows((0.95, 0.0, 0.05, 0.0))
    assert combined(wide, rows((0.02, 0.0, 0.98, 0.0)), LABELS)[0, 2] < REDACTED


def test_a_doubtful_word_without_support_near_it_is_left() -> None:
    wide = rows(*[NOTHING] * 30, (0.5, 0.0, 0.0, 0.5))
    close = rows(*[NOTHING] * 30, (0.97, 0.0, 0.0, 0.03))
    assert combined(wide, close, LABELS)[30, 3] < REDACTED


def test_a_doubtful_word_near_a_certain_one_is_redacted() -> None:
    wide = rows((0.1, 0.0, 0.0, 0.9), *[NOTHING] * 20, (0.5, 0.0, 0.0, 0.5))
    close = rows((0.1, 0.0, 0.0, 0.9), *[NOTHING] * 20, (0.97, 0.0, 0.0, 0.03))
    assert combined(wide, close, LABELS)[21, 3] >= REDACTED


def test_a_doubtful_word_that_the_words_beside_it_support_is_redacted() -> None:
    wide, close = rows((0.7, 0.0, 0.0, 0.3)), rows((0.8, 0.0, 0.0, 0.2))
    assert combined(wide, close, LABELS)[0, 3] >= REDACTED
