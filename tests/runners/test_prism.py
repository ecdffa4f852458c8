"""The job on Prism, Beam's portable runner for one machine: as the runner of one command, and as a job server with
workers in processes of their own, which is how jobs meet a cluster.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from apache_beam.version import __version__ as beam_version

from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from tests.pipelines.conftest import Redact
from tests.runners.processes import ROOT, Service, WorkerPool, enabled, free_port, worker_pool
from tests.runners.submitting import Submission, assert_same_outputs, is_running, wait_until, write_manifest

Submit = Callable[..., Submission]

pytestmark = pytest.mark.long

_PRISM = "github.com/apache/beam/sdks/v2/go/cmd/prism"
_BUILD_S = 400
SHORT = ("card.flac", "phone.wav", "transfer.flac")
REPETITIONS = 16
"""Of each short call: the job must last for several looks at it, however fast it is."""
RECORDINGS = REPETITIONS * len(SHORT)


@pytest.fixture(scope="session")
def prism() -> Path:
    """The binary: the one that PRISM names, or built from its source with Go and kept for the next time."""
    if given := os.environ.get("PRISM"):
        return Path(given)
    binary = ROOT / ".prism" / beam_version / "prism"
    if not binary.exists():
        if shutil.which("go") is None:
            pytest.skip("Prism: no Go toolchain to build it with, and PRISM names no binary")
        install = ["go", "install", f"{_PRISM}@v{beam_version}"]
        environment = os.environ | {"GOBIN": str(binary.parent)}
        try:
            subprocess.run(install, env=environment, timeout=_BUILD_S, capture_output=True, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"Prism could not be built: {(error.stderr or b'').decode()[-300:] or error}")
    return binary


@pytest.fixture
def job_server(prism: Path, tmp_path: Path) -> Iterator[str]:
    port = free_port()
    service = Service("prism", [str(prism), f"--job_port={port}", "--serve_http=false"], tmp_path)
    service.wait_for(lambda: enabled(port))
    yield f"localhost:{port}"
    service.stop()


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[WorkerPool]:
    with worker_pool(tmp_path) as pool:
        yield pool


@pytest.fixture
def submit(job_server: str, pool: WorkerPool, calls: Path, tmp_path: Path) -> Iterator[Submit]:
    """Starts a job with many short calls on the job server and the pool."""
    lines = [
        {"recording_id": f"{number:02}-{name.split('.')[0]}", "audio_url": name}
        for number in range(REPETITIONS)
        for name in SHORT
    ]
    manifest = write_manifest(tmp_path / "many.jsonl", calls, lines)
    submissions: list[Submission] = []

    def submit(output: str, *options: str) -> Submission:
        runner = ("--runner=PortableRunner", f"--job_endpoint={job_server}", *pool.options)
        job = ("--manifest", str(manifest), "--model", "tiny.en", "--verify", "off", "--output_shards", "2")
        submissions.append(Submission(tmp_path, tmp_path / output, (*job, *runner, *options)))
        return submissions[-1]

    yield submit
    for submission in submissions:
        submission.stop()


def test_prism_writes_what_a_local_run_writes(redact: Redact, prism: Path, tmp_path: Path) -> None:
    lines = [{"recording_id": name.split(".")[0], "audio_url": name} for name in SHORT]
    local = redact(*lines, output=tmp_path / "local", options=("--run_id", "same"))
    on_prism = ("--runner=PrismRunner", f"--prism_location={prism}", "--output_shards", "1", "--run_id", "same")
    run = redact(*lines, output=tmp_path / "prism", options=on_prism)
    assert run.status == EXIT_COMPLETED, run.terminal
    assert "3 completed" in run.terminal
    assert_same_outputs(run, local)


def test_a_job_is_followed_while_it_runs(submit: Submit) -> None:
    """What was seen of it is kept for its report; on a terminal it is the line that moves."""
    run = submit("out", "--run_id", "night-1").finish()
    assert run.status == EXIT_COMPLETED, run.terminal
    timings = json.loads((run.output / "runs" / "night-1" / "timings.json").read_text())
    committed = [sample["committed"] for sample in timings["samples"]]
    assert committed[-1] == RECORDINGS
    assert len(committed) > 1
    assert committed == sorted(committed)
    assert timings["samples"][-1]["audio_s"] == pytest.approx(REPETITIONS * (10.5 + 8.5 + 8.5), abs=1)
    stages = {stage["name"]: stage["recordings"] for stage in timings["stages"]}
    assert stages["Transcribe"] == stages["Commit"] == RECORDINGS


@pytest.mark.parametrize("victim", ["worker", "worker pool"])
def test_after_a_kill_the_next_run_finishes(submit: Submit, pool: WorkerPool, victim: str) -> None:
    """Prism repeats no bundle: it gives the job up with its first lost worker. What was committed until then stays,
    and is in the next run's tables.
    """
    job = submit("out")
    job.when(lambda: job.committed() >= 3)
    if victim == "worker":
        for process in pool.workers():
            os.kill(process, signal.SIGKILL)
    else:
        pool.service.kill()
        pool.start()
    broken = job.finish()
    done = job.committed()
    assert broken.status not in (0, 2, 3), broken.terminal
    assert 3 <= done < RECORDINGS

    run = submit("out").finish()
    assert run.status == EXIT_COMPLETED, run.terminal
    ids = [row["recording_id"] for row in run.rows("transcripts")]
    assert len(ids) == len(set(ids)) == RECORDINGS
    assert run.statuses() == set(run.audio()) == set(ids)
    assert {row["recording_id"] for row in run.rows("notifications")} == set(ids)
    assert not list(run.output.glob("runs/*/rows/*"))


def test_a_job_whose_submitter_is_told_to_stop_is_cancelled(submit: Submit, pool: WorkerPool) -> None:
    job = submit("out")
    job.when(lambda: job.committed() >= 1)
    workers = pool.workers()
    assert job.terminate() == 128 + signal.SIGTERM
    assert workers
    assert wait_until(lambda: not any(map(is_running, workers))), "the workers still work"
    assert not (job.output / "runs" / "LOCK").exists()
