"""Check of manifest lines before a run, by the code with which the run reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hushbeam.schemas.errors import RecordingError
from hushbeam.transforms.read_manifest.files import read_lines
from hushbeam.transforms.read_manifest.line import ManifestDefaults, ManifestLineError, read_line
from hushbeam.transforms.sources.allowed import AllowedSources
from hushbeam.transforms.storage import urls

MOST_LINES = 100_000
"""Lines that are checked: some seconds."""

_SHOWN = 5


class CheckedLines(NamedTuple):
    """The result.

    Attributes:
      checked: Number of lines, valid or not.
      wrong: Number of those that a run would reject, or whose sources it would refuse to fetch.
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
) -> CheckedLines:
    """Checks the first lines of manifests. The arguments are those of `ReadManifest`, and which sources are allowed.

    Raises:
      ConfigurationError, StorageError: A manifest cannot be read.
    """
    count = wrong = 0
    first: list[str] = []
    ids: set[str] = set()
    ignored: set[str] = set()
    for manifest in manifests:
        place = f"{urls.file_name(manifest)}, " if len(manifests) > 1 else ""
        for number, values in read_lines(spooled.get(manifest, manifest)):
            if count == MOST_LINES:
                return CheckedLines(count, wrong, tuple(first), tuple(sorted(ignored)), stopped=True)
            count += 1
            try:
                if isinstance(values, ManifestLineError):
                    raise values
                recording = read_line(values, defaults, manifest, number, unredacted=unredacted)
                if recording.recording_id in ids:
                    raise ManifestLineError("recording_id: an earlier line has the same id")
                for source in (recording.audio_url, recording.transcript_url):
                    if source is not None:
                        allowed.check(source)
            except RecordingError as error:
                wrong += 1
                if len(first) < _SHOWN:
                    first.append(f"{place}line {number}: {error}")
            else:
                ids.add(recording.recording_id)
                ignored.update(recording.ignored_keys)
    return CheckedLines(count, wrong, tuple(first), tuple(sorted(ignored)), stopped=False)
