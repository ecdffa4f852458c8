"""Recordings that are named without a manifest: results name failures by ids, so the terminal adds their files."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hushbeam.transforms.read_manifest.line import derived_id
from hushbeam.transforms.storage import urls


def files_of(recording_ids: Collection[str], recordings: Sequence[str]) -> dict[str, str]:
    """The files of those ids that are of recordings named without a manifest, for messages: without queries.

    Computes the id of each recording again, so that no run keeps all ids: 20 seconds for a million, if any failed.
    """
    found = ((derived_id(url), url) for url in recordings) if recording_ids else ()
    return {recording_id: urls.display(url) for recording_id, url in found if recording_id in recording_ids}
