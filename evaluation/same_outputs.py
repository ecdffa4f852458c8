"""Compares two output roots of the same manifests: `python -m evaluation.same_outputs before/ after/`.

Moves and renames of code must leave what is published as it was. Compared are the bytes of recordings and captions, and
the rows of tables but for what names a run or a place: run ids, times of the clock, URLs' folders, signatures.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

_FILES = ("audio", "captions")
_TABLES = ("transcripts", "findings", "errors")
_OF_THE_RUN = frozenset({"run_id", "redacted_audio_url", "captions", "configuration", "timings", "time", "ended_at"})


def main() -> int:
    """Prints what differs. Exit status 1 where anything does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--ignore", nargs="*", default=[], help="columns that were renamed or whose identities changed")
    given = parser.parse_args()
    ignored = _OF_THE_RUN | frozenset(given.ignore)
    before, after = (contents(root, ignored) for root in (given.before, given.after))
    differing = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    print(*(f"differs: {name}" for name in differing), sep="\n")
    print(f"{len(before)} files and rows before, {len(after)} after, {len(differing)} differ")
    return 1 if differing or not before else 0


def contents(root: Path, ignored: frozenset[str]) -> dict[str, str]:
    """The checksum of each file that is compared, and of each recording's rows of a table."""
    found = {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in _FILES
        for path in sorted((root / folder).rglob("*"))
        if path.is_file()
    }
    for table in _TABLES:
        for name, rows in _rows(root / table, ignored):
            found[f"{table} of {name}"] = hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()
    return found


def _rows(folder: Path, ignored: frozenset[str]) -> Iterator[tuple[str, list[str]]]:
    by_recording: dict[str, list[str]] = {}
    files = [str(path) for path in folder.rglob("*.parquet")]
    for row in ds.dataset(files).to_table().to_pylist() if files else []:
        by_recording.setdefault(row["recording_id"], []).append(json.dumps(_kept(row, ignored), sort_keys=True))
    yield from by_recording.items()


def _kept(value: Any, ignored: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {key: _kept(part, ignored) for key, part in value.items() if key not in ignored}
    if isinstance(value, list):
        return [_kept(part, ignored) for part in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


if __name__ == "__main__":
    sys.exit(main())
