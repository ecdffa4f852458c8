"""Commands that pages show, run as they are shown, by an ordinary user in a folder with recordings."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import pytest
import soundfile

from tests.documented_commands import BINARIES, Block, blocks_of, fetched, give_to_user, run_as_user, serving
from tests.ordinary_user import ROOT, let_others_in
from tests.pipelines.conftest import cut

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
RUN = [page for page in PAGES if any(block.is_run for block in blocks_of(page))]
KEY = base64.b64encode(bytes(range(32))).decode()
VARIABLES = {name: KEY for name in ("STORE_KEY", "UNREDACTED_KEY", "IDENTITY_KEY", "ID_KEY", "SURROGATE_KEY")}
FAST = "--model tiny.en --verify off"
MADE = (
    f"hushbeam redact --manifest calls.jsonl --output out/ --store kept/ --store_key env:STORE_KEY "
    f"--unredacted_output private/ --unredacted_key env:UNREDACTED_KEY {FAST}"
)
"""The run whose output the pages after the quick start begin with."""
REQUESTS = {
    "request-1.json": {"audio_url": "calls/call-4711.wav", "speaker_labels": True, "redact_pii_policies": ["pci"]},
    "aws/request-1.json": {
        "TranscriptionJobName": "call-4711",
        "Media": {"MediaFileUri": "s3://calls/call-4711.wav"},
        "LanguageCode": "en-US",
        "ContentRedaction": {"PiiEntityTypes": ["CREDIT_DEBIT_NUMBER"]},
    },
    "deepgram/request-1.json": {"url": "gs://calls/call-4711.wav", "redact": ["pci"], "multichannel": True},
}
"""Requests to other systems, which the page about them converts."""
FRESH = ("README.md", "quick_start.md")
"""Pages that begin with nothing but recordings. `make test` runs these; whether the commands and options of every page
exist is asked in tests/test_documentation.py."""


@contextmanager
def home() -> Iterator[Path]:
    """A folder for an ordinary user. Not in pytest's own, which each start of pytest closes to others again."""
    with tempfile.TemporaryDirectory(prefix="documented-", ignore_cleanup_errors=True) as folder:
        let_others_in(Path(folder))
        yield Path(folder)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the pages assume it: recordings, and a manifest of them."""
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "calls").mkdir()
    samples, rate_hz = cut("card-payment.mp3", 3.0, 13.5)
    for name in ("calls/call-4711.wav", "calls/call-4712.wav", "call.wav"):
        soundfile.write(folder / name, samples, rate_hz, subtype="PCM_16")
    lines = [{"audio_url": f"calls/{name}.wav", "recording_id": name} for name in ("call-4711", "call-4712")]
    (folder / "calls.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (folder / "ids.txt").write_text("call-4712\n")
    for name, request in REQUESTS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(request))
    return folder


@pytest.fixture(scope="module")
def finished(recordings: Path) -> Iterator[Path]:
    """The same folder after a run."""
    with home() as folder:
        shutil.copytree(recordings, folder, dirs_exist_ok=True)
        give_to_user(folder)
        with run_as_user(MADE, folder, binaries=BINARIES, variables=in_this_tree()) as process:
            _, terminal = process.communicate(timeout=300)
        assert process.returncode == 0, terminal
        yield folder


def in_this_tree() -> dict[str, str]:
    return {**VARIABLES, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def folder(request: pytest.FixtureRequest, page: Path) -> Iterator[Path]:
    begin = "recordings" if page.name in FRESH else "finished"
    with home() as folder:
        shutil.copytree(request.getfixturevalue(begin), folder, dirs_exist_ok=True)
        give_to_user(folder)
        yield folder


def quickened(script: str, page: Path) -> str:
    """A script whose runs use the smaller model and verify nothing, as the quick start advises for a first look."""
    return script.replace("hushbeam redact ", f"hushbeam redact {FAST} ") if page.name not in FRESH else script


def done(block: Block, script: str, folder: Path, *, binaries: Path, variables: dict[str, str]) -> str:
    """Runs a block, and returns what its commands print for people."""
    process = run_as_user(script, folder, binaries=binaries, variables=variables)
    if block.serves:
        with serving(process) as address:
            assert "<html" in answered(address)
        return ""
    out, err = process.communicate(timeout=550)
    assert process.returncode == block.status, f"{block.page.name}: {script}\n{out}\n{err}"
    assert "Traceback" not in err
    return err


def answered(address: str) -> str:
    """The page at an address that was printed a moment before it is served."""
    for _ in range(50):
        try:
            return fetched(address)
        except URLError:
            time.sleep(0.1)
    return fetched(address)


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=() if page.name in FRESH else pytest.mark.long, id=page.name) for page in RUN]
)
def test_the_commands_of_a_page_work_in_their_order(page: Path, folder: Path) -> None:
    shown = ""
    for block in blocks_of(page):
        script = block.without_installation()
        if block.is_run and script:
            shown = done(block, quickened(script, page), folder, binaries=BINARIES, variables=in_this_tree())
    if page.name == "quick_start.md":
        assert "2 skipped" in shown  # the second night
        assert list(folder.glob("redacted/runs/*/report.html"))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_readme_and_quick_start_work_in_a_fresh_environment(recordings: Path) -> None:
    """Installed as developers do it: an import hook finds the modules of an editable install."""
    with home() as environment, home() as folder:
        shutil.copytree(recordings, folder, dirs_exist_ok=True)
        give_to_user(folder)
        subprocess.run([sys.executable, "-m", "venv", environment / "fresh"], check=True)
        pip = [str(environment / "fresh/bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-e", f"{ROOT}[models]"], check=True)
        for page in (ROOT / "README.md", ROOT / "docs/quick_start.md"):
            shutil.rmtree(folder / "redacted", ignore_errors=True)
            for block in blocks_of(page):
                if block.is_run and (script := block.without_installation()):
                    done(block, script, folder, binaries=environment / "fresh/bin", variables=VARIABLES)
