"""Source distribution and wheel: their content, and a run on a worker pool that installs them, if requested."""

from __future__ import annotations

import email
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from tests.pipelines.conftest import Run, calls, redact

__all__ = ["calls", "redact"]

ROOT = Path(__file__).parents[1]
PACKAGES = ("hushbeam", "pipelines", "schemas", "transforms")
DATA = {
    *(f"transforms/detect_pii/models/packaged/{name}" for name in ("config.json", "model.onnx", "tokenizer.json")),
    "transforms/detect_pii/gazetteers/common_words.txt",
}
"""Some of the files that the code reads."""
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
    """All files that the code may need, data included, by their paths in the checkout."""
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    linked = {ROOT / "hushbeam" / package for package in PACKAGES}
    ours = (path for path in found if "__pycache__" not in path.parts and not linked & {path, *path.parents})
    return {str(path.relative_to(ROOT)) for path in ours}


def as_installed(path: str) -> str:
    return path if path.startswith("hushbeam/") else f"hushbeam/{path}"


def test_the_source_distribution_holds_code_data_and_requirements(distributions: Path) -> None:
    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as sdist:
        names = {name.split("/", 1)[1] for name in sdist.getnames() if "/" in name}
        assert not [member.name for member in sdist.getmembers() if member.issym()]
    needed = {"setup.py", "requirements.txt", "requirements-dev.txt", "requirements-models.txt", "pyproject.toml"}
    assert files_of_the_packages() | needed | DATA <= names
    assert not [name for name in names if name.startswith(("tests/", "evaluation/", "training/"))]


def test_what_is_installed_is_one_package_with_its_data_and_the_command(distributions: Path) -> None:
    lib = distributions / "lib"
    assert [path.name for path in lib.iterdir()] == ["hushbeam"]
    installed = {str(path.relative_to(lib)) for path in lib.rglob("*") if path.is_file()}
    assert installed == {as_installed(path) for path in files_of_the_packages() | DATA}
    (metadata,) = distributions.glob("*.egg-info")
    assert (metadata / "top_level.txt").read_text().split() == ["hushbeam"]
    assert "hushbeam = hushbeam.__main__:entry" in (metadata / "entry_points.txt").read_text()
    requirements = (metadata / "requires.txt").read_text()
    assert requirements.startswith("apache-beam==")
    extras = {"models", "dataflow", "gpu", "torch", "nemo", "presidio", "yaml", "observability"}
    extras |= {"s3", "azure", "iceberg", "delta"}
    assert {line.strip("[]") for line in requirements.splitlines() if line.startswith("[")} == extras
    described = email.message_from_string((metadata / "PKG-INFO").read_text())
    assert described["License-Expression"] == "Apache-2.0"
    assert described["Requires-Python"] == ">=3.11"
    assert described["Description-Content-Type"] == "text/markdown"
    assert "# Hushbeam" in described.get_payload()
    assert {"Programming Language :: Python :: 3.11", "Programming Language :: Python :: 3.13"} <= set(
        described.get_all("Classifier") or ()
    )


def test_what_pip_makes_of_the_source_distribution_is_the_same(distributions: Path, tmp_path: Path) -> None:
    (archive,) = distributions.glob("*.tar.gz")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([*pip, str(tmp_path), str(archive)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as files:
        names = {name for name in files.namelist() if ".dist-info/" not in name}
    assert names == {as_installed(path) for path in files_of_the_packages()}


def folders_of_somebody_else(folder: Path) -> Path:
    """A data team's own `pipelines/`, `schemas/` and `transforms/`, which must never be taken for ours."""
    for name in PACKAGES[1:]:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("raise SystemExit('somebody else was imported')\n")
    return folder


def decoders(command: list[str], folder: Path, **environment: str) -> str:
    """What `doctor` says of the decoders, which a process without site packages starts, from another folder."""
    given = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **environment}
    said = subprocess.run([*command, "doctor", "--json"], cwd=folder, env=given, capture_output=True, check=False)
    (check,) = [check for check in json.loads(said.stdout)["checks"] if check["subject"] == "decoders"]
    return str(check["outcome"])


def test_an_installed_command_works_beside_folders_of_the_same_names(distributions: Path, tmp_path: Path) -> None:
    folder = folders_of_somebody_else(tmp_path / "team")
    path = os.pathsep.join((".", str(distributions / "lib")))
    assert decoders([sys.executable, "-m", "hushbeam"], folder, PYTHONPATH=path) == "good"


def test_an_editable_installation_works_from_any_folder(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("hushbeam")  # `make setup` installs this checkout so
    folder = folders_of_somebody_else(tmp_path / "team")
    assert decoders([str(command)], folder, PYTHONPATH=".") == "good"


def environment_that_shares_packages(folder: Path) -> Path:
    """A new environment, which finds the packages of this one, pip included."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python3*/site-packages")
    (packages / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def clone(folder: Path) -> Path:
    """This tree, as far as an installation needs it."""
    for name in (*PACKAGES, "pyproject.toml", "setup.py", "requirements.txt", "README.md", "LICENSE", "NOTICE"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / name, folder / name)
    return folder


@pytest.mark.long
@pytest.mark.parametrize(
    "how",
    [
        ["--editable", "."],
        ["--editable", ".", "--config-settings=editable_mode=strict"],
        ["--editable", ".", "--config-settings=editable_mode=compat"],
        ["."],
        ["--target", "elsewhere", "."],
    ],
    ids=" ".join,
)
def test_decoders_start_however_the_package_is_installed(how: list[str], tmp_path: Path) -> None:
    bin_folder, tree = environment_that_shares_packages(tmp_path / "environment"), clone(tmp_path / "clone")
    pip = [str(bin_folder / "python"), "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", *how]
    subprocess.run(pip, cwd=tree, check=True, capture_output=True)
    folder = folders_of_somebody_else(tmp_path / "team")
    if "--target" in how:
        command, path = [str(bin_folder / "python"), "-m", "hushbeam"], str(tree / "elsewhere")
    else:
        command, path = [str(bin_folder / "hushbeam")], "."
    assert decoders(command, folder, PYTHONPATH=path) == "good"


def test_decoders_that_cannot_find_a_package_say_which(tmp_path: Path) -> None:
    """A package that only an import hook of the worker finds, as an editable installation of it would."""
    script = (
        "import sys, os\n"
        "from importlib.machinery import PathFinder\n"
        "packages = [entry for entry in sys.path if entry.endswith('site-packages')]\n"
        "class Hook:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        return PathFinder.find_spec(name, path or packages, target)\n"
        "sys.path[:] = [entry for entry in sys.path if entry not in packages]\n"
        "sys.meta_path.append(Hook())\n"
        "from hushbeam.pipelines import doctor\n"
        "raise SystemExit(doctor.run(['--json', '--model', 'tiny.en', '--verify', 'off']))\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    (check,) = [check for check in json.loads(said.stdout)["checks"] if check["subject"] == "decoders"]
    assert check["outcome"] == "problem"
    assert "No module named 'av'" in check["detail"]


@pytest.mark.skipif("HUSHBEAM_TEST_PACKAGE" not in os.environ, reason="installs 1 GB: make test-package")
@pytest.mark.timeout(1800)
def test_a_worker_pool_in_a_clean_environment_runs_the_job(
    distributions: Path, redact: Callable[..., Run], tmp_path: Path
) -> None:
    environment = tmp_path / "environment"
    (sdist,) = distributions.glob("*.tar.gz")
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    pip = [str(environment / "bin" / "pip"), "install", "--quiet"]
    subprocess.run([*pip, str(sdist)], check=True)
    hushbeam = str(environment / "bin" / "hushbeam")
    unprepared = subprocess.run([hushbeam, "doctor"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "run: hushbeam models install" in " ".join(unprepared.stdout.split())
    subprocess.run([hushbeam, "models", "install"], cwd=tmp_path, check=True)
    subprocess.run([str(environment / "bin" / "pip"), "check"], check=True)

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


@pytest.mark.skipif("HUSHBEAM_TEST_PACKAGE" not in os.environ, reason="installs 1 GB: make test-package")
@pytest.mark.timeout(1800)
def test_uv_installs_a_command_that_redacts(distributions: Path, tmp_path: Path) -> None:
    (sdist,) = distributions.glob("*.tar.gz")
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"), "XDG_BIN_HOME": str(tmp_path / "bin")}
    uv = [str(Path(sys.executable).with_name("uv")), "tool", "install", "--quiet", "--python", sys.executable]
    subprocess.run([*uv, f"hushbeam[models] @ {sdist.as_uri()}"], env={**os.environ, **home}, check=True)
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    redacted = subprocess.run(
        [str(tmp_path / "bin" / "hushbeam"), "redact", str(ROOT / "examples" / "calls" / "card-payment.mp3")],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert redacted.returncode == EXIT_COMPLETED, redacted.stderr
    assert len(list((tmp_path / "redacted" / "audio").rglob("*.mp3"))) == 1


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
