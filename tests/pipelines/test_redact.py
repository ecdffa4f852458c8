"""The whole job on files: what a user gets, again and again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE, EXIT_LOCKED, EXIT_USAGE
from hushbeam.schemas.failure import ERRORS_SCHEMA
from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.transforms.archive.run_lock import RunLock
from tests.pipelines.conftest import Redact

CARD = {"recording_id": "card", "audio_url": "card.flac"}
PHONE = {"recording_id": "phone", "audio_url": "phone.wav", "redact_pii_sub": "entity_name"}
TRANSFER = {"recording_id": "transfer", "audio_url": "transfer.flac", "metadata": {"team": "blue"}}


def test_a_run_gives_transcripts_audio_findings_statuses_and_notifications(redact: Redact, calls: Path) -> None:
    run = redact(CARD, PHONE, TRANSFER)
    assert run.status == EXIT_COMPLETED, run.terminal
    rows = {row["recording_id"]: row for row in run.rows("transcripts")}
    assert set(rows) == run.statuses() == set(run.audio()) == {"card", "phone", "transfer"}
    assert "[PHONE_NUMBER]" in rows["phone"]["text"]
    assert "####" in rows["card"]["text"]
    assert rows["transfer"]["metadata"] == [("team", "blue")]
    findings = {(row["recording_id"], row["policy"]) for row in run.rows("findings")}
    assert {("card", "credit_card_number"), ("phone", "phone_number")} <= findings
    # The call names an account and does not say whose.
    assert findings & {("transfer", "account_number"), ("transfer", "banking_information")}
    assert {row["outcome"] for row in run.rows("notifications")} == {"not_requested"}
    assert run.rows("errors") == []
    for table, schema in (
        ("transcripts", TRANSCRIPTS_SCHEMA),
        ("findings", FINDINGS_SCHEMA),
        ("errors", ERRORS_SCHEMA),
    ):
        (path,) = (run.output / table).iterdir()
        assert pq.read_schema(path).names == schema.names
    assert "3 completed" in run.terminal

    source, rate = soundfile.read(calls / "card.flac", dtype="int16")
    redacted, redacted_rate = soundfile.read(run.audio()["card"], dtype="int16")
    assert (redacted_rate, redacted.shape) == (rate, source.shape)
    changed = (source != redacted).any(axis=1)
    assert 1.0 < changed.sum() / rate < 7.0, "the card's number is muted, and not much else"
    assert np.abs(redacted[changed]).max() <= np.abs(source[changed]).max()
    assert not redacted[changed][::50].any(axis=1).all(), "what is muted is silent"


def test_what_is_done_is_skipped_and_what_changed_is_done_again(redact: Redact) -> None:
    assert redact(CARD, PHONE).status == EXIT_COMPLETED
    again = redact(CARD, PHONE)
    first = {name: path.read_bytes() for name, path in again.audio().items()}
    assert "0 completed" in again.terminal
    assert "2 skipped" in again.terminal

    changed = redact(CARD | {"redact_pii_audio_options": {"override_audio_redaction_method": "beep"}}, PHONE)
    assert "1 completed" in changed.terminal
    assert "1 skipped" in changed.terminal
    rows = changed.rows("transcripts")
    assert sorted(row["recording_id"] for row in rows) == ["card", "phone"]
    assert len({(row["recording_id"], row["start_s"]) for row in changed.rows("findings")}) == len(
        changed.rows("findings")
    )
    assert set(changed.audio()) == {"card", "phone"}
    assert changed.audio()["card"].read_bytes() != first["card"]
    assert changed.audio()["phone"].read_bytes() == first["phone"]


def test_repeated_bundles_and_many_workers_change_nothing(redact: Redact, tmp_path: Path) -> None:
    plain = redact(CARD, PHONE, output=tmp_path / "plain", options=("--run_id", "same"))
    repeated = redact(
        CARD, PHONE, output=tmp_path / "repeated", options=("--run_id", "same", "--direct_runner_bundle_repeat=1")
    )
    threads = ("--direct_num_workers=2", "--direct_running_mode=multi_threading")
    spread = redact(CARD, PHONE, output=tmp_path / "spread", options=("--run_id", "same", *threads))
    for other in (repeated, spread):
        assert other.status == EXIT_COMPLETED
        for name, path in plain.audio().items():
            assert other.audio()[name].read_bytes() == path.read_bytes()
        for table in ("transcripts", "findings"):
            assert _without_urls(other.rows(table)) == _without_urls(plain.rows(table))


def _without_urls(rows: list[dict[str, object]]) -> list[str]:
    return sorted(json.dumps({k: v for k, v in row.items() if k != "redacted_audio_url"}, default=str) for row in rows)


def test_what_came_out_is_listened_to_again_and_captions_hold_redacted_words(redact: Redact) -> None:
    run = redact(CARD, TRANSFER, options=("--verify", "all", "--captions"))
    assert run.status == EXIT_COMPLETED, run.terminal
    assert {row["verification"]["outcome"] for row in run.rows("transcripts")} == {"passed"}
    captions = {path.suffix: path.read_text() for path in run.output.glob("captions/card.*")}
    assert set(captions) == {".srt", ".vtt"}
    assert all("####" in text and "4539" not in text for text in captions.values())


def test_the_transcript_alone_may_be_asked_for(redact: Redact) -> None:
    run = redact(CARD | {"redact_pii_audio": False})
    assert run.status == EXIT_COMPLETED
    (row,) = run.rows("transcripts")
    assert (row["status"], row["redacted_audio_url"]) == ("completed", None)
    assert run.audio() == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--devise", "cpu"), "did you mean --device"),
        (("--model", "no-such-model"), "model"),
        (("--policies", "person_nam"), "person_name"),
        (("--webhook_signing_secrets", "whsec_secret"), "reference"),
    ],
)
def test_a_wrong_option_ends_the_job_before_it_starts(
    redact: Redact, options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        run = redact(CARD, options=options)
    except SystemExit as ended:
        assert ended.code == EXIT_USAGE
        assert message in capsys.readouterr().err
    else:
        assert run.status == EXIT_USAGE
        assert message in run.terminal
        assert not run.output.exists()


def test_an_output_that_another_run_works_on_is_left_alone(redact: Redact, tmp_path: Path) -> None:
    with RunLock(str(tmp_path / "out"), "another"):
        run = redact(CARD)
    assert run.status == EXIT_LOCKED
    assert run.statuses() == set()


def test_machines_read_the_summary_as_json(redact: Redact, capsys: pytest.CaptureFixture[str]) -> None:
    assert redact(CARD, options=("--json",)).status == EXIT_COMPLETED
    assert json.loads(capsys.readouterr().out)["recordings"]["completed"] == 1


def test_manifests_that_name_no_recording_are_a_warning(redact: Redact) -> None:
    run = redact()
    assert run.status == EXIT_COMPLETED
    assert "Warning: The manifests name no recording\n" in run.terminal
    assert "Warning" not in redact({"audio_url": "missing.wav"}).terminal


def test_a_manifest_that_is_not_there_is_named(redact: Redact) -> None:
    run = redact(CARD, options=("--manifest", "/no/such/*.jsonl"))
    assert run.status == EXIT_USAGE
    assert "--manifest" in run.terminal


def test_bad_lines_and_missing_recordings_are_rows_and_the_rest_completes(redact: Redact) -> None:
    run = redact(CARD, {"recording_id": "gone", "audio_url": "gone.wav"}, PHONE | {"colour": "blue"})
    assert run.status == EXIT_INCOMPLETE
    errors = {row["line"]: row for row in run.rows("errors")}
    assert (errors[2]["stage"], errors[2]["error_class"]) == ("SkipFinished", "MissingFileError")
    assert (errors[3]["stage"], errors[3]["error_class"]) == ("ReadManifest", "UnknownKeyError")
    assert run.statuses() == set(run.audio()) == {"card"}
