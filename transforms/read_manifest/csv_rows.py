"""CSV manifests, read in constant memory: a row, with the line breaks in its quotes, has the limit of a line."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from hushbeam.transforms.base.strict_json import LONGEST_LINE_BYTES
from hushbeam.transforms.read_manifest.line import ManifestLineError


class _RowTooLongError(Exception):
    """The row exceeds the limit. The rest of its line has been skipped."""


def read_csv(file: BinaryIO) -> Iterator[tuple[int, Mapping[str, Any] | ManifestLineError]]:
    """Yields (number of the last line of a row, column to cell), with an error for each invalid row.

    Cells that a row lacks are None. An invalid header gives one error and no rows.
    """
    lines = _Lines(file)
    rows = csv.reader(lines, strict=True)
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
            yield lines.number + 1, ManifestLineError("The file is not valid UTF-8 from this line on")
            return
        else:
            if header is not None:
                if any(row):  # spreadsheets end files with rows of commas only
                    yield lines.number, _values(header, row)
                continue
            header = row
            if twice := _named_twice(header):
                yield lines.number, ManifestLineError(f"Columns {twice[0]} and {twice[1]} have the same name")
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
        return ManifestLineError("The line has more cells than the header; quote cells with commas")
    values: dict[str, Any] = dict.fromkeys(header)
    # Spreadsheets add columns without a name, which are ignored while they are empty.
    values.update((name, cell) for name, cell in zip(header, row, strict=False) if name or cell)
    return values


def _named_twice(header: Sequence[str]) -> tuple[int, int] | None:
    """Positions, from 1, of the first two columns with the same name."""
    for name, count in Counter(filter(None, header)).items():
        if count > 1:
            first = header.index(name)
            return first + 1, header.index(name, first + 1) + 1
    return None
