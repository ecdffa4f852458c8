"""Where a GPU machine's CUDA libraries are: prints the folders for `LD_LIBRARY_PATH`.

    export LD_LIBRARY_PATH="$(python -m benchmarks.cuda_libraries LINKS)"

CTranslate2 loads cuBLAS of CUDA 12 and cuDNN 9 by name. They may lie in packages of this Python or where the system
looks. Where cuBLAS is of CUDA 13 alone, the folder LINKS gets links to it with the names of CUDA 12.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_CUBLAS = ("libcublas.so", "libcublasLt.so")
_WANTED, _INSTEAD = "12", "13"


def library_path(links: Path, packages: Sequence[str], already: str = "") -> str:
    """The folders, of which the first wins.

    Args:
      links: Made if it is needed.
      packages: Folders that Python imports from.
      already: The value until now, whose folders come last.
    """
    folders = [*_folders(packages), *(Path(folder) for folder in already.split(os.pathsep) if folder)]
    wanted = f"{_CUBLAS[0]}.{_WANTED}"
    instead = [(name, found) for name in _CUBLAS if (found := _first(folders, f"{name}.{_INSTEAD}"))]
    if instead and not _first(folders, wanted) and not _is_found_by_system(wanted):
        links.mkdir(parents=True, exist_ok=True)
        for name, found in instead:
            link = links / f"{name}.{_WANTED}"
            link.unlink(missing_ok=True)
            link.symlink_to(found)
        folders.insert(0, links)
    return os.pathsep.join(map(str, folders))


def _folders(packages: Sequence[str]) -> Iterator[Path]:
    """Of NVIDIA's packages: `nvidia/cublas/lib` and the like, with CUDA 13 `nvidia/cu13/lib`."""
    for package in packages:
        yield from sorted(Path(package or ".").glob("nvidia/*/lib"))


def _is_found_by_system(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _first(folders: Sequence[Path], name: str) -> Path | None:
    return next((folder / name for folder in folders if (folder / name).exists()), None)


if __name__ == "__main__":
    print(library_path(Path(sys.argv[1]), sys.path, os.environ.get("LD_LIBRARY_PATH", "")))
