"""Plans of runs, made without running them."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import apache_beam as beam
import pytest
from rich.console import Console

from hushbeam import Candidate, Conversation, DetectionSettings, Recogniser
from hushbeam.pipelines import plan
from hushbeam.pipelines.options.commands.plan import PlanOptions
from hushbeam.pipelines.options.parsing import parse
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_USAGE
from hushbeam.pipelines.running.job import prepare
from hushbeam.transforms.archive.runs.identity_key import remember_identity_key
from hushbeam.transforms.read_manifest.pseudonyms import Pseudonyms
from tests.pipelines.conftest import Redact

CARD = {"recording_id": "card", "audio_url": "card.flac"}
PHONE = {"recording_id": "phone", "audio_url": "phone.wav", "metadata": {"seconds": "3600"}}
TRANSFER = {"recording_id": "transfer", "audio_url": "transfer.flac"}


class Tickets(Recogniser):
    """A recogniser of a user's own, which finds nothing."""

    name = "tickets"
    version = "0.0.1"
    policies = frozenset({"account_number"})

    def __init__(self, settings: DetectionSettings) -> None:
        """Needs none of the settings."""

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        return ()


def _tree(output: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in output.rglob("*") if path.is_file()}


def test_a_plan_says_what_is_to_be_done_and_why_and_changes_nothing(
    redact: Redact, capsys: pytest.CaptureFixture[str]
) -> None:
    done = redact(CARD, TRANSFER)
    assert done.status == EXIT_COMPLETED
    before = _tree(done.output)
    lines = (
        CARD | {"redact_pii_sub": "entity_name"},
        TRANSFER,
        PHONE,
        {"recording_id": "gone", "audio_url": "gone.wav"},
    )
    capsys.readouterr()
    how = ("--json", "--duration_key", "seconds", "--worker_types", "core:10:0.2")
    planned = redact(*lines, PHONE | {"colour": "blue"}, options=how, command=plan.run)
    assert planned.status == EXIT_COMPLETED, planned.terminal
    said = json.loads(capsys.readouterr().out)
    assert said["recordings"] == {"new": 1, "not_found": 1, "rejected": 1, "request": 1, "up_to_date": 1}
    assert said["probed"] == {"headers": 1, "without_length": 0}
    assert said["to_do"]["hours_of_the_manifest"] == 1.0
    assert said["to_do"]["hours_estimated"] == pytest.approx(10.5 / 3600, abs=0.001)
    (work,) = said["work"]
    assert (work["worker_hours"], work["cost"]) == (pytest.approx(0.1, abs=0.001), pytest.approx(0.02, abs=0.001))
    assert _tree(planned.output) == before
    as_text = redact(PHONE | {"colour": "blue"}, command=plan.run).terminal
    assert "1  rejected: the line of the manifest cannot be used; `hushbeam doctor MANIFEST` says why" in as_text
    again = redact(TRANSFER, command=plan.run)
    assert (again.status, again.terminal) == (EXIT_COMPLETED, "1  up to date\nNothing to redact\n")


def test_a_plan_reads_lines_as_the_run_does(redact: Redact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITIES", "0123456789abcdef")
    monkeypatch.setenv("PRIVATE", base64.urlsafe_b64encode(bytes(32)).decode())
    private = ("--unredacted_output", str(tmp_path / "private"), "--unredacted_key", "env:PRIVATE")
    options = ("--hash_identities", "env:IDENTITIES", *private)
    assert redact(CARD, options=options).status == EXIT_COMPLETED
    lines = (CARD, TRANSFER | {"redact_pii": False})
    planned = redact(*lines, options=options, command=plan.run).terminal
    assert planned.splitlines()[:2] == ["1  to do: new", "1  up to date"]
    assert redact(*lines, options=options).status == EXIT_COMPLETED
    again = redact(*lines, options=options, command=plan.run).terminal
    assert again == "2  up to date\nNothing to redact\n"
    forced = redact(*lines, options=(*options, "--force"), command=plan.run).terminal
    assert forced.splitlines()[0] == "2  to redo: --force"


def test_a_plan_proves_the_key_of_hashed_ids_where_no_run_recorded_it(
    redact: Redact, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--hash_identities", "env:IDENTITIES")
    monkeypatch.setenv("IDENTITIES", "0123456789abcdef")
    done = redact(CARD, options=options)
    assert done.status == EXIT_COMPLETED
    record = done.output / "runs" / "identity-key.json"
    for key, told in (("0123456789abcdef", "1  up to date"), ("fedcba9876543210", "1  to do: new")):
        record.unlink(missing_ok=True)
        monkeypatch.setenv("IDENTITIES", key)
        assert redact(CARD, options=options, command=plan.run).terminal.splitlines()[0] == told
        assert not record.exists()


def test_the_workers_of_a_plan_compare_the_key_of_hashed_ids(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a cluster, where whoever submits the job need not have the key."""
    monkeypatch.setenv("IDENTITIES", "0123456789abcdef")
    remember_identity_key(str(tmp_path / "out"), Pseudonyms("env:IDENTITIES").check_value)
    given = (str(calls / "card.flac"), "--output", str(tmp_path / "out"), "--hash_identities", "env:IDENTITIES")
    options, _ = parse(PlanOptions, given)
    monkeypatch.setenv("IDENTITIES", "fedcba9876543210")
    with (
        closing(prepare(options, local=False, writes=False)) as job,
        pytest.raises(Exception, match="--hash_identities: earlier runs of this output used another key"),
        beam.Pipeline() as pipeline,
    ):
        plan.build(pipeline, job, options.planning)


def test_a_plan_tells_recordings_with_given_transcripts_apart(
    redact: Redact, calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = calls / "phone.json"
    given.write_text(json.dumps({"words": [{"text": "Hello", "start_s": 0.4, "end_s": 0.7}]}))
    lines = PHONE | {"transcript_url": str(given)}, CARD | {"metadata": {"seconds": "7200"}}
    how = ("--duration_key", "seconds", "--worker_types", "core:1")
    planned = redact(*lines, options=how, command=plan.run)
    assert planned.status == EXIT_COMPLETED, planned.terminal
    assert "3.0 hours of audio to redact" in planned.terminal
    assert "with a given transcript: 1.0 hours" in planned.terminal
    capsys.readouterr()
    redact(*lines, options=(*how, "--json"), command=plan.run)
    (work,) = json.loads(capsys.readouterr().out)["work"]
    assert work["worker_hours"] == round(2 + plan.WORK_WITH_TRANSCRIPT, 6)


def test_another_version_of_an_own_recogniser_redacts_again(
    redact: Redact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--recognisers", f"{__name__}:Tickets")
    done = redact(CARD, options=options)
    assert done.status == EXIT_COMPLETED, done.terminal
    certificate = json.loads((done.output / "status" / "card.json").read_text())["certificate"]
    assert certificate["models"]["own_recognisers"] == "tickets 0.0.1"
    assert "1  up to date" in redact(CARD, options=options, command=plan.run).terminal
    monkeypatch.setattr(Tickets, "version", "0.0.2")
    changed = redact(CARD, options=options, command=plan.run)
    assert "up to date" not in changed.terminal
    assert "to redo: options or models changed" in changed.terminal


def test_a_version_that_differs_in_each_process_is_refused(redact: Redact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tickets, "version", lambda self: "1")
    refused = redact(CARD, options=("--recognisers", f"{__name__}:Tickets"), command=plan.run)
    assert refused.status == EXIT_USAGE
    assert "--recognisers: the version of tickets is no text" in refused.terminal


def _shown(hours: float, estimated: float) -> str:
    to_do = {
        "hours": hours,
        "hours_with_transcript": 0.0,
        "hours_estimated": estimated,
        "bytes": 4000,
        "bytes_of_unknown_length": 0,
    }
    work = [{"worker": "core", "audio_hours": 12.0, "worker_hours": round(hours / 12, 2), "cost": None}]
    probed = {"headers": 1, "without_length": 0}
    terminal = io.StringIO()
    plan.show(
        {"recordings": {"new": 1}, "to_do": to_do, "probed": probed, "work": work}, Console(file=terminal, width=200)
    )
    return terminal.getvalue()


def test_times_under_an_hour_are_shown_in_minutes() -> None:
    small = _shown(0.6, 0.03)
    assert "36.0 minutes of audio to redact" in small
    assert "Estimated from file sizes and from 1 header: 1.8 minutes" in small
    assert "3.0 minutes" in small  # for one core
    assert "under 1 minute of audio to redact" in _shown(0.003, 0.003)
    large = _shown(1200, 30)
    assert "1,200.0 hours of audio to redact" in large
    assert "1 header: 30.0 hours" in large
    assert "100.0 hours" in large


def test_other_options_and_other_sources_are_told_apart(
    redact: Redact, calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = calls / "changing.flac"
    copy.write_bytes((calls / "card.flac").read_bytes())
    changing = CARD | {"audio_url": "changing.flac"}
    assert redact(changing).status == EXIT_COMPLETED
    other_options = redact(changing, options=("--caution", "high"), command=plan.run)
    assert "options or models changed" in other_options.terminal
    forced = redact(changing, options=("--force",), command=plan.run)
    assert "--force" in forced.terminal
    copy.write_bytes((calls / "transfer.flac").read_bytes())
    assert "the source changed" in redact(changing, command=plan.run).terminal


def test_a_plan_goes_to_a_file(calls: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text(json.dumps({"audio_url": str(calls / "card.flac")}) + "\n")
    report = tmp_path / "plan.json"
    arguments = ["--manifest", str(manifest), "--output", str(tmp_path / "out"), "--model", "tiny.en"]
    assert plan.run([*arguments, "--plan_file", str(report)]) == EXIT_COMPLETED
    assert json.loads(report.read_text())["recordings"] == {"new": 1}
    assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit) as ended:
        plan.run([*arguments, "--worker_types", "l4"])
    assert ended.value.code == EXIT_USAGE
    assert "NAME:AUDIO_HOURS" in capsys.readouterr().err
