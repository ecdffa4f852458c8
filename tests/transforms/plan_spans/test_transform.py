"""Recordings that are not split. Plain functions."""

from __future__ import annotations

from pathlib import Path

from hushbeam.schemas.media import SourceIdentity
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stages import PendingRecording
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.plan_spans.transform import _PlanStage
from tests.sources import SOURCES


def test_a_recording_with_a_given_transcript_is_never_split_nor_read(tmp_path: Path) -> None:
    url = str(tmp_path / "nothing.wav")
    pending = PendingRecording(
        Recording("call", url, ("date",), transcript_url=str(tmp_path / "nothing.json")),
        SourceIdentity(url, 10**9, "mtime_ns:1"),
        "c0ffee",
        transcript=SourceIdentity(str(tmp_path / "nothing.json"), 90, "mtime_ns:1"),
    )
    plan = _PlanStage(1.0, MediaLimits(), SOURCES).process(pending)
    assert (plan.pending, plan.bounds_s) == (pending, ())
