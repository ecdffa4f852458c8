"""Manifest files: JSON Lines, CSV and Parquet, read line by line in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.strict_json import LONGEST_LINE_BYTES, UnusableJsonError, parsed_json
from hushbeam.transforms.read_manifest.csv_rows import read_csv
from hushbeam.transforms.read_manifest.line import ManifestLineError
from hushbeam.transforms.read_manifest.parquet import read_parquet
from hushbeam.transforms.storage.files import open_read

SUFFIXES = (".jsonl", ".json", ".ndjson", ".csv", ".parquet")


def read_lines(manifest: str) -> Iterator[tuple[int, Mapping[str, Any] | ManifestLineError]]:
    """Yields (line number from 1, key to value) for every line, with an error for each invalid line.

    Blank lines are skipped. The header of a CSV file is line 1; Parquet rows count from 1.

    Raises:
      ConfigurationError: The name does not end in one of `SUFFIXES`.
    """
    suffix = PurePosixPath(manifest.split("?", 1)[0]).suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigurationError(f"--manifest: expected a file that ends in one of {', '.join(SUFFIXES)}")
    with open_read(manifest) as file:
        if suffix == ".csv":
            yield from read_csv(file)
        elif suffix == ".parquet":
            yield from read_parquet(file)
        else:
            yield from _read_json_lines(file)


def _read_json_lines(file: BinaryIO) -> Iterator[tuple[int, Mapping[str, Any] | ManifestLineError]]:
    number = 0
    while raw := file.readline(LONGEST_LINE_BYTES + 1):
        number += 1
        if len(raw) > LONGEST_LINE_BYTES:
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(LONGEST_LINE_BYTES)
            yield number, ManifestLineError("The line is longer than 1 MiB")
            continue
        if raw.strip():
            yield number, _parse_json(raw)


def _parse_json(raw: bytes) -> Mapping[str, Any] | ManifestLineError:
    try:
        values = parsed_json(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return ManifestLineError("The line is not valid UTF-8")
    except UnusableJsonError as error:
        return ManifestLineError(f"The line is not usable JSON: {error}")
    if not isinstance(values, dict):
        return ManifestLineError("The line is not a JSON object {...} for one recording")
    return values
