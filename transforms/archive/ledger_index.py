"""LedgerIndex: 56 bytes per committed recording, so that a million fit into a worker.

All fields are hashes: of the status object's name and version, and of what its output was made from. An entry only
counts for the version of the status object that a listing shows, so the index decides nothing by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hushbeam.schemas.media import SourceIdentity
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError

Reason = Literal["new", "up_to_date", "source", "configuration", "request"]
"""Why a recording is redacted: no output yet, or a change since its output. `up_to_date`: it is not redacted."""

_COLUMNS = ("name", "name_rest", "version", "identity", "identity_rest", "source", "configuration")
_DTYPE = np.dtype([(column, "<u8") for column in _COLUMNS])
_SCHEMA = pa.schema([pa.field(column, pa.uint64(), nullable=False) for column in _COLUMNS])
_ROWS_IN_A_GROUP = 1 << 16

_LOST = 0
"""Placeholder for all digests except the name's, if a status object is missing or unreadable. No digest equals it."""
_ROOT = b"root"
_NO_INDEX = (MissingFileError, pa.ArrowException, OSError, ValueError)
"""What reading a file raises that is missing, or that is no index."""

Entries = NDArray[np.void]
"""Entries of an index: an array of the fields `_COLUMNS`."""


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
    entries["name"], entries["name_rest"] = _digests(names)
    entries["version"] = _digests(versions)[0]
    entries["identity"], entries["identity_rest"] = _digests([each.output_identity for each in facts])
    entries["source"] = _digests([each.source for each in facts])[0]
    entries["configuration"] = _digests([each.configuration for each in facts])[0]
    return entries


def lost_entries(names: Sequence[str]) -> Entries:
    """An entry for each status object that is missing or unreadable. Tables may hold rows of its recording."""
    entries = np.zeros(len(names), _DTYPE)
    entries["name"], entries["name_rest"] = _digests(names)
    return entries


class LedgerIndex:
    """Entries by name.

    Attributes:
      root: The output root that they were written for; None if unknown.
    """

    def __init__(self, entries: Entries, root: str | None = None) -> None:
        self.root = root
        self._entries = entries[np.argsort(entries["name"], kind="stable")]
        self._names = np.ascontiguousarray(self._entries["name"])

    @classmethod
    def unpacked(cls, packs: Iterable[bytes]) -> LedgerIndex:
        """The index of packed entries."""
        return cls(np.concatenate([np.zeros(0, _DTYPE), *(np.frombuffer(pack, _DTYPE) for pack in packs)]))

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> Entries:
        """All entries, in the order of their names."""
        return self._entries

    def reason(self, recording_id: str, facts: Facts) -> Reason:
        """Why a recording is redacted, or that its output is up to date."""
        (found,) = self.find([json_name(recording_id)])
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
        return bool(self.find([json_name(recording_id)])[0] >= 0)

    def lost(self, chosen: NDArray[np.bool_]) -> Entries:
        """Lost entries for the chosen ones (a mask over all entries)."""
        lost = np.zeros(int(chosen.sum()), _DTYPE)
        for column in ("name", "name_rest"):
            lost[column] = self._entries[column][chosen]
        return lost

    def without(self, names: Sequence[str]) -> LedgerIndex:
        """The index without the status objects of these names."""
        places = self.find(names)
        kept = np.ones(len(self), bool)
        kept[places[places >= 0]] = False
        return LedgerIndex(self._entries[kept], self.root)

    def find(self, names: Sequence[str]) -> NDArray[np.intp]:
        """The position of each status object's entry, or -1."""
        high, low = _digests(names)
        places = np.searchsorted(self._names, high)
        found = np.full(len(names), -1, np.intp)
        for row, start in enumerate(places):
            place = int(start)
            while place < len(self._names) and self._names[place] == high[row]:
                if self._entries["name_rest"][place] == low[row]:
                    found[row] = place
                    break
                place += 1
        return found

    def known(self, names: Sequence[str], versions: Sequence[str]) -> tuple[Entries, NDArray[np.bool_]]:
        """Entries of the status objects that the index has in this very version, and a mask of them."""
        places = self.find(names)
        versions_then = np.zeros(len(names), "<u8")
        versions_then[places >= 0] = self._entries["version"][places[places >= 0]]
        same = (places >= 0) & (versions_then == _digests(versions)[0]) & (versions_then != _LOST)
        return self._entries[places[same]], same

    def versioned(self, names: Sequence[str], versions: Sequence[str]) -> tuple[Entries, NDArray[np.bool_]]:
        """Entries of the status objects that the index has, with the given versions, and a mask of them."""
        places = self.find(names)
        there = places >= 0
        entries = self._entries[places[there]]
        entries["version"] = _digests(versions)[0][there]
        return entries, there


def pack(entries: Entries) -> bytes:
    """Entries as bytes, to send between workers."""
    return entries.tobytes()


def read_index(url: str) -> LedgerIndex:
    """The index in a file; empty if the file is missing, damaged or of another version."""
    parts: list[Entries] = []
    root: str | None = None
    try:
        with files.open_read(url) as stream, pq.ParquetFile(stream) as table:
            if _is_index(table):
                parts = [_from_table(table.read_row_group(group)) for group in range(table.num_row_groups)]
                root = _root_in(table)
    except _NO_INDEX:  # a failing store raises StorageError
        parts, root = [], None  # all status objects are read again
    return LedgerIndex(np.concatenate([np.zeros(0, _DTYPE), *parts]), root)


def root_of_index(url: str) -> str | None:
    """The root that the index in a file names, without its entries; None for a file that holds no index."""
    try:
        with files.open_read(url) as stream, pq.ParquetFile(stream) as table:
            return _root_in(table) if _is_index(table) else None
    except _NO_INDEX:
        return None


def write_index(url: str, parts: Iterable[Entries], root: str) -> None:
    """Writes the whole index of an output root, sorted by name."""
    files.write_bytes(url, _as_parquet(parts, root).to_pybytes())


def _as_parquet(parts: Iterable[Entries], root: str) -> pa.Buffer:
    """The file's content. Of a large archive, it and the entries of this function are in memory once."""
    entries = np.concatenate([np.zeros(0, _DTYPE), *parts])
    order = np.argsort(entries["name"], kind="stable")
    sink = pa.BufferOutputStream()
    schema = _SCHEMA.with_metadata({_ROOT: root.encode()})
    with pq.ParquetWriter(sink, schema, compression="none", use_dictionary=False) as writer:
        for start in range(0, len(entries), _ROWS_IN_A_GROUP):
            group = entries[order[start : start + _ROWS_IN_A_GROUP]]
            columns = [pa.array(np.ascontiguousarray(group[column])) for column in _COLUMNS]
            writer.write_table(pa.table(columns, schema=schema))
    return sink.getvalue()


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


def _digests(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    joined = b"".join(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts)
    halves = np.frombuffer(joined, "<u8").reshape(-1, 2)
    return halves[:, 0], halves[:, 1]
