"""Eraser: removes every trace of recordings from an output root and from private roots."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Set
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hushbeam.transforms.archive import tombstones
from hushbeam.transforms.archive.findings_store import stored_names, stored_url
from hushbeam.transforms.archive.ledger import names_of_recordings, save_snapshot, status_url
from hushbeam.transforms.archive.recovery import UnreadableCopyError, copy_in
from hushbeam.transforms.archive.reviews import recording_of, review_urls
from hushbeam.transforms.archive.tables.change import Tables
from hushbeam.transforms.archive.tables.earlier_runs import settle_lists
from hushbeam.transforms.archive.tables.read import DamagedTableError, read_rows, table_files
from hushbeam.transforms.archive.tombstones import Tombstones
from hushbeam.transforms.archive.unredacted import kept_names, unredacted_url
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import file_name, is_within, join, relative, safe_name

# Last those in which the URLs of sources are looked up.
_WITH_SOURCES = ("transcripts", "errors")
_TABLES = ("findings", "notifications", *_WITH_SOURCES)

_OUTPUT_NAME = re.compile(r"(?P<name>.+)\.[0-9a-f]{12}\.[A-Za-z0-9]+")
_SAFETY_COPY = re.compile(r"[^/]+/rows/(?P<name>[^/]+)\.json")
_AUDIT_REPORT = re.compile(r"[^/]+/audit\.json")


@dataclass
class Erased:
    """Result of an erasure.

    Attributes:
      recordings: Ids of the recordings of which something was removed: named ones, and others with the same sources.
      earlier: Named ids of which nothing was left after an earlier erasure.
      unknown: Named ids of which there was nothing. Later runs skip them too.
      files, rows: Numbers of removed files and rows.
      untouched: Private roots that had no file of the recordings.
      of_other_outputs: Those of them that have recordings, but none of this output.
      damaged: Names of unreadable files, which may still hold traces.
    """

    recordings: frozenset[str] = frozenset()
    earlier: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    files: int = 0
    rows: int = 0
    untouched: frozenset[str] = frozenset()
    of_other_outputs: frozenset[str] = frozenset()
    damaged: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Eraser:
    """Erases recordings. The caller holds the run lock.

    Tombstones come first: from then on no run publishes the recordings again. An interrupted erasure is completed by
    repeating it. Files that notifications name are removed next, then the rest.

    Attributes:
      output: The public root.
      store: The root that `hushbeam.transforms.store_findings` writes to; None if runs had none.
      unredacted: The root that `hushbeam.transforms.keep_unredacted` writes to; None if runs had none.
      key: Signs changed file lists that were signed with it before; None leaves those unsigned.
    """

    output: str
    store: str | None
    unredacted: str | None
    key: Ed25519PrivateKey | None

    def erase(self, recording_ids: Collection[str]) -> Erased:
        """Erases recordings, and all others that have the same sources."""
        damaged: set[str] = set()
        sources = list(self._known_sources(damaged))
        named, before = frozenset(recording_ids), Tombstones(self.output)
        self._lay_tombstones(named, sources)
        laid = Tombstones(self.output)
        found = {one for one, url in sources if laid.has(one, url)}
        every = named | found
        self._lay_tombstones(every, sources)
        roots = frozenset(filter(None, (self.store, self.unredacted)))
        strange = self._of_other_outputs(roots)
        erased = Erased(untouched=roots)
        for recording_id, url in self._files(every):
            files.delete(url)
            erased.files += 1
            erased.untouched = frozenset(root for root in erased.untouched if not is_within(url, root))
            found.add(recording_id)
        erased.of_other_outputs = strange & erased.untouched
        for url in self._audit_reports():
            if not _drop_subjects(url, every):
                damaged.add(relative(url, self.output))
        save_snapshot(self.output, forgotten=every, of_the_same_root=True)
        tables = Tables(self.output, self.key)
        for table in _TABLES:
            erased.rows += tables.drop_recordings(table, every, found=found)
        settle_lists(self.output, self.key)
        erased.recordings = frozenset(found)
        erased.earlier = frozenset(filter(before.has_recording, named - found))
        erased.unknown = named - found - erased.earlier
        erased.damaged = {name for name in damaged | tables.damaged if files.exists(join(self.output, name))}
        return erased

    def _of_other_outputs(self, roots: Collection[str]) -> frozenset[str]:
        """The private roots that have recordings, and none of those with a status object in the output.

        Where there is nothing to tell it by, a root is not among them: no status object is left, or it has its own.
        """
        known = set(names_of_recordings(self.output)) if roots else set()
        return frozenset(root for root in roots if known and self._has_others_alone(root, known))

    def _has_others_alone(self, root: str, known: Set[str]) -> bool:
        own, others = stored_names(root), kept_names(root)
        if root == self.unredacted:
            own, others = others, own
        return bool(own or others) and not files.list_names(join(root, "status")) and known.isdisjoint(own)

    def _lay_tombstones(self, recording_ids: Collection[str], sources: Collection[tuple[str, str]]) -> None:
        for recording_id in sorted(recording_ids):
            tombstones.lay(self.output, recording_id, {url for one, url in sources if one == recording_id})

    def _known_sources(self, damaged: set[str]) -> Iterator[tuple[str, str]]:
        """Ids and source URLs from transcripts, errors and safety copies. Adds the names of unreadable files to
        `damaged`.
        """
        for url in (url for table in _WITH_SOURCES for url in table_files(self.output, table)):
            try:
                for recording_id, row in read_rows(url, ("recording_id", "audio_url")):
                    if (source := json.loads(row)["audio_url"]) is not None:
                        yield recording_id, source
            except DamagedTableError:
                damaged.add(relative(url, self.output))
        runs = join(self.output, "runs")
        copies = [join(runs, name) for name in files.list_names(runs) if _SAFETY_COPY.fullmatch(name)]
        for url, content in files.read_many(copies).items():
            try:
                copy = copy_in(file_name(url), content)
            except UnreadableCopyError:
                damaged.add(relative(url, self.output))
                continue
            yield copy.recording_id, json.loads(copy.transcript_row)["audio_url"]

    def _files(self, recording_ids: Collection[str]) -> Iterator[tuple[str, str]]:
        """Ids and all existing files of these recordings, status objects first."""
        by_name = {safe_name(recording_id): recording_id for recording_id in recording_ids}
        reviews = review_urls(self.output, recording_ids)
        for recording_id in sorted(recording_ids):
            named = [status_url(self.output, recording_id), *reviews[recording_id]]
            if self.store is not None:
                named.append(stored_url(self.store, recording_id))
            if self.unredacted is not None:
                named += [status_url(self.unredacted, recording_id), unredacted_url(self.unredacted, recording_id)]
            yield from ((recording_id, url) for url in named if files.exists(url))
        for folder, pattern in (("audio", _OUTPUT_NAME), ("captions", _OUTPUT_NAME), ("runs", _SAFETY_COPY)):
            root = join(self.output, folder)
            for found in files.list_names(root):
                match = pattern.fullmatch(found)
                if match and match["name"] in by_name:
                    yield by_name[match["name"]], join(root, found)

    def _audit_reports(self) -> list[str]:
        runs = join(self.output, "runs")
        return [join(runs, name) for name in files.list_names(runs) if _AUDIT_REPORT.fullmatch(name)]


def _drop_subjects(url: str, recording_ids: Collection[str]) -> bool:
    """Removes recordings from the list in an audit's report; its counts stay. Returns False if it is unreadable."""
    names = {safe_name(recording_id) for recording_id in recording_ids}
    try:
        report = json.loads(files.read_bytes(url))
        subjects = [str(problem["subject"]) for problem in report["list"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return False

    def is_about(subject: str) -> bool:
        file = subject.rpartition("/")[2]
        match = _OUTPUT_NAME.fullmatch(file)
        return (
            subject in recording_ids
            or {recording_of(file.removesuffix(".json")), match and match["name"]} & names != set()
        )

    others = [problem for problem, subject in zip(report["list"], subjects, strict=True) if not is_about(subject)]
    if len(others) != len(subjects):
        files.write_bytes(url, json.dumps(report | {"list": others}, indent=1).encode())
    return True
