"""SkipFinished: the same recordings are skipped whether the ledger is listed or asked by name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from hushbeam.schemas.recording import Recording
from hushbeam.transforms.archive import ledger
from hushbeam.transforms.archive.ledger import Status, save_snapshot, status_url, write_status
from hushbeam.transforms.archive.ledger_index import LedgerIndex
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.archive.runs.parts import RunPart
from hushbeam.transforms.archive.tombstones import lay
from hushbeam.transforms.skip_finished import SkipFinished, transform
from hushbeam.transforms.skip_finished.output_identity import output_identity
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.listing import StoredFile
from tests.sources import SOURCES

_IDS = ("up-to-date", "other-source", "other-configuration", "other-request", "unreadable", "new", "lost", "erased")


@pytest.fixture
def recordings(tmp_path: Path) -> list[Recording]:
    """Recordings and their archive: one for each reason."""
    root, call = str(tmp_path / "out"), tmp_path / "call.wav"
    call.write_bytes(b"audio")
    source = files.stat(str(call))
    recordings = [Recording(name, str(call), ("person_name",)) for name in _IDS]
    for recording in recordings:
        certificate = {
            "source": {
                "size_bytes": source.size_bytes,
                "version": "before" if recording.recording_id == "other-source" else source.version,
            },
            "configuration_id": "before" if recording.recording_id == "other-configuration" else "options",
        }
        identity = output_identity(recording, source, "options")
        if recording.recording_id.startswith("other-"):
            identity = "before"
        if recording.recording_id != "new":
            write_status(root, Status("completed", recording.recording_id, None, identity, "earlier", certificate))
    return recordings


def _archive(tmp_path: Path, others: int) -> str:
    root = str(tmp_path / "out")
    for number in range(others):
        write_status(root, Status("completed", f"other-{number}", None, "before", "earlier"))
    save_snapshot(root)
    files.delete(status_url(root, "lost"))
    files.write_bytes(status_url(root, "unreadable"), b"{}")
    lay(root, "erased", ())
    return root


@pytest.mark.parametrize(("others", "part_of"), [(0, None), (120, None), (110, 0.5), (240, 0.5)])
def test_each_recording_is_redacted_for_its_reason(
    tmp_path: Path,
    recordings: list[Recording],
    others: int,
    part_of: float | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = _archive(tmp_path, others)
    part = None if part_of is None else RunPart(0, False, part_of, str(tmp_path))
    listings: list[str] = []
    pages = ledger._pages

    def listing(output: str) -> Iterable[list[StoredFile]]:
        listings.append(output)
        return pages(output)

    monkeypatch.setattr(ledger, "_pages", listing)
    expected = [
        ("other-source", "source", True),
        ("other-configuration", "configuration", True),
        ("other-request", "request", True),
        ("unreadable", "new", True),
        ("lost", "new", True),
        ("new", "new", False),
    ]
    with TestPipeline() as pipeline:
        unfinished = (
            pipeline
            | beam.Create(recordings)
            | SkipFinished(
                root,
                "this",
                "options",
                tombstones=root,
                force=False,
                sources=SOURCES,
                part=part,
            )
        )
        found = unfinished.recordings | beam.Map(lambda one: (one.recording_id, one.reason, one.replaces))
        assert_that(found, equal_to(expected), label="redacted")
        assert_that(unfinished.skipped, equal_to(["up-to-date"]), label="skipped")
        assert_that(unfinished.erased, equal_to(["erased"]), label="erased")
    assert bool(listings) == (others in (0, 110)), "only a small archive is listed"


@pytest.mark.parametrize(("most", "is_filtered"), [(2, True), (1, False)])
def test_workers_get_the_entries_of_the_recordings_of_their_part_unless_asking_takes_longer(
    tmp_path: Path, most: int, is_filtered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transform, "_NAMES_IN_MEMORY", most)
    root = str(tmp_path / "out")
    names = [f"call-{number}" for number in range(6)]
    for name in names:
        write_status(root, Status("completed", name, None, "identity", "earlier"))
    save_snapshot(root)
    for number, own in enumerate((["call-0", "new"], ["call-1", "call-5"])):
        part = RunPart(number, number == 1, 0.5, str(tmp_path))
        packs = transform._packed_entries(root, "this", part, [json_name(name) for name in own])
        index = LedgerIndex.unpacked(packs)
        assert [index.has_traces(name) for name in own] == [name != "new" for name in own]
        assert len(index) == (len(set(own) & set(names)) if is_filtered else 6)
