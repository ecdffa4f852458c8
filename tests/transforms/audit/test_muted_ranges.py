"""Meters of audible sound, on real recordings of several codecs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.audit.muted_ranges import MutedRangeSettings, audible_seconds
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.mute_audio.muting import Muting
from hushbeam.transforms.mute_audio.render import render
from tests.transforms.verify_audio.labelled import labelled

SETTINGS = MutedRangeSettings()


def spoken(name: str) -> tuple[Path, list[TimeSpan]]:
    """A labelled call, and where personal data is said in it."""
    call = labelled(name)
    return call.audio, [TimeSpan(entity.channel, entity.start_s, entity.end_s) for entity in call.entities]


def audible(path: str | Path, spans: list[TimeSpan], method: str = "silence") -> float:
    return audible_seconds(recogniser_blocks(path, limits=MediaLimits()), spans, method, SETTINGS)


@pytest.mark.parametrize("name", ["card-payment", "clinic-intake", "password-reset", "ssn-correction"])
def test_silence_is_inaudible_in_every_codec(name: str, tmp_path: Path) -> None:
    source, spans = spoken(name)
    rendered = render(
        source, tmp_path / "redacted", spans, muting=Muting(), quality="source", expected=None, limits=MediaLimits()
    )
    assert audible(rendered.path, list(rendered.touched)) == 0.0
    assert audible(source, spans) > 1.0


@pytest.mark.parametrize("method", ["tone", "noise"])
@pytest.mark.parametrize("name", ["telecom-phone-readback", "card-payment", "password-reset"])
def test_no_speech_is_audible_in_a_tone_or_noise(name: str, method: str, tmp_path: Path) -> None:
    source, spans = spoken(name)
    rendered = render(
        source,
        tmp_path / "redacted",
        spans,
        muting=Muting(method),
        quality="source",
        expected=None,
        limits=MediaLimits(),
    )
    assert audible(rendered.path, list(rendered.touched), method) == 0.0
    assert audible(source, spans, method) > 2.0


def test_a_span_that_was_cut_too_short_is_audible(tmp_path: Path) -> None:
    source, spans = spoken("card-payment")
    (number, *_) = spans
    short = replace(number, end_s=number.end_s - 1.0)
    rendered = render(
        source, tmp_path / "redacted", [short], muting=Muting(), quality="source", expected=None, limits=MediaLimits()
    )
    assert 0.1 < audible(rendered.path, [number]) < 1.0
