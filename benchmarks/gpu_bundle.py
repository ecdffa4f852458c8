"""A bundle for a GPU machine without internet: this tree, its packages and weights, in parts, and what runs them there.

    python -m benchmarks.gpu_bundle --output build/gpu [--python 3.12] [--part_mib 60] [--without numpy]

On the other machine, with all parts in one folder:

    bash unpack.sh /some/folder      # joins the parts, checks their SHA-256, and makes an environment of them
    bash /some/folder/first.sh       # the engine's tests on CUDA, then `make bench-gpu` with base, then the whole job

Once the parts have arrived, one call gives all figures. Packages that the machine has may be left out with `--without`:
its environment sees them.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]

_MIB = 1024 * 1024
_LOCKS = ("requirements.lock", "requirements-models.txt", "deploy/gpu.lock")

_UNPACK = """\
#!/usr/bin/env bash
# Joins the parts beside this file into FOLDER, checks them, and installs the environment there: unpack.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")"
target="${{1:?usage: unpack.sh FOLDER}}"
sha256sum --check --quiet parts.sha256
mkdir -p "$target"
cat part-* | tar --extract --gzip --directory "$target"
python{python} -m venv --system-site-packages "$target/env"
packages="$("$target/env/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
printf '%s\n' "$target/packages" "$target/tree" > "$packages/bundle.pth"
"""

_FIRST = """\
#!/usr/bin/env bash
# Everything that a GPU has to show, in one call. Figures go to benchmarks/results/ in the tree.
set -uo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
cd "$here/tree"
python="$here/env/bin/python"
packages="$here/packages"
export LD_LIBRARY_PATH="$packages/nvidia/cublas/lib:$packages/nvidia/cudnn/lib:${LD_LIBRARY_PATH:-}"
nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv
"$python" -m pytest -q -rs tests/transforms/transcribe
"$python" -m benchmarks.engine --device cuda
"$python" -m benchmarks.engine --device cuda --shape large-v3-turbo
"$python" -m benchmarks.job --device cuda
"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="new folder for the parts")
    parser.add_argument("--python", default="3.12", help="Python version of the machine (3.12)")
    parser.add_argument("--part_mib", type=int, default=60, help="size of a part in MiB (60)")
    parser.add_argument("--without", nargs="*", default=[], metavar="PACKAGE", help="packages that the machine has")
    given = parser.parse_args(arguments)
    given.output.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=given.output) as name:
        folder = Path(name)
        _install(folder / "packages", given.python, frozenset(each.lower() for each in given.without))
        (folder / "first.sh").write_text(_FIRST)
        _copy_tree(folder / "tree")
        archive = folder / "all.tar.gz"
        with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
            for part in ("packages", "tree", "first.sh"):
                tar.add(folder / part, part)
        names = list(_split(archive, given.output, given.part_mib * _MIB))
    lines = (f"{hashlib.sha256((given.output / each).read_bytes()).hexdigest()}  {each}\n" for each in names)
    (given.output / "parts.sha256").write_text("".join(lines))
    (given.output / "unpack.sh").write_text(_UNPACK.format(python=given.python))
    sys.stdout.write(f"{len(names)} parts in {given.output}\n")


def _install(folder: Path, python: str, without: frozenset[str]) -> None:
    """Installs the locked packages of another Python's version into a folder."""
    folder.mkdir()
    wanted = folder.with_suffix(".txt")
    wanted.write_text("".join(_pins(python, without)))
    platform = ["--python-version", python, "--python-platform", "x86_64-manylinux_2_28"]
    command = [
        str(Path(sys.executable).parent / "uv"),
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(folder),
    ]
    subprocess.run([*command, *platform, "--requirement", str(wanted)], check=True)


def _pins(python: str, without: frozenset[str]) -> Iterator[str]:
    """Lines `name==version` of all locks, for which the machine is asked."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - a tool of development

    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    seen = set()
    for lock in _LOCKS:
        for line in (ROOT / lock).read_text().splitlines():
            if "==" not in line or line.startswith((" ", "#", "-")):
                continue
            requirement = Requirement(line.split(" --hash")[0].removesuffix("\\").strip())
            name = requirement.name.lower()
            wanted = requirement.marker is None or requirement.marker.evaluate(environment)
            if wanted and name not in without and name not in seen:
                seen.add(name)
                yield f"{requirement.name}{requirement.specifier}\n"


def _copy_tree(target: Path) -> None:
    """The committed files, which is what the figures are of."""
    target.mkdir()
    archived = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "--extract", "--directory", str(target)], input=archived.stdout, check=True)


def _split(archive: Path, folder: Path, size: int) -> Iterator[str]:
    with archive.open("rb") as whole:
        number = 0
        while part := whole.read(size):
            name = f"part-{number:03d}"
            (folder / name).write_bytes(part)
            yield name
            number += 1


if __name__ == "__main__":
    main()
