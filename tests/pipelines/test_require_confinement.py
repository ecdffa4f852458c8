"""A machine that lacks a lock of the decoders: it is said, and refused where the options ask for that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hushbeam.transforms.media.isolation.children import locks
from tests.pipelines.conftest import Run

ROOT = Path(__file__).parents[2]
FAST = ("--model", "tiny.en", "--verify", "off", "--fail_above", "0")
WITHOUT_NAMESPACES = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'

IN_A_WORKER = """
import sys
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.media.decode import Decoder
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio.settings import MuteSettings
from hushbeam.transforms.mute_audio.transform import _MuteStage
from hushbeam.transforms.plan_spans.transform import _PlanStage
from tests.sources import SOURCES
from hushbeam.transforms.transcribe.settings import TranscriptionSettings
from hushbeam.transforms.transcribe.transform import _TranscribeStage

strict = MediaLimits(require_confinement=True)
for begin in (
    _PlanStage(60.0, strict, SOURCES).setup,
    _TranscribeStage(TranscriptionSettings(), strict, SOURCES).setup,
    _MuteStage(MuteSettings(), strict, SOURCES).setup,
    lambda: Decoder(sys.argv[1], strict).__enter__(),
):
    try:
        begin()
    except ConfigurationError as error:
        print(error)
with Decoder(sys.argv[1], MediaLimits()) as decoder:
    print(sum(block.shape[1] for block in decoder.blocks()))
"""


@pytest.fixture
def without_filter(tmp_path: Path) -> dict[str, str]:
    """An environment in which libseccomp cannot be loaded: the first of its name that is found is no library."""
    folder = tmp_path / "libraries"
    folder.mkdir()
    (folder / "libseccomp.so.2").write_bytes(b"")
    return {**os.environ, "LD_LIBRARY_PATH": str(folder)}


def python(*arguments: str, env: dict[str, str] | None = None, before: tuple[str, ...] = ()) -> tuple[int, str]:
    """Exit status, and all that was said."""
    command = [*before, sys.executable, *arguments]
    done = subprocess.run(command, check=False, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def job(calls: Path, output: Path, *options: str) -> tuple[str, ...]:
    manifest = output.with_suffix(".jsonl")
    manifest.write_text(json.dumps({"recording_id": "phone", "audio_url": str(calls / "phone.wav")}) + "\n")
    return ("-m", "hushbeam", "redact", *FAST, "--manifest", str(manifest), "--output", str(output), *options)


def test_a_run_without_the_filter_says_so_once_and_does_its_work(
    calls: Path, tmp_path: Path, without_filter: dict[str, str]
) -> None:
    status, said = python(*job(calls, tmp_path / "out"), env=without_filter)
    assert status == 0, said
    assert said.count("Warning: decoders run without a filter of system calls") == 1
    assert "libseccomp2" in said


def test_a_run_that_requires_the_filter_is_refused_before_it_begins(
    calls: Path, tmp_path: Path, without_filter: dict[str, str]
) -> None:
    status, said = python(*job(calls, tmp_path / "out", "--require_confinement"), env=without_filter)
    assert status == 2
    assert "--require_confinement" in said
    assert "libseccomp2" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_workers_refuse_too(calls: Path, without_filter: dict[str, str]) -> None:
    status, said = python("-c", IN_A_WORKER, str(calls / "phone.wav"), env=without_filter)
    assert status == 0, said
    *refused, frames = said.splitlines()
    assert len(refused) == 4
    assert all("--require_confinement" in each and "libseccomp2" in each for each in refused)
    assert int(frames) > 0, "without the option, it is decoded"


def test_rendering_again_is_refused_too(redact: Callable[..., Run], without_filter: dict[str, str]) -> None:
    output = redact({"recording_id": "phone", "audio_url": "phone.wav"}).output
    again = ("-m", "hushbeam.pipelines.rerender", "--output", str(output), "--corrections", "--require_confinement")
    status, said = python(*again, "--verify", "off", env=without_filter)
    assert (status, "--require_confinement" in said) == (2, True), said


def test_a_machine_without_namespaces_is_told_as_such(calls: Path, tmp_path: Path) -> None:
    without_namespaces = ("unshare", "-Ur", "sh", "-c", WITHOUT_NAMESPACES, "sh")
    try:
        subprocess.run([*without_namespaces, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine makes no user namespaces")
    status, said = python(*job(calls, tmp_path / "out", "--require_confinement"), before=without_namespaces)
    assert status == 2, said
    assert "namespaces" in said


@pytest.mark.long
@pytest.mark.skipif(bool(locks().missing()), reason="this machine lacks a lock")
def test_a_machine_with_all_locks_passes(calls: Path, tmp_path: Path) -> None:
    status, said = python(*job(calls, tmp_path / "out", "--require_confinement"))
    assert (status, "Warning" in said) == (0, False), said


@pytest.mark.parametrize(
    ("options", "outcome"),
    [pytest.param((), "warning", marks=pytest.mark.long), (("--require_confinement",), "problem")],
)
def test_the_doctor_agrees(without_filter: dict[str, str], options: tuple[str, ...], outcome: str) -> None:
    _, said = python("-m", "hushbeam", "doctor", *FAST, "--json", *options, env=without_filter)
    (check,) = [each for each in json.loads(said[said.index("{") :])["checks"] if each["subject"] == "decoders"]
    assert check["outcome"] == outcome
    assert "libseccomp2" in check["remedy"]
