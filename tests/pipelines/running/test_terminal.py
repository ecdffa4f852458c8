"""The summary that a terminal shows at the end of a run."""

from __future__ import annotations

import io

from rich.console import Console

from hushbeam.pipelines.running.terminal import print_summary, printable
from tests.transforms.observe_run.runs import FIGURES


def test_a_figure_outside_its_band_is_said_and_the_others_are_not() -> None:
    terminal = io.StringIO()
    print_summary(Console(file=terminal, width=200), FIGURES, "/out", "/out/runs/night-7/report.html")
    lines = terminal.getvalue().splitlines()
    assert [line for line in lines if line.startswith("Unlike")] == [
        "Unlike earlier runs: Findings 23.5 an hour, expected 70.0 to 110.0"
    ]


def test_a_name_does_not_move_the_cursor() -> None:
    assert printable("audio/é x\x1b[2K\x1b[1A\r\n\x07\x9b\ud800.wav") == (
        "audio/é x\\x1b[2K\\x1b[1A\\r\\n\\x07\\x9b\\ud800.wav"
    )
