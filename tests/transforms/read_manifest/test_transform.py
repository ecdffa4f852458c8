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

from hushbeam.schemas.recording import Recording
from hushbeam.transforms.base.unexpected import MOST_IN_A_ROW
from hushbeam.transforms.read_manifest import ManifestDefaults, ReadManifest, transform
from hushbeam.transforms.read_manifest.line import read_line


def write(path: Path, *lines: object) -> str:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def test_good_lines_become_recordings_and_bad_ones_rows_with_their_numbers(tmp_path: Path) -> None:
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


def test_the_first_of_two_lines_with_one_id_is_kept_over_several_files(tmp_path: Path) -> None:
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


def test_what_nobody_foresaw_ends_its_line_alone_and_the_same_of_many_lines_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reading(values: Mapping[str, Any], *given: Any, **options: Any) -> Recording:
        if values["audio_url"].startswith("odd"):
            raise ValueError(f"cannot read {values}")
        return read_line(values, *given, **options)

    monkeypatch.setattr(transform, "read_line", reading)
    manifest = write(tmp_path / "a.jsonl", {"audio_url": "a.wav"}, {"audio_url": "odd-jane-doe.wav"})
    with TestPipeline("FnApiRunner") as pipeline:
        recordings, rejected = pipeline | ReadManifest([manifest], ManifestDefaults())
        assert_that(recordings | beam.Map(lambda r: r.line), equal_to([1]))
        rows = rejected | "rows" >> beam.Map(lambda f: (f.line, f.error_class, f.retryable, "jane" in f.message))
        assert_that(rows, equal_to([(2, "unexpected", False, False)]), label="rejected")
    many = write(tmp_path / "b.jsonl", *({"audio_url": f"odd-{number}.wav"} for number in range(MOST_IN_A_ROW + 1)))
    with pytest.raises(Exception, match="ReadManifest ended more than 20 recordings in a row with ValueError"):
        _read(many)


def _read(manifest: str) -> None:
    with TestPipeline("FnApiRunner") as pipeline:
        _ = pipeline | ReadManifest([manifest], ManifestDefaults())
