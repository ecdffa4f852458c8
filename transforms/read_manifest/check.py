"""Check of manifest lines before a run, by the code with which the run reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from hushbeam.schemas.errors import RecordingError
from hushbeam.transforms.read_manifest.files import read_lines
from hushbeam.transforms.read_manifest.line import ManifestDefaults, ManifestLineError, read_line
from hushbeam.transforms.sources.allowed import AllowedSources
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.errors import StorageError

MOST_LINES = 100_000
"""Lines that are checked: some seconds."""

MOST_SOURCES = 1_000
"""Sources that are looked for: each is a request to a store."""

_SHOWN = 5
_AT_ONCE = 16


class CheckedLines(NamedTuple):
    """The result.

    Attributes:
      checked: Number of lines, valid or not.
      wrong: Number of those that a run would reject, or whose sources it would refuse to fetch or not find.
      first: Messages of the first of them.
      ignored: Keys that have no effect, sorted.
      stopped: Whether there are more than `MOST_LINES`.
    """

    checked: int
    wrong: int
    first: tuple[str, ...]
    ignored: tuple[str, ...]
    stopped: bool


def check_lines(
    manifests: Sequence[str],
    defaults: ManifestDefaults,
    spooled: Mapping[str, str],
    allowed: AllowedSources,
    *,
    unredacted: bool,
    local: bool,
) -> CheckedLines:
    """Checks the first lines of manifests, and whether the first sources on disks and in object stores exist.

    Args:
      allowed: Which sources a run may fetch. The arguments before are those of `ReadManifest`.
      local: Whether the run sees the disks of this machine.

    Raises:
      ConfigurationError, StorageError: A manifest cannot be read.
    """
    count = 0
    stopped = False
    wrong: dict[int, str] = {}
    sources: list[tuple[int, str, str]] = []
    ids: set[str] = set()
    ignored: set[str] = set()
    lines = ((manifest, *line) for manifest in manifests for line in read_lines(spooled.get(manifest, manifest)))
    for manifest, number, values in lines:
        if count == MOST_LINES:
            stopped = True
            break
        count += 1
        place = f"{f'{urls.file_name(manifest)}, ' if len(manifests) > 1 else ''}line {number}"
        try:
            if isinstance(values, ManifestLineError):
                raise values
            recording = read_line(values, defaults, manifest, number, unredacted=unredacted)
            if recording.recording_id in ids:
                raise ManifestLineError("recording_id: an earlier line has the same id")
            named = [one for one in (recording.audio_url, recording.transcript_url) if one is not None]
            for source in named:
                allowed.check(source)
        except RecordingError as error:
            wrong[count] = f"{place}: {error}"
        else:
            sources += [(count, place, one) for one in named if len(sources) < MOST_SOURCES]
            ids.add(recording.recording_id)
            ignored.update(recording.ignored_keys)
    wrong |= _missing(sources, local=local)
    first = tuple(wrong[line] for line in sorted(wrong)[:_SHOWN])
    return CheckedLines(count, len(wrong), first, tuple(sorted(ignored)), stopped=stopped)


def _missing(sources: Iterable[tuple[int, str, str]], *, local: bool) -> dict[int, str]:
    """Messages, by number of the line, for sources that do not exist. They hold no name, which may be an id."""
    looked_for = [
        (line, place, url) for line, place, url in sources if not urls.is_web(url) and (local or not urls.is_local(url))
    ]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="sources") as threads:
        found = threads.map(_may_exist, (url for _, _, url in looked_for))
        return {
            line: f"{place}: the source or its transcript does not exist"
            for (line, place, _), may_exist in zip(looked_for, found, strict=True)
            if not may_exist
        }


def _may_exist(url: str) -> bool:
    """Whether a source exists, or the store does not tell this machine."""
    try:
        return files.exists(url)
    except StorageError:
        return True
