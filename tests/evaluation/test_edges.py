"""Figures of muting with perfect detection on the labelled calls, and their page."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

from evaluation.chart import Curve, chart
from evaluation.edges import Call, by_padding, by_sound, measure, read_calls
from evaluation.score import RATE_HZ
from evaluation.truth import TRANSCRIPTS, read_transcripts
from hushbeam.schemas.spans import TimeSpan

FOLDERS = Path(__file__).parents[2] / "evaluation"


def calls_of(folder: str) -> list[Call]:
    return read_calls(FOLDERS / folder, read_transcripts(FOLDERS / folder / TRANSCRIPTS), "text")


@pytest.mark.parametrize(("folder", "covered", "false_alarms"), [("dev", 0.97, 10.0), ("telephone", 0.96, 17.0)])
def test_what_is_found_is_muted_whole_and_little_else(folder: str, covered: float, false_alarms: float) -> None:
    figures = measure(calls_of(folder), by_sound)
    assert figures.covered >= covered
    assert figures.zero_leak_files >= 0.9
    assert figures.over_redaction <= 0.012
    assert figures.false_alarms_per_hour <= false_alarms


def test_without_padding_the_ends_of_entities_leak() -> None:
    figures = measure(calls_of("dev")[:2], partial(by_padding, before_s=0.0, after_s=0.0))
    assert figures.covered < 0.9
    assert min(figures.errors.ends_s) < 0.0


def test_on_another_line_edges_are_placed_by_its_audio_and_scored_in_the_clean_audio(tmp_path: Path) -> None:
    clean = calls_of("telephone")[0]
    (tmp_path / "audio").mkdir()
    line = json.loads((FOLDERS / "telephone" / "truth.jsonl").read_text(encoding="utf-8").splitlines()[0])
    noise = np.random.default_rng(1).standard_normal(clean.audio.shape) * 0.01
    soundfile.write(tmp_path / line["audio"], (clean.audio + noise).T, RATE_HZ)
    (tmp_path / "truth.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    transcripts = {clean.recording.recording_id: clean.transcript}
    [noisy] = read_calls(FOLDERS / "telephone", transcripts, "text", tmp_path)
    assert np.array_equal(noisy.audio, clean.audio)
    beginning = TimeSpan(0, 0.0, 0.3)
    assert noisy.read_ranges([beginning])[0].std() > 10 * clean.read_ranges([beginning])[0].std()
    assert by_sound(noisy) != by_sound(clean)


def test_a_span_that_is_cut_exactly_has_no_edge_error() -> None:
    call = calls_of("dev")[0]
    spans = [TimeSpan(e.channel, e.start_s - 0.01, e.end_s + 0.01) for e in call.recording.entities]
    exact = measure([call], lambda _: spans)
    assert exact.covered == 1.0
    assert max(map(abs, (*exact.errors.starts_s, *exact.errors.ends_s))) <= 0.02


def test_a_chart_is_an_svg_with_a_curve_and_a_mark_for_each_set_of_calls() -> None:
    curve = Curve("dev & more", ((0.01, 0.4), (0.05, 0.1)), (0.003, 0.0))
    drawing = ElementTree.fromstring(chart([curve, curve], across="lost <speech>", up="leaks"))
    lines = drawing.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 2
    texts = [text.text for text in drawing.findall("{http://www.w3.org/2000/svg}text")]
    assert "lost <speech>" in texts
    assert "5 %" in texts
