"""What the terminal says of whole runs: short ones by recording, long ones by cause, and notifications."""

from __future__ import annotations

import json

import pytest

from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE, EXIT_USAGE
from hushbeam.transforms.base import progress
from hushbeam.transforms.report_run import read_recordings
from tests.pipelines.conftest import Redact

CARD = {"audio_url": "card.flac", "recording_id": "card"}


def test_a_long_run_tells_only_what_failed_and_by_cause(redact: Redact) -> None:
    gone = [{"audio_url": f"gone-{number}.wav", "recording_id": f"gone-{number}"} for number in range(20)]
    mistyped = [{"audio_url": "card.flac", "recording_id": f"m-{n}", "redact_pii_policies": ["nmae"]} for n in range(3)]
    run = redact(CARD, *gone, *mistyped)
    assert run.status == EXIT_INCOMPLETE
    lines = run.terminal.splitlines()
    assert not [line for line in lines if line.startswith(("completed ", "failed "))]
    start = lines.index("Failed or quarantined:")
    assert lines[start + 1].startswith("  20 x the file to read does not exist")
    assert lines[start + 1].count("gone-") == 5
    assert lines[start + 2].startswith("  3 x Policy 1 of redact_pii_policies is unknown")
    assert "(manifest.jsonl:22, manifest.jsonl:23, manifest.jsonl:24)" in lines[start + 2]


def test_the_tables_tell_the_same_of_a_recording_as_the_run_did_when_it_ended(redact: Redact) -> None:
    """A cluster does not tell when a recording ends: a short run there is listed from its tables."""
    run = redact(CARD, {"audio_url": "gone.wav", "recording_id": "gone"}, options=["--run_id", "night"])
    assert set(read_recordings(str(run.output), "night")) == set(progress.ended())
    assert len([line for line in run.terminal.splitlines() if line.startswith(("completed ", "failed "))]) == 2


def test_a_notification_that_cannot_be_sent_ends_the_run_with_3_and_is_named(redact: Redact) -> None:
    called = CARD | {"webhook_url": "https://10.0.0.1/hook?token=secret"}
    run = redact(called)
    assert run.status == EXIT_INCOMPLETE
    assert "Notifications that did not arrive:\n  1 x not sent to 10.0.0.1: " in run.terminal
    assert "secret" not in run.terminal
    assert redact(CARD, options=["--force"]).status == EXIT_COMPLETED


def test_a_run_tells_its_cost_if_prices_are_given_and_else_says_nothing_of_money(
    redact: Redact, capsys: pytest.CaptureFixture[str]
) -> None:
    prices = ("--worker_types", "core:0.001:9,gpu:200:0.5,l4:95")
    first = redact(CARD, options=["--run_id", "night", *prices])
    report = first.output / "runs" / "night"
    hours = json.loads((report / "summary.json").read_text())["audio_s"] / 3600
    by_worker = {each["worker"]: each for each in json.loads((report / "report.json").read_text())["costs"]}
    assert by_worker["core"]["cost"] == pytest.approx(9 * hours / 0.001, abs=0.001)
    costs = [line for line in first.terminal.splitlines() if line.startswith("Cost: ")]
    assert costs == [
        f"Cost: {by_worker['core']['cost']:.2f} (core, {hours / 0.001:.1f} hours of worker time)",
        "Cost: under 0.01 (gpu, under 1 minute of worker time)",
        "Cost: no price given (l4, under 1 minute of worker time)",
    ]
    assert "under 0.01" in (report / "report.html").read_text()
    capsys.readouterr()
    redact(CARD, options=["--force", "--json", *prices])
    assert json.loads(capsys.readouterr().out)["costs"] == list(by_worker.values())
    assert "Cost" not in redact(CARD, options=["--force"]).terminal


def test_a_store_that_cannot_be_written_to_is_refused_once_and_before_anything_is_done(
    redact: Redact, key: str
) -> None:
    run = redact(CARD, options=["--store", "/dev/null/kept", "--store_key", key])
    assert run.status == EXIT_USAGE
    assert "--store: /dev/null is a file; name a folder" in run.terminal
    assert not run.output.exists()
