"""The audit of a real run, as it was left and after somebody touched it."""

from __future__ import annotations

import hashlib
import html
import io
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)
from rich.console import Console

from hushbeam.pipelines import audit, redact
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_PROBLEMS, EXIT_USAGE
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.policies import CATALOGUE
from hushbeam.transforms.archive.run_lock import RunLock
from hushbeam.transforms.archive.tables.relocation import relocate
from hushbeam.transforms.audit.contents import is_report, summarise
from hushbeam.transforms.audit.one_recording import audit_certificate
from hushbeam.transforms.audit.page import verdict_of_audit
from hushbeam.transforms.audit.settings import AuditSettings
from hushbeam.transforms.media.limits import MediaLimits
from tests.accessibility import PHONE, chromium, is_wider_than_its_window, violations
from tests.pipelines.conftest import SPOKEN

CARD_DIGITS = "4539148803436467"
_COLOURS: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_ALL: tuple[str, ...] = ()
_ONE = ("--certificate", "card")


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
    relocate(str(output))
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


def test_a_small_sample_of_few_recordings_is_not_empty(published: Path) -> None:
    assert run_audit(published, "--sample", "1e-12")[1]["verified"] == 1
    assert run_audit(published, "--sample", "0")[1]["verified"] == 0


def test_the_summary_says_so(published: Path) -> None:
    terminal = io.StringIO()
    assert audit.run(["--output", str(published), "--sample", "0"], Console(file=terminal, width=200)) == 0
    assert "2 recordings" in terminal.getvalue()
    assert "No problems" in terminal.getvalue()


def _repeat_rows(output: Path, table: str) -> None:
    (path,) = output.glob(f"{table}/*/*.parquet")
    rows = pq.read_table(path)
    pq.write_table(pa.concat_tables([rows, rows]), path)


def _interrupt(output: Path, *, written: str = "") -> None:
    """As if the run had been killed before it wrote its tables, or after the one that is named."""
    (run_id,) = [path.parent.name for path in output.glob("runs/*/summary.json")]
    for table in {"transcripts", "findings", "errors", "notifications"} - {written}:
        shutil.rmtree(output / table)
    for name in ("summary.json", "report.html", "report.json", "timings.json"):
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


def test_during_a_run_it_is_said_to_be_writing_and_not_to_have_been_killed(
    output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run_id,) = [path.parent.name for path in output.glob("runs/*/summary.json")]
    _interrupt(output)
    with RunLock(str(output), run_id):
        status, report = run_audit(output, "--sample", "0")
    said = " ".join(capsys.readouterr().err.split())
    writing = f"run {run_id} is writing: audit again when it has ended"
    assert re.search(rf"Warning: {writing}\. Its last heartbeat was \d+ s ago", said)
    assert report["problems"] == {"unfinished_run": 3, "unreadable": 2, "locked": 2}
    of_the_run = {one["detail"] for one in report["list"] if one["subject"] == run_id or one["kind"] == "locked"}
    assert of_the_run == {writing}
    assert status == EXIT_PROBLEMS

    status, report = run_audit(output, "--sample", "0")  # the run was killed after all
    assert "Warning" not in capsys.readouterr().err
    (killed,) = [one["detail"] for one in report["list"] if one["subject"] == run_id]
    assert killed == "it was killed: run the job again to complete it"


def test_a_certificate_that_was_changed_is_not_what_was_signed(output: Path, keys: dict[str, str]) -> None:
    change_status(output, "card", lambda status: status["certificate"]["audio"]["muted"].pop())
    status, report = run_audit(output, "--sample", "0", "--certificate_public_key", keys["public"])
    assert (status, report["problems"]) == (EXIT_PROBLEMS, {"signature": 1})
    assert report["list"][0]["subject"] == "card"
    terminal = io.StringIO()
    audit.print_report(Console(file=terminal, width=200), report, "report.json")
    assert "1 signed, 1 with a wrong signature" in terminal.getvalue()
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
    places = [place for place in report["audible_places"] if place["policy"] == "credit_card_number"]
    assert len(places) == report["audible"]["credit_card_number"]
    assert all(place["recording_id"] == "card" and 0 <= place["start_s"] < place["end_s"] < 11 for place in places)
    assert is_report(json.dumps(report).encode())
    assert not is_report(json.dumps(report | {"audible_places": [places[0] | {"policy": "4539 1488"}]}).encode())
    terminal = io.StringIO()
    audit.print_report(Console(file=terminal, width=200), report, "report.json")
    said = r"^  card  0:\d\d\.\d to 0:\d\d\.\d, channel (\d): credit_card_number$"
    (channel,) = set(re.findall(said, terminal.getvalue(), re.M))
    assert int(channel) == places[0]["channel"] + 1, "people count from 1, as on the pages"
    digits = "".join(character for character in json.dumps(report["list"]) if character.isdigit())
    assert CARD_DIGITS[:8] not in digits


def test_where_nothing_was_published_there_is_nothing_to_audit(tmp_path: Path) -> None:
    terminal = io.StringIO()
    assert audit.run(["--output", str(tmp_path)], Console(file=terminal, width=200)) == EXIT_USAGE
    assert "--output" in terminal.getvalue()


def page_of(output: Path, *options: str) -> tuple[int, str, str]:
    """Exit status, page and terminal of an audit without transcription."""
    page, terminal = output.parent / "page.html", io.StringIO()
    status = audit.run(
        ["--output", str(output), "--sample", "0", "--html", str(page), *options], Console(file=terminal, width=500)
    )
    return status, page.read_text(), terminal.getvalue()


def level_of(page: str) -> str:
    """How the sentence at the top of a page is coloured: `good`, `open` or `bad`."""
    (level,) = re.findall(r'class="verdict (\w+)"', page)
    return str(level)


def run_commands(page: str, output: Path, key: str) -> list[str]:
    """Runs the commands that a page shows, in the output root, and returns what each printed."""
    printed = []
    for shown in re.findall(r"<pre><code>(.*?)</code></pre>", page, re.DOTALL):
        command = html.unescape(shown).replace("public.pem", key.removeprefix("file:"))
        if command.split()[0] not in {"hushbeam", "duckdb"}:
            done = subprocess.run(["bash", "-c", command], cwd=output, capture_output=True, text=True, check=False)
            printed.append((done.stdout + done.stderr).strip())
        elif command.startswith("duckdb"):
            query = command.removeprefix('duckdb -c "').removesuffix('"')
            rows = ds.dataset(output / "findings", format="parquet").to_table(columns=["policy"]).num_rows
            found = duckdb.execute(
                query.replace("'findings/", f"'{output}/findings/").replace("'transcripts/", f"'{output}/transcripts/")
            ).fetchall()
            assert 0 < sum(count for _, count in found) <= rows
    return printed


@pytest.mark.parametrize("which", [_ALL, _ONE], ids=["all", "card"])
def test_a_page_shows_what_was_checked_and_holds_no_value(
    published: Path, keys: dict[str, str], which: tuple[str, ...]
) -> None:
    status, page, _ = page_of(published, "--certificate_public_key", keys["public"], *which)
    assert (status, level_of(page)) == (EXIT_COMPLETED, "good")
    fingerprint = hashlib.sha256(_raw(keys["public"])).hexdigest()
    recogniser = json.loads(_status(published, "card"))["certificate"]["models"]["recogniser"]
    page = page.replace("<wbr>", "")
    for shown in (fingerprint, recogniser, "credit_card_number", "second recogniser"):
        assert shown in page, shown
    assert "<script" not in page
    assert not [said for said in SPOKEN if said in page]


def _raw(key: str) -> bytes:
    public = load_pem_public_key(Path(key.removeprefix("file:")).read_bytes())
    assert isinstance(public, Ed25519PublicKey)
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


@pytest.mark.parametrize("which", [_ALL, _ONE], ids=["all", "card"])
@pytest.mark.skipif(
    not all(map(shutil.which, ("openssl", "jq", "bc", "ffmpeg"))), reason="needs openssl, jq, bc, ffmpeg"
)
def test_the_commands_of_a_page_check_the_output_without_this_software(
    output: Path, keys: dict[str, str], which: tuple[str, ...]
) -> None:
    page = page_of(output, "--certificate_public_key", keys["public"], *which)[1]
    fingerprint, signatures, *others = run_commands(page, output, keys["public"])
    assert hashlib.sha256(_raw(keys["public"])).hexdigest() in page
    assert fingerprint.split()[0] == hashlib.sha256(_raw(keys["public"])).hexdigest()
    assert signatures == ("2 of 2 valid" if which else "3 of 3 valid")
    assert not any("FAILED" in said for said in others)
    loudest = [float(said) for other in others for said in re.findall(r"loudest: (\S+) dB", other)]
    assert bool(loudest) == bool(which)
    assert all(level <= -50 for level in loudest)

    assert run_commands(page, output, keys["strange"])[1].endswith(f"0 of {2 if which else 3} valid")
    change_status(output, "card", lambda status: status["certificate"]["audio"]["muted"].pop())
    _flip_a_byte(output)
    _, signatures, *others = run_commands(page, output, keys["public"])
    assert signatures.startswith("NOT VALID: status/card.json")
    assert any("FAILED" in said for said in others)


def _unsign(output: Path) -> None:
    for path in (*output.glob("status/*.json"), *output.glob("runs/*/files.json")):
        signed = json.loads(path.read_text())
        signed.get("certificate", signed)["signature"] = {}
        if "certificate" in signed:
            del signed["certificate"]["signature"]
        path.write_text(json.dumps(signed, ensure_ascii=False, indent=1))


def _forge(output: Path) -> None:
    """Somebody's own certificate, of odd types too."""

    def change(status: dict[str, Any]) -> None:
        status["certificate"]["models"] = {"<b>": 3, "recogniser": ["x"]}
        status["certificate"]["verification"] = []
        status["certificate"]["audio"] |= {"muted_s_by_policy": "x", "muted": [[0]]}

    change_status(output, "card", change)


@pytest.mark.parametrize(
    ("which", "touch", "key", "level", "said"),
    [
        (_ALL, lambda output: None, None, "open", "no signature was checked"),
        (_ALL, lambda output: None, "strange", "bad", "name another key"),
        (_ALL, _unsign, None, "open", "Nothing is signed"),
        (_ALL, _unsign, "public", "bad", "not signed"),
        (_ALL, _forge, "public", "bad", "not what was signed"),
        (_ALL, lambda output: shutil.rmtree(output / "transcripts"), "public", "bad", "status_without_row"),
        (_ALL, lambda output: shutil.rmtree(output / "runs"), "public", "bad", "unfinished_run"),
        (_ONE, lambda output: None, None, "open", "no signature was checked"),
        (_ONE, lambda output: None, "strange", "bad", "name another key"),
        (_ONE, _unsign, None, "open", "not signed"),
        (_ONE, _unsign, "public", "bad", "not signed"),
        (_ONE, _forge, "public", "bad", "not what was signed"),
        (_ONE, _forge, None, "bad", "no_certificate"),
        (_ONE, lambda output: audio_of(output, "card").unlink(), "public", "bad", "audio_missing"),
        (_ONE, lambda output: shutil.rmtree(output / "transcripts"), "public", "bad", "status_without_row"),
        (_ONE, lambda output: shutil.rmtree(output / "runs"), "public", "bad", "unfinished_run"),
    ],
)
def test_what_was_not_proven_never_looks_like_a_pass(
    output: Path,
    keys: dict[str, str],
    which: tuple[str, ...],
    touch: Callable[[Path], None],
    key: str | None,
    level: str,
    said: str,
) -> None:
    touch(output)
    options = () if key is None else ("--certificate_public_key", keys[key])
    status, page, terminal = page_of(output, *which, *options)
    assert level_of(page) == level
    assert (status == EXIT_COMPLETED) == (level != "bad")
    assert said in page or said in terminal
    assert "<b>" not in page


def test_an_output_in_which_nothing_is_published_is_vouched_for_by_nobody(output: Path, keys: dict[str, str]) -> None:
    """All recordings failed, or were erased without a trace."""
    for folder in ("status", "audio", "transcripts", "findings"):
        shutil.rmtree(output / folder)
    (run_id,) = [path.parent.name for path in output.glob("runs/*/summary.json")]
    (output / "runs" / run_id / "files.json").unlink()
    assert level_of(page_of(output, "--certificate_public_key", keys["public"])[1]) == "bad"
    report = summarise({}, ()) | {"about": {"key": "0" * 64}}
    assert verdict_of_audit(report, ()).level == "open"


def test_an_earlier_page_does_not_outlive_an_audit_that_breaks(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = output.parent / "page.html"
    page.write_text("all is well")
    monkeypatch.setattr(audit, "_run", lambda *_: (_ for _ in ()).throw(ConfigurationError("broken")))
    arguments = ["--output", str(output), "--sample", "0", "--html", str(page)]
    assert audit.run(arguments, Console(file=io.StringIO())) == EXIT_USAGE
    assert not page.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--certificate", "car"), "similar ids: card"),
        (("--html", "{output}/audit.html"), "is in the output"),
        (("--html", "{output}/.."), "is a folder"),
        (("--html", "page.html", "--run_id", "nightly"), "no such run"),
        (("--run_id", "nightly"), "give --html too"),
        (("--certificate", "card", "--run_id", "nightly"), "leave it out"),
        (("--certificate", "card", "--report", "r.json"), "--report"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    published: Path, options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = io.StringIO()
    given = [option.replace("{output}", str(published)) for option in options]
    try:
        status = audit.run(["--output", str(published), "--sample", "0", *given], Console(file=terminal, width=500))
    except SystemExit as ended:
        status = int(ended.code or 0)
    assert status == EXIT_USAGE
    assert said in terminal.getvalue() + capsys.readouterr().err


def test_the_page_of_a_run_shows_its_figures_and_all_problems(output: Path, keys: dict[str, str]) -> None:
    (run_id,) = [path.parent.name for path in output.glob("runs/*/summary.json")]
    audio_of(output, "card").unlink()
    status, page, _ = page_of(output, "--run_id", run_id, "--certificate_public_key", keys["public"])
    assert (status, level_of(page)) == (EXIT_PROBLEMS, "bad")
    assert f"Run {run_id}" in page
    assert f"WHERE run_id = &#39;{run_id}&#39;" in page


def test_the_json_of_a_certificate_says_what_the_page_says(published: Path, keys: dict[str, str]) -> None:
    terminal = io.StringIO()
    options = ["--certificate", "card", "--certificate_public_key", keys["public"], "--sample", "1", "--json"]
    assert audit.run(["--output", str(published), *options], Console(file=terminal, width=500)) == EXIT_COMPLETED
    result = json.loads(terminal.getvalue())
    assert (result["signature"], result["list_signature"], result["transcribed"]) == ("valid", "valid", True)
    assert result["certificate"]["findings"]["credit_card_number"] == 1


def test_the_report_holds_nothing_but_what_an_audit_writes(published: Path, keys: dict[str, str]) -> None:
    report = run_audit(published, "--sample", "0", "--certificate_public_key", keys["public"])[1]
    (run,) = report["runs"]
    assert is_report(json.dumps(report).encode())
    assert (run["recordings"], run["certified"], run["signatures"]) == (2, 2, {"valid": 2})
    assert run["findings"] == report_findings(published)
    for more in ({"note": "Mary"}, {"run_id": "Mary said\n"}, {"findings": {"said Mary": 1}}, {"recordings": "2"}):
        assert not is_report(json.dumps(report | {"runs": [run | more]}).encode()), more
    assert not is_report(json.dumps(report | {"about": report["about"] | {"note": "Mary"}}).encode())


def report_findings(output: Path) -> dict[str, int]:
    policies = ds.dataset(output / "findings", format="parquet").to_table(columns=["policy"])["policy"].to_pylist()
    return dict(sorted(Counter(policies).items()))


def test_the_pages_are_accessible_and_fit_phones(output: Path, keys: dict[str, str]) -> None:
    good = [page_of(output, "--certificate_public_key", keys["public"], *which)[1] for which in (_ALL, _ONE)]
    _forge(output)
    bad = [page_of(output, "--certificate_public_key", keys["public"], *which)[1] for which in (_ALL, _ONE)]
    with chromium() as browser:
        for colours in _COLOURS:
            page = browser.new_page(viewport=PHONE, color_scheme=colours)
            for content in (*good, *bad):
                page.set_content(content)
                assert violations(page) == []
                assert not is_wider_than_its_window(page)


def test_on_a_phone_tables_stay_within_the_page_and_ids_are_whole(output: Path, keys: dict[str, str]) -> None:
    _forge(output)
    longest = max(CATALOGUE, key=len).replace("_", "_<wbr>")
    audit_page, certificate = (
        page_of(output, "--certificate_public_key", keys["public"], *which)[1] for which in (_ALL, _ONE)
    )
    with chromium() as browser:
        page = browser.new_page(viewport=PHONE)
        for content in (audit_page, certificate):
            page.set_content(content.replace("credit_<wbr>card_<wbr>number", longest))
            assert not is_wider_than_its_window(page)
            detail = page.locator("table.where td:last-child").first.bounding_box()
            assert detail
            assert detail["x"] + detail["width"] <= PHONE["width"], "the detail is not cut off"
        page.set_content(audit_page)
        assert page.locator("[aria-label=Runs] th code").first.evaluate("one => one.getClientRects().length") == 1


def test_rows_that_a_later_run_recovered_are_those_of_the_certificate(output: Path) -> None:
    (run_id,) = [path.parent.name for path in output.glob("runs/*/summary.json")]
    for path in [*output.glob("transcripts/*/*.parquet"), *output.glob("findings/*/*.parquet")]:
        path.rename(path.with_name(path.name.replace(run_id, "later")))
    audited = audit_certificate(str(output), "card", AuditSettings(MediaLimits()), None)
    assert audited.problems == ()


def test_a_damaged_file_of_the_certificates_run_is_named_though_its_rows_are_gone(output: Path) -> None:
    (path,) = output.glob("transcripts/*/*.parquet")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    audited = audit_certificate(str(output), "card", AuditSettings(MediaLimits()), None)
    named = {(problem.kind, problem.subject) for problem in audited.run_problems}
    assert ("unreadable", str(path.relative_to(output))) in named
