"""Audits of changed output roots: each names the file or the recording, and ends with 4."""

from __future__ import annotations

import io
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from rich.console import Console

from hushbeam.pipelines import audit, erase, expire, notify, plan, redact, report, rerender
from hushbeam.pipelines.running import locked as locking
from hushbeam.pipelines.running.exit_status import (
    EXIT_BROKEN,
    EXIT_COMPLETED,
    EXIT_INCOMPLETE,
    EXIT_PROBLEMS,
    EXIT_USAGE,
)
from hushbeam.schemas.stages import CommittedRecording
from hushbeam.transforms.archive.recovery import keep_rows
from hushbeam.transforms.archive.run_lock import RunLock
from hushbeam.transforms.archive.tables.parquet import json_of
from tests.pipelines.conftest import Run
from tests.pipelines.tampering import (
    DAMAGED,
    REHASHED,
    REPORTED,
    Tampering,
    change_rows,
    change_status,
    date_of,
    problems_of,
    run_of,
    without_date,
)

FAST = ("--model", "tiny.en", "--verify", "off", "--fail_above", "0", "--captions")
UNSIGNED = ("--certificate_key", "off")

every_job_that_signs = pytest.mark.parametrize(
    ("job", "arguments"),
    [
        (redact, ("--manifest", "manifest.jsonl", *FAST)),
        (rerender, ("--corrections",)),
        (notify, ("--resume", "--manifest", "manifest.jsonl")),
        (report, ()),
        (erase, ("--recording_id", "card")),
        (erase, ("--superseded",)),
        (expire, ("--older_than", "0m")),
    ],
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """Options that name a private key and its public one."""
    folder, key = tmp_path_factory.mktemp("keys"), Ed25519PrivateKey.generate()
    (folder / "private").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "public").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return {
        "private": ("--certificate_key", f"file:{folder / 'private'}"),
        "public": ("--certificate_public_key", f"file:{folder / 'public'}"),
    }


@pytest.fixture(scope="module")
def published(
    calls: Path, keys: dict[str, tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """Where a signed run with captions wrote, and a copy of what it wrote; beside it lies the manifest."""
    folder = tmp_path_factory.mktemp("published")
    lines = [
        {"recording_id": "card", "audio_url": str(calls / "card.flac")},
        {"recording_id": "phone", "audio_url": str(calls / "phone.wav")},
        {"recording_id": "gone", "audio_url": str(calls / "gone.wav")},
    ]
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run_job(folder / "out", *keys["private"]) == EXIT_INCOMPLETE
    shutil.copytree(folder / "out", folder / "pristine")
    return folder / "out", folder / "pristine"


@pytest.fixture
def output(published: tuple[Path, Path]) -> Iterator[Path]:
    """The output root as the run left it, at its own place, to be touched."""
    output, pristine = published
    shutil.rmtree(output, ignore_errors=True)
    shutil.copytree(pristine, output)
    yield output
    shutil.rmtree(output)


def run_job(output: Path, *options: str) -> int:
    arguments = ["--manifest", str(output.parent / "manifest.jsonl"), "--output", str(output), *FAST, *_key(options)]
    return redact.run(arguments, Console(file=io.StringIO()))


def audited(output: Path, *options: str) -> tuple[int, set[tuple[str, str]], str]:
    """Exit status, kinds and subjects, and the whole report."""
    terminal, run_id = io.StringIO(), run_of(output) if len(list(output.glob("runs/*/summary.json"))) == 1 else "RUN"
    arguments = ["--output", str(output), "--sample", "0", "--json", *options]
    status = audit.run(arguments, Console(file=terminal, width=500))
    return status, set(problems_of(json.loads(terminal.getvalue()), run_id)), terminal.getvalue()


def call(job: object, output: Path, *arguments: str) -> tuple[int, str]:
    terminal = io.StringIO()
    status = job.run(["--output", str(output), *_key(arguments)], Console(file=terminal, width=500))  # type: ignore[attr-defined]
    return status, terminal.getvalue()


def _key(options: tuple[str, ...]) -> tuple[str, ...]:
    """Options with a key, or without one on purpose."""
    return options if "--certificate_key" in options else (*options, *UNSIGNED)


def test_what_nobody_touched_is_right(output: Path, keys: dict[str, tuple[str, str]]) -> None:
    assert audited(output, *keys["public"])[:2] == (EXIT_COMPLETED, set())


# Others are done by `make faults`.
@pytest.mark.parametrize("tampering", [*REPORTED, *DAMAGED], ids=lambda tampering: tampering.name)
def test_it_is_named(output: Path, tampering: Tampering) -> None:
    run_id = run_of(output)
    tampering.do(output)
    status, problems, told = audited(output)
    assert (tampering.kind, tampering.subject) in {
        (kind, without_date(name).replace(run_id, "RUN")) for kind, name in problems
    }
    assert status == EXIT_PROBLEMS
    assert "Mary" not in told


@pytest.mark.parametrize("tampering", REHASHED, ids=lambda tampering: tampering.name)
def test_without_the_key_nothing_can_be_made_right(
    output: Path, tampering: Tampering, keys: dict[str, tuple[str, str]]
) -> None:
    tampering.do(output)
    status, problems, _ = audited(output, *keys["public"])
    assert (tampering.kind, tampering.subject) in problems
    assert status == EXIT_PROBLEMS


def test_a_run_that_is_taken_away_is_missed_by_the_next(output: Path, keys: dict[str, tuple[str, str]]) -> None:
    first = run_of(output)
    assert run_job(output, "--force", "--substitution", "mask", *keys["private"]) == EXIT_INCOMPLETE
    assert audited(output, *keys["public"])[:2] == (EXIT_COMPLETED, set())
    shutil.rmtree(output / "runs" / first)
    for path in output.glob(f"*/*/{first}-*"):
        path.unlink()
    assert ("run_missing", first) in audited(output)[1]


def test_jobs_that_change_what_a_run_left_sign_it_again(output: Path, keys: dict[str, tuple[str, str]]) -> None:
    key, public = keys["private"], keys["public"]
    assert call(erase, output, "--recording_id", "gone", *key)[0] == 0
    assert audited(output, *public)[:2] == (EXIT_COMPLETED, set())
    assert call(report, output, *key)[0] == 0
    assert call(expire, output, "--older_than", "0m", *key)[0] == 0
    assert audited(output, *public)[:2] == (EXIT_COMPLETED, set())
    resume = ("--resume", "--manifest", str(output.parent / "manifest.jsonl"))
    assert call(notify, output, *resume, *key)[0] == 0
    assert audited(output, *public)[:2] == (EXIT_COMPLETED, set())


@pytest.mark.parametrize(
    ("job", "arguments"),
    [
        (erase, ("--recording_id", "gone")),
        (report, ()),
        (notify, ("--resume",)),
    ],
)
def test_without_their_key_it_is_not_signed_but_right(
    output: Path, job: object, arguments: tuple[str, ...], keys: dict[str, tuple[str, str]]
) -> None:
    if job is notify:
        arguments = (*arguments, "--manifest", str(output.parent / "manifest.jsonl"))
    assert call(job, output, *arguments)[0] == 0
    assert audited(output)[:2] == (EXIT_COMPLETED, set())
    assert {kind for kind, _ in audited(output, *keys["public"])[1]} == {"signature"}


def test_a_copy_is_mended_by_the_next_run_and_the_original_stays(
    output: Path, keys: dict[str, tuple[str, str]], tmp_path: Path
) -> None:
    before = contents(output)
    (tmp_path / "manifest.jsonl").write_bytes((output.parent / "manifest.jsonl").read_bytes())
    copy = Path(shutil.copytree(output, tmp_path / "copy"))
    assert {kind for kind, _ in audited(copy, *keys["public"])[1]} == {"elsewhere"}
    assert run_job(copy) == EXIT_INCOMPLETE  # all are skipped but the one that is gone
    assert {kind for kind, _ in audited(copy, *keys["public"])[1]} == {"signature"}  # of lists: this run had no key
    assert audited(copy)[:2] == (EXIT_COMPLETED, set())
    for path in copy.glob("status/*.json"):
        url = json.loads(path.read_text())["redacted_audio_url"]
        assert Path(url).parent == copy / "audio"
        assert Path(url).exists()
    old = {path.name for path in copy.glob("audio/*")}
    assert run_job(copy, "--substitution", "mask", *keys["private"]) == EXIT_INCOMPLETE
    new = {path.name for path in copy.glob("audio/*")}
    assert len(new) == 2
    assert not old & new
    assert contents(output) == before


@pytest.mark.parametrize(
    ("job", "arguments"), [(expire, ("--older_than", "1h")), (erase, ("--recording_id", "phone", "gone"))]
)
def test_a_copy_on_which_other_jobs_worked_first_is_mended_all_the_same(
    output: Path, job: object, arguments: tuple[str, ...], keys: dict[str, tuple[str, str]], tmp_path: Path
) -> None:
    (tmp_path / "manifest.jsonl").write_bytes((output.parent / "manifest.jsonl").read_bytes())
    copy = Path(shutil.copytree(output, tmp_path / "copy"))
    assert call(job, copy, *arguments, *keys["private"])[0] == 0
    assert {kind for kind, _ in audited(copy, *keys["public"])[1]} == {"elsewhere"}
    assert run_job(copy, *keys["private"]) in (EXIT_COMPLETED, EXIT_INCOMPLETE)
    assert audited(copy, *keys["public"])[:2] == (EXIT_COMPLETED, set())


def test_a_first_run_that_was_killed_and_copied_is_mended_by_the_next(output: Path, tmp_path: Path) -> None:
    run_id = run_of(output)
    rows = {table: Run(0, "", output).rows(table) for table in ("transcripts", "findings")}
    for row in rows["transcripts"]:
        recording_id = row["recording_id"]
        status = json.loads((output / "status" / f"{recording_id}.json").read_text())
        found = tuple(json_of(one) for one in rows["findings"] if one["recording_id"] == recording_id)
        keep_rows(str(output), run_id, copy_of(status, json_of(row), found))
    for path in (*output.rglob("*.parquet"), *output.glob("runs/*/*.json"), *output.glob("runs/*/*.html")):
        path.unlink()
    (tmp_path / "manifest.jsonl").write_bytes((output.parent / "manifest.jsonl").read_bytes())
    copy = Path(shutil.copytree(output, tmp_path / "copy"))
    assert run_job(copy) == EXIT_INCOMPLETE
    assert audited(copy)[:2] == (EXIT_COMPLETED, set())


def copy_of(status: dict[str, Any], row: str, findings: tuple[str, ...]) -> CommittedRecording:
    """What the safety copy of a published recording held."""
    return CommittedRecording(
        recording_id=status["recording_id"],
        manifest="manifest.jsonl",
        line=1,
        output_identity=status["output_identity"],
        status=status["status"],
        redacted_audio_url=status["redacted_audio_url"],
        transcript_row=row,
        finding_rows=findings,
        audio_s=10.0,
        replaces=False,
        webhook_url=None,
        webhook_auth_header_name=None,
        webhook_auth_header_value=None,
        webhook_asked=False,
        source="{size_bytes} {version}".format(**status["certificate"]["source"]),
        configuration=status["certificate"]["configuration_id"],
    )


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("victim/important.txt", marks=pytest.mark.long),
        "audio/../../victim/important.txt",
        pytest.param("audio/%2e%2e/important.txt", marks=pytest.mark.long),
    ],
)
def test_a_forged_status_object_has_nothing_deleted_but_what_is_the_recordings_own(output: Path, place: str) -> None:
    victim = output.parent / "victim" / "important.txt"
    victim.parent.mkdir(exist_ok=True)
    victim.write_text("important")
    change_status(output, "card", lambda status: status.update(redacted_audio_url=f"{output.parent}/{place}"))
    (phone,) = output.glob("audio/phone.*")
    change_status(output, "card", lambda status: status.update(output_identity="../../../victim"))
    assert run_job(output, "--substitution", "mask") == EXIT_INCOMPLETE
    assert victim.read_text() == "important"
    assert not phone.exists()
    assert len(list(output.glob("audio/*"))) == 2
    assert audited(output)[:2] == (EXIT_COMPLETED, set())


def test_another_recordings_status_object_has_nothing_of_that_deleted_or_skipped(output: Path) -> None:
    shutil.copy(output / "status" / "phone.json", output / "status" / "card.json")
    before = {path.name: path.read_bytes() for path in output.glob("*/phone*")}
    assert run_job(output) == EXIT_INCOMPLETE
    assert {path.name: path.read_bytes() for path in output.glob("*/phone*")} == before
    assert Run(0, "", output).statuses() == {"card", "phone"}
    assert audited(output)[:2] == (EXIT_COMPLETED, set())


def _delete(path: Path) -> None:
    path.unlink()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:50])


def _forget_runs(path: Path) -> None:
    path.unlink()
    (path.parents[1] / "runs" / "ledger.parquet").unlink()


@pytest.mark.parametrize("harm", [pytest.param(_delete, marks=pytest.mark.long), _cut, _forget_runs])
def test_a_recording_whose_status_object_is_lost_is_done_again_and_has_its_rows_once(
    output: Path, harm: Callable[[Path], None], keys: dict[str, tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(row["recording_id"] for row in Run(0, "", output).rows("findings"))
    harm(output / "status" / "card.json")
    assert run_job(output, "--json", *keys["private"]) == EXIT_INCOMPLETE
    assert json.loads(capsys.readouterr().out)["recordings"]["completed"] == 1
    assert sorted(row["recording_id"] for row in Run(0, "", output).rows("findings")) == before
    assert audited(output, *keys["public"])[:2] == (EXIT_COMPLETED, set())


def test_it_is_known_that_a_status_object_is_lost_however_late_its_recording_comes(
    output: Path, calls: Path, tmp_path: Path
) -> None:
    (output / "status" / "card.json").unlink()
    one = tmp_path / "one.jsonl"
    one.write_text(json.dumps({"recording_id": "phone", "audio_url": str(calls / "phone.wav")}) + "\n")
    arguments = ["--manifest", str(one), "--output", str(output), *FAST, *UNSIGNED]
    assert redact.run(arguments, Console(file=io.StringIO())) == EXIT_COMPLETED
    assert run_job(output) == EXIT_INCOMPLETE
    assert sorted(row["recording_id"] for row in Run(0, "", output).rows("transcripts")) == ["card", "phone"]


@pytest.mark.parametrize(
    "table",
    ["transcripts", *(pytest.param(name, marks=pytest.mark.long) for name in ("errors", "findings", "notifications"))],
)
def test_a_damaged_table_is_named_and_nothing_is_lost(output: Path, table: str) -> None:
    (path,) = output.glob(f"{table}/*/*.parquet")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    name = str(path.relative_to(output))
    assert run_job(output) == EXIT_INCOMPLETE
    status, told = call(erase, output, "--recording_id", "phone")
    assert (status, name in told) == (EXIT_BROKEN, True), told
    assert path.read_bytes() == whole[: len(whole) // 2]
    status, told = call(expire, output, "--older_than", "1h")
    assert status == (EXIT_BROKEN if table == "transcripts" else 0), told
    assert run_job(output, "--force") == EXIT_INCOMPLETE
    assert ("unreadable", f"{table}/DATE/{path.name}") in audited(output)[1]
    path.write_bytes(whole)
    assert call(erase, output, "--recording_id", "phone")[0] == 0
    assert not [row for row in Run(0, "", output).rows(table) if row["recording_id"] == "phone"]


def test_a_folder_of_somebody_else_is_no_output(tmp_path: Path, calls: Path) -> None:
    (tmp_path / "out" / "status").mkdir(parents=True)
    (tmp_path / "out" / "status" / "monday.json").write_text("{}")
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text(json.dumps({"audio_url": str(calls / "card.flac")}) + "\n")
    terminal = io.StringIO()
    arguments = ["--manifest", str(manifest), "--output", str(tmp_path / "out"), *FAST]
    assert redact.run(arguments, Console(file=terminal, width=500)) == EXIT_USAGE
    assert "status/monday.json" in terminal.getvalue()


def test_expiring_deletes_nothing_but_what_runs_published(output: Path) -> None:
    """Not through a link, and nothing of another name."""
    victim = output.parent / "victim" / "card.0123456789ab.wav"
    victim.parent.mkdir(exist_ok=True)
    (output / "audio" / "link").symlink_to(victim.parent)
    others = [victim, output / "audio" / "notes.txt", output / "audio" / "deeper" / victim.name]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_text("important")
    ours = output / "audio" / "card.ffffffffffff.wav"
    ours.write_bytes(b"what a killed run left")
    for path in (*others, *output.glob("audio/*.*")):
        os.utime(path, (1, 1))
    assert call(expire, output, "--older_than", "1d")[0] == 0
    assert [path.read_text() for path in others] == ["important"] * 3
    assert sorted(path.name for path in output.glob("audio/*")) == ["deeper", "link", "notes.txt"]


def test_safety_copies_behind_a_link_stay(output: Path) -> None:
    other = output.parent / "other" / "rows" / "card.json"
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_text("{}")
    (output / "runs" / "link").symlink_to(other.parents[1])
    assert run_job(output) == EXIT_INCOMPLETE
    assert call(erase, output, "--recording_id", "card")[0] == 0
    assert other.exists()


def test_what_somebody_forged_is_not_signed_by_the_next_job(output: Path, keys: dict[str, tuple[str, str]]) -> None:
    key, public = keys["private"], keys["public"]
    change_rows(output, "errors", lambda row: row.update(message="all is well"))
    change_status(output, "card", lambda status: status["certificate"]["source"].update(size_bytes=1))
    expected = {("signature", "runs/RUN/files.json"), ("signature", "card")}
    assert audited(output, *public)[1] == expected
    assert call(report, output, *key)[0] == 0
    assert call(expire, output, "--older_than", "0m", *key)[0] == 0
    assert call(erase, output, "--recording_id", "phone", *key)[0] == 0
    assert {problem for problem in audited(output, *public)[1] if problem[0] == "signature"} == expected


def test_tables_of_somebody_else_end_no_run(output: Path) -> None:
    date = date_of(output)
    for table in ("transcripts", "findings", "errors", "notifications"):
        pq.write_table(pa.table({"a": [1]}), output / table / date / "mine-0000.parquet")
    assert run_job(output, "--force") == EXIT_INCOMPLETE
    assert call(expire, output, "--older_than", "1h")[0] == EXIT_BROKEN
    status, told = call(erase, output, "--recording_id", "card")
    assert (status, f"transcripts/{date}/mine-0000.parquet" in told) == (EXIT_BROKEN, True)
    assert not [row for row in Run(0, "", output).rows("findings") if row.get("recording_id") == "card"]


@every_job_that_signs
def test_a_forgotten_key_is_an_error_before_anything_changes(
    output: Path, job: ModuleType, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(output.parent)
    before = contents(output)
    terminal = io.StringIO()
    assert job.run(["--output", str(output), *arguments], Console(file=terminal, width=500)) == EXIT_USAGE
    assert terminal.getvalue().startswith("error: --certificate_key: earlier runs of this output signed")
    assert contents(output) == before


@every_job_that_signs
def test_a_job_that_waited_for_the_first_run_that_signs_does_not_go_on_without_a_key(
    output: Path, job: ModuleType, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(output.parent)
    before = contents(output)
    record = output / "runs" / "file-lists.json"
    record.write_text(json.dumps(json.loads(before["runs/file-lists.json"]) | {"signature": {}}))
    status, terminal = run_behind_another(
        lambda: record.write_bytes(before["runs/file-lists.json"]), output, job, arguments
    )
    assert status == EXIT_USAGE, terminal
    assert "error: --certificate_key: earlier runs of this output signed" in terminal
    assert contents(output) == before


@pytest.mark.parametrize(
    ("first", "options"), [(f"id-{'0' * 32}", ()), ("call", ("--hash_identities", "env:HUSHBEAM_TEST_ID_KEY"))]
)
def test_a_run_that_waited_for_the_first_run_does_not_mix_pseudonyms_and_plain_ids(
    first: str, options: tuple[str, ...], calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUSHBEAM_TEST_ID_KEY", "k" * 32)
    output = tmp_path / "out"

    def publish() -> None:
        (output / "status").mkdir()
        (output / "status" / f"{first}.json").touch()

    status, terminal = run_behind_another(publish, output, redact, (str(calls / "card.flac"), *FAST, *options))
    assert status == EXIT_USAGE, terminal
    assert "error: --hash_identities: earlier runs of this output" in terminal
    assert list(contents(output)) == [f"status/{first}.json"]


def run_behind_another(
    work: Callable[[], object], output: Path, job: ModuleType, arguments: tuple[str, ...]
) -> tuple[int, str]:
    """A job that waits for the lock while another run does some work: its exit status and terminal."""
    terminal, first = io.StringIO(), RunLock(str(output), "first")
    ended = threading.Event()

    def end_the_first() -> None:
        while "Waiting up to" not in terminal.getvalue() and not ended.wait(0.05):
            pass
        work()
        first.release()

    with first:
        thread = threading.Thread(target=end_the_first)
        thread.start()
        with pytest.MonkeyPatch.context() as quick:
            quick.setattr(locking, "_LOOK_EVERY_S", 0.1)
            waiting = ["--output", str(output), "--wait_for_lock", "5m", *arguments]
            status = job.run(waiting, Console(file=terminal, width=500))
        ended.set()
        thread.join()
    assert "Waiting up to" in terminal.getvalue()
    return status, terminal.getvalue()


def test_pseudonyms_do_not_come_beside_plain_ids(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUSHBEAM_TEST_ID_KEY", "k" * 32)
    before = contents(output)
    assert run_job(output, "--hash_identities", "env:HUSHBEAM_TEST_ID_KEY") == EXIT_USAGE
    assert contents(output) == before


def test_a_plan_needs_no_key(output: Path) -> None:
    arguments = ["--manifest", str(output.parent / "manifest.jsonl"), "--output", str(output), *FAST]
    assert plan.run(arguments, Console(file=io.StringIO())) == EXIT_COMPLETED
