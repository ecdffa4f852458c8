"""SpreadWork: the order in which recordings are distributed over workers."""

from __future__ import annotations

import random
from itertools import pairwise

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from hushbeam.schemas.media import SourceIdentity
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stages import PendingRecording
from hushbeam.transforms.skip_finished.spread_work import SpreadWork, _LongestFirstFn


def pending(number: int, size_bytes: int, extension: str = "wav") -> PendingRecording:
    url = f"/calls/{number}.{extension}"
    return PendingRecording(
        Recording(str(number), url, ("person_name",)), SourceIdentity(url, size_bytes, "mtime_ns:1"), "identity"
    )


def sizes(recordings: list[PendingRecording]) -> list[int]:
    return [recording.source.size_bytes for recording in recordings]


def test_every_recording_is_distributed_once() -> None:
    recordings = [pending(number, number % 7) for number in range(2500)]
    with TestPipeline() as pipeline:
        dealt = pipeline | beam.Create(recordings, reshuffle=False) | SpreadWork()
        assert_that(dealt, equal_to(recordings))


def dealt_at_once(recordings: list[PendingRecording]) -> list[PendingRecording]:
    deal = _LongestFirstFn()
    deal.start_bundle()
    assert not [early for recording in recordings for early in deal.process(recording)]
    return [windowed.value for windowed in deal.finish_bundle()]


def test_dealt_in_turn_the_shares_differ_by_one_recording_at_the_most() -> None:
    random.seed(5)
    recordings = [pending(number, random.randrange(1, 1000)) for number in range(40)]
    in_order = dealt_at_once(recordings)
    for workers in (2, 3, 5):
        shares = [sum(sizes(in_order[first::workers])) for first in range(workers)]
        assert max(shares) - min(shares) <= max(sizes(recordings))


@pytest.mark.parametrize("workers", [2, 3, 4, 6])
def test_no_worker_gets_the_longer_one_each_time(workers: int) -> None:
    in_order = dealt_at_once([pending(number, 1 + number) for number in range(48)])
    shares = [sum(sizes(in_order[first::workers])) for first in range(workers)]
    assert max(shares) == min(shares)


def test_the_longest_come_first() -> None:
    in_order = dealt_at_once([pending(number, 1 + number) for number in range(60)])
    dozens = [sizes(in_order[first : first + 12]) for first in range(0, 60, 12)]
    assert all(min(longer) > max(shorter) for longer, shorter in pairwise(dozens))


def test_a_bundle_of_any_size_is_held_in_parts() -> None:
    deal = _LongestFirstFn()
    deal.start_bundle()
    early = [dealt for number in range(1500) for dealt in deal.process(pending(number, number))]
    assert sorted(sizes(early)) == list(range(1000))
    assert sorted(sizes([windowed.value for windowed in deal.finish_bundle()])) == list(range(1000, 1500))


def test_a_compressed_recording_counts_for_the_longer_one() -> None:
    recordings = [pending(1, 640_000, "wav"), pending(2, 300_000, "mp3"), pending(3, 200_000, "opus")]
    assert sizes(dealt_at_once(recordings)) == [300_000, 640_000, 200_000]
