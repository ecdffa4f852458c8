"""The bundle for a GPU machine: what was packed arrives, damage is found, and so are the machine's own libraries."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.cuda_libraries import library_path
from benchmarks.gpu_bundle import ROOT, measure_script, pack

_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "noise").write_bytes(os.urandom(5_000))
    (tree / "link").symlink_to("noise")
    folder = tmp_path / "parts"
    folder.mkdir()
    assert pack([tree], folder, 1_000) > 5
    return folder


def _unpack(parts: Path, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", str(parts / "unpack.sh"), str(target)], check=False, capture_output=True, text=True)


def test_parts_are_joined_to_what_was_packed(parts: Path, tmp_path: Path) -> None:
    assert _unpack(parts, tmp_path / "there").returncode == 0
    packed, unpacked = tmp_path / "tree", tmp_path / "there" / "tree"
    assert (unpacked / "noise").read_bytes() == (packed / "noise").read_bytes()
    assert (unpacked / "link").readlink() == Path("noise")


def test_nothing_is_unpacked_of_a_damaged_part(parts: Path, tmp_path: Path) -> None:
    (parts / "part-002").write_bytes(b"damaged")
    done = _unpack(parts, tmp_path / "there")
    assert done.returncode != 0
    assert "part-002" in done.stdout
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize(
    ("version", "step", "said"), [(_PYTHON, "dance", "unknown step: dance"), ("2.7", "tests", "for Python 2.7")]
)
def test_the_script_says_what_it_cannot_do(version: str, step: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "tree").symlink_to(ROOT)
    (tmp_path / "packages").mkdir()
    script = tmp_path / "measure.sh"
    script.write_text(measure_script(version))
    done = subprocess.run(
        ["bash", str(script), str(tmp_path / "results"), step],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHON": sys.executable},
    )
    assert done.returncode == 2
    assert said in done.stderr


def _library(packages: Path, name: str) -> Path:
    library = packages / "nvidia" / name
    library.parent.mkdir(parents=True, exist_ok=True)
    library.touch()
    return library


def test_libraries_of_cuda_12_are_found_in_packages(tmp_path: Path) -> None:
    cublas = _library(tmp_path, "cublas/lib/libcublas.so.12")
    cudnn = _library(tmp_path, "cudnn/lib/libcudnn.so.9")
    found = library_path(tmp_path / "links", [str(tmp_path)], "/usr/lib/other")
    assert found.split(os.pathsep) == [str(cublas.parent), str(cudnn.parent), "/usr/lib/other"]
    assert not (tmp_path / "links").exists()


def test_cublas_of_cuda_13_gets_the_names_of_cuda_12(tmp_path: Path) -> None:
    libraries = [_library(tmp_path, f"cu13/lib/{name}.so.13") for name in ("libcublas", "libcublasLt")]
    links = tmp_path / "links"
    found = library_path(links, [str(tmp_path)])
    assert found.split(os.pathsep) == [str(links), str(libraries[0].parent)]
    assert [(links / f"{name}.so.12").resolve() for name in ("libcublas", "libcublasLt")] == libraries
