"""The report of a run, as people see it and as the command makes it again."""

from __future__ import annotations

import io
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from hushbeam.pipelines.report import run
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_USAGE
from hushbeam.transforms.archive.runs.timings import Sample, StageTime, Timings, write_timings
from hushbeam.transforms.report_run import newest_run
from hushbeam.transforms.report_run.figures import RunFigures, read_figures
from hushbeam.transforms.report_run.page import render
from tests.pipelines.conftest import FinishedRuns, Redact, Run


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag == "svg":
            self.images.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def words(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.text))


@pytest.fixture
def night(finished: FinishedRuns) -> Run:
    """A run with a recording that completed and one that could not be decoded."""
    return finished(
        {"audio_url": "card.flac", "recording_id": "jane-doe-card", "metadata": {"agent": "Maria Sanchez"}},
        {"audio_url": "missing.wav", "recording_id": "jane-doe-gone"},
        options=("--run_id", "night-1"),
    )


def report(output: Path, *options: str) -> tuple[int, str]:
    terminal = io.StringIO()
    return run(["--output", str(output), *options], Console(file=terminal, width=200)), terminal.getvalue()


def test_a_run_ends_by_naming_a_page_that_tells_what_came_of_it(night: Run) -> None:
    path = night.output / "runs" / "night-1" / "report.html"
    assert f"Report: {path}" in night.terminal
    page = _Page(path.read_text())
    words = page.words()
    assert "Run night-1" in words
    assert "completed 1" in words and "failed 1" in words
    for row in night.rows("findings"):
        assert row["policy"] in words
    assert "MissingFileError" in words
    assert all(stage in words for stage in ("Transcribe", "MuteAudio", "Commit"))
    summary = json.loads((path.parent / "summary.json").read_text())
    assert summary["identities"]["configuration"] in words


@pytest.fixture
def figures(night: Run) -> RunFigures:
    return read_figures(str(night.output), "night-1")


def _words_about(figures: RunFigures, **counts: int) -> str:
    recordings = {"completed": 0, "failed": 0, "quarantined": 0, "skipped": 0} | counts
    return _Page(render(replace(figures, summary=figures.summary | {"recordings": recordings}))).words()


def test_what_failed_is_none_only_where_that_is_so(figures: RunFigures) -> None:
    assert "None:" not in _words_about(figures, completed=1, failed=1)
    figures = replace(figures, errors=())
    assert "None: every recording completed." in _words_about(figures, completed=2)
    assert "None: every recording completed." in _words_about(figures, recovered=2)
    assert "None: every recording completed or was skipped." in _words_about(figures, completed=2, skipped=1)
    assert "None: every recording was skipped." in _words_about(figures, skipped=3)
    assert "None: no recording was processed." in _words_about(figures)
    later = _words_about(figures, completed=1, failed=1)
    assert "None:" not in later and "erased later" in later


def test_a_run_that_skips_all_says_so(night: Run, redact: Redact) -> None:
    card = {"audio_url": "card.flac", "recording_id": "jane-doe-card", "metadata": {"agent": "Maria Sanchez"}}
    again = redact(card, options=("--run_id", "night-2"), output=night.output)
    words = _Page((again.output / "runs" / "night-2" / "report.html").read_text()).words()
    assert "skipped 1" in words
    assert "None: every recording was skipped." in words
    assert "No recording of this run was published." in words


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (
            (57, 57, 0),
            "No muted value could be recognised again. 57 of 57 words that were left audible (control words)",
        ),
        ((0, 0, 0), "No muted value could be recognised again."),
        (
            (9, 8, 1),
            "1 value could still be recognised after the first muting, and was muted before publication. 8 of 9",
        ),
        ((9, 8, 1200), "1,200 values could still be recognised after the first muting, and were muted before"),
    ],
)
def test_what_verification_found_is_told_in_words(figures: RunFigures, counts: tuple[int, int, int], said: str) -> None:
    control_words, found, leaks = counts
    sums = {"control_words": control_words, "control_words_found": found, "leaks": leaks, "repairs": leaks}
    page = render(replace(figures, verification={"passed": 3}, verification_counts=sums))
    assert said in _Page(page).words()
    assert ("control words" in page) == bool(control_words)


def test_a_run_that_verified_nothing_claims_nothing_about_leaks(figures: RunFigures) -> None:
    assert figures.verification == {"off": 1}
    assert "recognised" not in _Page(render(figures)).words()


def test_processor_times_that_leave_models_out_are_not_shown(figures: RunFigures) -> None:
    assert figures.timings
    assert "processor" not in render(figures)


def test_the_page_needs_no_network_and_describes_its_plots(night: Run) -> None:
    page = _Page((night.output / "runs" / "night-1" / "report.html").read_text())
    assert page.links == []
    assert page.images and all(image["role"] == "img" and image["aria-label"] for image in page.images)


def test_the_page_and_the_timings_tell_nothing_of_any_one_recording(night: Run, calls: Path) -> None:
    said = {word for row in night.rows("transcripts") for u in row["utterances"] for word in [u["text"]]}
    for name in ("report.html", "timings.json"):
        text = (night.output / "runs" / "night-1" / name).read_text()
        assert not any(private in text for private in ("jane-doe", "Sanchez", str(calls), *said))


def test_the_report_of_a_run_that_nobody_waited_for_can_be_made_later(night: Run) -> None:
    folder = night.output / "runs" / "night-1"
    (folder / "report.html").unlink()
    (folder / "timings.json").unlink()
    status, terminal = report(night.output)
    assert status == EXIT_COMPLETED
    assert str(folder / "report.html") in terminal
    assert "No command waited for this run" in _Page((folder / "report.html").read_text()).words()


def test_a_run_that_is_not_there_is_a_usage_error(night: Run) -> None:
    status, terminal = report(night.output, "--run_id", "night-7")
    assert status == EXIT_USAGE
    assert "--run_id" in terminal


def test_a_run_is_not_named_by_a_path(night: Run) -> None:
    with pytest.raises(SystemExit) as end:
        report(night.output, "--run_id", "../audio")
    assert end.value.code == EXIT_USAGE


def test_an_output_without_runs_is_a_usage_error(tmp_path: Path) -> None:
    assert report(tmp_path)[0] == EXIT_USAGE


def test_what_became_of_canaries_is_told(night: Run) -> None:
    folder = night.output / "runs" / "night-1"
    assert "Canaries" not in _Page((folder / "report.html").read_text()).words()
    kept = {"items": 40, "recall": 0.975, "floor": 0.9, "missed": {"phone_number": 1}}
    (folder / "canaries.json").write_text(json.dumps(kept))
    assert report(night.output)[0] == EXIT_COMPLETED
    assert "97.5 % of 40 known values" in _Page((folder / "report.html").read_text()).words()


def test_a_night_that_finds_far_less_than_those_before_is_pointed_out(night: Run) -> None:
    runs = night.output / "runs"
    summary = json.loads((runs / "night-1" / "summary.json").read_text()) | {"audio_s": 7200.0}
    findings = [100, 104, 98, 97, 103, 20]
    for number, count in enumerate(findings, start=1):
        folder = runs / f"night-{number}"
        folder.mkdir(exist_ok=True)
        own = summary | {"run_id": folder.name, "findings": {"person_name": count}}
        (folder / "summary.json").write_text(json.dumps(own))
    assert newest_run(str(night.output)) == "night-6"
    assert report(night.output)[0] == EXIT_COMPLETED
    assert "outside its expected range" in _Page((runs / "night-6" / "report.html").read_text()).words()
    assert report(night.output, "--run_id", "night-5")[0] == EXIT_COMPLETED
    assert "outside its expected range" not in _Page((runs / "night-5" / "report.html").read_text()).words()


def test_runs_are_ordered_by_when_they_began_not_by_their_names(night: Run, tmp_path: Path) -> None:
    first = json.loads((night.output / "runs" / "night-1" / "summary.json").read_text())
    later = night.output / "runs" / "a-later-night"
    later.mkdir()
    (later / "summary.json").write_text(json.dumps(first | {"run_id": later.name}))
    stage = StageTime(name="Transcribe", recordings=1, elapsed_s=1.0, processor_s=1.0)
    sample = Sample(elapsed_s=1.0, audio_s=60.0, committed=1)
    write_timings(
        str(night.output),
        later.name,
        Timings.model_validate(
            {"started_at": "2999-01-01T00:00:00Z", "wall_s": 1.0, "stages": [stage], "samples": [sample]}
        ),
    )
    assert newest_run(str(night.output)) == later.name


def test_what_is_damaged_of_earlier_runs_does_not_break_tonights(night: Run, redact: Redact) -> None:
    runs = night.output / "runs"
    for name in ("summary.json", "timings.json"):
        for content in (b"", b"{", b"[]", b'{"run_id": 1}', b"\xff\xfe"):
            damaged = Path(shutil.copytree(runs / "night-1", runs / f"{name}-{content.hex()}"))
            (damaged / name).write_bytes(content)
    card = {"audio_url": "card.flac", "recording_id": "jane-doe-card"}
    tonight = redact(card, options=("--run_id", "night-2"), output=night.output)
    assert tonight.status == 0, tonight.terminal
    assert (runs / "night-2" / "report.html").is_file()


def test_a_damaged_record_of_private_roots_is_named(night: Run, redact: Redact) -> None:
    (night.output / "runs" / "private-roots.json").write_bytes(b"{")
    tonight = redact({"audio_url": "card.flac", "recording_id": "jane-doe-card"}, output=night.output)
    assert tonight.status == EXIT_USAGE
    assert "runs/private-roots.json there is damaged" in tonight.terminal


def test_damaged_canaries_of_the_run_itself_are_named(night: Run) -> None:
    (night.output / "runs" / "night-1" / "canaries.json").write_bytes(b'{"items": "many"}')
    status, said = report(night.output)
    assert status == EXIT_USAGE
    assert "runs/night-1/canaries.json is damaged" in said
