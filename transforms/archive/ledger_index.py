"""What a run must know of every committed recording, in 56 bytes each, so that a million fit into a worker.

Everything is a hash: of the status object's name and version, and of what its output followed from. An index answers
nothing by itself: an entry counts only for the version of the status object that a listing shows.
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
"""Why a recording is redacted: it has no output yet, or what changed since its output; `up_to_date`: no reason."""

_COLUMNS = ("name", "name_rest", "version", "identity", "identity_rest", "source", "configuration")
_DTYPE = np.dtype([(column, "<u8") for column in _COLUMNS])
_SCHEMA = pa.schema([pa.field(column, pa.uint64(), nullable=False) for column in _COLUMNS])
_ROWS_IN_A_GROUP = 1 << 16

_LOST = 0
"""In the place of all digests but the name's, where a status object is gone or cannot be read. No digest is that."""
_ROOT = b"root"

Entries = NDArray[np.void]
"""Entries of an index: an array of the fields `_COLUMNS`."""


@dataclass(frozen=True)
class Facts:
    """What an output followed from.

    Attributes:
      output_identity: Hash over all of it.
      source: Size and version of the recording.
      configuration: Of the job.
    """

    output_identity: str
    source: str
    configuration: str


def source_facts(source: SourceIdentity) -> str:
    """For `Facts.source`. The URL is a part of the request."""
    return f"{source.size_bytes} {source.version}"


def entries_of(names: Sequence[str], versions: Sequence[str], facts: Sequence[Facts]) -> Entries:
    """One entry for each status object. The versions may be left empty where they are not known yet."""
    entries = np.zeros(len(names), _DTYPE)
    entries["name"], entries["name_rest"] = _digests(names)
    entries["version"] = _digests(versions)[0]
    entries["identity"], entries["identity_rest"] = _digests([each.output_identity for each in facts])
    entries["source"] = _digests([each.source for each in facts])[0]
    entries["configuration"] = _digests([each.configuration for each in facts])[0]
    return entries


def lost_entries(names: Sequence[str]) -> Entries:
    """One entry for each status object that was there, or is, and says nothing: of its recording there may be rows."""
    entries = np.zeros(len(names), _DTYPE)
    entries["name"], entries["name_rest"] = _digests(names)
    return entries


class LedgerIndex:
    """Entries by name.

    Attributes:
      root: The output root that they were written for, where it is known.
    """

    def __init__(self, entries: Entries, root: str | None = None) -> None:
        self.root = root
        self._entries = entries[np.argsort(entries["name"], kind="stable")]
        self._names = np.ascontiguousarray(self._entries["name"])

    @classmethod
    def unpacked(cls, packs: Iterable[bytes]) -> LedgerIndex:
        """Of `pack`ed entries."""
        return cls(np.concatenate([np.zeros(0, _DTYPE), *(np.frombuffer(pack, _DTYPE) for pack in packs)]))

    def __len__(self) -> int:
        return len(self._entries)

    def reason(self, recording_id: str, facts: Facts) -> Reason:
        """Why a recording is redacted, or that its output is up to date."""
        (found,) = self.find([json_name(recording_id)])
        if found < 0 or self._entries["identity"][found] == _LOST:
            return "new"
        committed, (asked,) = self._entries[found], entries_of([""], [""], [facts])
        if committed["identity"] == asked["identity"] and committed["identity_rest"] == asked["identity_rest"]:
            return "up_to_date"
        if committed["source"] != asked["source"]:
            return "source"
        return "configuration" if committed["configuration"] != asked["configuration"] else "request"

    def has_traces(self, recording_id: str) -> bool:
        """Whether there is or was an output of a recording, so that tables may hold rows of it."""
        return bool(self.find([json_name(recording_id)])[0] >= 0)

    def lost(self, chosen: NDArray[np.bool_]) -> Entries:
        """Entries, chosen by their place, of status objects that are gone."""
        lost = np.zeros(int(chosen.sum()), _DTYPE)
        for column in ("name", "name_rest"):
            lost[column] = self._entries[column][chosen]
        return lost

    def without(self, names: Sequence[str]) -> LedgerIndex:
        """The index without some status objects."""
        places = self.find(names)
        kept = np.ones(len(self), bool)
        kept[places[places >= 0]] = False
        return LedgerIndex(self._entries[kept], self.root)

    def find(self, names: Sequence[str]) -> NDArray[np.intp]:
        """The place of each status object's entry, or -1."""
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
        """The entries of those status objects whose version is the index's, and which ones these are."""
        places = self.find(names)
        versions_then = np.zeros(len(names), "<u8")
        versions_then[places >= 0] = self._entries["version"][places[places >= 0]]
        same = (places >= 0) & (versions_then == _digests(versions)[0]) & (versions_then != _LOST)
        return self._entries[places[same]], same

    def versioned(self, names: Sequence[str], versions: Sequence[str]) -> tuple[Entries, NDArray[np.bool_]]:
        """The entries of those status objects that the index has in any version, in the version given."""
        places = self.find(names)
        there = places >= 0
        entries = self._entries[places[there]]
        entries["version"] = _digests(versions)[0][there]
        return entries, there


def pack(entries: Entries) -> bytes:
    """Entries as they travel between workers."""
    return entries.tobytes()


def read_index(url: str) -> LedgerIndex:
    """The index in a file; an empty one where there is none, or one that is damaged or of another version."""
    parts: list[Entries] = []
    root: str | None = None
    try:
        with files.open_read(url) as stream, pq.ParquetFile(stream) as table:
            if table.schema_arrow.names == list(_COLUMNS):
                parts = [_from_table(table.read_row_group(group)) for group in range(table.num_row_groups)]
                root = (table.schema_arrow.metadata or {}).get(_ROOT, b"").decode() or None
    except (MissingFileError, pa.ArrowException, OSError, ValueError):  # ours would be a StorageError
        parts, root = [], None  # everything is read once more
    return LedgerIndex(np.concatenate([np.zeros(0, _DTYPE), *parts]), root)


def write_index(url: str, parts: Iterable[Entries], root: str) -> None:
    """Writes the index of an output root as a whole, in the order of names."""
    entries = np.concatenate([np.zeros(0, _DTYPE), *parts])
    entries = entries[np.argsort(entries["name"], kind="stable")]
    sink = pa.BufferOutputStream()
    schema = _SCHEMA.with_metadata({_ROOT: root.encode()})
    with pq.ParquetWriter(sink, schema, compression="none", use_dictionary=False) as writer:
        for start in range(0, len(entries), _ROWS_IN_A_GROUP):
            group = entries[start : start + _ROWS_IN_A_GROUP]
            columns = [pa.array(np.ascontiguousarray(group[column])) for column in _COLUMNS]
            writer.write_table(pa.table(columns, schema=schema))
    files.write_bytes(url, sink.getvalue().to_pybytes())


def facts_of(certificate: Mapping[str, Any], output_identity: str) -> Facts:
    """From a status object. One without a certificate says less of what changed, and is compared all the same."""
    source = certificate.get("source")
    source = source if isinstance(source, Mapping) else {}
    known = f"{source.get('size_bytes')} {source.get('version')}"
    return Facts(output_identity, known, str(certificate.get("configuration")))


def _from_table(table: pa.Table) -> Entries:
    entries = np.zeros(len(table), _DTYPE)
    for column in _COLUMNS:
        entries[column] = table[column].to_numpy()
    return entries


def _digests(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    joined = b"".join(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts)
    halves = np.frombuffer(joined, "<u8").reshape(-1, 2)
    return halves[:, 0], halves[:, 1]
