"""Compares two output roots of the same manifests: `python -m evaluation.same_outputs before/ after/`.

A change that only moves or renames code must leave what is published as it was. Compared are the bytes of recordings
and captions, and the rows of tables, but for what names a run or a place.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

_FILES = ("audio", "captions")
_TABLES = ("transcripts", "findings", "errors")
_OF_THE_RUN = frozenset({"run_id", "processed_at", "audio_url", "redacted_audio_url"})
_IN_FILE_NAMES = re.compile(r"\.[0-9a-f]{12}(?=\.[a-z0-9]+$)")


def main() -> int:
    """Prints what differs. Exit status 1 where anything does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument(
        "--renamed", nargs="*", default=[], metavar="OLD=NEW", help="columns that have another name after"
    )
    parser.add_argument(
        "--ignored", nargs="*", default=[], metavar="COLUMN", help="columns that are expected to differ"
    )
    given = parser.parse_args()
    names = dict(pair.split("=") for pair in given.renamed)
    left_out = _OF_THE_RUN | frozenset(given.ignored)
    before, after = contents(given.before, names, left_out), contents(given.after, {}, left_out)
    differing = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    print(*(f"differs: {name}" for name in differing), sep="\n")
    print(f"{len(before)} files and rows before, {len(after)} after, {len(differing)} differ")
    return 1 if differing or not before else 0


def contents(root: Path, renamed: Mapping[str, str], left_out: frozenset[str]) -> dict[str, str]:
    """The checksum of each file that is compared, and of each recording's rows of a table."""
    found = {
        _IN_FILE_NAMES.sub("", path.relative_to(root).as_posix()): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in _FILES
        for path in sorted((root / folder).rglob("*"))
        if path.is_file()
    }
    for table in _TABLES:
        for name, rows in _rows(root / table, renamed, left_out):
            found[f"{table} of {name}"] = hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()
    return found


def _rows(folder: Path, renamed: Mapping[str, str], left_out: frozenset[str]) -> Iterator[tuple[str, list[str]]]:
    by_recording: dict[str, list[str]] = {}
    files = [str(path) for path in folder.rglob("*.parquet")]
    for row in ds.dataset(files).to_table().to_pylist() if files else []:
        by_recording.setdefault(row["recording_id"], []).append(
            json.dumps(_kept(row, renamed, left_out), sort_keys=True)
        )
    yield from by_recording.items()


def _kept(value: Any, renamed: Mapping[str, str], left_out: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {
            renamed.get(key, key): _kept(part, renamed, left_out) for key, part in value.items() if key not in left_out
        }
    if isinstance(value, list):
        return [_kept(part, renamed, left_out) for part in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


if __name__ == "__main__":
    sys.exit(main())
