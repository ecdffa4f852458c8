"""Cost of Beam itself."""

from __future__ import annotations

from benchmarks.beam_share import share


def test_beam_takes_little_of_what_transcription_takes() -> None:
    measured = share(200, engine_cpu_s_per_hour=200.0)
    assert measured.recordings == 200
    assert 0.0 < measured.cpu_ms_each == measured.cpu_s / 200 * 1000
    assert measured.of_transcription < 0.5
