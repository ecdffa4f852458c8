"""CSV manifests, read in constant memory: a row, with the line breaks in its quotes, has the limit of a line."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, BinaryIO

from hushbeam.transforms.base.strict_json import LONGEST_LINE_BYTES
from hushbeam.transforms.read_manifest.formats import HEAD_BYTES, delimiter_of
from hushbeam.transforms.read_manifest.line import ManifestLineError


class _RowTooLongError(Exception):
    """The row exceeds the limit. The rest of its line has been skipped."""


def read_csv(file: BinaryIO) -> Iterator[tuple[int, Mapping[str, Any] | ManifestLineError]]:
    """Yields (number of the last line of a row, column to cell), with an error for each invalid row.

    Cells are separated by commas, semicolons, tabs or vertical bars, as in the header. Cells that a row lacks are None.
    An invalid header gives one error and no rows.
    """
    delimiter = delimiter_of(file.read(HEAD_BYTES))
    file.seek(0)
    lines = _Lines(file)
    rows = csv.reader(lines, strict=True, delimiter=delimiter)
    header: list[str] | None = None
    while True:
        lines.begin_row()
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            reasons = "unclosed quotes, text after quotes, or a cell that is too long"
            yield lines.number, ManifestLineError(f"The line is not valid CSV: {reasons}")
        except _RowTooLongError:
            yield lines.number, ManifestLineError("The line is longer than 1 MiB")
        except UnicodeDecodeError:
            # The rest cannot be split into lines.
            yield lines.number + 1, ManifestLineError("The file is not valid UTF-8 from this line on; save it as UTF-8")
            return
        else:
            if header is not None:
                if any(row):  # spreadsheets end files with rows of commas only
                    yield lines.number, _values(header, row)
                continue
            if not any(row):
                continue
            header = [name.strip() for name in row]
            if wrong := _wrong_header(header):
                yield lines.number, ManifestLineError(wrong)
                return
            continue
        if header is None:
            return


class _Lines(Iterator[str]):
    """Lines of a file, with a limit on the lines of one row."""

    def __init__(self, file: BinaryIO) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        self._left = LONGEST_LINE_BYTES
        self.number = 0

    def begin_row(self) -> None:
        self._left = LONGEST_LINE_BYTES

    def __next__(self) -> str:
        line = self._text.readline(self._left + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self._left -= len(line.encode())
        if self._left < 0:
            while line and not line.endswith(("\n", "\r")):
                line = self._text.readline(LONGEST_LINE_BYTES)
            raise _RowTooLongError
        return line


def _values(header: Sequence[str], row: Sequence[str]) -> Mapping[str, Any] | ManifestLineError:
    if len(row) > len(header):
        return ManifestLineError("The line has more cells than the header; put cells that hold a separator in quotes")
    values: dict[str, Any] = dict.fromkeys(header)
    # Spreadsheets add columns without a name, which are ignored while they are empty.
    values.update((name, cell) for name, cell in zip(header, row, strict=False) if name or cell)
    return values


def _wrong_header(header: Sequence[str]) -> str | None:
    """What is wrong with the names of the columns. Repeats none: a file without a header begins with a recording."""
    if twice := _named_twice(header):
        return f"Columns {twice[0]} and {twice[1]} have the same name"
    if "audio_url" in header:
        return None
    names = [name.lower() for name in header]
    near = get_close_matches("audio_url", names, n=1)
    hint = f"; if column {names.index(near[0]) + 1} is meant, rename it" if near else ", with one column for each key"
    return f"The first line must name the columns, one of them audio_url{hint}"


def _named_twice(header: Sequence[str]) -> tuple[int, int] | None:
    """Positions, from 1, of the first two columns with the same name."""
    for name, count in Counter(filter(None, header)).items():
        if count > 1:
            first = header.index(name)
            return first + 1, header.index(name, first + 1) + 1
    return None
