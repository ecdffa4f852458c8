"""Errors about files, policies and other values that options name: whole commands."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import pytest

from hushbeam.pipelines.command_line import main
from hushbeam.pipelines.running.exit_status import EXIT_USAGE

_REDACT = ("redact", "--manifest", "calls.jsonl", "--output", "out")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("redact", "--config", "job.yml"), "--config: no such file: job.yml\n"),
        (("redact", "--config", "calls"), "--config: calls is a folder; name a file\n"),
        ((*_REDACT, "--rules", "rules.json"), "--rules: no such file: rules.json\n"),
        (("erase", "--output", "out", "--recording_ids", "i.txt"), "--recording_ids: no such file: i.txt; to give ids"),
        (
            ("redact", "--manifest", "calls", "--output", "out"),
            "--manifest: calls is a folder; name a manifest file, or a glob such as 'calls/*.jsonl'\n",
        ),
        (("redact", "--manifest", "missing.jsonl", "--output", "out"), "--manifest: no such file: missing.jsonl;"),
        (
            (*_REDACT, "--certificate_key", "env:HUSHBEAM_TEST_NOPE"),
            "--certificate_key: the environment variable HUSHBEAM_TEST_NOPE is unset or empty;",
        ),
        (
            (*_REDACT, "--certificate_key", "file:key.pem"),
            "not the secret itself; file: needs an absolute path, such as file:/home/me/key.pem\n",
        ),
        ((*_REDACT, "--policies", "default,organisation"), "--policies: Unknown policy 'organisation'. Did you mean"),
        (("redact", "--policies", "pci", "calls/", "--output", "out"), "; give recordings before the options\n"),
        (("rerender", "--output", "done", "--policies", "pci,phi", "--corrections"), "--policies: needs --store;"),
        (("rerender", "--output", "done"), "--store: required, or --corrections"),
        (
            ("rerender", "--output", "done", "--store", "word", "--store_key", "env:KEY"),
            "--store: nothing is stored there; did you mean {folder}/words? rerender needs the words and findings",
        ),
        (
            ("unseal", "--unredacted_output=word", "--recording_id=a", "--unredacted_key=env:KEY", "--to=a"),
            "has written an unredacted transcript in word; did you mean words?",
        ),
        (
            ("redact", "--runner", "DirectRunner", "--output", "out"),
            "INPUT: give recordings or a manifest, such as: hushbeam redact calls/\n",
        ),
        (("plan",), "INPUT: give recordings or a manifest, such as: hushbeam plan calls/\n"),
        (
            ("report", "done"),
            "'done' has no option before it; did you mean --output done?\n",
        ),
        (("erase", "--output", "done", "call-4711"), "'call-4711' has no option before it\n"),
        (("erase", "--output", "done", "https://me:k@a.example/call?sig=k"), "'https://a.example/call' has no option"),
        (("https://me:k@a.example/call?sig=k",), "unknown command 'https://a.example/call'\n"),
        (("erase", "--output=done", "call-4711"), "'call-4711' has no option before it\n"),
        (
            ("erase", "--output", "done", "--recording_ids", "call-4711"),
            "--recording_ids: no such file: call-4711; to give ids themselves, use --recording_id\n",
        ),
    ],
)
def test_what_was_given_is_named(
    arguments: Sequence[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("calls", "words"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("KEY", base64.b64encode(bytes(32)).decode())
    (tmp_path / "calls.jsonl").write_text('{"audio_url": "call.wav"}\n')
    (tmp_path / "done" / "runs").mkdir(parents=True)
    (tmp_path / "done" / "runs" / "ledger.parquet").touch()
    try:
        status = main(arguments)
    except SystemExit as exit_:  # argparse ends the process
        status = int(exit_.code or 0)
    said = capsys.readouterr().err
    assert message.replace("{folder}", str(tmp_path)) in said
    assert status == EXIT_USAGE
    assert "on this worker" not in said
    assert not (tmp_path / "out").exists()
