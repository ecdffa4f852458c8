"""Parts of a run: a local run of many lines is done by several pipelines, one after the other.

Beam's local runner keeps all that passes between stages, 5 KB a line. Each part has its own pipeline, whose memory is
free at its end. What a later part must know lies in a temporary folder of the run: ids, counts, and lists of files.
"""

from __future__ import annotations

import hashlib
import pickle
import sqlite3
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from hushbeam.schemas.public_urls import without_query
from hushbeam.schemas.recording import Recording
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.archive.tables.file_entry import FileEntry

ListedT = TypeVar("ListedT")

_SHARDS_OF_A_PART = 100
_WAIT_S = 600.0
_TABLE = """
CREATE TABLE IF NOT EXISTS ids (
  name TEXT PRIMARY KEY, part INTEGER, manifest TEXT, line INTEGER, url BLOB, url_without_query BLOB
) WITHOUT ROWID
"""
_FIND = "SELECT part, manifest, line, url, url_without_query FROM ids WHERE name = ?"


class RunPart(NamedTuple):
    """One pipeline's part of a run.

    Attributes:
      number: From 0.
      share: Of all the lines of the run.
      folder: A private folder of this machine, for all parts.
    """

    number: int
    is_last: bool
    share: float
    folder: str

    @property
    def ids(self) -> EarlierIds:
        """The ids of the run so far."""
        return EarlierIds(str(Path(self.folder, "ids")), self.number)

    @property
    def first_shard(self) -> int:
        """The number of the part's first file in each table."""
        return self.number * _SHARDS_OF_A_PART

    @property
    def most_shards(self) -> int:
        """The most files that the part may write in each table."""
        return _SHARDS_OF_A_PART

    def shards(self, of_run: int) -> int:
        """The part's files in each table, of those that the run was told to write."""
        return min(max(1, round(of_run * self.share)), self.most_shards)


class Claim(NamedTuple):
    """Where an id was first.

    Attributes:
      part: The number of the part.
      manifest: Its name.
      line: Its number, or 0.
      url, url_without_query: Digests of the `audio_url`.
    """

    part: int
    manifest: str
    line: int
    url: bytes
    url_without_query: bytes


class EarlierIds:
    """The ids of a run's recordings, in a file that all processes of a run share."""

    def __init__(self, path: str, part: int) -> None:
        self._path = path
        self._part = part
        self._connection: sqlite3.Connection | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"_path": self._path, "_part": self._part, "_connection": None}

    def claim(self, recording: Recording) -> Claim | None:
        """Takes an id for a recording of this part. Returns the recording of an earlier part that has it."""
        own = (
            json_name(recording.recording_id),
            self._part,
            recording.manifest,
            recording.line,
            digest(recording.audio_url),
            digest(without_query(recording.audio_url)),
        )
        ids = self._ids()
        if ids.execute("INSERT OR IGNORE INTO ids VALUES (?, ?, ?, ?, ?, ?)", own).rowcount:
            return None
        found = Claim(*ids.execute(_FIND, own[:1]).fetchone())
        return None if found.part == self._part else found

    def recovered_by(self, name: str, *, is_last: bool) -> bool:
        """Whether this part recovers what a killed run published of a recording: the part that has its line, or the
        last, if none has.

        Args:
          name: Of the recording's files, as `json_name` gives it.
        """
        row = self._ids().execute("SELECT part FROM ids WHERE name = ?", (name,)).fetchone()
        return is_last if row is None else bool(row[0] == self._part)

    def close(self) -> None:
        """Closes the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ids(self) -> sqlite3.Connection:
        if self._connection is None:
            # A bundle may be finished by another thread than it was begun by, but never by two at once.
            self._connection = sqlite3.connect(
                self._path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False
            )
            # Nothing of it outlives the run, so that it need not outlive a crash.
            self._connection.execute("PRAGMA synchronous = OFF")
            self._connection.execute("PRAGMA journal_mode = OFF")
            self._connection.execute(_TABLE)
        return self._connection


def digest(text: str) -> bytes:
    """A short name of a URL, which may be secret."""
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


def listed_once(part: RunPart | None, what: str, listed: Iterable[ListedT]) -> Iterator[ListedT]:
    """What lay in an output root before the run, which a run with parts lists once, not once for each part.

    Args:
      what: Names the list within the run.
      listed: Read only where no earlier part kept it.
    """
    if part is None:
        yield from listed
        return
    kept = Path(part.folder, f"listed-{digest(what).hex()}")
    if not kept.exists():
        unfinished = kept.with_suffix(f".{uuid.uuid4().hex}")
        with unfinished.open("wb") as file:
            for value in listed:
                pickle.dump(value, file)
        unfinished.replace(kept)
    with kept.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)  # noqa: S301 - our own, in a private folder


class PartResults(NamedTuple):
    """What the end of a run must know of a part.

    Attributes:
      totals: Counts of the summary.
      committed: Ids, and whether rows of them may be replaced.
      tables: Written files.
      entries: Packed entries of the ledger.
    """

    totals: Mapping[str, float]
    committed: Iterable[tuple[str, bool]]
    tables: Sequence[tuple[str, FileEntry]]
    entries: Iterable[bytes]


def keep_results(part: RunPart, results: PartResults) -> None:
    """Keeps the results of a part for the last one."""
    kept = PartResults(dict(results.totals), list(results.committed), list(results.tables), list(results.entries))
    _file(part.folder, part.number).write_bytes(pickle.dumps(tuple(kept)))


def with_earlier_results(part: RunPart, last: PartResults) -> PartResults:
    """The results of all parts of a run, in its last part.

    Raises:
      FileNotFoundError: Those of an earlier part are missing.
    """
    totals: Counter[str] = Counter()
    tables: list[tuple[str, FileEntry]] = []
    for number in range(part.number):
        earlier = _kept(part.folder, number)
        totals.update(earlier.totals)
        tables += earlier.tables
    totals.update(last.totals)
    return PartResults(
        totals,
        _Together(part, last.committed, "committed"),
        [*tables, *last.tables],
        _Together(part, last.entries, "entries"),
    )


class _Together(Iterable[Any]):
    """Values of all parts, read again for each iteration, those of one part in memory at a time."""

    def __init__(self, part: RunPart, last: Iterable[Any], name: str) -> None:
        self._part = part
        self._last = last
        self._name = name

    def __iter__(self) -> Iterator[Any]:
        for number in range(self._part.number):
            yield from getattr(_kept(self._part.folder, number), self._name)
        yield from self._last


def _kept(folder: str, number: int) -> PartResults:
    return PartResults(*pickle.loads(_file(folder, number).read_bytes()))  # noqa: S301 - our own, in a private folder


def _file(folder: str, number: int) -> Path:
    return Path(folder, f"results-{number}")
