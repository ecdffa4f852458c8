"""Unredacted transcripts: encrypted, in their own root, and nowhere else."""

from __future__ import annotations

import base64
import io
import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from hushbeam.pipelines import erase, unseal
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE, EXIT_USAGE
from tests.pipelines.conftest import Redact

CARD = {"recording_id": "card", "audio_url": "card.flac"}
AS_SAID = {"recording_id": "phone", "audio_url": "phone.wav", "redact_pii": False}


def opened(root: Path, key: str, recording_id: str | Sequence[str], to: Path | str) -> tuple[int, str]:
    terminal = io.StringIO()
    ids = [recording_id] if isinstance(recording_id, str) else recording_id
    arguments = ["--unredacted_output", str(root), "--unredacted_key", key, "--recording_id", *ids]
    return unseal.run([*arguments, "--to", str(to)], Console(file=terminal, width=300)), terminal.getvalue()


def test_recordings_are_kept_as_they_were_said_and_lines_may_ask_for_that_alone(
    redact: Redact, key: str, tmp_path: Path
) -> None:
    private, here = tmp_path / "private", tmp_path / "here"
    options = ("--unredacted_output", str(private), "--unredacted_key", key)
    run = redact(CARD, AS_SAID, options=options)
    assert run.status == 0, run.terminal
    assert "1 unredacted" in run.terminal
    assert run.statuses() == set(run.audio()) == {"card"}
    for table in ("transcripts", "findings", "errors", "notifications"):
        assert "phone" not in {row["recording_id"] for row in run.rows(table)}
    for path in run.output.rglob("*"):
        assert "phone." not in path.name
        assert not path.is_file() or b"phone.wav" not in path.read_bytes()

    assert opened(private, key, "phone", here)[0] == opened(private, key, "card", here)[0] == 0
    phone, card = (json.loads((here / f"{name}.json").read_text()) for name in ("phone", "card"))
    assert (phone["redact_pii"], card["redact_pii"]) == (False, True)
    assert "555" in phone["text"]
    numbers = [finding["text"] for finding in card["findings"] if finding["policy"] == "credit_card_number"]
    assert "6467" in "".join(filter(str.isdigit, " ".join(numbers)))
    public = {row["recording_id"]: row["text"] for row in run.rows("transcripts")}
    assert len(card["text"]) == len(public["card"]), "hashes show how long words were"
    assert b"555" not in (private / "phone.transcript").read_bytes()
    assert b"utterances" not in (private / "card.transcript").read_bytes()

    again = redact(CARD, AS_SAID, options=options)
    assert "2 skipped" in again.terminal
    refused, terminal = opened(private, key, "nobody", here)
    assert (refused, "no transcript of nobody; check" in terminal) == (EXIT_USAGE, True)

    refused, terminal = opened(tmp_path / "nothing", key, "card", here)
    assert (refused, f"no run has written an unredacted transcript in {tmp_path}/nothing;" in terminal) == (
        EXIT_USAGE,
        True,
    )

    terminal_ = Console(file=io.StringIO(), width=300)
    output = ["--output", str(run.output), "--recording_id", "phone", "card"]
    assert erase.run(output, terminal_) == EXIT_USAGE, "it was not said where else they are"
    assert erase.run([*output, "--unredacted_output", str(private)], terminal_) == EXIT_COMPLETED
    assert [path for path in private.rglob("*") if path.is_file()] == []
    assert "2 erased" in redact(CARD, AS_SAID, options=(*options, "--force")).terminal
    assert [path for path in private.rglob("*") if path.is_file()] == []


@pytest.mark.permissions
def test_nobody_else_may_look_into_what_is_private(redact: Redact, key: str, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        roots = {name: tmp_path / name for name in ("private", "store", "here")}
        kept = ("--unredacted_output", str(roots["private"]), "--store", str(roots["store"]))
        options = (*kept, "--unredacted_key", key, "--store_key", key)
        assert redact(CARD, AS_SAID, options=options).status == 0
        assert opened(roots["private"], key, "card", roots["here"])[0] == 0
    finally:
        os.umask(before)
    for root in roots.values():
        for path in (root, *root.rglob("*")):
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
        assert [path for path in root.rglob("*") if path.is_file()]
    assert (roots["private"] / "status" / "phone.json").is_file()


@pytest.mark.permissions
def test_plain_text_is_not_opened_where_others_may_read_it(redact: Redact, key: str, tmp_path: Path) -> None:
    private = tmp_path / "private"
    run = redact(CARD, options=("--unredacted_output", str(private), "--unredacted_key", key))
    (tmp_path / "shared").mkdir(mode=0o755)
    before = sorted(tmp_path.rglob("*"))
    for to in (run.output, run.output / "status" / "here", private, tmp_path, tmp_path / "shared", "gs://calls/here"):
        status, terminal = opened(private, key, "card", to)
        assert (status, "--to" in terminal) == (EXIT_USAGE, True), to
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.permissions
def test_without_a_place_for_it_such_a_line_is_an_error(redact: Redact) -> None:
    run = redact(AS_SAID)
    assert run.status == EXIT_INCOMPLETE
    (error,) = run.rows("errors")
    assert (error["stage"], "--unredacted_output" in error["message"]) == ("ReadManifest", True)
    assert run.statuses() == set()


@pytest.mark.parametrize("place", ["out", "out/private", ".", "link/private"])
def test_a_place_within_or_around_the_public_outputs_is_refused(
    redact: Redact, key: str, tmp_path: Path, place: str
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    run = redact(CARD, options=("--unredacted_output", f"{tmp_path}/{place}", "--unredacted_key", key))
    assert (run.status, "--unredacted_output" in run.terminal) == (2, True)
    assert not list(run.output.iterdir())


def test_it_is_never_written_without_a_key(redact: Redact, tmp_path: Path) -> None:
    run = redact(AS_SAID, options=("--unredacted_output", str(tmp_path / "private")))
    assert (run.status, "--unredacted_key" in run.terminal) == (2, True)
    assert not (tmp_path / "private").exists()


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("--max_recording_hours", "0.001"),
        ("--max_recording_gb", "0.00001"),
    ],
)
def test_the_limits_hold_for_what_is_not_redacted_as_well(
    redact: Redact, key: str, calls: Path, tmp_path: Path, limit: str, value: str
) -> None:
    stereo, rate_hz = soundfile.read(calls / "phone.wav", dtype="int16")
    long = np.tile(stereo.reshape(len(stereo), -1)[:, :1], (40, 2))
    soundfile.write(tmp_path / "long.flac", long, rate_hz)
    private = tmp_path / "private"
    lines = [
        {"recording_id": "redacted", "audio_url": str(tmp_path / "long.flac")},
        {"recording_id": "as-said", "audio_url": str(tmp_path / "long.flac"), "redact_pii": False},
    ]
    options = ("--unredacted_output", str(private), "--unredacted_key", key, limit, value)
    run = redact(*lines, options=options)
    outcomes = {row["recording_id"]: row["message"] for row in run.rows("errors")}
    assert set(outcomes) == {"redacted", "as-said"}
    assert len(set(outcomes.values())) == 1
    assert not private.exists()


def test_what_cannot_be_kept_is_not_published(redact: Redact, key: str, tmp_path: Path) -> None:
    (tmp_path / "private" / "card.transcript").mkdir(parents=True)
    run = redact(CARD, options=("--unredacted_output", str(tmp_path / "private"), "--unredacted_key", key))
    assert run.status == EXIT_INCOMPLETE
    assert run.statuses() == set()
    assert run.audio() == {}
    assert [row["stage"] for row in run.rows("errors")] == ["KeepUnredacted"]


def test_each_mistake_is_told_with_its_option_and_nothing_is_opened(redact: Redact, key: str, tmp_path: Path) -> None:
    private, here, other = tmp_path / "private", tmp_path / "here", tmp_path / "other-key"
    run = redact(CARD, options=("--unredacted_output", str(private), "--unredacted_key", key))
    other.write_text(base64.b64encode(os.urandom(32)).decode())
    (tmp_path / "file").touch()
    for (root, by, recording_ids, to), told in {
        (private, f"file:{other}", ("card",), here): (
            "--recording_id: card: a file is encrypted with a key that --unredacted_key does not name. Name the key"
        ),
        (private, f"file:{tmp_path}/none", ("card",), here): "--unredacted_key: the file cannot be read",
        (private, key, ("card", "crad", "quagga"), here): (
            "--recording_id: --unredacted_output has no transcript of crad (did you mean card?), quagga; check the ids"
        ),
        (run.output, key, ("card",), here): (
            f"--unredacted_output: no run has written an unredacted transcript in {run.output}; name the --unredacted"
        ),
        (private, key, ("card",), tmp_path / "file"): f"--to: {tmp_path}/file is a file; name a folder",
        (private, key, ("card",), tmp_path / "file" / "x"): f"--to: {tmp_path}/file is a file; name a folder",
    }.items():
        status, terminal = opened(root, by, recording_ids, to)
        assert (status, terminal.startswith(f"error: {told}")) == (EXIT_USAGE, True), terminal
        assert not here.exists()
