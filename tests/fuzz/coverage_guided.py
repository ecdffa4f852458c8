"""Coverage-guided fuzzing of what reads untrusted bytes in Python itself: manifests, magic bytes, a child's messages.

Not part of the tests: needs `pip install atheris`, which has wheels for Linux.

    python -m tests.fuzz.coverage_guided -max_total_time=600 [a folder of inputs to start from]
"""

from __future__ import annotations

import contextlib
import io
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["transforms", "schemas", "pydantic", "json", "csv"]):
    from hushbeam.transforms.media.completeness.check import CHECKED, check_complete
    from hushbeam.transforms.media.containers import recognise
    from hushbeam.transforms.media.errors import MediaError
    from hushbeam.transforms.media.isolation import wire
    from tests.fuzz.manifests import outcomes

_SCRATCH = TemporaryDirectory()


def _read_manifest(suffix: str, content: bytes) -> None:
    manifest = Path(_SCRATCH.name) / f"manifest{suffix}"
    manifest.write_bytes(content)
    list(outcomes(manifest))


def _recognise(content: bytes) -> None:
    with contextlib.suppress(MediaError):
        recognise(io.BytesIO(content))
    for container in CHECKED:
        with contextlib.suppress(MediaError):
            check_complete(io.BytesIO(content), container, 0, thorough=True)


def _receive(content: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(content[:100_000])
        with contextlib.suppress(wire.WireError):
            wire.receive(ours, time.monotonic() + 5)


_TARGETS: tuple[Callable[[bytes], None], ...] = (
    lambda content: _read_manifest(".jsonl", content),
    lambda content: _read_manifest(".csv", content),
    lambda content: _read_manifest(".parquet", content),
    _recognise,
    _receive,
)


def one_input(data: bytes) -> None:
    """The first byte chooses the target. An exception that gets through is a finding."""
    if data:
        _TARGETS[data[0] % len(_TARGETS)](data[1:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
