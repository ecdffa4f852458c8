"""The ledger: one status object per recording, which is also the answer to "is my redacted audio ready".

`status/ID.json` appears after everything that it speaks of is durable, and is replaced as a whole. A snapshot of all
status objects, `runs/ledger.parquet`, spares later runs the reading of each; it never decides anything by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.failure import ConfigurationError
from transforms.storage import files
from transforms.storage.errors import MissingFileError
from transforms.storage.listing import StoredFile
from transforms.storage.urls import join, safe_name

_FOLDER = "status"
_SNAPSHOT = ("runs", "ledger.parquet")
_SNAPSHOT_SCHEMA = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("version", pa.string(), nullable=False),
        pa.field("content", pa.binary(), nullable=False),
    ]
)
_READ_AT_ONCE = 512


EXPIRED = "redacted_audio_expired"
"""The status of a recording whose redacted audio was published, and deleted when its time was over."""


@dataclass(frozen=True)
class Status:
    """What is public of one recording.

    Attributes:
      status: `redacted_audio_ready`, `completed` where no audio was asked for, or `redacted_audio_expired` where it
        was deleted since.
      redacted_audio_url: None where no audio was asked for.
      output_identity: Of source, request, configuration and models.
      certificate: What was done, in counts, times and hashes; no value.
      error: Why there is no audio any more, for an answer with status 400; otherwise None, and left out.
    """

    status: str
    recording_id: str
    redacted_audio_url: str | None
    output_identity: str
    run_id: str
    certificate: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        values = asdict(self)
        if self.error is None:
            del values["error"]
        return values

    def to_json(self) -> bytes:
        """The object's content."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Status:
        """The inverse of `to_json`.

        Raises:
          ValueError, TypeError: It is something else.
        """
        return cls(**json.loads(content))


def status_url(output: str, recording_id: str) -> str:
    """Where the status of a recording is, or will be."""
    return join(output, _FOLDER, f"{safe_name(recording_id)}.json")


def read_status(output: str, recording_id: str) -> Status | None:
    """The committed status of a recording, if it has one."""
    url = status_url(output, recording_id)
    content = files.read_many([url]).get(url)
    return None if content is None else Status.from_json(content)


def list_statuses(output: str) -> dict[str, Status]:
    """All committed statuses, by recording.

    One listing (a request for each thousand objects or more) gives names and versions. What the snapshot holds in the
    same version is taken from there; the rest is read, many at once.

    Raises:
      ConfigurationError: A status object is not one of ours: the output root belongs to something else.
    """
    try:
        statuses = [Status.from_json(content) for _, content in _contents(output)]
    except (ValueError, TypeError):
        raise ConfigurationError("--output: a file in its folder status/ is no status object of Hushbeam's") from None
    return {status.recording_id: status for status in statuses}


def save_snapshot(output: str) -> None:
    """Keeps all status objects in one file, so that the next `list_statuses` reads only what changed since."""
    contents = sorted(_contents(output))
    table = pa.table(
        {
            "name": [file.name for file, _ in contents],
            "version": [file.version for file, _ in contents],
            "content": [content for _, content in contents],
        },
        schema=_SNAPSHOT_SCHEMA,
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    files.write_bytes(join(output, *_SNAPSHOT), sink.getvalue().to_pybytes())


def write_status(output: str, status: Status) -> None:
    """Makes a recording's outputs public, in the place of those of an earlier run if there are any."""
    files.write_bytes(status_url(output, status.recording_id), status.to_json())


def _contents(output: str) -> Iterator[tuple[StoredFile, bytes]]:
    folder = join(output, _FOLDER)
    listed = [file for file in files.list_files(folder) if file.name.endswith(".json")]
    known = _snapshot(output) if listed else {}
    changed = []
    for file in listed:
        content = known.pop((file.name, file.version), None)
        if content is None:
            changed.append(file)
        else:
            yield file, content
    for batch in _batches(changed):
        by_url = {join(folder, file.name): file for file in batch}
        for url, content in files.read_many(list(by_url)).items():
            yield by_url[url], content


def _snapshot(output: str) -> dict[tuple[str, str], bytes]:
    try:
        content = files.read_bytes(join(output, *_SNAPSHOT))
    except MissingFileError:
        return {}
    try:
        columns = pq.read_table(pa.BufferReader(content), schema=_SNAPSHOT_SCHEMA).to_pydict()
    except (pa.ArrowException, OSError, KeyError):
        return {}  # damaged, or of another version: everything is read once more
    return dict(zip(zip(columns["name"], columns["version"], strict=True), columns["content"], strict=True))


def _batches(changed: Sequence[StoredFile]) -> Iterator[list[StoredFile]]:
    remaining = iter(changed)
    while batch := list(islice(remaining, _READ_AT_ONCE)):
        yield batch
