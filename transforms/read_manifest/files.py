"""Manifest files: JSON, CSV and Parquet, read line by line in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.strict_json import LONGEST_LINE_BYTES, UnusableJsonError, parsed_json
from hushbeam.transforms.read_manifest.csv_rows import read_csv
from hushbeam.transforms.read_manifest.formats import HEAD_BYTES, SUFFIXES, Format, format_by_content, format_by_name
from hushbeam.transforms.read_manifest.line import ManifestLineError
from hushbeam.transforms.read_manifest.parquet import read_parquet
from hushbeam.transforms.storage.files import open_read

LARGEST_DOCUMENT_BYTES = 4 << 20
"""Limit for JSON that is not written line by line: it is parsed as a whole."""

Line = tuple[int, Mapping[str, Any] | ManifestLineError]
"""Number of a line from 1, and its keys and values, or what is wrong with it."""


def read_lines(manifest: str) -> Iterator[Line]:
    """Yields (line number from 1, key to value) for every line, with an error for each invalid line.

    Blank lines are skipped. The header of a CSV file is line 1; Parquet rows, and objects in a JSON array, count
    from 1. A file without a line yields nothing.

    Raises:
      ConfigurationError: Neither the name nor the content is that of a manifest.
    """
    kind = format_by_name(manifest)
    with open_read(manifest) as file:
        if kind is None:
            kind = format_by_content(file.read(HEAD_BYTES))
            file.seek(0)
        match kind:
            case Format.TABLE:
                yield from read_csv(file)
            case Format.PARQUET:
                yield from read_parquet(file)
            case Format.JSON:
                yield from _read_json(file)
            case _ if not file.read(HEAD_BYTES).strip() and not file.read(1):
                return  # nothing was written to standard input, which has no name that would state a format
            case _:
                raise ConfigurationError(f"--manifest: expected a file that ends in one of {', '.join(SUFFIXES)}")


def _read_json(file: BinaryIO) -> Iterator[Line]:
    first = file.readline(LONGEST_LINE_BYTES + 1).removeprefix(b"\xef\xbb\xbf").strip()
    file.seek(0)
    # An object over several lines, as people save a request body, or an array of them.
    spreads = first in (b"{", b"[")
    if spreads or first.startswith(b"["):
        document = file.read(LARGEST_DOCUMENT_BYTES + 1)
        file.seek(0)
        entries = _entries(document)
        if spreads or not isinstance(entries, ManifestLineError):
            if isinstance(entries, ManifestLineError):
                yield 1, entries
            else:
                yield from ((number, _object(entry)) for number, entry in enumerate(entries, 1))
            return
    yield from _read_json_lines(file)


def _entries(document: bytes) -> list[Any] | ManifestLineError:
    """The objects of a file that holds one object or an array."""
    if len(document) > LARGEST_DOCUMENT_BYTES:
        limit = LARGEST_DOCUMENT_BYTES >> 20
        return ManifestLineError(f"The file is one JSON text of more than {limit} MiB; write one object a line")
    parsed = _parsed(document)
    if isinstance(parsed, ManifestLineError):
        return ManifestLineError(str(parsed).replace("The line", "The file", 1))
    return parsed if isinstance(parsed, list) else [parsed]


def _read_json_lines(file: BinaryIO) -> Iterator[Line]:
    number = 0
    while raw := file.readline(LONGEST_LINE_BYTES + 1):
        number += 1
        if len(raw) > LONGEST_LINE_BYTES:
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(LONGEST_LINE_BYTES)
            yield number, ManifestLineError("The line is longer than 1 MiB")
            continue
        if raw.strip():
            yield number, _object(_parsed(raw))


def _parsed(raw: bytes) -> Any:
    """The JSON value, or a `ManifestLineError`."""
    try:
        return parsed_json(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return ManifestLineError("The line is not valid UTF-8")
    except UnusableJsonError as error:
        return ManifestLineError(f"The line is not usable JSON: {error}")


def _object(values: Any) -> Mapping[str, Any] | ManifestLineError:
    if isinstance(values, dict | ManifestLineError):
        return values
    return ManifestLineError("The line is not a JSON object {...} for one recording")
