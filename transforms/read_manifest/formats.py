"""Formats of manifests, recognised by the file's name, or else by its first bytes."""

from __future__ import annotations

import csv
from enum import StrEnum
from pathlib import PurePosixPath

HEAD_BYTES = 4096
"""First bytes of a file by which its format is recognised."""

_DELIMITERS = (",", ";", "\t", "|")
_URL = "audio_url"


class Format(StrEnum):
    """Format of a manifest."""

    JSON = "JSON"
    TABLE = "CSV"
    PARQUET = "Parquet"


_BY_SUFFIX = {
    ".jsonl": Format.JSON,
    ".ndjson": Format.JSON,
    ".json": Format.JSON,
    ".csv": Format.TABLE,
    ".tsv": Format.TABLE,
    ".parquet": Format.PARQUET,
}
SUFFIXES = tuple(_BY_SUFFIX)


def format_by_name(location: str) -> Format | None:
    """The format that the end of a name states; None for other ends. A query does not count."""
    return _BY_SUFFIX.get(PurePosixPath(location.split("?", 1)[0]).suffix.lower())


def format_by_content(head: bytes) -> Format | None:
    """The format of a manifest that begins with these bytes; None if they begin no manifest."""
    if head.startswith(b"PAR1"):
        return Format.PARQUET
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        return Format.JSON
    return Format.TABLE if _delimiter(head) else None


def names_recordings(head: bytes) -> bool:
    """Whether a file that begins with these bytes surely is a manifest, not another file of JSON or of cells."""
    match format_by_content(head):
        case Format.JSON:
            return b'"audio_url"' in head
        case Format.TABLE:
            return True
        case _:
            return False  # the columns of a Parquet file are named at its end


def delimiter_of(head: bytes) -> str:
    """What separates the cells of a CSV file: the character with which its first line names `audio_url`, or a comma."""
    return _delimiter(head) or ","


def _delimiter(head: bytes) -> str | None:
    first = head.decode("utf-8-sig", "replace").lstrip("\r\n").partition("\n")[0].rstrip("\r")
    for delimiter in _DELIMITERS:
        try:
            cells = next(csv.reader([first], delimiter=delimiter), [])
        except csv.Error:
            continue
        if _URL in map(str.strip, cells):
            return delimiter
    return None
