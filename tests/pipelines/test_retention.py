"""Sound that expires and recordings that are erased: from a real run, on a disk and in a bucket."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from rich.console import Console

from hushbeam.pipelines import audit, erase, expire, notify, redact
from hushbeam.pipelines.options.commands.expire import ExpireOptions
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE, EXIT_LOCKED, EXIT_USAGE
from hushbeam.schemas.stages import CommittedRecording
from hushbeam.transforms.archive.recovery import keep_rows
from hushbeam.transforms.archive.run_lock import RunLock
from hushbeam.transforms.archive.runs.private_roots import remember_private_roots
from hushbeam.transforms.archive.tables.relocation import relocate
from hushbeam.transforms.read_manifest.pseudonyms import Pseudonyms
from hushbeam.transforms.storage import files
from tests.pipelines.conftest import Run
from tests.transforms.storage.fake_stores import google_server, make_bucket

FAST = ("--model", "tiny.en", "--verify", "off", "--fail_above", "0")
UNSIGNED = ("--certificate_key", "off")
_UNFINISHED: dict[str, Any] = {
    "manifest": "manifest.jsonl",
    "line": 1,
    "output_identity": "0" * 64,
    "finding_rows": (),
    "audio_s": 1.0,
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("keys")
    key = Ed25519PrivateKey.generate()
    (folder / "private").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "public").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (folder / "store").write_text("a" * 43 + "=")
    return {name: f"file:{folder / name}" for name in ("private", "public", "store")}


@pytest.fixture(scope="module")
def manifest(calls: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings of one source, one of another, and one that fails."""
    folder = tmp_path_factory.mktemp("retention")
    lines = [
        {"recording_id": "card", "audio_url": str(calls / "card.flac")},
        {"recording_id": "card/once more", "audio_url": str(calls / "card.flac"), "redact_pii_audio": False},
        {"recording_id": "phone", "audio_url": str(calls / "phone.wav")},
        {"recording_id": "gone", "audio_url": str(calls / "gone.wav")},
    ]
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder / "manifest.jsonl"


@pytest.fixture(scope="module")
def published(manifest: Path, keys: dict[str, str]) -> Path:
    """The output of a signed run with captions, beside its store."""
    root = manifest.parent
    store = ("--store", str(root / "store"), "--store_key", keys["store"])
    options = (*FAST, "--captions", "--certificate_key", keys["private"], *store)
    arguments = ["--manifest", str(manifest), "--output", str(root / "out"), *options]
    assert redact.run(arguments, Console(file=io.StringIO())) == EXIT_INCOMPLETE
    return root


@pytest.fixture
def root(published: Path, keys: dict[str, str], tmp_path: Path) -> Path:
    """A copy of it that names itself, with times, with what a killed run and an audit leave."""
    root = Path(shutil.copytree(published, tmp_path / "root"))
    relocate(str(root / "out"))
    row: dict[str, Any] = {"recording_id": "card", "status": "redacted_audio_ready", "redacted_audio_url": "somewhere"}
    written = json.dumps(row | {"audio_url": "a"}, default=str)
    keep_rows(str(root / "out"), "killed", CommittedRecording(**row, **_UNFINISHED, transcript_row=written))
    report = {"problems": {"orphan": 2}, "list": [{"subject": subject} for subject in ("card", "status/phone.json")]}
    files.write_bytes(str(root / "out" / "runs" / "audit-1" / "audit.json"), json.dumps(report).encode())
    return root


def call(job: Any, *arguments: str) -> tuple[int, str]:
    """Runs a command; `erase` and `expire` without a key on purpose, unless one is given."""
    if job in (erase, expire) and "--certificate_key" not in arguments:
        arguments = (*arguments, *UNSIGNED)
    terminal = io.StringIO()
    return job.run(list(arguments), Console(file=terminal, width=500)), terminal.getvalue()


def everything(root: Path) -> str:
    """All names and contents under a root, tables as rows."""
    said = []
    for path in sorted(root.rglob("*")):
        said.append(str(path.relative_to(root)))
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            said += [str(table.to_pylist()), str(table.schema.metadata)]
        elif path.is_file():
            said.append(path.read_bytes().decode("latin-1"))
    return "\n".join(said)


def rows(root: Path, table: str) -> list[dict[str, Any]]:
    return Run(0, "", root / "out").rows(table)


def age(folder: Path, hours: float) -> None:
    for path in folder.iterdir():
        at = path.stat().st_mtime - hours * 3600
        os.utime(path, (at, at))


def test_nothing_of_an_erased_recording_is_left(root: Path, manifest: Path, keys: dict[str, str]) -> None:
    store = ("--store", str(root / "store"))
    status, terminal = call(erase, "--output", str(root / "out"), "--recording_id", "card", "gone", *store)
    assert (status, "3 recordings erased (1 of them not named" in terminal) == (0, True), terminal
    (root / "manifest.jsonl").unlink()
    for trace in ("card.", '"card', "'card", "gone", "once-more"):
        assert trace not in everything(root)
    assert {row["recording_id"] for row in rows(root, "transcripts")} == {"phone"}
    assert [path.name for path in (root / "store").iterdir()] == ["phone.findings"]
    assert call(audit, "--output", str(root / "out"), "--sample", "0")[0] == EXIT_COMPLETED
    before = everything(root)
    repeated = call(erase, "--output", str(root / "out"), "--recording_id", "card", "gone", *store)
    assert (repeated[0], "0 recordings erased, 2 already erased" in repeated[1]) == (0, True), repeated
    assert everything(root) == before, "erasing again changes nothing"

    again = ("--manifest", str(manifest), "--output", str(root / "out"), *FAST, *UNSIGNED, "--force", "--captions")
    assert redact.run(list(again), console := Console(file=io.StringIO(), width=300)) == EXIT_COMPLETED
    assert "3 erased" in console.file.getvalue()  # type: ignore[attr-defined]
    assert {row["recording_id"] for row in rows(root, "transcripts")} == {"phone"}
    assert rows(root, "errors") == []


def test_a_failed_recording_of_an_erased_source_is_erased_too(root: Path, calls: Path) -> None:
    """Its row in errors/ names the source."""
    line = {"recording_id": "other", "audio_url": str(calls / "card.flac"), "transcript_url": str(calls / "no.json")}
    (root / "other.jsonl").write_text(json.dumps(line))
    arguments = ["--manifest", str(root / "other.jsonl"), "--output", str(root / "out"), *FAST, *UNSIGNED]
    assert redact.run(arguments, Console(file=io.StringIO())) == EXIT_INCOMPLETE
    assert {row["audio_url"] for row in rows(root, "errors") if row["recording_id"] == "other"} == {
        str(calls / "card.flac")
    }
    arguments = ["--output", str(root / "out"), "--recording_id", "card", "--store", str(root / "store")]
    assert call(erase, *arguments)[0] == EXIT_COMPLETED
    assert {row["recording_id"] for row in rows(root, "errors")} == {"gone"}


@pytest.mark.parametrize("changes", range(1, 24, 3))
def test_an_erasure_that_was_interrupted_is_completed_by_repeating_it(
    root: Path, changes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("--output", str(root / "out"), "--recording_id", "card", "--store", str(root / "store"))
    whole = Path(shutil.copytree(root, root.parent / "whole"))
    assert (
        call(erase, "--output", str(whole / "out"), "--recording_id", "card", "--store", str(whole / "store"))[0] == 0
    )
    with monkeypatch.context() as context:
        _interrupt(context, after=changes)
        try:
            call(erase, *arguments)
        except KeyboardInterrupt:
            assert everything(root) != everything(whole)
    assert call(erase, *arguments)[0] == 0
    assert _without_snapshot(root) == _without_snapshot(whole)


def _without_snapshot(root: Path) -> str:
    (root / "out" / "runs" / "ledger.parquet").unlink()  # holds the times of the copies
    return everything(root)


def _interrupt(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """The process ends at a change to a file, after so many others."""
    left = iter(range(after))

    def counted(change: Callable[..., None]) -> Callable[..., None]:
        def counting(url: Any, *arguments: Any) -> None:
            if "LOCK" not in f"{url}" and next(left, None) is None:
                raise KeyboardInterrupt
            change(url, *arguments)

        return counting

    for name in ("write_bytes", "delete", "upload_file"):
        monkeypatch.setattr(files, name, counted(getattr(files, name)))


def test_an_erasure_that_would_leave_something_is_refused(root: Path) -> None:
    output = ("--output", str(root / "out"))
    status, terminal = call(erase, *output, "--recording_id", "card")
    assert (status, "--store" in terminal) == (EXIT_USAGE, True)
    assert call(erase, *output, "--store", str(root / "store"))[0] == EXIT_USAGE
    with RunLock(str(root / "out"), "a-run"):
        status, terminal = call(erase, *output, "--store", str(root / "store"), "--recording_id", "card")
    assert (status, "a-run" in terminal) == (EXIT_LOCKED, True)
    assert "card" in Run(0, "", root / "out").statuses()


def test_a_mistyped_store_is_refused_and_an_empty_one_is_told(root: Path) -> None:
    arguments = ("--output", str(root / "out"), "--recording_id", "card", "--store")
    status, terminal = call(erase, *arguments, str(root / "stroe"))
    meant = f"or one that this user may not enter: {root / 'stroe'}; did you mean {root / 'store'}?; name"
    assert (status, meant in terminal) == (EXIT_USAGE, True), terminal
    status, terminal = call(erase, *arguments, str(root / "elsewhere" / "42"))
    assert (status, "make an empty folder there" in terminal) == (EXIT_USAGE, True), terminal
    assert "card" in Run(0, "", root / "out").statuses()
    (root / "empty").mkdir()
    status, terminal = call(erase, *arguments, str(root / "empty"))
    assert (status, "--store: nothing of these recordings was there" in terminal) == (EXIT_COMPLETED, True), terminal
    assert "repeat the command with that place, and name these ids too: card/once more\n" in terminal
    kept = {path.name for path in (root / "store").iterdir()}
    status, terminal = call(erase, *arguments, str(root / "store"), "--recording_id", "card/once more")
    assert (status, "nothing of these recordings" in terminal) == (EXIT_COMPLETED, False), terminal
    left = {path.name for path in (root / "store").iterdir()}
    assert (len(kept), left) == (3, {"phone.findings"})


def test_a_store_of_another_output_ends_an_erasure_incomplete(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remember_private_roots(str(root / "out"), ["--unredacted_output"])
    (root / "other").mkdir()
    (root / "other" / "strange.findings").write_bytes(b"")
    (root / "private").mkdir()
    arguments = ("--output", str(root / "out"), "--recording_id", "card", "--unredacted_output", str(root / "private"))
    status, terminal = call(erase, *arguments, "--store", str(root / "other"), "--json")
    told = f"--store: {root / 'other'} has recordings, but none of this output; nothing was erased there. If runs"
    assert (status, told in terminal) == (EXIT_INCOMPLETE, True), terminal
    assert "--unredacted_output: nothing of these recordings was there" in terminal
    result = json.loads(capsys.readouterr().out)
    assert (result["nothing_in"], result["of_other_outputs"]) == (["--store", "--unredacted_output"], ["--store"])
    assert result["recording_ids"] == ["card", "card/once more"]
    status, terminal = call(erase, *arguments, "--store", str(root / "store"), "--recording_id", "card/once more")
    assert (status, "--store:" in terminal) == (EXIT_COMPLETED, False), terminal
    assert [path.name for path in (root / "store").iterdir()] == ["phone.findings"]


def test_swapped_places_end_an_erasure_incomplete(root: Path) -> None:
    remember_private_roots(str(root / "out"), ["--unredacted_output"])
    (root / "private").mkdir()
    arguments = ("--output", str(root / "out"), "--recording_id", "card", "--store", str(root / "private"))
    status, terminal = call(erase, *arguments, "--unredacted_output", str(root / "store"))
    told = f"--unredacted_output: {root / 'store'} has recordings, but none of this output"
    assert (status, told in terminal) == (EXIT_INCOMPLETE, True), terminal


def test_what_was_written_before_a_recording_failed_is_erased_from_a_shared_store(root: Path) -> None:
    (root / "store" / "strange.findings").write_bytes(b"")
    (root / "store" / "failed.findings").write_bytes(b"")
    (root / "store" / ".DS_Store").write_bytes(b"")
    arguments = ("--output", str(root / "out"), "--store", str(root / "store"), "--recording_id")
    assert call(erase, *arguments, "card", "card/once more", "phone")[0] == EXIT_COMPLETED
    status, terminal = call(erase, *arguments, "failed")
    assert (status, "1 recording erased" in terminal) == (EXIT_COMPLETED, True), terminal
    assert {path.name for path in (root / "store").iterdir()} == {"strange.findings", ".DS_Store"}


def test_a_store_without_recordings_is_not_of_another_output(root: Path) -> None:
    (root / "empty").mkdir()
    (root / "empty" / ".DS_Store").write_bytes(b"")
    arguments = ("--output", str(root / "out"), "--recording_id", "card", "--store", str(root / "empty"))
    status, terminal = call(erase, *arguments)
    assert (status, "--store: nothing of these recordings was there" in terminal) == (EXIT_COMPLETED, True), terminal


def test_a_shared_store_does_not_prevent_repeating_an_erasure(root: Path) -> None:
    (root / "store" / "strange.findings").write_bytes(b"")
    ids = ("card", "card/once more", "phone")
    arguments = ("--output", str(root / "out"), "--store", str(root / "store"), "--recording_id", *ids)
    assert call(erase, *arguments)[0] == EXIT_COMPLETED
    status, terminal = call(erase, *arguments)
    assert (status, "0 recordings erased, 3 already erased" in terminal) == (EXIT_COMPLETED, True), terminal
    assert "--store: nothing of these recordings was there" in terminal
    assert [path.name for path in (root / "store").iterdir()] == ["strange.findings"]


def test_a_folder_in_which_no_run_had_anything_to_keep_is_made_for_an_erasure(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    remember_private_roots(str(root / "out"), ["--unredacted_output"])
    places = ("--store", str(root / "store"), "--unredacted_output", str(root / "private"))
    arguments = ("--output", str(root / "out"), "--recording_id", "card", *places, "--json")
    status, terminal = call(erase, *arguments)
    assert (status, "make an empty folder there" in terminal) == (EXIT_USAGE, True), terminal
    (root / "private").mkdir()
    status, terminal = call(erase, *arguments)
    assert status == EXIT_COMPLETED, terminal
    assert "--unredacted_output: nothing of these recordings was there" in terminal
    assert json.loads(capsys.readouterr().out)["nothing_in"] == ["--unredacted_output"]


def test_recordings_to_erase_are_read_from_a_file(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "ids.txt").write_text("phone\r\n\ngone\n")
    arguments = ("--output", str(root / "out"), "--recording_ids", str(root / "ids.txt"), "--json")
    assert call(erase, *arguments, "--store", str(root / "store")) == (0, "")
    assert json.loads(capsys.readouterr().out)["recordings"] == 2
    assert Run(0, "", root / "out").statuses() == {"card", "card/once more"}


def test_an_id_of_which_there_is_nothing_is_named_and_skipped_later(
    root: Path, manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--output", str(root / "out"), "--store", str(root / "store"), "--recording_id")
    status, terminal = call(erase, *arguments, "phon", "card/onc more", "nosuch", "gone")
    assert status == EXIT_INCOMPLETE
    assert "1 recording erased: 0 files, 1 row\n" in terminal
    assert "nothing of phon; did you mean phone?" in terminal
    assert "nothing of card/onc more; did you mean card/once more?" in terminal
    assert "nothing of nosuch; check the id. Later runs will skip it" in terminal
    assert "nothing of gone" not in terminal
    assert call(erase, *arguments, "nosuch")[0] == EXIT_COMPLETED, "erased before"
    assert call(erase, *arguments, "phone", "other", "--json") == (EXIT_INCOMPLETE, terminal_of_one("other"))
    counts = json.loads(capsys.readouterr().out)
    assert (counts["recordings"], counts["already_erased"], counts["unknown"]) == (1, 0, 1)
    one = tmp_path / "one.jsonl"
    line = json.loads(manifest.read_text().splitlines()[2])
    one.write_text(json.dumps(line | {"recording_id": "nosuch"}) + "\n")
    again = ("--manifest", str(one), "--output", str(root / "out"), *FAST, *UNSIGNED)
    assert redact.run(list(again), console := Console(file=io.StringIO(), width=300)) == EXIT_COMPLETED
    assert "1 erased" in console.file.getvalue()  # type: ignore[attr-defined]


def terminal_of_one(recording_id: str) -> str:
    return f"Nothing to erase: the output has nothing of {recording_id}; check the id. Later runs will skip it\n"


def test_recordings_with_replaced_ids_are_erased_by_either(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUSHBEAM_TEST_ID_KEY", "k" * 32)
    key = ("--hash_identities", "env:HUSHBEAM_TEST_ID_KEY")
    output = tmp_path / "out"
    arguments = ("--manifest", str(manifest), "--output", str(output), *FAST, "--no-redact_audio", *key)
    assert redact.run(list(arguments), Console(file=io.StringIO())) == EXIT_INCOMPLETE
    plain = [one for one in arguments if one not in key]
    assert redact.run(plain, console := Console(file=io.StringIO(), width=300)) == EXIT_USAGE, "ids beside pseudonyms"
    assert "--hash_identities: earlier runs of this output hid" in console.file.getvalue()  # type: ignore[attr-defined]
    (phone,) = (one for one in Run(0, "", output).statuses() if one == Pseudonyms(key[1]).of_id("phone"))
    assert call(erase, "--output", str(output), "--recording_id", "card", *key)[1].startswith("2 recordings erased")
    assert Run(0, "", output).statuses() == {phone}
    assert call(erase, "--output", str(output), "--hmac", "phone")[0] == EXIT_USAGE
    status, terminal = call(erase, "--output", str(output), "--recording_id", "Mary Smith", *key)
    assert (status, "Mary" in terminal) == (EXIT_INCOMPLETE, False)
    assert f"nothing of {Pseudonyms(key[1]).of_id('Mary Smith')}; check the id." in terminal
    assert call(erase, "--output", str(output), "--hmac", phone)[1].startswith("1 recording erased")
    assert Run(0, "", output).statuses() == set()
    assert redact.run([*arguments, "--force"], Console(file=io.StringIO())) == EXIT_INCOMPLETE
    assert Run(0, "", output).statuses() == set()


def test_another_key_of_identities_is_an_error_before_anything_changes(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUSHBEAM_TEST_ID_KEY", "k" * 32)
    monkeypatch.setenv("HUSHBEAM_OTHER_ID_KEY", "o" * 32)
    output = tmp_path / "out"
    key, other = ("--hash_identities", "env:HUSHBEAM_TEST_ID_KEY"), ("--hash_identities", "env:HUSHBEAM_OTHER_ID_KEY")
    run_again = ("--manifest", str(manifest), "--output", str(output), *FAST, "--no-redact_audio")
    assert redact.run([*run_again, *key], Console(file=io.StringIO())) == EXIT_INCOMPLETE
    record = output / "runs" / "identity-key.json"
    assert json.loads(record.read_text()) == {"check_value": Pseudonyms(key[1]).check_value}
    written = {path: path.read_bytes() for path in output.rglob("*") if path.is_file()}
    notify_again = ("--output", str(output), "--resume", "--manifest", str(manifest))
    erase_again = ("--output", str(output), "--recording_id", "card")
    for job, arguments in ((redact, run_again), (notify, notify_again), (erase, erase_again)):
        status = job.run([*arguments, *other], console := Console(file=io.StringIO(), width=500))
        told = console.file.getvalue()  # type: ignore[attr-defined]
        assert status == EXIT_USAGE, told
        assert "error: --hash_identities: earlier runs of this output used another key" in told
        assert "k" * 32 not in told
        assert "o" * 32 not in told
    assert {path: path.read_bytes() for path in output.rglob("*") if path.is_file()} == written
    assert audit.run(["--output", str(output)], Console(file=io.StringIO())) == EXIT_COMPLETED
    record.unlink()  # to go on with another key on purpose
    assert redact.run([*run_again, *other], Console(file=io.StringIO())) == EXIT_INCOMPLETE
    assert json.loads(record.read_text()) == {"check_value": Pseudonyms(other[1]).check_value}


def test_sound_expires_and_everything_says_so(root: Path, keys: dict[str, str], manifest: Path) -> None:
    output = root / "out"
    hour = ("--output", str(output), "--older_than", "1h", "--certificate_key", keys["private"])
    status, terminal = call(expire, *hour)
    assert (status, "0 recordings expired" in terminal) == (0, True)
    age(output / "audio", hours=2)
    (output / "audio" / "left.0123456789ab.wav").write_bytes(b"RIFF")
    status, terminal = call(expire, *hour)
    assert (status, "2 recordings expired, 2 files" in terminal) == (0, True), terminal
    again = "0 recordings expired, 0 files deleted: no redacted audio that is left is older than 1h"
    assert " ".join(call(expire, *hour)[1].split()) == again
    assert [path.name for path in (output / "audio").iterdir()] == ["left.0123456789ab.wav"]
    answer = json.loads((output / "status" / "card.json").read_text())
    assert (answer["status"], answer["redacted_audio_url"]) == ("redacted_audio_expired", None)
    assert "no longer available" in answer["error"]
    expired = {row["recording_id"]: (row["status"], row["redacted_audio_url"]) for row in rows(root, "transcripts")}
    assert expired == {
        "card": ("redacted_audio_expired", None),
        "phone": ("redacted_audio_expired", None),
        "card/once more": ("completed", None),
    }
    copy = json.loads((output / "runs" / "killed" / "rows" / "card.json").read_text())
    assert (copy["status"], json.loads(copy["transcript_row"])["redacted_audio_url"]) == (
        "redacted_audio_expired",
        None,
    )

    shutil.rmtree(output / "runs" / "killed")
    (output / "audio" / "left.0123456789ab.wav").unlink()
    audited, report = call(audit, "--output", str(output), "--sample", "0", "--certificate_public_key", keys["public"])
    assert audited == EXIT_COMPLETED, report
    arguments = ("--manifest", str(manifest), "--output", str(output), *FAST, "--captions", *hour[-2:])
    assert redact.run(list(arguments), Console(file=io.StringIO())) == EXIT_INCOMPLETE
    assert not list((output / "audio").iterdir()), "a later run does not bring it back"


@given(number=st.integers(0, 999_999), unit=st.sampled_from("mhd"))
def test_ages_are_read(number: int, unit: str) -> None:
    seconds = {"m": 60, "h": 3600, "d": 86400}[unit]
    options = ExpireOptions(output="out", older_than=f"{number}{unit}")
    assert options.age == timedelta(seconds=number * seconds)


@pytest.mark.parametrize("text", ["", "24", "h", "1.5h", "-1h", "24 h", "1w", "24H"])
def test_other_ages_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="90m, 24h or 30d"):
        ExpireOptions(output="out", older_than=text)


@pytest.fixture
def bucket() -> Iterator[str]:
    with google_server() as url:
        yield make_bucket(url)


def test_in_a_bucket_too(published: Path, bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("out", "store"):
        for name in files.list_names(str(published / folder)):
            files.upload_file(published / folder / name, f"{bucket}/{folder}/{name}")
    output, store = f"{bucket}/out", f"{bucket}/store"
    assert call(expire, "--output", output, "--older_than", "1h")[1].startswith("0 recordings expired")
    assert call(expire, "--output", output, "--older_than", "0m", "--json") == (0, "")
    assert json.loads(capsys.readouterr().out)["recordings"] == 2
    assert files.list_names(f"{output}/audio") == []
    assert b"redacted_audio_expired" in files.read_bytes(f"{output}/status/phone.json")
    assert call(erase, "--output", output, "--recording_id", "card", "--store", store)[0] == 0
    names = [name for name in files.list_names(bucket) if not name.startswith("out/erased/")]
    assert not [name for name in names if "card" in name]
    for table in ("transcripts", "findings"):
        for name in files.list_names(f"{output}/{table}"):
            assert set(pq.read_table(files.open_read(f"{output}/{table}/{name}"))["recording_id"].to_pylist()) == {
                "phone"
            }
