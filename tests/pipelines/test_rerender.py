"""Rendering again from the store gives what a full run would give, and hears nothing."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from rich.console import Console

from hushbeam.pipelines import expire, rerender
from hushbeam.pipelines.options.commands.rerender import RerenderOptions
from hushbeam.pipelines.options.rules import read_rules
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE, EXIT_USAGE
from hushbeam.schemas.finding import Candidate, Finding, RecogniserReport
from hushbeam.schemas.stored import Provenance, StoredRecording
from hushbeam.transforms.archive.findings_store import FindingsStore, OtherVersionError
from hushbeam.transforms.base.sealed_files import SealedFiles, SealedRoot
from hushbeam.transforms.detect_pii.detector import Detector
from hushbeam.transforms.detect_pii.registry import BUILT_IN
from hushbeam.transforms.transcribe.engine import SpeechEngine
from tests.pipelines.conftest import FinishedRuns, Redact, Run

# Heard with the default policies; neither asks for what the other renders.
CARD = {"recording_id": "card", "audio_url": "card.flac"}
PHONE = {"recording_id": "phone", "audio_url": "phone.wav"}
CHANGES = ("--policies", "phone_number", "credit_card_expiration", "person_name", "--substitution", "entity_name")
ALLOWED = ("--allow_fewer_policies",)
MUTED_OTHERWISE = ("--muting", "tone", "--padding_s", "0.2")


@pytest.fixture
def kept(finished: FinishedRuns, key: str) -> tuple[Path, tuple[str, ...]]:
    """An output root and the options of its store."""
    run = finished(CARD, PHONE, options=("--store", "{root}/store", "--store_key", key))
    assert run.status == EXIT_COMPLETED, run.terminal
    return run.output, ("--store", str(run.output.parent / "store"), "--store_key", key)


def render(output: Path, *options: str) -> tuple[int, str]:
    terminal = io.StringIO()
    arguments = ["--output", str(output), "--verify", "off", "--fail_above", "0", *options]
    return rerender.run(arguments, Console(file=terminal, width=500)), terminal.getvalue()


def deafen(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, whoever tries to hear, or loads a model that detects, fails the test."""

    def refuse(*_: Any) -> None:
        raise AssertionError("nothing is heard or detected again")

    monkeypatch.setattr(SpeechEngine, "submit", refuse)
    monkeypatch.setattr(SpeechEngine, "load", refuse)
    monkeypatch.setattr(Detector, "load", refuse)


def _rows(run: Run, table: str) -> list[str]:
    rows = run.rows(table)
    return sorted(
        json.dumps({k: v for k, v in row.items() if k not in ("run_id", "processed_at")}, default=str) for row in rows
    )


def test_other_policies_labels_and_muting_are_what_a_full_run_gives(
    kept: tuple[Path, tuple[str, ...]], redact: Redact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, store = kept
    options = (*CHANGES, *MUTED_OTHERWISE, "--captions")
    with monkeypatch.context() as context:
        deafen(context)
        status, terminal = render(output, *store, *ALLOWED, *options)
    assert status == EXIT_COMPLETED, terminal
    assert "2 completed" in terminal

    whole = redact(CARD, PHONE, options=options, output=tmp_path / "whole")
    rendered = Run(status, terminal, output)
    assert {name: path.name for name, path in rendered.audio().items()} == {
        name: path.name for name, path in whole.audio().items()
    }
    for name, path in whole.audio().items():
        assert rendered.audio()[name].read_bytes() == path.read_bytes()
    for table in ("transcripts", "findings"):
        assert _rows(rendered, table) == _rows(whole, table)
    assert {path.name: path.read_text() for path in output.glob("captions/*")} == {
        path.name: path.read_text() for path in whole.output.glob("captions/*")
    }
    certificates = [json.loads((root / "status" / "card.json").read_text()) for root in (output, whole.output)]
    assert certificates[0]["certificate"] == certificates[1]["certificate"]

    status, terminal = render(output, *store, *ALLOWED, *options)
    assert (status, "2 skipped" in terminal) == (0, True), "what is rendered so already is left alone"
    again = redact(CARD, PHONE, options=(*options, *store), output=output)
    assert "2 skipped" in again.terminal, "a full run finds it up to date"


def test_without_changes_everything_is_as_it_was(
    kept: tuple[Path, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    deafen(monkeypatch)
    output, store = kept
    assert "2 skipped" in render(output, *store)[1]


def test_policies_are_left_out_on_an_explicit_option_alone(kept: tuple[Path, tuple[str, ...]]) -> None:
    output, store = kept
    policies = ("--policies", "person_name", "credit_card_number", "credit_card_cvv", "number_sequence")
    public = {path.name: path.read_bytes() for path in output.glob("status/*")}
    status, terminal = render(output, *store, *policies)
    assert status == EXIT_USAGE, terminal
    assert "--policies: 2 recordings would no longer be redacted for account_number, " in terminal
    assert "credit_card_number" not in terminal
    assert "add --allow_fewer_policies" in " ".join(terminal.split())
    assert {path.name: path.read_bytes() for path in output.glob("status/*")} == public

    status, terminal = render(output, *store, *policies, *ALLOWED)
    assert (status, "2 completed" in terminal) == (EXIT_COMPLETED, True), terminal
    note, done = terminal.index("no longer redacted, in 2 recordings: account_number"), terminal.index("2 completed")
    assert note < done
    assert "phone_number" in terminal[note:done]
    assert render(output, *store, *policies)[0] == EXIT_COMPLETED, "nothing more is left out"


def test_the_request_in_the_store_does_not_leave_out_what_is_redacted_since(
    kept: tuple[Path, tuple[str, ...]],
) -> None:
    output, store = kept
    status, terminal = render(output, *store, "--policies", "default", "occupation")
    assert (status, "2 completed" in terminal) == (EXIT_COMPLETED, True), "more policies need no other option"
    before = (output / "status" / "card.json").read_bytes()
    status, _ = render(output, *store, "--muting", "tone")
    assert status == EXIT_INCOMPLETE
    errors = {(row["error_class"], row["message"]) for row in Run(status, "", output).rows("errors")}
    assert errors == {("FewerPoliciesError", "it would no longer be redacted for occupation")}
    assert (output / "status" / "card.json").read_bytes() == before, "what was public stays"
    assert render(output, *store, "--muting", "tone", *ALLOWED)[0] == EXIT_COMPLETED


def _seconds(findings: Iterable[str]) -> float:
    return sum(row["end_s"] - row["start_s"] for row in map(json.loads, findings))


def test_a_recording_keeps_its_caution_until_another_is_given(
    finished: FinishedRuns, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished(CARD, options=("--store", "{root}/store", "--store_key", key, "--caution", "high"))
    store = ("--store", str(run.output.parent / "store"), "--store_key", key)
    careful = _rows(run, "findings")
    deafen(monkeypatch)
    assert "1 skipped" in render(run.output, *store)[1]
    assert "1 completed" in render(run.output, *store, "--caution", "low")[1]
    assert _seconds(_rows(run, "findings")) < _seconds(careful)
    assert "1 completed" in render(run.output, *store)[1], "its own caution again"
    assert _rows(run, "findings") == careful


@pytest.mark.parametrize("captions", [(), ("--captions",), ("--no-captions",)], ids=["unasked", "asked", "refused"])
def test_what_is_rendered_again_without_changes_is_up_to_date_for_the_runs_own_command(
    captions: tuple[str, ...], finished: FinishedRuns, redact: Redact, key: str
) -> None:
    run = finished(CARD, options=("--store", "{root}/store", "--store_key", key, *captions))
    store = ("--store", str(run.output.parent / "store"), "--store_key", key)
    status = run.output / "status" / "card.json"
    published = json.loads(status.read_text())
    assert "1 completed" in render(run.output, *store, "--force")[1]
    rendered = json.loads(status.read_text())
    assert rendered["run_id"] != published["run_id"]
    assert rendered["certificate"] == published["certificate"]
    again = redact(CARD, options=(*store, *captions), output=run.output)
    assert "1 skipped" in again.terminal, again.terminal
    assert "1 skipped" in render(run.output, *store)[1]


@pytest.mark.parametrize(
    ("policy", "muted"), [("untranscribed_speech", True), ("custom", True), ("phone_number", True), ("drug", False)]
)
def test_leaks_under_requested_policies_and_those_that_need_no_request_stay_muted(
    kept: tuple[Path, tuple[str, ...]], key: str, policy: str, muted: bool
) -> None:
    output, store = kept
    sealed = FindingsStore(SealedRoot(store[1], (key,)))
    sealed.write(replace(sealed.read("phone"), leaks=(Finding(policy, "LEAK", 0, 0.7, 0.9, 1.0, "second_recogniser"),)))
    status, terminal = render(output, *store, "--force")
    assert status == EXIT_COMPLETED, terminal
    spans = json.loads((output / "status" / "phone.json").read_text())["certificate"]["audio"]["muted"]
    assert any(channel == 0 and start_s <= 0.7 and end_s >= 0.9 for channel, start_s, end_s in spans) is muted


def test_exchanges_of_an_unknown_policy_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        render(tmp_path, "--exchanges", "persn_name")
    assert ended.value.code == EXIT_USAGE


def test_findings_of_another_version_are_refused() -> None:
    full_run = rerender.FullRun(RerenderOptions(output="out"), read_rules(None))
    with pytest.raises(OtherVersionError, match="run hushbeam redact once with --store and --force"):
        full_run.identities(Provenance({}, {"spacy_model": "en_core_web_sm"}, {}, BUILT_IN), None)


def test_findings_of_a_recogniser_that_is_no_longer_built_in_are_not_taken_for_those_of_the_users_own(
    kept: tuple[Path, tuple[str, ...]], key: str
) -> None:
    output, store = kept
    sealed = FindingsStore(SealedRoot(store[1], (key,)))
    phone = sealed.read("phone")
    provenance = replace(phone.provenance, recognisers=phone.provenance.recognisers | {"presidio_patterns"})
    innocent = Candidate("phone_number", 0, 0, 1.0, "presidio_patterns")
    report = RecogniserReport("presidio_patterns", frozenset({"phone_number"}), (innocent,))
    sealed.write(replace(phone, provenance=provenance, reports=(*phone.reports, report)))
    before = (output / "status" / "phone.json").read_bytes()
    status, terminal = render(output, *store, *ALLOWED, *CHANGES)
    assert status == EXIT_INCOMPLETE, terminal
    errors = {row["recording_id"]: row["error_class"] for row in Run(status, "", output).rows("errors")}
    assert errors == {"phone": "OtherVersionError"}
    assert (output / "status" / "phone.json").read_bytes() == before, "what was public stays"


def test_a_store_that_does_not_say_which_recognisers_were_built_in_is_refused(
    kept: tuple[Path, tuple[str, ...]], key: str
) -> None:
    _, store = kept
    place = SealedRoot(store[1], (key,))
    stored = TypeAdapter(StoredRecording).dump_python(FindingsStore(place).read("card"), mode="json")
    del stored["provenance"]["recognisers"]
    SealedFiles(place, "--store_key", "words and findings of recordings", ".findings").write(
        "card", json.dumps(stored).encode()
    )
    with pytest.raises(OtherVersionError, match="run hushbeam redact once with --store and --force"):
        FindingsStore(place).read("card")


def test_what_is_kept_is_not_to_be_read_without_the_key(kept: tuple[Path, tuple[str, ...]], tmp_path: Path) -> None:
    output, store = kept
    words = b"".join(path.read_bytes() for path in Path(store[1]).iterdir())
    assert len(words) > 2_000
    assert b"credit" not in words
    assert b"utterances" not in words
    other = tmp_path / "other"
    other.write_text(base64.b64encode(os.urandom(32)).decode())
    status, said = render(output, *store[:2], "--store_key", f"file:{other}", *CHANGES)
    assert status == EXIT_USAGE, "once, at the start, and not for each recording"
    assert "--store_key: the files of --store are encrypted with another key" in said
    both = ("--store_key", f"file:{other}", store[3])
    assert render(output, *store[:2], *both, *ALLOWED, *CHANGES)[0] == EXIT_COMPLETED


def test_files_that_changed_places_and_sources_that_changed_are_refused(
    kept: tuple[Path, tuple[str, ...]], calls: Path
) -> None:
    output, store = kept
    shutil.copy(Path(store[1], "card.findings"), Path(store[1], "phone.findings"))
    source = calls / "card.flac"
    before = source.stat()
    os.utime(source, (1, 1))
    try:
        status, _ = render(output, *store, *ALLOWED, *CHANGES)
    finally:
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert status == EXIT_INCOMPLETE
    errors = {row["recording_id"]: row["error_class"] for row in Run(status, "", output).rows("errors")}
    assert errors == {"card": "SourceChangedError", "phone": "SealedFileError"}
    assert set(Run(status, "", output).audio()) == {"card", "phone"}, "what was public stays"


def test_sound_that_expired_is_not_brought_back(kept: tuple[Path, tuple[str, ...]]) -> None:
    output, store = kept
    assert expire.run(["--output", str(output), "--older_than", "0m"], Console(file=io.StringIO())) == 0
    assert "2 skipped" in render(output, *store, *CHANGES)[1]
    assert not list((output / "audio").iterdir())
    assert "2 completed" in render(output, *store, *ALLOWED, *CHANGES, "--force")[1]
    assert len(list((output / "audio").iterdir())) == 2


def test_without_a_store_it_says_what_is_missing(kept: tuple[Path, tuple[str, ...]], key: str, tmp_path: Path) -> None:
    status, terminal = render(kept[0], "--store", str(tmp_path / "nothing"), "--store_key", key)
    assert status == EXIT_USAGE
    assert "hushbeam redact keeps with --store" in terminal


@pytest.mark.parametrize("place", ["out", "out/store", ".", "out/../out/kept", "link"])
def test_a_store_within_or_around_the_public_outputs_is_refused(
    redact: Redact, key: str, tmp_path: Path, place: str
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    run = redact(CARD, options=("--store", f"{tmp_path}/{place}", "--store_key", key))
    assert run.status == EXIT_USAGE
    assert "--store" in run.terminal
    assert not list(run.output.iterdir())


@pytest.mark.parametrize("keys", [(), ("--store_key", "env:HUSHBEAM_TEST_SHORT_KEY")])
def test_a_store_without_a_good_key_is_refused(
    redact: Redact, tmp_path: Path, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUSHBEAM_TEST_SHORT_KEY", "aHVudGVyMg==")
    run = redact(CARD, options=("--store", str(tmp_path / "store"), *keys))
    assert run.status == EXIT_USAGE
    assert "--store_key" in run.terminal
    assert "aHVudGVyMg" not in run.terminal
    assert not run.output.exists()


def test_a_key_in_the_place_of_its_reference_is_not_shown(
    redact: Redact, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        redact(CARD, options=("--store", str(tmp_path / "store"), "--store_key", "hunter2"))
    said = capsys.readouterr().err
    assert ended.value.code == EXIT_USAGE
    assert "--store_key" in said
    assert "hunter2" not in said
