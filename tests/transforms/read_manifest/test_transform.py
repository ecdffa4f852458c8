"""ReadManifest on a real runner."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from schemas.recording import Recording
from transforms.read_manifest import ManifestDefaults, ReadManifest, transform
from transforms.read_manifest.line import read_line


def write(path: Path, *lines: object) -> str:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def test_good_lines_become_recordings_and_bad_ones_rows_with_their_numbers(tmp_path: Path):
    manifest = write(tmp_path / "a.jsonl", {"audio_url": "a.wav", "recording_id": "a"}, {"audio": "b.wav"}, "text")
    with TestPipeline("FnApiRunner") as pipeline:
        recordings, rejected = pipeline | ReadManifest([manifest], ManifestDefaults())
        assert_that(recordings | beam.Map(lambda r: (r.recording_id, r.line)), equal_to([("a", 1)]))
        rows = rejected | "rows" >> beam.Map(lambda f: (f.line, f.error_class, f.status, f.stage))
        expected = [
            (2, "UnknownKeyError", "failed", "ReadManifest"),
            (3, "ManifestLineError", "failed", "ReadManifest"),
        ]
        assert_that(rows, equal_to(expected), label="rejected")


def test_what_nobody_foresaw_in_a_line_rejects_that_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    manifest = write(
        tmp_path / "a.jsonl", {"audio_url": "a.wav"}, {"audio_url": "Jane Roe.wav"}, {"audio_url": "c.wav"}
    )

    def choking(values: Mapping[str, Any], *arguments: Any, **options: Any) -> Recording:
        if "Jane" in values["audio_url"]:
            raise IndexError(values["audio_url"])
        return read_line(values, *arguments, **options)

    monkeypatch.setattr(transform, "read_line", choking)
    with TestPipeline("FnApiRunner") as pipeline:
        recordings, rejected = pipeline | ReadManifest([manifest], ManifestDefaults())
        assert_that(recordings | beam.Map(lambda r: r.line), equal_to([1, 3]))
        rows = rejected | "rows" >> beam.Map(lambda f: (f.line, f.error_class, "Jane" in f.message))
        assert_that(rows, equal_to([(2, "unexpected", False)]), label="rejected")


def test_the_first_of_two_lines_with_one_id_is_kept_over_several_files(tmp_path: Path):
    manifests = [
        write(tmp_path / "a.jsonl", {"audio_url": "a.wav", "recording_id": "same"}),
        write(tmp_path / "b.jsonl", {"audio_url": "b.wav", "recording_id": "same"}, {"audio_url": "c.wav"}),
    ]
    with TestPipeline("FnApiRunner") as pipeline:
        recordings, rejected = pipeline | ReadManifest(manifests, ManifestDefaults())
        urls = recordings | beam.Map(lambda r: Path(r.audio_url).name)
        assert_that(urls, equal_to(["a.wav", "c.wav"]))
        rows = rejected | "rows" >> beam.Map(lambda f: (f.recording_id, f.line, f.error_class))
        assert_that(rows, equal_to([("same", 1, "DuplicateRecordingIdError")]), label="rejected")
