"""The whole job on files: what a user gets, again and again."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
from rich.console import Console

from hushbeam.pipelines import audit, erase
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE, EXIT_LOCKED, EXIT_USAGE
from hushbeam.schemas.failure import ERRORS_SCHEMA
from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA, spaced_words
from hushbeam.transforms.archive.run_lock import RunLock
from tests.output_tables import history
from tests.pipelines.conftest import FinishedRuns, Redact

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
        (path,) = (run.output / table).glob("run_date=*/*.parquet")
        assert pq.read_schema(path).names == schema.names
    assert "3 completed" in run.terminal

    source, rate = soundfile.read(calls / "card.flac", dtype="int16")
    redacted, redacted_rate = soundfile.read(run.audio()["card"], dtype="int16")
    assert (redacted_rate, redacted.shape) == (rate, source.shape)
    changed = (source != redacted).any(axis=1)
    assert 1.0 < changed.sum() / rate < 7.0, "the card's number is muted, and not much else"
    assert np.abs(redacted[changed]).max() <= np.abs(source[changed]).max()
    assert not redacted[changed][::50].any(axis=1).all(), "what is muted is silent"


def test_what_is_done_is_skipped_and_what_changed_is_done_again(finished: FinishedRuns, redact: Redact) -> None:
    output = finished(CARD, PHONE).output
    again = redact(CARD, PHONE, output=output)
    first = {name: path.read_bytes() for name, path in again.audio().items()}
    assert "0 completed" in again.terminal
    assert "2 skipped" in again.terminal

    beep = CARD | {"redact_pii_audio_options": {"override_audio_redaction_method": "beep"}}
    changed = redact(beep, PHONE, output=output)
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


def test_a_recording_that_is_done_again_adds_rows_and_changes_no_file(finished: FinishedRuns, redact: Redact) -> None:
    done = finished(CARD, PHONE)
    assert done.status == EXIT_COMPLETED, done.terminal
    before = _table_files(done.output)
    run = redact(CARD, PHONE, output=done.output, options=("--force", "--policies", "phone_number"))
    assert {name: _table_files(run.output).get(name) for name in before} == before
    rows = sorted(history(run.output, "transcripts"), key=lambda row: (row["recording_id"], row["processed_at"]))
    assert [row["recording_id"] for row in rows] == ["card", "card", "phone", "phone"]
    assert len({row["run_id"] for row in rows}) == len({row["processed_at"] for row in rows}) == 2
    assert {row["run_id"] for row in run.rows("transcripts")} == {rows[-1]["run_id"]}
    assert {row["policy"] for row in run.rows("findings")} <= {"phone_number"}
    assert {row["policy"] for row in history(run.output, "findings")} > {"phone_number"}
    result = io.StringIO()
    assert erase.run(["--output", str(run.output), "--superseded"], Console(file=result, width=200)) == EXIT_COMPLETED
    assert history(run.output, "transcripts") == run.rows("transcripts")
    assert history(run.output, "findings") == run.rows("findings")
    assert len(run.rows("transcripts")) == 2
    assert "of 2 recordings erased" in result.getvalue()
    assert audit.run(["--output", str(run.output)], Console(file=io.StringIO())) == EXIT_COMPLETED


def _table_files(output: Path) -> dict[str, bytes]:
    return {str(path.relative_to(output)): path.read_bytes() for path in output.glob("*/run_date=*/*.parquet")}


def test_the_row_of_a_recording_says_how_and_when_it_was_redacted(redact: Redact) -> None:
    run = redact(CARD, options=("--captions", "--run_id", "night"))
    (row,) = run.rows("transcripts")
    assert row["configuration"] == "--model tiny.en --verify off --captions"
    assert len(row["configuration_id"]) == 64
    assert datetime.now(UTC) - timedelta(minutes=10) < row["processed_at"] < datetime.now(UTC)
    assert (run.output / row["redacted_audio_url"]).is_file()
    (path,) = (run.output / "transcripts").glob("*/night-0000.parquet")
    assert path.parent.name == f"run_date={row['processed_at']:%Y-%m-%d}"
    words = [word for utterance in row["utterances"] for word in utterance["words"]]
    assert all(word["text"] == word["text"].strip() for word in words)
    assert {word["redacted"]: word["confidence"] is None for word in words} == {True: True, False: False}
    for utterance in row["utterances"]:
        assert "".join(spaced_words(utterance)) == utterance["text"]


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
            assert _without_times(other.rows(table)) == _without_times(plain.rows(table))


def _without_times(rows: list[dict[str, object]]) -> list[str]:
    return sorted(json.dumps({k: v for k, v in row.items() if k != "processed_at"}, default=str) for row in rows)


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


def test_captions_are_renewed_by_a_run_that_does_not_ask_for_them_and_removed_by_one_that_says_so(
    redact: Redact,
) -> None:
    redact(CARD, options=("--captions",))
    names = [{path.name for path in redact(CARD, PHONE).output.glob("captions/*")}]
    run = redact(CARD, PHONE, options=("--policies", "number_sequence", "--substitution", "entity_name"))
    names += [{path.name for path in run.output.glob("captions/*")}]
    for before, after in pairwise(names):
        assert {name.partition(".")[0] for name in after} == {"card"}, "phone never had any"
        assert len(before) == len(after) == 2
        assert not before & after, "none of an earlier output stays beside them"
    (srt,) = run.output.glob("captions/*.srt")
    assert "[NUMBER_SEQUENCE]" in srt.read_text()
    assert not list(redact(CARD, PHONE, options=("--no-captions",)).output.glob("captions/*"))


def test_manifests_that_name_no_recording_end_with_3_unless_they_may(redact: Redact) -> None:
    run = redact()
    assert run.status == EXIT_INCOMPLETE
    assert "Exit status 3: the manifests name no recording; if this is no mistake, give --allow_empty\n" in run.terminal
    allowed = redact(options=("--allow_empty",))
    assert allowed.status == EXIT_COMPLETED
    assert "Exit status 0: the manifests name no recording; --allow_empty is given\n" in allowed.terminal


def test_one_bad_recording_of_a_night_is_told_and_ends_it_with_3_only_if_asked(redact: Redact) -> None:
    """The options of other tests tolerate nothing."""
    gone = {"recording_id": "gone", "audio_url": "gone.wav"}
    night = redact(CARD, PHONE, gone, options=("--fail_above", "0.5"))
    assert night.status == EXIT_COMPLETED
    assert "1 x the file to read does not exist" in night.terminal
    assert (
        "Exit status 0: 33.3 % of the attempted recordings failed or were quarantined, not more than --fail_above 0.5\n"
        in night.terminal
    )
    again = redact(CARD, PHONE, gone, options=("--fail_above", "0.5"))
    assert again.status == EXIT_INCOMPLETE, "all that it attempted failed: what is skipped does not count"
    assert (
        "Exit status 3: 100 % of the attempted recordings failed or were quarantined, more than --fail_above 0.5\n"
        in again.terminal
    )


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
