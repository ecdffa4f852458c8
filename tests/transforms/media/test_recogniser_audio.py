"""Audio for the recogniser: the same samples for the whole and for ranges (functions, real files)."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.media.decode import Decoder, inspect
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import (
    RecogniserAudio,
    recogniser_blocks,
    stream_ranges,
)
from hushbeam.transforms.media.sample_cache import SampleCache, reading
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ, FloatSamples
from hushbeam.transforms.storage.errors import MissingFileError
from tests.transforms.media.recordings import EXACT, LOSSY, SECONDS, speech

LIMITS = MediaLimits()

BY_NAME = {recipe.name: recipe for recipe in [*EXACT, *LOSSY]}


def resampled(path: Path, **options: float | bool | None) -> FloatSamples:
    return np.concatenate(list(recogniser_blocks(path, limits=LIMITS, **options)), axis=1)  # type: ignore[arg-type]


def ranges_of(path: Path, ranges: list[TimeSpan], *, mix: bool = False) -> list[FloatSamples]:
    return list(stream_ranges(path, ranges, mix=mix, limits=LIMITS))


@pytest.mark.parametrize("name", ["pcm_mulaw.wav", "flac-16.flac", "stereo.opus", "rf64.wav"])
def test_a_recording_is_resampled_to_16_khz(tmp_path: Path, name: str) -> None:
    audio = resampled(BY_NAME[name].write(tmp_path))
    assert audio.dtype == np.float32
    assert audio.shape == (2, pytest.approx(SECONDS * RECOGNISER_RATE_HZ, abs=2))
    expected = speech(RECOGNISER_RATE_HZ, 2)[:, : audio.shape[1]]
    assert np.corrcoef(audio[1, : expected.shape[1]], expected[1])[0, 1] > 0.9


def test_a_range_has_the_same_samples_as_the_whole(tmp_path: Path) -> None:
    path = BY_NAME["flac-16.flac"].write(tmp_path)
    whole = resampled(path)
    part = resampled(path, start_s=2.0, end_s=4.5)
    assert part.shape == (2, 2.5 * RECOGNISER_RATE_HZ)
    # The resampling filter sees silence beyond a range's edges.
    inner = slice(800, -800)
    np.testing.assert_allclose(part[:, inner], whole[:, 32_000:72_000][:, inner], atol=1e-4)


def test_ranges_come_from_their_own_channels_in_the_given_order(tmp_path: Path) -> None:
    path = BY_NAME["flac-16.flac"].write(tmp_path)
    whole = resampled(path)
    ranges = [TimeSpan(1, 4.0, 4.5), TimeSpan(0, 0.0, 0.25), TimeSpan(1, 3.9, 4.2), TimeSpan(0, 6.0, 9.0)]
    parts = ranges_of(path, ranges)
    for span, audio in zip(ranges, parts, strict=True):
        first, last = round(span.start_s * RECOGNISER_RATE_HZ), round(min(span.end_s, SECONDS) * RECOGNISER_RATE_HZ)
        assert len(audio) == pytest.approx(last - first, abs=1)
        length = min(len(audio), whole.shape[1] - first)
        np.testing.assert_allclose(audio[:length], whole[span.channel, first : first + length], atol=2e-3)


def test_no_ranges_and_ranges_outside_the_recording_are_empty(tmp_path: Path) -> None:
    path = BY_NAME["pcm_mulaw.wav"].write(tmp_path)
    assert ranges_of(path, []) == []
    assert [len(audio) for audio in ranges_of(path, [TimeSpan(0, 60.0, 61.0)])] == [0]


def test_a_range_of_a_channel_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IndexError):
        ranges_of(BY_NAME["gsm.wav"].write(tmp_path), [TimeSpan(1, 1.0, 2.0)])


def test_channels_can_be_mixed(tmp_path: Path) -> None:
    path = BY_NAME["rf64.wav"].write(tmp_path)
    both, mixed = resampled(path), resampled(path, mix=True)
    assert mixed.shape == (1, both.shape[1])
    np.testing.assert_allclose(mixed[0], both.mean(axis=0), atol=1e-6)
    (part,) = ranges_of(path, [TimeSpan(0, 1.0, 1.5)], mix=True)
    np.testing.assert_allclose(part, mixed[0, 16_000:24_000], atol=1e-6)


def test_audio_read_to_the_end_has_the_identity_of_the_decoder(tmp_path: Path) -> None:
    path = BY_NAME["stereo.mp3"].write(tmp_path)
    whole, part = RecogniserAudio(path, limits=LIMITS), RecogniserAudio(path, end_s=2.0, limits=LIMITS)
    for recogniser_audio in (whole, part):
        assert sum(block.shape[1] for block in recogniser_audio) > 0
    with Decoder(path, LIMITS) as decoder:
        for _ in decoder.blocks():
            pass
        assert whole.identity == decoder.identity
        assert whole.info == decoder.info
    assert part.identity is None
    assert inspect(path, LIMITS).identity == whole.identity
    assert inspect(path, LIMITS).duration_s == pytest.approx(SECONDS, abs=0.05)


def test_damage_after_a_range_is_found_when_the_whole_is_read(tmp_path: Path) -> None:
    path = BY_NAME["flac-16.flac"].write(tmp_path)
    path.write_bytes(path.read_bytes()[:-8_000])
    assert resampled(path, end_s=2.0).shape[1] == 2 * RECOGNISER_RATE_HZ
    with pytest.raises(MediaError):
        resampled(path)


def test_a_recording_that_fits_into_memory_is_decoded_once(tmp_path: Path) -> None:
    path = BY_NAME["pcm_s16le.wav"].write(tmp_path)
    with Decoder(path, LIMITS) as decoder:
        blocks, identity = list(decoder.blocks()), decoder.identity
    size = sum(block.nbytes for block in blocks)
    for most_bytes, reads_again in ((size, False), (size - 1, True)):
        audio = SampleCache(path, most_bytes=most_bytes, limits=LIMITS)
        for _ in range(2):
            with reading(audio, LIMITS) as decoded:
                again = list(decoded.blocks())
                assert decoded.identity == identity
                np.testing.assert_array_equal(np.concatenate(again, axis=1), np.concatenate(blocks, axis=1))
        hidden = path.rename(tmp_path / "hidden")
        with pytest.raises(MissingFileError) if reads_again else nullcontext(), reading(audio, LIMITS) as decoded:
            assert sum(block.nbytes for block in decoded.blocks()) == size
        hidden.rename(path)


def test_a_recording_that_was_not_read_to_its_end_is_not_kept(tmp_path: Path) -> None:
    path = BY_NAME["pcm_s16le.wav"].write(tmp_path)
    audio = SampleCache(path, LIMITS)
    with reading(audio, LIMITS) as decoded:
        next(decoded.blocks())
    path.unlink()
    with pytest.raises(MissingFileError), reading(audio, LIMITS):
        pass


def test_ranges_come_as_they_are_decoded_and_all_blocks_are_seen(tmp_path: Path) -> None:
    path = BY_NAME["pcm_s16le.wav"].write(tmp_path)
    seen: list[int] = []
    ranges = [TimeSpan(0, 0.2, 0.4), TimeSpan(0, 0.1, 0.9), TimeSpan(0, 1.2, 1.4)]
    stream = stream_ranges(path, ranges, also=lambda info, block: seen.append(block.shape[1]), limits=LIMITS)
    np.testing.assert_array_equal(next(stream), ranges_of(path, ranges)[0])
    after_first = sum(seen)
    rest = list(stream)
    with Decoder(path, LIMITS) as decoder:
        total = sum(block.shape[1] for block in decoder.blocks())
    assert after_first < sum(seen) == total
    for one, other in zip(rest, ranges_of(path, ranges)[1:], strict=True):
        np.testing.assert_array_equal(one, other)
