"""The report of a run, as people see it and as the command makes it again."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from docs.reference_pages import errors
from hushbeam.pipelines.report import run
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_LOCKED, EXIT_USAGE
from hushbeam.schemas.failure import UNEXPECTED
from hushbeam.transforms.archive.run_lock import RunLock
from hushbeam.transforms.archive.runs.timings import Sample, StageTime, Timings, write_timings
from hushbeam.transforms.report_run import newest_run
from hushbeam.transforms.report_run.figures import DeliveryGroup, ErrorGroup, RunFigures, read_figures
from hushbeam.transforms.report_run.page import render
from hushbeam.transforms.report_run.remedies import remedy_of
from hushbeam.transforms.report_run.verdict import verdict
from tests.pipelines.conftest import FinishedRuns, Redact, Run


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self._in_a_word = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag == "svg":
            self.images.append(dict(attrs))
        self._in_a_word = tag == "wbr"

    def handle_data(self, data: str) -> None:
        if self._in_a_word:
            self.text[-1] += data
        else:
            self.text.append(data)
        self._in_a_word = False

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
    assert "1 of 2 recordings were redacted, none verified; 1 needs you." in words
    assert "Redacted 1 Failed 1 Quarantined 0" in words
    for row in night.rows("findings"):
        assert row["policy"] in words
    assert "1 failed The file to read does not exist on the local disk" in words
    assert "Correct the URL, or remove the line. MissingFileError in" in words
    assert "Transcribe" in words
    summary = json.loads((path.parent / "summary.json").read_text())
    assert summary["identities"]["configuration_id"] in words


@pytest.fixture
def figures(night: Run) -> RunFigures:
    return read_figures(str(night.output), "night-1")


def _words_about(figures: RunFigures, **counts: int) -> str:
    recordings = {"completed": 0, "failed": 0, "quarantined": 0, "skipped": 0} | counts
    return _Page(render(replace(figures, summary=figures.summary | {"recordings": recordings}))).words()


def test_a_run_without_failures_has_nothing_that_needs_somebody(figures: RunFigures) -> None:
    assert "What needs you" in _words_about(figures, completed=1, failed=1)
    figures = replace(figures, errors=())
    assert "What needs you" not in _words_about(figures, completed=2)
    later = _words_about(figures, completed=1, failed=1)
    assert "The rows of 1 recording in errors/ were erased later." in later


def test_a_run_that_skips_all_says_so(night: Run, redact: Redact) -> None:
    card = {"audio_url": "card.flac", "recording_id": "jane-doe-card", "metadata": {"agent": "Maria Sanchez"}}
    again = redact(card, options=("--run_id", "night-2"), output=night.output)
    words = _Page((again.output / "runs" / "night-2" / "report.html").read_text()).words()
    assert "Nothing was new: 1 recording had been done before. Nothing needs you." in words
    assert "Done before, skipped 1" in words
    assert "Verification" not in words and "What was redacted" not in words


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


@pytest.mark.parametrize(
    ("recordings", "passed", "said"),
    [
        ((812, 0, 0, 5), 812, "All 812 recordings were redacted and verified. Nothing needs you."),
        ((1, 0, 0, 0), 1, "1 recording was redacted and verified. Nothing needs you."),
        ((3, 0, 0, 0), 0, "All 3 recordings were redacted, none verified. Nothing needs you."),
        ((812, 2, 1, 0), 81, "812 of 815 recordings were redacted, 81 of them verified; 3 need you."),
        ((0, 1, 0, 0), 0, "0 of 1 recording was redacted; 1 needs you."),
        ((0, 0, 0, 7), 0, "Nothing was new: 7 recordings had been done before. Nothing needs you."),
        ((0, 0, 0, 0), 0, "No recording was given. Nothing needs you."),
    ],
)
def test_the_report_begins_with_a_verdict(
    figures: RunFigures, recordings: tuple[int, int, int, int], passed: int, said: str
) -> None:
    counts = dict(zip(("completed", "failed", "quarantined", "skipped"), recordings, strict=True))
    ended = replace(figures, summary=figures.summary | {"recordings": counts}, verification={"passed": passed})
    assert verdict(ended) == said
    assert said in _Page(render(ended)).words()


def test_what_had_nothing_to_verify_and_what_was_recovered_do_not_spoil_the_verdict(figures: RunFigures) -> None:
    counts = {"completed": 9, "recovered": 1, "failed": 0, "quarantined": 0, "skipped": 0}
    ended = replace(
        figures,
        summary=figures.summary | {"recordings": counts},
        verification={"passed": 8, "nothing_to_verify": 2},
        errors=(),
    )
    assert verdict(ended) == "All 10 recordings were redacted and verified. Nothing needs you."
    words = _Page(render(ended)).words()
    assert "8 passed, 2 had nothing to verify." in words
    assert "1 recording of a run that was killed" in words


@pytest.fixture
def good(figures: RunFigures) -> RunFigures:
    """A night of 20 recordings in which all went well."""
    counts = {"completed": 20, "failed": 0, "quarantined": 0, "skipped": 0}
    return replace(
        figures,
        summary=figures.summary | {"recordings": counts},
        verification={"passed": 20},
        errors=(),
        undelivered=(),
    )


def test_notifications_that_did_not_arrive_are_told_with_what_to_do(good: RunFigures) -> None:
    group = DeliveryGroup("undelivered", "hooks.example", 503, "the receiver is overloaded", True, 2)
    rejected = DeliveryGroup("rejected", "hooks.example", 404, "the receiver rejected it", False, 1)
    page = _Page(render(replace(good, undelivered=(group, rejected)))).words()
    assert "redacted and verified; 3 notifications were not delivered." in page
    assert "The receiver is overloaded (HTTP status 503)." in page
    assert "hushbeam notify --output" in page and "--resume , with this run's inputs" in page
    assert "The receiver refuses them for good" in page


def test_recordings_with_a_doubtful_verification_lead_to_the_review_page(good: RunFigures, night: Run) -> None:
    doubtful = {"repaired": 2, "untranscribed_speech": 1, "any": 3}
    page = _Page(render(replace(good, summary=good.summary | {"doubtful": doubtful}))).words()
    assert "redacted and verified; 3 are worth listening to." in page
    assert "2 recordings: a muted value was recognised again" in page
    assert f"hushbeam review --output {night.output}" in page
    assert "Worth listening to" not in _Page(render(good)).words()


def test_a_muted_second_of_two_policies_counts_once_in_the_sum(good: RunFigures) -> None:
    summary = good.summary | {"findings": {"password": 3, "username": 1}, "channel_s": 200.0, "muted_s": 5.0}
    muted = {"password": 4.0, "username": 3.0}
    page = _Page(render(replace(good, summary=summary, muted_s=muted, muted_share=0.025))).words()
    assert "password 3 4.0 2.00 % username 1 3.0 1.50 % All 4 5.0 2.50 %" in page


def test_the_summary_has_what_the_report_is_made_from(night: Run) -> None:
    summary = json.loads((night.output / "runs" / "night-1" / "summary.json").read_text())
    (row,) = night.rows("transcripts")
    assert summary["muted_s"] == pytest.approx(row["muted_s"], abs=0.001)
    assert summary["channel_s"] == pytest.approx(row["duration_s"] * row["channels"], abs=0.001)
    assert summary["muted_s_by_policy"] == pytest.approx(dict(row["muted_s_by_policy"]), abs=0.001)
    assert summary["verification"] == {"off": 1}
    assert set(summary["verification_counts"]) == {"control_words", "control_words_found", "leaks", "repairs"}
    assert summary["doubtful"] == {"repaired": 0, "untranscribed_speech": 0, "any": 0}


def test_the_facts_are_there_for_programs_too(night: Run) -> None:
    folder = night.output / "runs" / "night-1"
    told = json.loads((folder / "report.json").read_text())
    assert told["verdict"] == "1 of 2 recordings were redacted, none verified; 1 needs you."
    (need,) = told["needs"]
    assert (need["kind"], need["count"], need["remedy"]) == ("failed", 1, "Correct the URL, or remove the line.")
    summary = json.loads((folder / "summary.json").read_text())
    assert summary.items() <= told.items()
    assert {rate["name"] for rate in told["rates"]} == {"Findings", "Muted", "Quarantined", "Failed"}
    assert told["times_real_time"] > 0 and told["stages"]


def test_every_class_of_errors_has_a_remedy_here() -> None:
    for error in errors():
        name = UNEXPECTED if error.__name__ == "UnexpectedError" else error.__name__
        assert remedy_of(name, "some message") == error.remedy, name
    assert remedy_of("MediaError", "truncated: the file ends before its stated length") == "Upload it again."
    assert remedy_of("OwnError", "some message") == ""


def test_many_causes_do_not_make_the_page_longer_than_people_read(good: RunFigures) -> None:
    causes = tuple(
        ErrorGroup("failed", "PlanSpans", "MediaError", False, 2, f"corrupt: at {n} s {'x' * 1000}") for n in range(900)
    )
    findings = {f"pattern_{n}": 1 for n in range(5000)}
    page = render(replace(good, errors=causes, muted_s={}, summary=good.summary | {"findings": findings}))
    assert "1,776 more for 888 other reasons" in _Page(page).words()
    assert "4,960 other names" in _Page(page).words()
    assert len(page) < 60_000


def test_processor_times_that_leave_models_out_are_not_shown(figures: RunFigures) -> None:
    assert figures.timings
    assert "processor" not in render(figures)


def test_the_page_needs_no_network_and_its_links_lead_to_files_of_the_output(night: Run) -> None:
    folder = night.output / "runs" / "night-1"
    links = _Page((folder / "report.html").read_text()).links
    assert {"../../errors/", "summary.json", "report.json", "timings.json"} == set(links)
    assert all((folder / link).exists() for link in links)


def test_the_page_and_the_timings_tell_nothing_of_any_one_recording(night: Run, calls: Path) -> None:
    said = {word for row in night.rows("transcripts") for u in row["utterances"] for word in [u["text"]]}
    for name in ("report.html", "report.json", "timings.json"):
        text = (night.output / "runs" / "night-1" / name).read_text()
        assert not any(private in text for private in ("jane-doe", "Sanchez", str(calls), *said))


def test_the_report_of_a_run_that_nobody_waited_for_can_be_made_later(night: Run) -> None:
    folder = night.output / "runs" / "night-1"
    (folder / "report.html").unlink()
    (folder / "timings.json").unlink()
    status, terminal = report(night.output)
    assert status == EXIT_COMPLETED
    assert str(folder / "report.html") in terminal
    assert "no command waited for this run" in _Page((folder / "report.html").read_text()).words()


def test_a_run_that_is_not_there_is_a_usage_error(night: Run) -> None:
    status, terminal = report(night.output, "--run_id", "night-7")
    assert status == EXIT_USAGE
    assert "--run_id: night-7 is no complete run of this output; name one of these: night-1\n" in terminal


def test_the_report_is_not_written_while_a_job_is_at_work_but_can_be_had_elsewhere(night: Run, tmp_path: Path) -> None:
    folder, page = night.output / "runs" / "night-1", tmp_path / "night.html"
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with RunLock(str(night.output), "night-2"):
        status, terminal = report(night.output)
        assert status == EXIT_LOCKED
        assert "run night-2 is writing there" in terminal and "--page_file report.html" in terminal
        assert report(night.output, "--page_file", str(page)) == (EXIT_COMPLETED, f"Report: {page}\n")
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert "1 needs you." in _Page(page.read_text()).words()
    assert _Page(page.read_text()).links == [], "they would lead nowhere from there"


def test_a_page_that_cannot_be_written_is_a_usage_error(night: Run) -> None:
    status, terminal = report(night.output, "--page_file", "/dev/null/night.html")
    assert status == EXIT_USAGE
    assert "--page_file: " in terminal
    status, terminal = report(night.output, "--page_file", str(night.output))
    assert status == EXIT_USAGE
    assert "is in the output" in terminal
    status, terminal = report(night.output, "--page_file", str(night.output.parent))
    assert status == EXIT_USAGE
    assert "is a folder; name a file" in terminal


def test_a_report_written_again_is_in_the_list_of_the_runs_files(night: Run) -> None:
    folder = night.output / "runs" / "night-1"
    assert report(night.output, "--worker_types", "core:12:0.04")[0] == EXIT_COMPLETED
    listed = json.loads((folder / "files.json").read_text())["files"]
    for name in ("report.html", "report.json"):
        content = (folder / name).read_bytes()
        assert listed[f"runs/night-1/{name}"]["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_known_price_gives_the_cost(night: Run, capsys: pytest.CaptureFixture[str]) -> None:
    summary = json.loads((night.output / "runs" / "night-1" / "summary.json").read_text())
    assert run(["--output", str(night.output), "--worker_types", "core:0.001:9,gpu:2", "--json"]) == EXIT_COMPLETED
    core, gpu = json.loads(capsys.readouterr().out)["costs"]
    hours = summary["audio_s"] / 3600 / 0.001
    assert (core["worker"], core["cost"]) == ("core", round(9 * hours, 6))
    assert (gpu["worker"], gpu["cost"]) == ("gpu", None)
    words = _Page((night.output / "runs" / "night-1" / "report.html").read_text()).words()
    assert "Time and cost" in words
    assert f"{core['cost']:,.2f} gpu 2" in words and "no price given" in words


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
    assert "outside 40.0 to 60.0" in _Page((runs / "night-6" / "report.html").read_text()).words()
    assert report(night.output, "--run_id", "night-5")[0] == EXIT_COMPLETED
    assert "outside" not in _Page((runs / "night-5" / "report.html").read_text()).words()


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
