"""LedgerIndex: 56 bytes per committed recording, so that a million fit into a worker.

All fields are hashes: of the status object's name and version, and of what its output was made from. An entry only
counts for the version of the status object that a listing shows, so the index decides nothing by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hushbeam.schemas.media import SourceIdentity
from hushbeam.transforms.archive.hash_ranges import HashRanges
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.file_systems import storage_errors

Reason = Literal["new", "up_to_date", "source", "configuration", "request"]
"""Why a recording is redacted: no output yet, or a change since its output. `up_to_date`: it is not redacted."""

_COLUMNS = ("name", "name_rest", "version", "identity", "identity_rest", "source", "configuration")
_DTYPE = np.dtype([(column, "<u8") for column in _COLUMNS])
_SCHEMA = pa.schema([pa.field(column, pa.uint64(), nullable=False) for column in _COLUMNS])
_ROWS_IN_A_GROUP, _ROWS_AT_ONCE = 1 << 16, 1 << 13

_LOST = 0
"""Placeholder for all digests except the name's, if a status object is missing or unreadable. No digest equals it."""
_ROOT = b"root"
_NO_INDEX = (MissingFileError, pa.ArrowException, OSError, ValueError)
"""What reading a file raises that is missing, or that is no index."""

Entries = NDArray[np.void]
"""Entries of an index: an array of the fields `_COLUMNS`."""

NO_ENTRIES: Entries = np.zeros(0, _DTYPE)


class DamagedIndexError(ValueError):
    """The entries of an index cannot be read."""


@dataclass(frozen=True)
class Facts:
    """What an output is made from.

    Attributes:
      output_identity: Hash of source, request, configuration and models.
      source: Size and version of the recording.
      configuration: Identity of the job's options.
    """

    output_identity: str
    source: str
    configuration: str


def source_facts(source: SourceIdentity) -> str:
    """The value of `Facts.source`. The URL belongs to the request."""
    return f"{source.size_bytes} {source.version}"


def entries_of(names: Sequence[str], versions: Sequence[str], facts: Sequence[Facts]) -> Entries:
    """An entry for each status object. Versions that are not known yet may be empty."""
    entries = np.zeros(len(names), _DTYPE)
    entries["name"], entries["name_rest"] = digests(names)
    entries["version"] = digests(versions)[0]
    entries["identity"], entries["identity_rest"] = digests([each.output_identity for each in facts])
    entries["source"] = digests([each.source for each in facts])[0]
    entries["configuration"] = digests([each.configuration for each in facts])[0]
    return entries


def lost_entries(names: Sequence[str]) -> Entries:
    """An entry for each status object that is missing or unreadable. Tables may hold rows of its recording."""
    entries = np.zeros(len(names), _DTYPE)
    entries["name"], entries["name_rest"] = digests(names)
    return entries


class LedgerIndex:
    """Entries by name.

    Attributes:
      root: The output root that they were written for; None if unknown.
    """

    def __init__(self, entries: Entries, root: str | None = None) -> None:
        self.root = root
        names = np.ascontiguousarray(entries["name"])
        is_sorted = bool(np.all(names[1:] >= names[:-1]))
        self._entries = entries if is_sorted else _sorted(entries.copy())
        self._names = names if is_sorted else np.ascontiguousarray(self._entries["name"])

    @classmethod
    def unpacked(cls, packs: Iterable[bytes], root: str | None = None) -> LedgerIndex:
        """The index of packed entries."""
        joined = bytearray()
        for packed in packs:
            joined += packed
        # All entries are in memory once, also while they are sorted.
        return cls(_sorted(np.frombuffer(joined, _DTYPE)), root)

    @classmethod
    def of_names(cls, names: Sequence[str]) -> LedgerIndex:
        """An index that only knows names."""
        return cls(lost_entries(names))

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> Entries:
        """All entries, in the order of their names."""
        return self._entries

    def reason(self, recording_id: str, facts: Facts) -> Reason:
        """Why a recording is redacted, or that its output is up to date."""
        found = self._place(json_name(recording_id))
        if found < 0 or self._entries["identity"][found] == _LOST:
            return "new"
        committed, (current,) = self._entries[found], entries_of([""], [""], [facts])
        if committed["identity"] == current["identity"] and committed["identity_rest"] == current["identity_rest"]:
            return "up_to_date"
        if committed["source"] != current["source"]:
            return "source"
        return "configuration" if committed["configuration"] != current["configuration"] else "request"

    def has_traces(self, recording_id: str) -> bool:
        """Whether a recording has or had an output, so that tables may hold rows of it."""
        return self._place(json_name(recording_id)) >= 0

    def lost(self, chosen: NDArray[np.bool_]) -> Entries:
        """Lost entries for the chosen ones (a mask over all entries)."""
        lost = np.zeros(int(chosen.sum()), _DTYPE)
        for column in ("name", "name_rest"):
            lost[column] = self._entries[column][chosen]
        return lost

    def has(self, entries: Entries) -> NDArray[np.bool_]:
        """A mask of the entries whose names the index has."""
        return self._places(entries["name"], entries["name_rest"]) >= 0

    def find(self, names: Sequence[str]) -> NDArray[np.intp]:
        """The position of each status object's entry, or -1."""
        return self._places(*digests(names))

    def known(self, names: Sequence[str], versions: Sequence[str]) -> tuple[Entries, NDArray[np.bool_]]:
        """Entries of the status objects that the index has in this very version, and a mask of them."""
        places = self.find(names)
        versions_then = np.zeros(len(names), "<u8")
        versions_then[places >= 0] = self._entries["version"][places[places >= 0]]
        same = (places >= 0) & (versions_then == digests(versions)[0]) & (versions_then != _LOST)
        return self._entries[places[same]], same

    def versioned(self, names: Sequence[str], versions: Sequence[str]) -> tuple[Entries, NDArray[np.bool_]]:
        """Entries of the status objects that the index has, with the given versions, and a mask of them."""
        places = self.find(names)
        there = places >= 0
        entries = self._entries[places[there]]
        entries["version"] = digests(versions)[0][there]
        return entries, there

    def _place(self, name: str) -> int:
        """As `find`, which takes twice as long for a single name."""
        (high,), (low,) = digests([name])
        place = int(np.searchsorted(self._names, high))
        while place < len(self) and self._names[place] == high:
            if self._entries["name_rest"][place] == low:
                return place
            place += 1
        return -1

    def _places(self, high: NDArray[np.uint64], low: NDArray[np.uint64]) -> NDArray[np.intp]:
        """The position of the entry of each name, or -1, by the halves of the name's digest."""
        found, left = np.full(len(high), -1, np.intp), np.arange(len(high))
        places = np.searchsorted(self._names, high)
        while len(left := left[places[left] < len(self)]):
            left = left[self._names[places[left]] == high[left]]
            is_found = self._entries["name_rest"][places[left]] == low[left]
            found[left[is_found]] = places[left[is_found]]
            left = left[~is_found]
            places[left] += 1  # another name with the same first half
        return found


def pack(entries: Entries) -> bytes:
    """Entries as bytes, to send between workers."""
    return entries.tobytes()


def unpack(packed: bytes) -> Entries:
    """The inverse of `pack`."""
    return np.frombuffer(packed, _DTYPE)


class IndexFacts(NamedTuple):
    """What an index says without its entries.

    Attributes:
      entries: Their number; 0 without an index.
      root: The output root that they were written for; None if unknown.
    """

    entries: int
    root: str | None


def facts_of_index(url: str) -> IndexFacts:
    """The facts of the index in a file, which may still turn out to be damaged."""
    try:
        with files.open_read(url) as stream, pq.ParquetFile(stream) as table:
            if _is_index(table):
                return IndexFacts(table.metadata.num_rows, _root_in(table))
    except _NO_INDEX:  # a failing store raises StorageError
        pass
    return IndexFacts(0, None)


def entries_in_index(url: str) -> Iterator[Entries]:
    """The entries of the index in a file, some thousands at a time; none if the file is missing or of another version.

    Raises:
      DamagedIndexError: The file is damaged, and other entries may have been given before.
    """
    try:
        with files.open_read(url) as stream, pq.ParquetFile(stream) as table:
            for group in range(table.num_row_groups if _is_index(table) else 0):
                rows = table.read_row_group(group, use_threads=False)
                yield from (_from_table(rows.slice(at, _ROWS_AT_ONCE)) for at in range(0, len(rows), _ROWS_AT_ONCE))
    except MissingFileError:
        return
    except _NO_INDEX:
        raise DamagedIndexError("the index of the ledger is damaged") from None


def read_index(url: str) -> LedgerIndex:
    """The index in a file; empty if the file is missing, damaged or of another version."""
    try:
        return LedgerIndex.unpacked(map(pack, entries_in_index(url)), facts_of_index(url).root)
    except DamagedIndexError:
        return LedgerIndex(NO_ENTRIES)  # all status objects are read again


def write_index(url: str, parts: Iterable[Entries], root: str) -> None:
    """Writes the whole index of an output root, sorted by name, in memory that does not grow with it."""
    with TemporaryFolder() as folder:
        ranges = HashRanges(Path(folder, "entries"), NO_ENTRIES)
        for entries in parts:
            ranges.add(entries["name"], entries)
        written = Path(folder, "index")
        schema = _SCHEMA.with_metadata({_ROOT: root.encode()})
        with (
            storage_errors(folder, "write"),
            pq.ParquetWriter(written, schema, compression="none", use_dictionary=False) as writer,
        ):
            for group in _groups(_sorted(entries) for entries in ranges):
                columns = [pa.array(np.concatenate([part[column] for part in group])) for column in _COLUMNS]
                writer.write_table(pa.table(columns, schema=schema))
        files.upload_file(written, url)


def _groups(parts: Iterable[Entries]) -> Iterator[list[Entries]]:
    """The same entries in lists of parts, each of `_ROWS_IN_A_GROUP` entries, and one of those that are left."""
    group: list[Entries] = []
    missing = _ROWS_IN_A_GROUP
    for part in parts:
        left = part
        while len(left) >= missing:
            yield [*group, left[:missing]]
            left, group, missing = left[missing:], [], _ROWS_IN_A_GROUP
        group.append(left)
        missing -= len(left)
    if missing < _ROWS_IN_A_GROUP:
        yield group


def _sorted(entries: Entries) -> Entries:
    """Sorts entries by name, in their place: one column at a time is in memory twice."""
    order = np.argsort(entries["name"], kind="stable")
    for column in _COLUMNS:
        entries[column] = entries[column][order]
    return entries


def facts_of(certificate: Mapping[str, Any], output_identity: str) -> Facts:
    """The facts in a status object's certificate. Without a certificate, the reason for a change is less exact."""
    source = certificate.get("source")
    source = source if isinstance(source, Mapping) else {}
    known = f"{source.get('size_bytes')} {source.get('version')}"
    return Facts(output_identity, known, str(certificate.get("configuration_id")))


def _is_index(table: pq.ParquetFile) -> bool:
    return bool(table.schema_arrow.names == list(_COLUMNS))


def _root_in(table: pq.ParquetFile) -> str | None:
    return (table.schema_arrow.metadata or {}).get(_ROOT, b"").decode() or None


def _from_table(table: pa.Table) -> Entries:
    entries = np.zeros(len(table), _DTYPE)
    for column in _COLUMNS:
        entries[column] = table[column].to_numpy()
    return entries


def digests(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The two halves of the digest of each text."""
    joined = b"".join(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts)
    halves = np.frombuffer(joined, "<u8").reshape(-1, 2)
    return halves[:, 0], halves[:, 1]
