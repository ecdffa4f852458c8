"""Conditions of lines, on labelled calls: levels, bands, times and seeds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation import run
from evaluation.lines import codecs, faults
from evaluation.lines.conditions import CONDITIONS, SNRS_DB
from evaluation.lines.line import Line, active, speech_rms
from evaluation.lines.noises import NOISES, add_noise
from evaluation.score import VOICED_DB, Samples, align, decode

CALLS = Path(run.__file__).parent
SECONDS = 12
WIDE_HZ = 16_000


@pytest.fixture(scope="module")
def line() -> Line:
    """The beginning of a call at 16 kHz, two channels, and another call beside it."""
    audio, other = (decode(CALLS / f"dev/audio/{name}.flac") for name in ("wire-transfer", "card-split-turns"))
    samples = audio[:, : SECONDS * WIDE_HZ]
    return Line("wire-transfer", samples, samples, WIDE_HZ, tuple(other))


def snr_db(clean: Samples, noisy: Samples, rate_hz: int) -> float:
    noise = noisy.astype(np.float64) - clean
    return float(20 * np.log10(speech_rms(clean, rate_hz) / np.sqrt((noise**2).mean())))


def energy_between(samples: Samples, rate_hz: int, low_hz: float, high_hz: float) -> float:
    power = np.abs(np.fft.rfft(samples.astype(np.float64))) ** 2
    frequencies_hz = np.fft.rfftfreq(samples.shape[-1], 1 / rate_hz)
    return float(power[..., (frequencies_hz >= low_hz) & (frequencies_hz < high_hz)].sum())


def test_a_channel_is_active_while_somebody_speaks() -> None:
    samples = np.zeros(3 * WIDE_HZ, np.float32)
    samples[WIDE_HZ : 2 * WIDE_HZ] = 0.1
    assert np.flatnonzero(active(samples, WIDE_HZ)).tolist() == list(range(WIDE_HZ, 2 * WIDE_HZ))
    assert speech_rms(samples, WIDE_HZ) == pytest.approx(0.1)


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("wanted_db", SNRS_DB)
def test_each_channel_has_exactly_the_ratio_of_speech_to_noise(line: Line, kind: str, wanted_db: int) -> None:
    # The second channel is much quieter.
    uneven = line.with_samples(line.samples * np.array([[1.0], [0.2]], np.float32))
    noisy = add_noise(uneven, kind, wanted_db)
    for clean, with_noise in zip(uneven.samples, noisy.samples, strict=True):
        assert snr_db(clean, with_noise, WIDE_HZ) == pytest.approx(wanted_db, abs=0.01)


@pytest.mark.parametrize("kind", NOISES)
def test_noise_differs_between_channels_and_calls(line: Line, kind: str) -> None:
    first, second = add_noise(line, kind, 10).samples - line.samples
    elsewhere = add_noise(replace(line, recording_id="another"), kind, 10).samples[0] - line.samples[0]
    for other in (second, elsewhere):
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.5


def test_a_silent_channel_gets_noise_below_ordinary_speech(line: Line) -> None:
    silent = line.with_samples(np.zeros_like(line.samples))
    noisy = add_noise(silent, "white", 20).samples
    assert 20 * np.log10(np.sqrt((noisy**2).mean())) == pytest.approx(-43, abs=0.5)


def test_babble_is_made_of_the_other_calls_and_needs_them(line: Line) -> None:
    silent_others = replace(line, others=tuple(np.zeros_like(other) for other in line.others))
    assert not NOISES["babble"](silent_others, line.random("babble"), 100).any()
    with pytest.raises(ValueError, match="other calls"):
        add_noise(replace(line, others=()), "babble", 10)


def test_street_noise_is_low(line: Line) -> None:
    noise = NOISES["street"](line, line.random("street"), 10 * WIDE_HZ)
    assert energy_between(noise, WIDE_HZ, 0, 1000) > 2 * energy_between(noise, WIDE_HZ, 1000, 8000)


def test_music_keeps_playing_notes(line: Line) -> None:
    music = NOISES["music"](line, line.random("music"), 10 * WIDE_HZ)
    seconds = music.reshape(10, -1)
    assert (np.sqrt((seconds**2).mean(1)) > 0.3 * music.std()).all()
    # Notes, not noise: a hundredth of the frequencies has most of the energy.
    power = np.sort(np.abs(np.fft.rfft(music)) ** 2)[::-1]
    assert power[: len(power) // 100].sum() > 0.8 * power.sum()


def test_the_telephone_band_ends_where_it_should() -> None:
    noise = np.random.default_rng(1).standard_normal((1, 4 * WIDE_HZ)).astype(np.float32) * 0.1
    narrow = codecs.telephone_band(Line("noise", noise, noise, WIDE_HZ))
    assert narrow.rate_hz == 8000
    inside = energy_between(narrow.samples, 8000, 300, 3400) / 3100
    for low_hz, high_hz in ((0, 200), (3500, 4000)):
        assert energy_between(narrow.samples, 8000, low_hz, high_hz) / (high_hz - low_hz) < 1e-6 * inside
    flat = [energy_between(narrow.samples, 8000, low_hz, low_hz + 500) / 500 for low_hz in (300, 1000, 2000, 2900)]
    assert max(flat) < 1.2 * min(flat)


@pytest.mark.parametrize("law", ["ULAW", "ALAW"])
def test_coding_a_call_again_by_g711_changes_nothing(line: Line, law: str) -> None:
    once = codecs.g711(line, law)
    assert len(np.unique(once.samples)) <= 256
    assert (codecs.g711(once, law).samples == once.samples).all()


@pytest.mark.parametrize(
    ("condition", "least_db", "most_db"),
    [("gsm", 5, 20), ("amr_12k", 5, 20), ("amr_5k", 3, 15), ("opus_8k", 5, 20), ("mp3_16k", 5, 30)],
)
def test_a_codec_keeps_speech_in_place_and_costs_quality(
    line: Line, condition: str, least_db: float, most_db: float
) -> None:
    steps = CONDITIONS[condition].steps
    coded = CONDITIONS[condition].apply(line)
    before = codecs.telephone_band(line) if codecs.telephone_band in steps else line
    for clean, audio in zip(before.samples, coded.samples, strict=True):
        assert np.array_equal(align(clean[None], audio[None])[0], audio), "the delay is not taken out"
        assert least_db < snr_db(clean, audio, coded.rate_hz) < most_db


def test_amr_codes_worse_at_its_lowest_rate(line: Line) -> None:
    narrow = codecs.telephone_band(line)
    high, low = (
        snr_db(narrow.samples[0], codecs.amr_nb(narrow, rate).samples[0], narrow.rate_hz) for rate in (12_200, 4_750)
    )
    assert high > low + 1


def test_the_wanted_share_of_speech_is_clipped(line: Line) -> None:
    clipped = faults.clipped(line, 0.05).samples
    for channel, speech in zip(clipped, line.samples, strict=True):
        at_the_limit = np.abs(channel[active(speech, WIDE_HZ)]) >= 1
        assert at_the_limit.mean() == pytest.approx(0.05, abs=0.002)


def test_a_quiet_call_is_20_db_lower(line: Line) -> None:
    quiet = CONDITIONS["quiet"].apply(line)
    assert np.allclose(quiet.samples, line.samples / 10)


def test_a_room_adds_a_tail_that_decays_and_nothing_before_the_voice() -> None:
    clap = np.zeros((1, WIDE_HZ), np.float32)
    clap[0, 4000] = 0.5
    received = faults.reverberated(Line("clap", clap, clap, WIDE_HZ), decay_s=0.5, direct_to_reverberant_db=3).samples[
        0
    ]
    assert np.abs(received[:3990]).max() < 1e-5
    assert received[4000] == pytest.approx(0.5, rel=1e-4)
    tail = received[4001:]
    assert 10 * np.log10(0.25 / (tail**2).sum()) == pytest.approx(3, abs=0.1)
    early, late = (10 * np.log10((tail[start : start + 800] ** 2).mean()) for start in (800, 4800))
    # 60 dB in half a second are 30 dB in a quarter.
    assert early - late == pytest.approx(30, abs=2)


def test_lost_packets_are_concealed_and_the_others_are_untouched() -> None:
    tone = 0.3 * np.sin(2 * np.pi * 200 * np.arange(60 * 8000) / 8000).astype(np.float32)[None]
    received = faults.packets_lost(Line("tone", tone, tone, 8000), share=0.05).samples
    packets, before = received.reshape(-1, 160), tone.reshape(-1, 160)
    lost = np.flatnonzero((packets != before).any(1))
    assert 0.02 < len(lost) / len(packets) < 0.08
    alone = [packet for packet in lost if packet - 1 not in lost]
    assert len(alone) < len(lost), "losses come in bursts"
    # The last period goes on: half a packet later the tone is still what it was.
    assert np.abs(packets[alone, :80] - before[alone, :80]).max() < 0.05
    long = [packet for packet in lost if {packet - 1, packet - 2, packet - 3} <= set(lost)]
    assert not packets[long].any(), "after 60 ms a loss is silence"


def test_cross_talk_is_the_other_channel_20_db_lower(line: Line) -> None:
    crossed = CONDITIONS["crosstalk"].apply(line)
    assert np.allclose(crossed.samples - line.samples, line.samples[::-1] / 10, atol=1e-6)
    mono = faults.in_one_channel(line)
    assert CONDITIONS["crosstalk"].apply(mono) is mono


def test_one_channel_has_both_sides(line: Line) -> None:
    mono = CONDITIONS["one_channel"].apply(line)
    assert np.allclose(mono.samples[0], line.samples[0] + line.samples[1])
    assert mono.speech.shape == mono.samples.shape


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_keeps_length_and_times_and_is_the_same_for_a_seed(line: Line, condition: str) -> None:
    received = CONDITIONS[condition].apply(line)
    assert received.samples.dtype == np.float32
    assert received.samples.shape == received.speech.shape
    assert received.samples.shape[1] == pytest.approx(SECONDS * received.rate_hz / received.tempo, abs=1)
    assert np.array_equal(CONDITIONS[condition].apply(line).samples, received.samples)
    # What is said lies where it lay: its loudest half second, at the tempo.
    loudest_s = [
        float(np.argmax(np.convolve(audio[0] ** 2, np.ones(rate_hz // 2), "same"))) / rate_hz
        for audio, rate_hz in ((line.speech, line.rate_hz), (received.speech, received.rate_hz))
    ]
    if condition != "one_channel":
        assert loudest_s[1] * received.tempo == pytest.approx(loudest_s[0], abs=0.05)


@pytest.mark.parametrize("condition", ["white_10db", "babble_10db", "room", "packet_loss"])
def test_another_seed_gives_other_audio(line: Line, condition: str) -> None:
    first, second = (CONDITIONS[condition].apply(replace(line, seed=seed)).samples for seed in (1, 2))
    assert not np.array_equal(first, second)


def test_speech_counts_as_the_score_counts_it() -> None:
    tones = [np.full((1600,), 10 ** (level_db / 20), np.float32) for level_db in (VOICED_DB - 1, VOICED_DB + 1)]
    assert [bool(active(tone, WIDE_HZ).all()) for tone in tones] == [False, True]
