"""Estimate of hours from counts and headers. Plain functions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.pipelines.options.worker_types import worker_type
from hushbeam.pipelines.plan import WORK_WITH_TRANSCRIPT, with_work
from hushbeam.schemas.recording import Recording
from hushbeam.transforms.estimate_work.estimate import Probe, estimate
from hushbeam.transforms.estimate_work.transform import stated_seconds

_COUNTS = {
    "recordings.new": 3,
    "recordings.up_to_date": 5,
    "bytes": 16_000_000,
    "seconds": 1800.0,
    "unknown_bytes..wav": 14_400_000,
    "unknown_bytes..mp3": 900_000,
}


def test_lengths_follow_from_the_sizes_of_what_was_probed_with_the_same_extension() -> None:
    probes = [Probe(".wav", 16_000, 1.0), Probe(".wav", 32_000, 2.0), Probe(".mp3", 1000, 1.0), Probe(".mp3", 9, None)]
    plan = estimate(_COUNTS, probes)
    assert plan["recordings"] == {"new": 3, "up_to_date": 5}
    assert plan["to_do"] == {
        "bytes": 16_000_000,
        "hours": 0.5 + 0.25 + 0.25,
        "hours_with_transcript": 0.0,
        "hours_of_the_manifest": 0.5,
        "hours_estimated": 0.5,
        "bytes_of_unknown_length": 0,
    }
    assert plan["probed"] == {"headers": 4, "without_length": 1}


def test_what_nothing_is_known_of_is_said_and_not_guessed() -> None:
    plan = estimate(_COUNTS, [])
    assert plan["to_do"]["hours"] == 0.5
    assert plan["to_do"]["bytes_of_unknown_length"] == 15_300_000


@given(st.lists(st.builds(Probe, st.sampled_from([".wav", ".mp3"]), st.integers(1, 10**9), st.floats(0, 1e5))))
def test_an_estimate_lies_between_the_shortest_and_the_longest_second_a_byte(probes: list[Probe]) -> None:
    plan = estimate({"unknown_bytes..wav": 10**9}, probes)
    rates = [(probe.duration_s or 0.0) / probe.size_bytes for probe in probes]
    hours = plan["to_do"]["hours_estimated"]
    assert min(rates, default=0) * 10**9 / 3600 * 0.999 - 0.001 <= hours
    assert hours <= max(rates, default=0) * 10**9 / 3600 * 1.001 + 0.001
    assert (plan["to_do"]["bytes_of_unknown_length"] == 0) == bool(probes)


@pytest.mark.parametrize(("said", "seconds"), [("61.5", 61.5), ("", None), ("-1", None), ("inf", None), ("1:01", None)])
def test_a_length_of_the_manifest_is_a_number_or_none(said: str, seconds: float | None) -> None:
    recording = Recording("a", "a.wav", ("person_name",), metadata={"length_s": said})
    assert stated_seconds(recording, "length_s") == seconds
    assert stated_seconds(recording, "other") is None
    assert stated_seconds(recording, None) is None


def test_work_and_cost_follow_from_the_types_of_workers() -> None:
    plan = with_work(estimate({"seconds": 3600 * 120.0}, []), ("core:12:0.05", "l4:240"))
    assert plan["work"] == [
        {"worker": "core", "audio_hours": 12.0, "worker_hours": 10.0, "cost": 0.5},
        {"worker": "l4", "audio_hours": 240.0, "worker_hours": 0.5, "cost": None},
    ]


def test_given_transcripts_take_less_work_than_transcription() -> None:
    counts = {"seconds": 3600.0 * 120, "unknown_bytes..wav": 3600 * 16_000}
    given = {"given.seconds": 3600.0 * 20, "given.unknown_bytes..wav": 3600 * 16_000}
    probes = [Probe(".wav", 16_000, 1.0)]
    without, some = (with_work(estimate(one, probes), ("core:1",)) for one in (counts, counts | given))
    assert without["to_do"]["hours"] == some["to_do"]["hours"] == 121.0
    assert (without["to_do"]["hours_with_transcript"], some["to_do"]["hours_with_transcript"]) == (0.0, 21.0)
    assert without["work"][0]["worker_hours"] == 121.0
    assert some["work"][0]["worker_hours"] == round(100 + WORK_WITH_TRANSCRIPT * 21, 2) < 121


@pytest.mark.parametrize("given", ["", "core", "core:0", "core:twelve", "core:12:", "core:12:0.05:7", "core:1.2.3"])
def test_a_type_of_worker_that_cannot_be_read_is_refused(given: str) -> None:
    with pytest.raises(ValueError):
        worker_type(given)
