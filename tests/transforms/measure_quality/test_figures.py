"""Figures from reviews, counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from hushbeam.schemas.finding import FLAGGED
from hushbeam.transforms.archive.reviews import Review, Reviewed, ShownFinding
from hushbeam.transforms.measure_quality import drawn, left_out, measure
from hushbeam.transforms.measure_quality.figures import Share


def finding(policy: str, start_s: float, *, score: float = 0.9, channel: int = 0, words: int = 2) -> ShownFinding:
    return ShownFinding(
        policy=policy, channel=channel, start_s=start_s, end_s=start_s + 1, score=score, detector="spacy", words=words
    )


def review(
    *found: ShownFinding,
    mixed: bool = False,
    configuration: str = "c",
    requested: tuple[str, ...] | None = None,
    **decided: Any,
) -> Review:
    reviewed = Reviewed(
        recording_id="call",
        output_identity="o",
        samples="s",
        configuration_id=configuration,
        channels=2,
        mixed=mixed,
        duration_s=60.0,
        words=100,
        found=found,
        policies=requested,
    )
    return Review(decision="corrected" if decided else "confirmed", reviewer="anna", reviewed=reviewed, **decided)


def span(start_s: float, end_s: float, *, channel: int = 0, policy: str = "") -> dict[str, Any]:
    return {"channel": channel, "start_s": start_s, "end_s": end_s, "policy": policy}


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (1, 50, 0.0035, 0.1050), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 1.0)],
)
def test_wilsons_interval(part: int, whole: int, low: float, high: float) -> None:
    share = Share(part, whole)
    assert (share.low, share.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize(
    ("recordings", "design_effect"),
    [
        ([(1, 1)] * 8 + [(0, 1)] * 2, 10 / 9),  # one value each: as if independent, but for the degree of freedom
        ([(10, 10)] * 4 + [(0, 10)], 12.5),  # all of a recording or nothing: five values, not fifty
        ([(8, 10)] * 5, 1.0),  # the same share in each
        ([(50, 50), (20, 20)], 1.0),  # nothing to estimate it from
        ([(1, 2)], 1.0),
        ([], 1.0),
    ],
)
def test_values_of_one_recording_count_as_fewer(recordings: list[tuple[int, int]], design_effect: float) -> None:
    share = Share.over([*recordings, (0, 0)])
    assert share.design_effect == pytest.approx(design_effect)
    assert share.to_json()["design_effect"] == round(share.design_effect, 3)
    if design_effect > 2:
        independent = Share(share.part, share.whole)
        assert share == independent, "the same counts"
        assert share.low < independent.low
        assert share.high > independent.high


def test_what_was_confirmed_is_found_and_what_was_marked_is_missed() -> None:
    figures = measure(
        [
            review(finding("person_name", 1.0), finding("date", 5.0)),
            review(finding("person_name", 1.0), missed=[span(7, 8, policy="person_name"), span(9, 10, policy="date")]),
        ]
    )
    assert figures.policies["person_name"].recall == Share(2, 3)
    assert figures.policies["date"].recall == Share(1, 2)
    assert figures.overall.recall == Share(3, 5)
    assert figures.overall.false_positives == Share(0, 3)
    assert figures.nothing_missed == Share(1, 2)


def test_marks_of_policies_that_were_not_requested_are_left_out_and_told() -> None:
    marks = [span(7, 8, policy="location_zip"), span(9, 10, policy="date"), span(11, 12, policy="location_zip")]
    asked = review(finding("date", 1.0), requested=("date",), missed=marks)
    figures = measure([asked])
    assert figures.overall.recall == Share(1, 2)
    assert figures.curve[0].recall == Share(1, 2)
    assert "location_zip" not in figures.policies
    assert figures.left_out == {"location_zip": 2} == figures.to_json()["left_out_marks"]
    assert left_out(figures) == "Left out: 2 marks under policies that were not requested: location_zip 2"

    everything = measure([asked], all_marks=True)
    assert everything.overall.recall == Share(1, 4)
    assert everything.policies["location_zip"].recall == Share(0, 2)
    assert everything.left_out == {}

    of_all_misses = measure([review(requested=("date",), missed=marks[:1])])
    assert of_all_misses.nothing_missed == Share(1, 1)
    assert measure([review(missed=marks)]).overall.recall == Share(0, 3), "an older review does not say what was asked"


def test_a_mark_on_all_channels_is_one_value() -> None:
    figures = measure([review(missed=[span(7, 8, channel=channel, policy="date") for channel in (0, 1)])])
    assert figures.policies["date"].recall == Share(0, 1)


def test_a_moved_muted_span_is_neither_missed_nor_a_false_positive() -> None:
    figures = measure(
        [review(finding("date", 5.0), false_positives=[span(4.8, 6.2)], missed=[span(5.5, 7.0, policy="date")])]
    )
    assert figures.policies["date"].recall == Share(1, 1)
    assert figures.policies["date"].false_positives == Share(0, 1)
    assert figures.policies["date"].moved == 1


def test_a_mark_while_something_else_is_muted_in_the_other_channel_is_missed() -> None:
    marks = [span(5.9, 7.0, channel=1, policy="date")]
    figures = measure([review(finding("person_name", 5.0), missed=marks)])
    assert figures.policies["date"].recall == Share(0, 1)


def test_false_positives_in_mixed_audio_must_be_marked_in_all_channels() -> None:
    one = measure([review(finding("date", 5.0), mixed=True, false_positives=[span(4.9, 6.1)])])
    both = measure(
        [review(finding("date", 5.0), mixed=True, false_positives=[span(4.9, 6.1), span(4.9, 6.1, channel=1)])]
    )
    assert (one.overall.false_positives, both.overall.false_positives) == (Share(0, 1), Share(1, 1))


def test_the_curve_loses_what_scores_low_on_both_sides() -> None:
    curve = {
        point.threshold: point
        for point in measure(
            [
                review(
                    finding("date", 1.0, score=0.3),
                    finding("date", 3.0, score=0.8),
                    finding("date", 5.0, score=0.4, words=3),
                    false_positives=[span(4.9, 6.1)],
                    missed=[span(8, 9, policy="date")],
                )
            ]
        ).curve
    }
    assert (curve[0.0].recall, curve[0.0].over_redacted_words) == (Share(2, 3), Share(3, 96))
    assert (curve[0.35].recall, curve[0.35].over_redacted_words) == (Share(1, 3), Share(3, 96))
    assert (curve[0.5].recall, curve[0.5].over_redacted_words) == (Share(1, 3), Share(0, 96))
    assert curve[1.0].recall == Share(0, 3)


def test_speech_without_words_counts_by_itself() -> None:
    figures = measure([review(finding("untranscribed_speech", 5.0, words=0), false_positives=[span(4.9, 6.1)])])
    assert figures.untranscribed == Share(1, 1)
    assert figures.overall.false_positives == Share(0, 0)
    assert figures.curve[0].recall == Share(0, 0)


def test_speech_that_is_only_flagged_is_not_redacted() -> None:
    flagged = finding("untranscribed_speech", 5.0, words=0).model_copy(update={"detector": FLAGGED})
    figures = measure([review(flagged, missed=[span(5, 6, policy="person_name")])])
    assert figures.untranscribed == Share(0, 0)
    assert figures.policies["person_name"].recall == Share(0, 1), "it can be heard, so it was missed"


def test_outputs_of_several_configurations_are_told() -> None:
    assert measure([review(), review(configuration="d")]).configurations == 2


def test_a_sample_is_the_same_again_and_grows_into_a_larger_one() -> None:
    ids = [f"call-{number}" for number in range(1000)]
    first = drawn(ids, 50, seed=1)
    assert len(first) == 50
    assert drawn(reversed(ids), 50, seed=1) == first
    assert drawn(ids, 80, seed=1) > first
    assert len(drawn(ids, 50, seed=2) & first) < 15
    assert drawn(ids[:3], 50, seed=1) == set(ids[:3])
