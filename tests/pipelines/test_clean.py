"""Sources are deleted from a landing zone once nothing speaks against it, and only after they were listed."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rich.console import Console

from hushbeam.pipelines import clean, expire, redact
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_USAGE
from hushbeam.transforms.archive.ledger import Status
from hushbeam.transforms.retention import clean as retention
from tests.pipelines.conftest import calls

__all__ = ["calls"]

VERIFIED = ("--model", "tiny.en", "--verify_model", "tiny.en", "--verify", "all")


@pytest.fixture(scope="module")
def published(calls: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A landing zone with three recordings, two of them redacted and verified, one not a recording; and the output."""
    root = tmp_path_factory.mktemp("clean")
    (root / "landing").mkdir()
    shutil.copy2(calls / "card.flac", root / "landing")
    shutil.copy2(calls / "phone.wav", root / "landing")
    (root / "landing" / "broken.wav").write_bytes(b"RIFF no recording")
    run(root, VERIFIED)
    return root


@pytest.fixture
def root(published: Path, tmp_path: Path) -> Iterator[Path]:
    """It, and as it was after the test: certificates name the places of sources, so that a copy would not do."""
    before = shutil.copytree(published, tmp_path / "before")
    yield published
    shutil.rmtree(published)
    shutil.copytree(before, published)


def run(root: Path, options: Sequence[str]) -> int:
    arguments = [str(root / "landing"), "--output", str(root / "out"), *options]
    return redact.run(arguments, Console(file=io.StringIO()))


def cleaned(root: Path, *options: str) -> tuple[int, str, list[dict[str, Any]]]:
    """Exit status, what is said, and the list."""
    terminal = io.StringIO()
    arguments = ["--output", str(root / "out"), "--landing_zone", str(root / "landing"), "--older_than", "0m"]
    arguments += ["--list", str(root / "due.jsonl"), *options]
    status = clean.run(arguments, Console(file=terminal, width=500))
    listed = root / "due.jsonl"
    lines = listed.read_text().splitlines() if listed.exists() else []
    return status, terminal.getvalue(), [json.loads(line) for line in lines]


def landed(root: Path) -> set[str]:
    return {path.name for path in (root / "landing").iterdir()}


def test_sources_are_listed_first_and_deleted_after_the_grace_period(root: Path) -> None:
    everything = landed(root)
    status, said, listed = cleaned(root)
    assert (status, landed(root)) == (EXIT_COMPLETED, everything)
    assert {Path(line["source"]).name for line in listed} == {"card.flac", "phone.wav"}
    assert said.startswith("0 sources deleted\n2 sources due, in ")
    assert cleaned(root, "--delete")[2] == listed, "the time of the listing stays"
    assert landed(root) == everything, "a day has not passed"
    status, said, listed = cleaned(root, "--delete", "--grace", "0m")
    assert (status, listed) == (EXIT_COMPLETED, [])
    assert said.startswith("2 sources deleted\n0 sources due")
    assert landed(root) == {"broken.wav"}, "what failed stays"
    assert cleaned(root, "--delete", "--grace", "0m")[0] == EXIT_COMPLETED


def test_nothing_is_deleted_that_was_not_listed_before(root: Path) -> None:
    cleaned(root, "--delete", "--grace", "0m")
    assert landed(root) == {"broken.wav", "card.flac", "phone.wav"}


def test_a_source_that_changed_since_stays(root: Path) -> None:
    cleaned(root)
    with (root / "landing" / "phone.wav").open("ab") as file:
        file.write(b"more")
    _, said, _ = cleaned(root, "--delete", "--grace", "0m")
    assert landed(root) == {"broken.wav", "phone.wav"}
    assert "Kept: source missing or changed 1" in said


def test_a_source_outside_the_landing_zone_stays(root: Path) -> None:
    (root / "landing" / "deeper").mkdir()
    try:
        _, said, listed = cleaned(root, "--landing_zone", str(root / "landing" / "deeper"))
        assert (listed, "outside landing zone 2" in said) == ([], True)
    finally:
        (root / "landing" / "deeper").rmdir()


def test_a_mistyped_landing_zone_is_a_usage_error(root: Path) -> None:
    status, said, listed = cleaned(root, "--landing_zone", str(root / "landign"))
    assert (status, listed) == (EXIT_USAGE, [])
    assert f"or one that this user may not enter: {root / 'landign'}; did you mean {root / 'landing'}?" in said


def test_a_link_out_of_the_landing_zone_takes_no_source_with_it(root: Path) -> None:
    (root / "landing").rename(root / "elsewhere")
    (root / "landing").mkdir()
    (root / "landing" / "card.flac").symlink_to(root / "elsewhere" / "card.flac")
    (root / "landing" / "deeper").symlink_to(root / "elsewhere")
    for status in (root / "out" / "status").glob("*phone*"):
        status.write_text(status.read_text().replace("landing/phone", "landing/deeper/phone"))
    try:
        _, said, listed = cleaned(root)
        assert (listed, "outside landing zone 2" in said) == ([], True)
    finally:
        shutil.rmtree(root / "landing")
        (root / "elsewhere").rename(root / "landing")


def test_a_landing_zone_may_itself_be_a_link(root: Path) -> None:
    (root / "landing").rename(root / "elsewhere")
    (root / "landing").symlink_to(root / "elsewhere")
    try:
        assert len(cleaned(root)[2]) == 2
    finally:
        (root / "landing").unlink()
        (root / "elsewhere").rename(root / "landing")


def test_a_source_on_a_web_server_is_outside_every_landing_zone(root: Path) -> None:
    for status in (root / "out" / "status").glob("*phone*"):
        certified = json.loads(status.read_text())
        certified["certificate"]["source"]["url"] = "https://calls.example/phone.wav"
        status.write_text(json.dumps(certified))
    exit_status, said, listed = cleaned(root)
    assert (exit_status, len(listed), "outside landing zone 1" in said) == (EXIT_COMPLETED, 1, True)


def test_a_source_that_is_replaced_while_its_redacted_audio_is_read_stays(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned(root)
    read = retention._has_certified_audio

    def replaced_meanwhile(output: str, status: Status) -> bool:
        if "phone" in status.recording_id:
            (root / "landing" / "phone.wav").write_bytes(b"RIFF another recording")
        return read(output, status)

    monkeypatch.setattr(retention, "_has_certified_audio", replaced_meanwhile)
    _, said, _ = cleaned(root, "--delete", "--grace", "0m")
    assert landed(root) == {"broken.wav", "phone.wav"}
    assert "Kept: source missing or changed 1" in said


def test_a_source_whose_redacted_audio_is_damaged_or_expired_stays(root: Path) -> None:
    (audio,) = (root / "out" / "audio").glob("card*")
    audio.write_bytes(audio.read_bytes()[:-1])
    assert "redacted audio missing or changed 1" in cleaned(root)[1]
    expire.run(["--output", str(root / "out"), "--older_than", "0m"], Console(file=io.StringIO()))
    _, said, listed = cleaned(root)
    assert (listed, "no redacted audio 2" in said) == ([], True)


def test_sources_of_recordings_that_nobody_verified_stay(root: Path) -> None:
    run(root, ("--model", "tiny.en", "--verify", "off"))
    assert "not verified 2" in cleaned(root)[1]


def test_a_recording_that_failed_in_a_later_run_keeps_its_source(root: Path) -> None:
    (root / "landing" / "phone.wav").rename(root / "landing" / "away.wav")
    lines = json.dumps({"recording_id": _id_of(root, "phone"), "audio_url": str(root / "landing" / "phone.wav")})
    (root / "again.jsonl").write_text(lines + "\n")
    arguments = ["--manifest", str(root / "again.jsonl"), "--output", str(root / "out"), *VERIFIED]
    redact.run(arguments, Console(file=io.StringIO()))
    (root / "landing" / "away.wav").rename(root / "landing" / "phone.wav")
    _, said, listed = cleaned(root)
    assert {Path(line["source"]).name for line in listed} == {"card.flac"}
    assert "failed or quarantined later 1" in said

    for status in (root / "out" / "status").iterdir():
        status.touch()  # as a copy of the output may have it
    _, said, listed = cleaned(root)
    assert {Path(line["source"]).name for line in listed} == {"card.flac"}


def test_a_source_of_which_another_recording_failed_stays(root: Path) -> None:
    """Two lines may ask for the same file, with other policies or another treatment of its channels."""
    phone = str(root / "landing" / "phone.wav")
    second = {"recording_id": "second", "audio_url": phone, "transcript_url": str(root / "gone.json")}

    def again(line: dict[str, Any]) -> None:
        (root / "again.jsonl").write_text(json.dumps(line) + "\n")
        arguments = ["--manifest", str(root / "again.jsonl"), "--output", str(root / "out"), *VERIFIED]
        redact.run(arguments, Console(file=io.StringIO()))

    again(second)
    _, said, listed = cleaned(root)
    assert {Path(line["source"]).name for line in listed} == {"card.flac"}
    assert "failed or quarantined under other id 1" in said

    again({"recording_id": "second", "audio_url": phone})
    again({"recording_id": "third", "audio_url": phone, "redact_pii_policies": ["no_such_policy"]})
    assert "failed or quarantined under other id 2" in cleaned(root)[1], "a line that was rejected names it too"
    again({"recording_id": "third", "audio_url": phone, "redact_pii_policies": ["phone_number"]})
    _, said, listed = cleaned(root)
    assert {line["recording_id"] for line in listed if line["source"] == phone} == {
        _id_of(root, "phone"),
        "second",
        "third",
    }


def _id_of(root: Path, name: str) -> str:
    (status,) = (root / "out" / "status").glob(f"*{name}*.json")
    return json.loads(status.read_text())["recording_id"]


def test_without_a_valid_signature_nothing_is_due(root: Path, tmp_path: Path) -> None:
    public = Ed25519PrivateKey.generate().public_key()
    (tmp_path / "public").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    _, said, listed = cleaned(root, "--certificate_public_key", f"file:{tmp_path / 'public'}")
    assert (listed, "not signed 2" in said) == ([], True)


def test_a_list_that_is_something_else_is_not_overwritten(root: Path) -> None:
    (root / "due.jsonl").write_text('{"audio_url": "a manifest"}\n')
    status, said, listed = cleaned(root)
    assert (status, listed) == (EXIT_USAGE, [{"audio_url": "a manifest"}])
    assert "--list: due.jsonl is not a list of this command" in said
