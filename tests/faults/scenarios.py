"""Faults of a run, each caused for real, and what must hold afterwards.

Each scenario lets something go wrong in a run over three short calls, looks at the output root as it was left, runs
the job again, and looks once more: everything is published then, byte for byte as in a run that nothing disturbed.
"""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import soundfile
from rich.console import Console

from hushbeam.pipelines import audit, redact
from hushbeam.pipelines.running.exit_status import EXIT_BROKEN, EXIT_COMPLETED, EXIT_INCOMPLETE, EXIT_LOCKED, EXIT_USAGE
from hushbeam.pipelines.running.locked import processes_below
from hushbeam.transforms.archive.unredacted import UnredactedOutput
from hushbeam.transforms.base.sealed_files import SealedRoot
from tests.faults.leak_search import LeakSearch, search_for
from tests.output_tables import current, history
from tests.pipelines.conftest import cut

_ROOT = Path(__file__).parents[2]
_FAST = ("--model", "tiny.en", "--verify", "off", "--fail_above", "0")
_ALLOWING_CORES = ("sh", "-c", 'ulimit -S -c "$(ulimit -H -c)"; exec "$@"', "sh")
_KILLED = -9
# What a run that did not end may leave. All of it is redacted, none of it is announced, and the next run clears it up.
_LEFT_BY_A_KILL = frozenset({"unfinished_run", "locked", "incomplete_file", "orphan"})


class NotPossibleHereError(Exception):
    """This machine does not allow the fault. `str()` says what it lacks."""


@dataclass(frozen=True)
class Night:
    """A folder with three calls, their manifest, and what a run that nothing disturbed makes of them.

    Attributes:
      leaks: Finds what was said in them.
    """

    folder: Path
    expected: Mapping[str, tuple[bytes, str]]
    other_manifest: Path | None = None
    leaks: LeakSearch = field(default_factory=LeakSearch)

    @property
    def calls(self) -> Path:
        return self.folder / "calls"

    @property
    def manifest(self) -> Path:
        return self.other_manifest or self.folder / "manifest.jsonl"

    @contextmanager
    def output(self) -> Iterator[Path]:
        """A fresh output root. What is written there and to temporary files is searched for what was said."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            yield Path(folder) / "out"
            leaking = self.leaks.in_files(Path(folder)) + self.leaks.in_files(self.temporary)
            assert not leaking, f"what was said is in {', '.join(leaking)}"
            assert not list(_ROOT.glob("core*")), "there is a core dump"

    @property
    def temporary(self) -> Path:
        """The folder for temporary files."""
        return self.folder / "temporary"


@dataclass(frozen=True)
class Scenario:
    """A fault.

    Attributes:
      check: Does it, and gives what came of it in a few words. Raises `AssertionError` where a promise was broken.
      quick: Whether it is among those that every test run does.
    """

    name: str
    check: Callable[[Night], str]
    quick: bool = False


def make_night(folder: Path) -> Night:
    """Cuts the calls and runs the job once, undisturbed."""
    (folder / "calls").mkdir()
    soundfile.write(folder / "calls/card.flac", *cut("card-payment.mp3", 3.0, 13.5))
    soundfile.write(folder / "calls/phone.wav", *cut("telecom-phone-readback.wav", 3.5, 12.0), subtype="ULAW")
    soundfile.write(folder / "calls/transfer.flac", *cut("wire-transfer.flac", 2.0, 10.5))
    lines = [{"recording_id": name.stem, "audio_url": str(name)} for name in sorted((folder / "calls").iterdir())]
    write_manifest(folder / "manifest.jsonl", lines)
    night = Night(folder, {})
    night.temporary.mkdir()
    with night.output() as output, tempfile.TemporaryDirectory() as private:
        key = Path(private) / "key"
        key.write_text(base64.b64encode(os.urandom(32)).decode())
        kept = ("--unredacted_output", f"{private}/kept", "--unredacted_key", f"file:{key}")
        assert run_job(night.manifest, output, *kept) == EXIT_COMPLETED
        unredacted = UnredactedOutput(SealedRoot(f"{private}/kept", (f"file:{key}",)))
        transcribed = [json.loads(unredacted.read(line["recording_id"])) for line in lines]
        muted = {
            status["recording_id"]: status["certificate"]["audio"]["muted"]
            for status in (json.loads(path.read_text()) for path in output.glob("status/*.json"))
        }
        return Night(folder, published(output), leaks=search_for(folder / "calls", transcribed, muted))


def write_manifest(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """One line for each recording."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def run_job(manifest: Path, output: Path, *options: str) -> int:
    """Runs the job in this process, whose models are loaded already, and gives its exit status."""
    arguments = ["--manifest", str(manifest), "--output", str(output), *_FAST, *options]
    return redact.run(arguments, Console(file=io.StringIO()))


def start_faulty(
    night: Night,
    output: Path,
    *faults: str,
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    cwd: Path = _ROOT,
    cores: bool = False,
) -> subprocess.Popen[str]:
    """Starts the job in a process of its own, with faults of `tests.faults.driver`.

    Args:
      cores: Whether core dumps are allowed when it starts.
    """
    arguments = ["--manifest", str(night.manifest), "--output", str(output), *_FAST, *options]
    return subprocess.Popen(
        [*(_ALLOWING_CORES if cores else ()), sys.executable, "-m", "tests.faults.driver", *faults, "--", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(_ROOT), "TMPDIR": str(night.temporary), **(environment or {})},
    )


def run_faulty(night: Night, output: Path, *faults: str) -> tuple[int, str]:
    """Runs it to its end, and gives the exit status (negative: the signal that ended it) and what it said."""
    process = start_faulty(night, output, *faults)
    said, _ = process.communicate(timeout=300)
    assert not night.leaks.in_text(said), "the job said what was said"
    return process.returncode, said


def published(output: Path) -> dict[str, tuple[bytes, str]]:
    """Sound (none where nobody speaks) and text of every recording with a status object."""
    statuses = [json.loads(path.read_text()) for path in output.glob("status/*.json")]
    texts = {row["recording_id"]: row["text"] for row in rows(output, "transcripts")}
    return {
        status["recording_id"]: (
            (output / "audio" / status["redacted_audio_url"].rsplit("/", 1)[-1]).read_bytes()
            if status["redacted_audio_url"]
            else b"",
            texts.get(status["recording_id"], ""),
        )
        for status in statuses
    }


def rows(output: Path, table: str) -> list[dict[str, Any]]:
    """All current rows of a table."""
    return current(output, table)


def problems(output: Path) -> dict[str, int]:
    """What the invariant checker has against an output root, by kind."""
    if not any(path.is_file() for path in output.rglob("*")):
        return {}
    terminal = io.StringIO()
    audit.run(["--output", str(output), "--sample", "0", "--json"], Console(file=terminal, width=500))
    found: dict[str, int] = json.loads(terminal.getvalue())["problems"]
    return found


def assert_left_whole(night: Night, output: Path) -> int:
    """After a fault: whatever is public is complete and right. Gives how many recordings are."""
    found = problems(output)
    assert set(found) <= _LEFT_BY_A_KILL, found
    done = published(output)
    for recording_id, (sound, _) in done.items():
        assert sound == night.expected[recording_id][0], recording_id
    return len(done)


def assert_recovers(night: Night, output: Path) -> str:
    """The next run publishes everything, as if nothing had happened."""
    status = run_job(night.manifest, output)
    assert status == EXIT_COMPLETED, status
    assert problems(output) == {}
    assert published(output) == night.expected
    for table in ("transcripts", "findings"):
        assert history(output, table) == current(output, table), "a row is there twice"
    assert len(history(output, "transcripts")) == len(night.expected)
    return "the next run completes all"


def killed(*faults: str) -> Callable[[Night], str]:
    """A scenario in which a process is killed with SIGKILL."""

    def check(night: Night) -> str:
        with night.output() as output:
            status, said = run_faulty(night, output, *faults)
            assert status == _KILLED, f"{status}: {said[-500:]}"
            public = assert_left_whole(night, output)
            return f"{public} of 3 public, whole; {assert_recovers(night, output)}"

    return check


def stopped(number: signal.Signals, *options: str) -> Callable[[Night], str]:
    """A scenario in which the job is told to stop, when one recording is public and others are under way."""

    def check(night: Night) -> str:
        with night.output() as output, tempfile.TemporaryDirectory(dir=night.folder) as temporary:
            waiting = "wait_after_stage,Commit,120"
            job = start_faulty(night, output, waiting, options=options, environment={"TMPDIR": temporary})
            _wait_for(lambda: len(list(output.glob("status/*.json"))) > 1, "nothing was committed")
            assert list(Path(temporary).glob("hushbeam-*/*"))
            below = processes_below(job.pid)
            assert below
            job.send_signal(number)
            # Ends only where no child holds the other end of what the job said.
            said, _ = job.communicate(timeout=300)
            assert job.returncode == 128 + number, f"{job.returncode}: {said[-500:]}"
            assert "Stopped" in said
            # Beam's own threads wonder aloud where its worker processes are.
            assert "multi_processing" in "".join(options) or "Traceback" not in said, said[-2000:]
            _wait_for(lambda: not any(Path(f"/proc/{process}").exists() for process in below), "children go on")
            assert not list(Path(temporary).glob("hushbeam-*"))
            assert not list(output.glob("runs/LOCK*"))
            public = assert_left_whole(night, output)
            recovers = assert_recovers(night, output)
            return f"exit {job.returncode}, no child, no lock left; {public} of 3 public, whole; {recovers}"

    return check


def _wait_for(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)


def file_size_limit(night: Night) -> str:
    """Sound does not fit under the limit, tables and status objects do."""
    with night.output() as output:
        status, said = run_faulty(night, output, "limit_file_size,65536")
        assert status == EXIT_INCOMPLETE, said[-500:]
        assert problems(output) == {}
        public, failed = published(output), rows(output, "errors")
        assert len(public) + len(failed) == 3
        assert failed
        return f"{len(failed)} failed with a row, {len(public)} public; {assert_recovers(night, output)}"


def disk_full(night: Night) -> str:
    """The output's disk fills up in the middle of a run, and is enlarged before the next."""
    with mounted(night, "size=256k") as output:
        status = run_job_on_a_broken_disk(night, output)
        assert status in (EXIT_INCOMPLETE, EXIT_BROKEN)
        public = assert_left_whole(night, output)
        assert public < 3
        _mount("remount,size=64m", output.parent)
        return f"exit {status}, {public} of 3 public, whole; {assert_recovers(night, output)}"


def read_only_output(night: Night) -> str:
    """The output's disk can only be read."""
    with mounted(night, "size=64m") as output:
        _mount("remount,ro", output.parent)
        status = run_job_on_a_broken_disk(night, output)
        assert status == EXIT_USAGE
        assert not output.exists()
        _mount("remount,rw", output.parent)
        return f"exit {status}, nothing written; {assert_recovers(night, output)}"


def run_job_on_a_broken_disk(night: Night, output: Path) -> int:
    """The job as it is, in a process of its own."""
    status, said = run_faulty(night, output)
    assert "Traceback" not in said, said[-2000:]
    return status


@contextmanager
def mounted(night: Night, options: str) -> Iterator[Path]:
    """An output root on a file system of its own."""
    with tempfile.TemporaryDirectory(dir=night.folder) as folder:
        _mount(options, Path(folder))
        try:
            yield Path(folder) / "out"
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def _mount(options: str, folder: Path) -> None:
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise NotPossibleHereError("needs the right to mount a file system") from None


def source_replaced(night: Night) -> str:
    """A source becomes another recording after it was heard and before it is muted."""
    with night.output() as output:
        target, other = night.calls / "phone.wav", night.calls / "transfer.flac"
        original = target.read_bytes()
        try:
            # All three are heard before the first is muted or not: the order does not matter, phone.wav is one of them.
            status, said = run_faulty(night, output, f"replace_after_stage,SkipFinished,{target},{other}")
            assert status == EXIT_INCOMPLETE, said[-500:]
            assert problems(output) == {}
            assert set(published(output)) == {"card", "transfer"}
            (error,) = rows(output, "errors")
            assert (error["recording_id"], error["retryable"]) == ("phone", True)
        finally:
            target.write_bytes(original)
        return f"{error['error_class']} in {error['stage']}, 2 public; {assert_recovers(night, output)}"


def two_runs_at_once(night: Night) -> str:
    """A second run starts while the first one writes."""
    with night.output() as output:
        first = start_faulty(night, output, "wait_after_stage,SkipFinished,25")
        _wait_for((output / "runs" / "LOCK").exists, "the first run did not begin")
        second = run_job(night.manifest, output)
        first.communicate(timeout=300)
        assert (first.returncode, second) == (EXIT_COMPLETED, EXIT_LOCKED)
        assert problems(output) == {}
        assert published(output) == night.expected
        return "the second stops at once with 5, the first completes all"


def bundles_repeated(night: Night) -> str:
    """The runner does every piece of work twice, as clusters do after a failure."""
    with night.output() as output:
        assert run_job(night.manifest, output, "--direct_runner_bundle_repeat=1") == EXIT_COMPLETED
        assert problems(output) == {}
        assert published(output) == night.expected
        return "the same bytes and rows as without"


def poison(night: Night) -> str:
    """A recording or line of each bad kind, among good ones."""
    good = [json.loads(line) for line in night.manifest.read_text().splitlines()]
    with tempfile.TemporaryDirectory(dir=night.folder) as folder, night.output() as output:
        bad = poisons(Path(folder), night.calls)
        manifest = Path(folder) / "manifest.jsonl"
        mixed = [line for pair in zip(bad, [*good, *[None] * len(bad)], strict=False) for line in pair if line]
        write_manifest(manifest, mixed)
        with manifest.open("a") as file:
            file.write('{"audio_url": "not closed\n')
        assert run_job(manifest, output) == EXIT_INCOMPLETE
        assert problems(output) == {}
        assert published(output) == night.expected
        errors = rows(output, "errors")
        assert len(errors) == len(bad) + 1, sorted((row["recording_id"], row["error_class"]) for row in errors)
        classes = {row["error_class"] for row in errors}
        return f"{len(errors)} bad ones have a row each ({len(classes)} kinds of error), 3 good ones complete, exit 3"


def poisons(folder: Path, calls: Path) -> list[dict[str, Any]]:
    whole = (calls / "card.flac").read_bytes()
    contents = {
        "empty.wav": b"",
        "cut.flac": whole[: len(whole) // 2],
        "damaged.flac": whole[:2000] + bytes(4000) + whole[6000:],
        "text.wav": b"this is no recording\n" * 100,
        "playlist.wav": f"ffconcat version 1.0\nfile {calls / 'card.flac'}\n".encode(),
        "page.mp3": b"<html><body>404 Not Found</body></html>",
        "header.wav": (calls / "phone.wav").read_bytes()[:44],
        "zeros.mp3": bytes(100_000),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "folder.wav").mkdir()
    lines: list[dict[str, Any]] = [
        {"recording_id": name, "audio_url": str(folder / name)} for name in (*contents, "folder.wav", "gone.wav")
    ]
    card = str(calls / "card.flac")
    return [
        *lines,
        {"recording_id": "french", "audio_url": card, "language_code": "fr"},
        {"recording_id": "key", "audio_url": card, "colour": "blue"},
        {"recording_id": "policy", "audio_url": card, "redact_pii_policies": ["shoe_size"]},
        {"recording_id": "scheme", "audio_url": "ftp://example.org/call.wav"},
        {"recording_id": "url", "audio_url": "http://169.254.169.254/latest/call.wav"},
        {"recording_id": "unredacted", "audio_url": card, "redact_pii": False},
        {"recording_id": "secret", "audio_url": card, "webhook_auth_header_value": "the secret itself"},
    ]


_STAGES = ("SkipFinished", "Transcribe", "DetectPII", "RedactText", "MuteAudio", "VerifyAudio", "Commit", "Notify")
_WRITES = {
    "a recording's audio": "/audio/",
    "the safety copy of its rows": "/rows/",
    "its status object": "/status/",
}
_TABLES = ("transcripts", "findings", "errors", "notifications")

SCENARIOS = (
    *(Scenario(f"killed after {stage}", killed(f"kill_after_stage,{stage}")) for stage in _STAGES),
    *(Scenario(f"killed after {what}", killed(f"kill_after_write,{part},2")) for what, part in _WRITES.items()),
    *(Scenario(f"killed after table {table}", killed(f"kill_after_write,/{table}/")) for table in _TABLES),
    Scenario("killed after the record of file lists", killed("kill_after_write,file-lists.json")),
    Scenario("killed after the ledger's snapshot", killed("kill_after_write,ledger.parquet")),
    Scenario("killed after the summary", killed("kill_after_write,summary.json")),
    Scenario("killed while safety copies are removed", killed("kill_after_delete,/rows/")),
    Scenario("told to stop (SIGTERM)", stopped(signal.SIGTERM, "--detection_processes=2")),
    Scenario("told to stop (SIGINT)", stopped(signal.SIGINT)),
    Scenario(
        "told to stop with worker processes",
        stopped(signal.SIGTERM, "--direct_num_workers=2", "--direct_running_mode=multi_processing"),
    ),
    Scenario("no file may grow beyond 64 KiB", file_size_limit),
    Scenario("output disk full", disk_full),
    Scenario("output disk read-only", read_only_output),
    Scenario("source replaced during the run", source_replaced),
    Scenario("two runs at once", two_runs_at_once),
    Scenario("every bundle done twice", bundles_repeated),
    Scenario("bad recordings and lines among good ones", poison, quick=True),
)
