"""The audit of a real run, as it was left and after somebody touched it."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from rich.console import Console

from hushbeam.pipelines import audit, redact
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_PROBLEMS, EXIT_USAGE
from hushbeam.transforms.archive.certificate import read_private_key
from hushbeam.transforms.archive.tables.change import Tables
from hushbeam.transforms.archive.tables.relocation import relocate

CARD_DIGITS = "4539148803436467"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """References to a private key, its public key, and a stranger's public key."""
    folder = tmp_path_factory.mktemp("keys")
    key, stranger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    contents = {
        "private": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "public": key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "strange": stranger.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: f"file:{folder / name}" for name in contents}


@pytest.fixture(scope="module")
def published(calls: Path, keys: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a run over two calls, one muted with silence and one with a tone, signed."""
    folder = tmp_path_factory.mktemp("published")
    beep = {"override_audio_redaction_method": "beep"}
    lines = [
        {"recording_id": "card", "audio_url": str(calls / "card.flac")},
        {"recording_id": "phone", "audio_url": str(calls / "phone.wav"), "redact_pii_audio_options": beep},
    ]
    manifest = folder / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    options = ["--model", "tiny.en", "--certificate_key", keys["private"]]
    arguments = ["--manifest", str(manifest), "--output", str(folder / "out"), *options]
    assert redact.run(arguments, Console(file=io.StringIO())) == EXIT_COMPLETED
    return folder / "out"


@pytest.fixture
def output(published: Path, keys: dict[str, str], tmp_path: Path) -> Path:
    """A copy of it, to be touched, that names itself."""
    output = Path(shutil.copytree(published, tmp_path / "out"))
    relocate(str(output), Tables(str(output), read_private_key(keys["private"])))
    return output


def run_audit(output: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit status and report."""
    terminal = io.StringIO()
    status = audit.run(["--output", str(output), "--json", *options], Console(file=terminal, width=500))
    return status, json.loads(terminal.getvalue())


def audio_of(output: Path, recording_id: str) -> Path:
    (path,) = output.glob(f"audio/{recording_id}.*")
    return path


def _status(output: Path, recording_id: str) -> bytes:
    return (output / "status" / f"{recording_id}.json").read_bytes()


def change_status(output: Path, recording_id: str, change: Callable[[dict[str, Any]], None]) -> None:
    path = output / "status" / f"{recording_id}.json"
    status = json.loads(path.read_text())
    change(status)
    path.write_text(json.dumps(status, ensure_ascii=False, indent=1))


@pytest.mark.parametrize(
    ("limit", "value", "why"),
    [
        ("--max_recording_hours", "0.001", "too_long"),
        ("--max_recording_gb", "0.00001", ""),
    ],
)
def test_recordings_are_read_within_the_limits_that_are_given(
    published: Path, limit: str, value: str, why: str
) -> None:
    """A run may have raised them: its audit is given the same. A copy may be larger than any source."""
    status, report = run_audit(published, "--sample", "0", limit, value)
    found = {(problem["kind"], problem["detail"]) for problem in report["list"]}
    assert (status, found) == ((EXIT_PROBLEMS, {("audio_unreadable", why)}) if why else (EXIT_COMPLETED, set()))


def test_a_run_that_nobody_touched_is_right(published: Path, keys: dict[str, str]) -> None:
    status, report = run_audit(published, "--sample", "1", "--certificate_public_key", keys["public"])
    assert report["problems"] == {}
    assert status == EXIT_COMPLETED
    assert (report["recordings"], report["signed"], report["verified"]) == (2, 2, 2)
    assert 0 < report["muted_s"] < report["audio_s"]


def test_the_summary_says_so(published: Path) -> None:
    terminal = io.StringIO()
    assert audit.run(["--output", str(published), "--sample", "0"], Console(file=terminal, width=200)) == 0
    assert "2 recordings" in terminal.getvalue()
    assert "No problems" in terminal.getvalue()


def _repeat_rows(output: Path, table: str) -> None:
    (path,) = output.glob(f"{table}/*.parquet")
    rows = pq.read_table(path)
    pq.write_table(pa.concat_tables([rows, rows]), path)


def _interrupt(output: Path, *, written: str = "") -> None:
    """As if the run had been killed before it wrote its tables, or after the one that is named."""
    (run_id,) = [path.parent.name for path in output.glob("runs/*/summary.json")]
    for table in {"transcripts", "findings", "errors", "notifications"} - {written}:
        shutil.rmtree(output / table)
    for name in ("summary.json", "report.html", "timings.json"):
        (output / "runs" / run_id / name).unlink()
    for status in output.glob("status/*.json"):
        copy = output / "runs" / run_id / "rows" / status.name
        copy.parent.mkdir(exist_ok=True)
        copy.write_text("{}")


def _flip_a_byte(output: Path) -> None:
    path = audio_of(output, "card")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("touch", "problems"),
    [
        (_flip_a_byte, {"audio_changed": 1}),
        (lambda output: audio_of(output, "phone").unlink(), {"audio_missing": 1}),
        (lambda output: (output / "audio" / "left.wav").write_bytes(b"RIFF"), {"orphan": 1}),
        (lambda output: (output / "status" / "card.json").unlink(), {"orphan": 1, "row_without_status": 1}),
        (lambda output: shutil.rmtree(output / "transcripts"), {"status_without_row": 2, "file_missing": 1}),
        (
            lambda output: change_status(output, "card", lambda status: status.pop("certificate")),
            {"no_certificate": 1, "status_differs": 1},
        ),
        (
            lambda output: change_status(output, "card", lambda s: s.update(run_id="other")),
            {"row_differs": 1, "findings_differ": 1},
        ),
        (lambda output: (output / "notes.txt").write_text("left here"), {"unknown_file": 1}),
        (lambda output: (output / "transcripts" / "copy.parquet.bak").write_bytes(b""), {"unknown_file": 1}),
        (lambda output: (output / "audio" / ".hushbeam-1.tmp").write_bytes(b""), {"incomplete_file": 1}),
        (lambda output: (output / "status" / "second.json").write_bytes(_status(output, "card")), {"unreadable": 1}),
        (lambda output: (output / "runs" / "LOCK").write_bytes(b"{}"), {"locked": 1}),
        (
            lambda output: shutil.rmtree(output / "findings"),
            {"findings_differ": 2, "counts_differ": 1, "file_missing": 1},
        ),
        (
            lambda output: _repeat_rows(output, "transcripts"),
            {"several_rows": 2, "counts_differ": 1, "file_changed": 1},
        ),
        (
            lambda output: _repeat_rows(output, "findings"),
            {"several_findings": 2, "findings_differ": 2, "counts_differ": 1, "file_changed": 1},
        ),
        (_interrupt, {"unfinished_run": 3, "unreadable": 2}),
        (lambda output: _interrupt(output, written="transcripts"), {"unfinished_run": 3, "unreadable": 2}),
    ],
)
def test_what_was_touched_is_found(output: Path, touch: Callable[[Path], None], problems: dict[str, int]) -> None:
    touch(output)
    status, report = run_audit(output, "--sample", "0")
    assert report["problems"] == problems
    assert status == EXIT_PROBLEMS


def test_a_certificate_that_was_changed_is_not_what_was_signed(output: Path, keys: dict[str, str]) -> None:
    change_status(output, "card", lambda status: status["certificate"]["audio"]["muted"].pop())
    status, report = run_audit(output, "--sample", "0", "--certificate_public_key", keys["public"])
    assert (status, report["problems"]) == (EXIT_PROBLEMS, {"signature": 1})
    assert report["list"][0]["subject"] == "card"
    status, report = run_audit(output, "--sample", "0", "--certificate_public_key", keys["strange"])
    assert report["problems"] == {"signature": 3}  # of both status objects, and of the list of the run's files


def test_a_recording_in_the_place_of_the_redacted_one_is_heard(output: Path, calls: Path) -> None:
    path = audio_of(output, "card")
    shutil.copy(calls / "card.flac", path)

    def certify(status: dict[str, Any]) -> None:
        status["certificate"]["audio"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        status["certificate"]["audio"]["size_bytes"] = path.stat().st_size

    change_status(output, "card", certify)
    status, report = run_audit(output, "--sample", "1")
    assert status == EXIT_PROBLEMS
    assert report["problems"]["audio_in_muted_range"] == 1
    assert report["problems"]["number_audible"] >= 1
    assert report["audible"]["credit_card_number"] >= 1
    digits = "".join(character for character in json.dumps(report["list"]) if character.isdigit())
    assert CARD_DIGITS[:8] not in digits


def test_where_nothing_was_published_there_is_nothing_to_audit(tmp_path: Path) -> None:
    terminal = io.StringIO()
    assert audit.run(["--output", str(tmp_path)], Console(file=terminal, width=200)) == EXIT_USAGE
    assert "--output" in terminal.getvalue()
