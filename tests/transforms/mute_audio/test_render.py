"""The renderer on real files: the redacted copy, or no file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hushbeam.schemas.media import SampleIdentity
from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.media.decode import Decoder, inspect
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.samples import to_float
from hushbeam.transforms.mute_audio.muting import FADE_S, METHODS, Muting
from hushbeam.transforms.mute_audio.render import LENGTH_NOT_STATED, joined_notes, render
from tests.transforms.media.recordings import EXACT, LOSSY, SECONDS, VIDEO, Recipe

LIMITS = MediaLimits()

BY_NAME = {recipe.name: recipe for recipe in [*EXACT, *LOSSY, *VIDEO]}
SPANS = [TimeSpan(0, 2.9, 3.4), TimeSpan(0, 2.0, 3.0), TimeSpan(0, 5.9, 7.0)]


def decode(path: str | Path) -> tuple[np.ndarray[Any, Any], int]:
    with Decoder(path, LIMITS) as decoder:
        return np.concatenate(list(decoder.blocks()), axis=1), decoder.info.sample_rate_hz


@pytest.mark.parametrize("recipe", EXACT, ids=lambda recipe: recipe.name)
def test_samples_outside_the_touched_spans_are_the_sources(tmp_path: Path, recipe: Recipe) -> None:
    source = recipe.write(tmp_path)
    rendered = render(source, tmp_path / "copy", SPANS, muting=Muting(), quality="source", expected=None, limits=LIMITS)
    before, rate = decode(source)
    after, _ = decode(rendered.path)
    changed = np.zeros(before.shape, bool)
    for span in rendered.touched:
        changed[span.channel, round(span.start_s * rate) : round(span.end_s * rate)] = True
    np.testing.assert_array_equal(after[~changed], before[~changed])
    # A-law has no zero: its silence is the least that it can say.
    assert np.abs(to_float(after[:1])[0, 2 * rate : int(3.4 * rate)]).max() < 3e-4
    first, last = rendered.touched
    assert (first.start_s, first.end_s) == pytest.approx((2.0 - FADE_S, 3.4 + FADE_S), abs=2 / rate)
    assert (last.start_s, last.end_s) == pytest.approx((5.9 - FADE_S, SECONDS), abs=2 / rate)


@pytest.mark.parametrize("recipe", LOSSY, ids=lambda recipe: recipe.name)
def test_lossy_copies_hold_nothing_where_they_are_muted(tmp_path: Path, recipe: Recipe) -> None:
    source = recipe.write(tmp_path)
    both = [TimeSpan(channel, 2.0, 3.4) for channel in range(recipe.channels)]
    after, rate = decode(
        render(source, tmp_path / "copy", both, muting=Muting(), quality="source", expected=None, limits=LIMITS).path
    )
    # Codecs blur edges by a packet at most, with the sound beside the span, which was muted before.
    inside = to_float(after)[:, int(2.1 * rate) : int(3.3 * rate)]
    outside = to_float(after)[:, int(3.6 * rate) : int(5.5 * rate)]
    assert np.abs(inside).max() < 2e-3
    assert np.abs(outside).max() > 0.05


def test_the_result_describes_the_file(tmp_path: Path) -> None:
    source = BY_NAME["pcm_mulaw.wav"].write(tmp_path)
    rendered = render(
        source, tmp_path / "some.where", SPANS, muting=Muting(), quality="source", expected=None, limits=LIMITS
    )
    assert rendered.path == str(tmp_path / "some.where.wav")
    content = Path(rendered.path).read_bytes()
    assert (rendered.sha256, rendered.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert inspect(rendered.path, LIMITS).identity.frames == inspect(source, LIMITS).identity.frames
    assert rendered.duration_s == pytest.approx(SECONDS)
    touched_s = sum(span.end_s - span.start_s for span in rendered.touched)
    assert touched_s == pytest.approx(1.4 + SECONDS - 5.9 + 3 * FADE_S, abs=0.001)
    assert rendered.note == ""


@pytest.mark.parametrize(("name", "noted"), [("bare.mp3", True), ("stereo.mp3", False), ("bare.aac", True)])
def test_a_source_that_does_not_state_its_length_is_noted(tmp_path: Path, name: str, noted: bool) -> None:
    rendered = render(
        BY_NAME[name].write(tmp_path),
        tmp_path / "copy",
        SPANS,
        muting=Muting(),
        quality="source",
        expected=None,
        limits=LIMITS,
    )
    assert rendered.note == (LENGTH_NOT_STATED if noted else "")


def test_equal_notes_are_joined_to_one() -> None:
    assert joined_notes("", "one; two", "", "two; three") == "one; two; three"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["pcm_u8.wav", "flac-24.flac", "stereo.mp3"])
def test_every_method_gives_the_same_bytes_every_time(tmp_path: Path, method: str, name: str) -> None:
    source = BY_NAME[name].write(tmp_path)
    one, other = (
        render(source, tmp_path / place, SPANS, muting=Muting(method), quality="flac", expected=None, limits=LIMITS)
        for place in ("one", "other")
    )
    assert one.sha256 == other.sha256
    after, rate = decode(one.path)
    inside = to_float(after)[0, int(2.1 * rate) : int(3.3 * rate)]
    assert (np.abs(inside).max() > 0) == (method != "silence")


def test_samples_that_were_not_transcribed_are_not_rendered(tmp_path: Path) -> None:
    source = BY_NAME["flac-16.flac"].write(tmp_path)
    transcribed = inspect(source, LIMITS).identity
    assert Path(
        render(
            source, tmp_path / "same", SPANS, expected=transcribed, muting=Muting(), quality="source", limits=LIMITS
        ).path
    ).exists()
    with pytest.raises(MediaError) as refused:
        render(
            source,
            tmp_path / "other",
            SPANS,
            expected=SampleIdentity(transcribed.frames, "0" * 64),
            muting=Muting(),
            quality="source",
            limits=LIMITS,
        )
    assert refused.value.reason == "identity_differs"
    assert list(tmp_path.glob("other*")) == []


@pytest.mark.parametrize("span", [TimeSpan(0, 60.0, 61.0), TimeSpan(5, 1.0, 2.0), TimeSpan(0, float("nan"), 1.0)])
def test_a_span_that_is_not_in_the_recording_fails_it(tmp_path: Path, span: TimeSpan) -> None:
    with pytest.raises(MediaError) as refused:
        render(
            BY_NAME["flac-16.flac"].write(tmp_path),
            tmp_path / "copy",
            [span],
            muting=Muting(),
            quality="source",
            expected=None,
            limits=LIMITS,
        )
    assert refused.value.reason == "span_outside"
    assert list(tmp_path.glob("copy*")) == []


@pytest.mark.parametrize("name", ["pcm_mulaw.wav", "stereo.mp3", "vorbis.ogg", "h264.mp4"])
def test_a_damaged_recording_leaves_no_file(tmp_path: Path, name: str) -> None:
    source = BY_NAME[name].write(tmp_path)
    content = source.read_bytes()
    source.write_bytes(content[: len(content) // 2])
    with pytest.raises(MediaError):
        render(source, tmp_path / "copy", SPANS, muting=Muting(), quality="source", expected=None, limits=LIMITS)
    assert list(tmp_path.glob("copy*")) == []


def test_limits_hold_for_rendering_too(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as refused:
        render(
            BY_NAME["stereo.m4a"].write(tmp_path),
            tmp_path / "copy",
            SPANS,
            muting=Muting(),
            quality="source",
            expected=None,
            limits=MediaLimits(max_recording_hours=2 / 3600),
        )
    assert refused.value.reason == "too_long"
