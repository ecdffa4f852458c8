"""Layout of tables: `TABLE/run_date=YYYY-MM-DD/RUN_ID-NNNN.parquet`.

`run_date` is the UTC date of the rows' `processed_at`. It is a name of folders only: a column of the same name inside
the files would clash with it in pyarrow, pandas and BigQuery.

A name never changes its content. A file that an erasure or an expiry rewrites gets the next version in its name,
`RUN_ID-NNNN.v2.parquet`, and the old one is deleted. Whoever finds both takes the newest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from hushbeam.schemas.delivery import NOTIFICATIONS_SCHEMA
from hushbeam.schemas.failure import ERRORS_SCHEMA
from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA

SCHEMAS = {
    "transcripts": TRANSCRIPTS_SCHEMA,
    "findings": FINDINGS_SCHEMA,
    "errors": ERRORS_SCHEMA,
    "notifications": NOTIFICATIONS_SCHEMA,
}
TABLES = tuple(SCHEMAS)
PARTITION = "run_date"

DELTA_LOG = "_delta_log/"
"""The folder in a table's folder that makes it a Delta table."""

_FILE = re.compile(
    rf"{PARTITION}=(?P<date>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})/(?P<run_id>[^/]+)-(?P<shard>[0-9]{{4,}})"
    r"(\.v(?P<version>[1-9][0-9]*))?\.parquet"
)


class TableFile(NamedTuple):
    """The parts of a table file's name.

    Attributes:
      run_date: UTC date of its rows, `YYYY-MM-DD`.
      shard: Number within the run and the date, from 0.
      version: 1 as the run wrote it; higher if it was rewritten.
    """

    run_date: str
    run_id: str
    shard: int
    version: int = 1

    @property
    def name(self) -> str:
        """Relative to the folder of the table."""
        version = "" if self.version == 1 else f".v{self.version}"
        return f"{PARTITION}={self.run_date}/{self.run_id}-{self.shard:04d}{version}.parquet"


def parse(name: str) -> TableFile | None:
    """The parts of a name relative to the folder of its table; None for a name that no run gives."""
    match = _FILE.fullmatch(name)
    if match is None:
        return None
    return TableFile(match["date"], match["run_id"], int(match["shard"]), int(match["version"] or 1))


def run_of(name: str) -> str | None:
    """The run that wrote a table file of this name, relative to the folder of the table; None for other names."""
    file = parse(name)
    return file and file.run_id


def is_hidden(name: str) -> bool:
    """Whether readers of folders pass a file over, such as the log of a table format in `_delta_log/`."""
    return any(part.startswith(("_", ".")) for part in name.split("/"))


def outdated(names: Iterable[str]) -> set[str]:
    """The names of files of which there is a newer version: an erasure was killed before it deleted them."""
    newest: dict[TableFile, str] = {}
    older: set[str] = set()
    for name in names:
        file = parse(name)
        if file is None:
            continue
        key = file._replace(version=1)
        before = newest.get(key)
        if before is None:
            newest[key] = name
            continue
        is_newer = file.version > (parse(before) or file).version
        older.add(before if is_newer else name)
        if is_newer:
            newest[key] = name
    return older
