"""clean: deletes sources whose redacted recordings are published, verified and certified. What is unsure stays.

Sources are listed first, with the time, and deleted by a later call: a person can look at the list in between.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os.path
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.certificate import check_signature
from hushbeam.transforms.archive.ledger import READY, Status, list_statuses, published_audio, status_url
from hushbeam.transforms.archive.signatures import SignatureError
from hushbeam.transforms.archive.tables.read import DamagedTableError, read_rows
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError, StorageError
from hushbeam.transforms.storage.urls import display, file_name, is_local, is_web, is_within, join

_PASSED = frozenset({"passed", "nothing_to_verify"})
_HASHED = "url-"
"""How URLs begin in the outputs of runs with `--hash_identities`."""
_CHUNK_BYTES = 1 << 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Due:
    """A source that may be deleted.

    Attributes:
      source: Its location.
      size_bytes, version: As in the certificate, and as it is now.
      published_at: When the status object was written (ISO 8601).
      listed_at: When it came into the list.
    """

    recording_id: str
    source: str
    size_bytes: int
    version: str
    published_at: str
    listed_at: str

    @property
    def what(self) -> tuple[str, str, int, str]:
        """What it is, without times."""
        return self.recording_id, self.source, self.size_bytes, self.version

    def to_json(self) -> str:
        """The line of the list."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass
class Cleaned:
    """Result of a call.

    Attributes:
      deleted: Sources that were deleted.
      listed: Sources that are due, and in the list.
      kept: Recordings whose source stays, by reason.
      undeletable: Sources that the store did not let this job delete.
    """

    deleted: list[Due] = field(default_factory=list)
    listed: list[Due] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)
    undeletable: list[Due] = field(default_factory=list)


@dataclass(frozen=True)
class Conditions:
    """When a source is due.

    Attributes:
      output: The output root, normalised.
      landing_zone: Only sources below this folder (normalised) are.
      before: Only those whose recording was published before this time are.
      key: Verifies signatures; None accepts certificates without one.
    """

    output: str
    landing_zone: str
    before: datetime
    key: Ed25519PublicKey | None


def clean(conditions: Conditions, list_url: str, *, listed_before: datetime | None, now: datetime) -> Cleaned:
    """Writes the list of sources that are due, after deleting those that were in it long enough and still are due.

    The caller holds the run lock.

    Args:
      list_url: Where the list is, if there is one, and is written.
      listed_before: Deletes sources that were listed before this time; None deletes nothing.

    Raises:
      ConfigurationError: The list is something else, or a table cannot be read, so that failures are unknown.
    """
    earlier = {due.what: due for due in read_list(list_url)}
    cleaned = Cleaned()
    gone: set[str] = set()
    for due in _due(conditions, cleaned.kept, now):
        known = earlier.get(due.what, due)
        if listed_before is None or datetime.fromisoformat(known.listed_at) > listed_before or known is due:
            cleaned.listed.append(known)
            continue
        # Once more, since the redacted audio was read in between: a new recording may have come under the same name.
        if known.source not in gone and _version_now(known.source) != (known.size_bytes, known.version):
            cleaned.kept["source_missing_or_changed"] += 1
            continue
        try:
            files.delete(known.source)
        except StorageError as error:
            _log.warning("the source of %s was not deleted: %s", known.recording_id, error)
            cleaned.undeletable.append(known)
            cleaned.listed.append(known)
        else:
            gone.add(known.source)
            cleaned.deleted.append(known)
    files.write_bytes(list_url, "".join(f"{due.to_json()}\n" for due in cleaned.listed).encode())
    return cleaned


def read_list(url: str) -> list[Due]:
    """The sources in a list; none if there is no list.

    Raises:
      ConfigurationError: The file is something else.
    """
    try:
        lines = files.read_bytes(url).splitlines()
    except MissingFileError:
        return []
    try:
        listed = [Due(**json.loads(line)) for line in lines]
        if any(datetime.fromisoformat(due.listed_at).tzinfo is None for due in listed):
            raise ValueError("without a time zone")
    except (ValueError, TypeError):
        raise ConfigurationError(
            f"--list: {file_name(url)} is not a list of this command; name another file, or delete it"
        ) from None
    return listed


def _due(conditions: Conditions, kept: Counter[str], now: datetime) -> Iterator[Due]:
    statuses = list_statuses(conditions.output)
    root = _Root(conditions, statuses, now)
    by_source: dict[str, list[Status]] = defaultdict(list)
    for status in statuses.values():
        by_source[str(_part(status, "source").get("url"))].append(status)
    for source, of_source in sorted(by_source.items()):
        reasons = [root.reason_to_keep(source, status) for status in of_source]
        if any(reasons):
            kept.update(reason or "other_recording_of_source" for reason in reasons)
            continue
        for status in of_source:
            stated = _part(status, "source")
            published_at, listed_at = (_text_of(time) for time in (root.published_at(status), now))
            yield Due(status.recording_id, source, stated["size_bytes"], stated["version"], published_at, listed_at)


class _Root:
    """What an output root says of its recordings."""

    def __init__(self, conditions: Conditions, statuses: Mapping[str, Status], now: datetime) -> None:
        output = conditions.output
        self._conditions = conditions
        self._now = now
        self._published = files.list_modified(join(output, "status"))
        in_runs = (path.partition("/") for path in files.list_names(join(output, "runs")))
        self._complete = frozenset(run for run, _, name in in_runs if name == "summary.json")
        self._failed, self._failed_of_source = _last_failures(output)
        self._statuses = statuses
        # What takes least time comes first.
        self._reasons: dict[str, Callable[[str, Status], bool]] = {
            "outside_landing_zone": lambda source, _: not self._is_in_landing_zone(source),
            "no_redacted_audio": lambda _, status: status.status != READY,
            "too_recent": lambda _, status: self.published_at(status) >= conditions.before,
            "run_not_complete": lambda _, status: status.run_id not in self._complete,
            "failed_or_quarantined_later": lambda _, status: self._has_failed_since(status),
            "failed_or_quarantined_under_other_id": lambda source, _: self._has_failed_under_an_id(source),
            "not_verified": lambda _, status: _part(status, "verification").get("outcome") not in _PASSED,
            "not_signed": lambda _, status: not self._is_signed(status),
            "source_missing_or_changed": _is_other_source,
            "redacted_audio_missing_or_changed": lambda _, status: not _has_certified_audio(output, status),
        }

    def reason_to_keep(self, source: str, status: Status) -> str | None:
        """Why a recording's source stays; None if it is due."""
        return next((reason for reason, holds in self._reasons.items() if holds(source, status)), None)

    def published_at(self, status: Status) -> datetime:
        """When the status object was written last."""
        return self._published.get(file_name(status_url(self._conditions.output, status.recording_id)), self._now)

    def _is_in_landing_zone(self, source: str) -> bool:
        if source.startswith(_HASHED) or is_web(source):
            return False
        output, landing_zone = self._conditions.output, self._conditions.landing_zone
        if is_within(source, output) or not is_within(source, landing_zone):
            return False
        # A link in the landing zone may lead to a folder outside of it, or into the output.
        real = _without_links(source)
        return is_within(real, _without_links(landing_zone)) and not is_within(real, _without_links(output))

    def _has_failed_since(self, status: Status) -> bool:
        failed = self._failed.get(status.recording_id)
        if failed is None:
            return False
        written_at, processed_at = failed
        # Times of files say nothing in a copied output, and times of runs nothing if a clock was set back.
        is_later = bool(status.processed_at) and processed_at >= datetime.fromisoformat(status.processed_at)
        return is_later or written_at > self.published_at(status)

    def _has_failed_under_an_id(self, source: str) -> bool:
        """Whether a recording of this source has failed, and was not published since. Its own row needs the source."""
        ids = self._failed_of_source.get(_without_links(source), ())
        return any(one not in self._statuses or self._has_failed_since(self._statuses[one]) for one in ids)

    def _is_signed(self, status: Status) -> bool:
        try:
            if self._conditions.key is not None:
                check_signature(status, self._conditions.key)
        except SignatureError:
            return False
        return True


def _is_other_source(source: str, status: Status) -> bool:
    stated = _part(status, "source")
    return _version_now(source) != (stated.get("size_bytes"), stated.get("version"))


def _version_now(source: str) -> tuple[int, str] | None:
    """Size and version of a source; None if it is missing."""
    try:
        found = files.stat(source)
    except MissingFileError:
        return None
    return found.size_bytes, found.version


def _without_links(location: str) -> str:
    return os.path.realpath(location) if is_local(location) else location


def _has_certified_audio(output: str, status: Status) -> bool:
    audio = published_audio(output, status)
    return audio is not None and _sha256(audio) == _part(status, "audio").get("sha256")


def _last_failures(output: str) -> tuple[dict[str, tuple[datetime, datetime]], dict[str, set[str]]]:
    """When each recording failed or was quarantined last: by the time of the table file, and by its run's start. And
    the ids of those that failed, by source.
    """
    last: dict[str, tuple[datetime, datetime]] = {}
    of_source: dict[str, set[str]] = defaultdict(set)
    folder = join(output, "errors")
    for name, written_at in files.list_modified(folder).items():
        if not name.endswith(".parquet"):
            continue
        try:
            for recording_id, row in read_rows(join(folder, name), ["recording_id", "audio_url", "processed_at"]):
                if recording_id is not None:
                    failure = json.loads(row)
                    processed_at = datetime.fromisoformat(failure["processed_at"])
                    known = last.get(recording_id, (written_at, processed_at))
                    last[recording_id] = max(written_at, known[0]), max(processed_at, known[1])
                    if failure["audio_url"] is not None:
                        of_source[_without_links(display(failure["audio_url"]))].add(recording_id)
        except DamagedTableError:
            raise ConfigurationError(
                f"--output: errors/{name} cannot be read, so what failed is unknown; restore or delete it"
            ) from None
    return last, of_source


def _sha256(url: str) -> str | None:
    digest = hashlib.sha256()
    try:
        with files.open_read(url) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
    except MissingFileError:
        return None
    return digest.hexdigest()


def _part(status: Status, name: str) -> Mapping[str, Any]:
    """A part of its certificate; empty if there is none."""
    part = status.certificate.get(name)
    return part if isinstance(part, Mapping) else {}


def _text_of(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds")
