"""What a person at a terminal, a log, or a program reads of a run while it goes on and when it has ended."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from itertools import pairwise

from rich.console import Console

from hushbeam.pipelines.running.consoles import clock_time, printable
from hushbeam.pipelines.running.reporting.result import Tolerance, print_summary, result_for_machines
from hushbeam.pipelines.running.terminal import _MOST_SAMPLES, recording_line, watching
from hushbeam.transforms.base.progress import (
    COMMITTED,
    MEASURED,
    MEASURED_BYTES,
    PENDING_BYTES,
    TRANSCRIBED,
    Ended,
)
from hushbeam.transforms.report_run.figures import DeliveryGroup, ErrorGroup, RunFigures
from tests.transforms.observe_run.runs import FIGURES

UNDER_WAY = {
    "ReadManifest.passed": 5,
    COMMITTED: 2,
    "findings.person_name": 34,
    PENDING_BYTES: 1000,
    MEASURED_BYTES: 1000,
    MEASURED: 900_000,
    TRANSCRIBED: 450_000,
}
COMPLETE = replace(
    FIGURES,
    summary=FIGURES.summary | {"recordings": {"completed": 9, "skipped": 0, "quarantined": 0, "failed": 0}},
    errors=(),
)


def printed(figures: object = FIGURES, width: int = 200, output: str = "/out") -> list[str]:
    terminal = io.StringIO()
    console, report = Console(file=terminal, width=width), f"{output}/runs/night-7/report.html"
    print_summary(console, figures, output, report, 75.0, tolerance=Tolerance(0.5, allow_empty=False))  # type: ignore[arg-type]
    return terminal.getvalue().splitlines()


def test_a_figure_outside_its_band_is_said_and_the_others_are_not() -> None:
    assert [line for line in printed() if line.startswith("Unlike")] == [
        "Unlike earlier runs: Findings 23.5 an hour, expected 70.0 to 110.0"
    ]


def test_failures_are_told_by_cause_with_the_first_ids_and_what_to_do() -> None:
    gone = ErrorGroup("failed", "SkipFinished", "MissingFileError", True, 7, "no such file", ("a", "b", "c", "d", "e"))
    unsure = ErrorGroup("quarantined", "VerifyAudio", "AudibleLeakError", False, 1, "still audible", ("f",))
    lines = printed(replace(FIGURES, errors=(gone, unsure)))
    start = lines.index("Failed or quarantined:")
    assert lines[start + 1 : start + 4] == [
        "  7 x no such file (a, b, c, d, e, ...)",
        "  1 x quarantined, still audible (f)",
        "7 of them may pass later; correct the others, then run the same command again: what is done is skipped. Each "
        "has a row in /out/errors",
    ]


def test_many_causes_are_cut_and_what_is_left_out_is_counted() -> None:
    groups = tuple(ErrorGroup("failed", "Transcribe", "MediaError", False, 2, f"cause {n}", ("a",)) for n in range(8))
    lines = printed(replace(FIGURES, errors=groups))
    assert "  2 x cause 4 (a, ...)" in lines
    assert "  2 x cause 5 (a, ...)" not in lines
    assert "  and 6 for 3 other reasons" in lines


def test_a_notification_that_did_not_arrive_is_named() -> None:
    refused = DeliveryGroup("refused_address", "10.0.0.1", None, "private network", True, 2, ("a", "b"))
    rejected = DeliveryGroup("rejected", "example.com", 404, "the receiver rejected it", False, 1, ("c",))
    figures = replace(COMPLETE, undelivered=(refused, rejected))
    lines = printed(figures)
    start = lines.index("Notifications that did not arrive:")
    assert lines[start + 1] == "  2 x not sent to 10.0.0.1: private network (a, b)"
    assert lines[start + 2] == "  1 x rejected to example.com: the receiver rejected it, HTTP status 404 (c)"
    assert lines[start + 3].startswith("To deliver them: hushbeam notify --output /out --resume")
    assert any(
        "hushbeam notify --output '/calls of May' --resume" in line for line in printed(figures, output="/calls of May")
    )
    only_rejected = printed(replace(COMPLETE, undelivered=(rejected,)))
    assert not [line for line in only_rejected if "--resume" in line], "a later attempt would be rejected too"


def test_a_run_that_skipped_everything_says_why_and_how_to_redo_what_expired() -> None:
    def told(tolerance: Tolerance, **recordings: int) -> list[str]:
        console = Console(file=io.StringIO(), width=200)
        summary = FIGURES.summary | {"recordings": {"completed": 0, "failed": 0, "quarantined": 0, **recordings}}
        print_summary(console, replace(COMPLETE, summary=summary), "/out", "/out/report.html", tolerance=tolerance)
        return [line for line in console.file.getvalue().splitlines() if "expired" in line]  # type: ignore[attr-defined]

    run = Tolerance(0.5, allow_empty=False)
    (line,) = told(run, skipped=2)
    assert line.startswith("Skipped: done before, ")
    assert line.endswith("; --force redoes all")
    assert not told(run, skipped=2, completed=1)
    assert not told(Tolerance(0.5, allow_empty=False, nothing="No recording was to be redacted again"), skipped=2)


def test_the_exit_status_tells_how_much_went_wrong_and_what_is_tolerated() -> None:
    def counted(**recordings: int) -> RunFigures:
        summary = FIGURES.summary | {"recordings": {"skipped": 0, "quarantined": 0, "failed": 0, **recordings}}
        return replace(FIGURES, summary=summary, errors=(), undelivered=(), deliveries={})

    night, half = Tolerance(0.5, allow_empty=False), Tolerance(0.01, allow_empty=False)
    one_of_three = counted(completed=2, failed=1)
    assert (night.exit_status(one_of_three), half.exit_status(one_of_three)) == (0, 3)
    assert night.exit_status(counted(completed=0, failed=1)) == 3, "nothing completed"
    assert night.exit_status(counted(completed=1, quarantined=1)) == 0, "not more than half"
    assert night.exit_status(counted(completed=0, skipped=1000, failed=10)) == 3, "nothing that it attempted completed"
    assert night.told(counted(completed=0, skipped=1000, failed=10)) == (
        "Exit status 3: 100 % of the attempted recordings failed or were quarantined, more than --fail_above 0.5"
    )
    assert Tolerance(1.0, allow_empty=False).exit_status(counted(completed=0, skipped=1000, failed=10)) == 0, "as asked"
    assert night.exit_status(counted(completed=0, skipped=1000)) == 0, "there was nothing to attempt"
    assert night.exit_status(counted(completed=0, recovered=9, erased=9, failed=1)) == 3, "not this run's work"
    assert night.exit_status(counted(completed=0, unredacted=1, failed=1)) == 0, "published without redaction, as asked"
    assert night.told(counted(completed=3)) is None
    assert half.told(counted(completed=98, failed=2)) == (
        "Exit status 3: 2 % of the attempted recordings failed or were quarantined, more than --fail_above 0.01"
    )
    unheard = DeliveryGroup("undelivered", "example.com", 503, "no answer", True, 3, ("a",))
    lost = replace(COMPLETE, undelivered=(unheard,), deliveries={"delivered": 1, "undelivered": 3, "not_requested": 99})
    assert night.exit_status(lost) == 3, "a recording without a receiver has no notification that could arrive"
    assert night.told(lost) == "Exit status 3: 75 % of the notifications did not arrive, more than --fail_above 0.5"
    assert Tolerance(0.75, allow_empty=False).exit_status(lost) == 0


def test_a_run_of_nothing_is_no_success_unless_it_is_allowed() -> None:
    recordings = dict.fromkeys(("completed", "skipped", "quarantined", "failed"), 0)
    nothing = replace(FIGURES, summary=FIGURES.summary | {"recordings": recordings}, undelivered=())
    assert Tolerance(1.0, allow_empty=False).exit_status(nothing) == 3
    assert Tolerance(0.0, allow_empty=True).exit_status(nothing) == 0
    rerender = Tolerance(0.0, allow_empty=True, nothing="No recording was to be redacted again")
    assert (rerender.exit_status(nothing), rerender.told(nothing)) == (0, "No recording was to be redacted again")


def test_notes_of_the_summary_are_printed() -> None:
    summary = FIGURES.summary | {"ignored_keys": {"lines": 3, "names": {"speaker_labels": 3}}}
    lines = printed(replace(FIGURES, summary=summary))
    assert lines[lines.index("Notes:") + 1] == "  Keys without effect here, in 3 lines: speaker_labels"
    assert "Notes:" not in printed()


def test_a_program_gets_the_same_facts() -> None:
    group = ErrorGroup("failed", "SkipFinished", "MissingFileError", True, 1, "no such file", ("a",), {"a": "/a.wav"})
    refused = DeliveryGroup("refused_address", None, None, "not https", True, 1, ("b",))
    figures = replace(FIGURES, errors=(group,), undelivered=(refused,), muted_share=0.0625)
    result = result_for_machines(figures, "/out", "/out/report.html", 75.04, 3)
    assert result["recordings"] == FIGURES.summary["recordings"]
    assert result["failures"][0] | {"first": ["a"]} == {
        "status": "failed",
        "stage": "SkipFinished",
        "error_class": "MissingFileError",
        "retryable": True,
        "count": 1,
        "message": "no such file",
        "first": ["a"],
        "files": {"a": "/a.wav"},
    }
    assert result["undelivered"][0]["reason"] == "not https"
    known = {name: result[name] for name in ("output", "report", "wall_s", "audio_s", "muted_share", "exit_status")}
    assert known == {
        "output": "/out",
        "report": "/out/report.html",
        "wall_s": 75.0,
        "audio_s": 7200.5,
        "muted_share": 0.0625,
        "exit_status": 3,
    }


def test_a_name_does_not_move_the_cursor() -> None:
    assert printable("audio/é x\x1b[2K\x1b[1A\r\n\x07\x9b\ud800.wav") == (
        "audio/é x\\x1b[2K\\x1b[1A\\r\\n\\x07\\x9b\\ud800.wav"
    )


def test_a_recording_that_ended_is_one_line() -> None:
    ended = Ended("call-17", "completed", "passed", 125.4, 9, 6.21)
    assert str(recording_line(ended)) == "completed   call-17               2:05, 9 findings, 6.2 s muted, verified"
    lost = Ended(None, "failed", "line 4: Unknown key", where="calls.jsonl:4")
    assert str(recording_line(lost)) == "failed      calls.jsonl:4         line 4: Unknown key"


def test_times_are_read_as_on_a_clock() -> None:
    assert [clock_time(seconds) for seconds in (0, 59.6, 125, 3725)] == ["0:00", "1:00", "2:05", "1:02:05"]


def test_what_is_watched_is_remembered_for_the_report() -> None:
    steps = iter([{COMMITTED: 1, "audio_milliseconds": 1000}, {COMMITTED: 2, "audio_milliseconds": 3000}])
    with watching(Console(file=io.StringIO()), lambda: next(steps), every_s=600.0) as watch:
        pass
    assert [(sample.committed, sample.audio_s) for sample in watch.samples] == [(1, 1.0), (2, 3.0)]


def lines_of_a_terminal(width: int, encoding: str = "utf-8") -> list[str]:
    """The lines that a terminal shows of a run that is under way."""
    shown = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    with watching(Console(file=io.StringIO()), lambda: UNDER_WAY, every_s=600.0) as watch:
        watch.look()
        Console(file=shown, width=width, force_terminal=True, color_system=None, legacy_windows=False).print(
            watch.shown()
        )
    shown.seek(0)
    return shown.read().splitlines()


def test_a_bar_fits_terminals_of_any_width() -> None:
    assert [re.sub("[━╸ ]+", " ", line) for line in lines_of_a_terminal(80)] == [
        "Transcribing 7:30 of 15:00 of audio",
        "2 of 5 recordings done, 34 findings",
    ]
    assert [re.sub("[━╸ ]+", " ", line) for line in lines_of_a_terminal(40)] == [
        "Transcribing",
        " 7:30 of 15:00 of audio",
        "2 of 5 recordings done, 34 findings",
    ]
    for width in range(1, 100):
        assert all(len(line) <= max(width, 2) for line in lines_of_a_terminal(width)), width


def test_a_terminal_of_ascii_gets_ascii() -> None:
    for width in (20, 40, 80):
        assert all(line.isascii() for line in lines_of_a_terminal(width, "ascii"))


def test_a_night_keeps_a_bounded_number_of_samples_evenly_spaced_with_the_last() -> None:
    looks = iter(range(1, 30_000))
    with watching(Console(file=io.StringIO()), lambda: {COMMITTED: next(looks)}, every_s=600.0) as watch:
        for _ in range(20_000):
            watch.look()
        watch.close()
    kept = [sample.committed for sample in watch.samples]
    assert len(kept) <= _MOST_SAMPLES + 1
    assert (kept[0], kept[-1]) == (1, next(looks) - 1)
    assert {after - before for before, after in pairwise(kept[:-1])} == {8}
