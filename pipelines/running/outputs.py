"""The output root of earlier runs, for commands that work on one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.claims import SCHEMAS
from hushbeam.transforms.archive.ledger import UnreadableStatusError, read_status_files, status_in
from hushbeam.transforms.archive.tables.read import run_of
from hushbeam.transforms.archive.tombstones import FOLDER as TOMBSTONES
from hushbeam.transforms.archive.tombstones import is_tombstone
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.listing import StoredFile

_FILE_OF_RUNS = re.compile(
    r"LOCK(-.*)?|ledger\.parquet|private-roots\.json"
    r"|[^/]+/(rows/[^/]+|(summary|files|timings|canaries|audit)\.json|report\.html)"
)


def output_of_runs(output: str) -> str:
    """The normalised root. Without this check, a mistyped root would look like an output with nothing to do.

    Raises:
      ConfigurationError: There is nothing that a run writes.
    """
    root = urls.normalised(output)
    if not any(_written_by_runs(root)):
        raise ConfigurationError(
            f"--output: no run has written anything in {urls.display(output)}; name the output of earlier runs"
        )
    return root


def _written_by_runs(root: str) -> Iterator[bool]:
    """For each file that may be of a run, whether it is, the most likely first. A damaged root may have lost any."""
    yield from (_FILE_OF_RUNS.fullmatch(file.name) is not None for file in _files(root, "runs"))
    yield from (_is_status(name, content) for name, content in read_status_files(root))
    for table in SCHEMAS:
        yield from (run_of(file.name) is not None for file in _files(root, table))
    yield from (is_tombstone(file.name) for file in _files(root, TOMBSTONES))


def _files(root: str, folder: str) -> Iterator[StoredFile]:
    return files.iterate_files(urls.join(root, folder))


def _is_status(name: str, content: bytes | None) -> bool:
    try:
        status_in(name, content or b"")
    except UnreadableStatusError:
        return False
    return True
