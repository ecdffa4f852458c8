"""ReadManifest on a real runner."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from hushbeam.schemas.recording import Recording
from hushbeam.transforms.base.unexpected import MOST_IN_A_ROW
from hushbeam.transforms.read_manifest import ManifestDefaults, ReadManifest, transform
from hushbeam.transforms.read_manifest.line import derived_id, read_line


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


def test_a_rejected_line_keeps_the_id_of_its_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = write(
        tmp_path / "a.jsonl",
        {"audio_url": "a.wav", "recording_id": "a", "redact_pii_policies": ["zebra"]},
        {"audio_url": "b.wav", "zebra": 1},
        {"recording_id": 7},
    )
    monkeypatch.setenv("IDENTITIES", "a key of sixteen bytes")
    with TestPipeline("FnApiRunner") as pipeline:
        _, rejected = pipeline | ReadManifest([manifest], ManifestDefaults())
        ids = rejected | beam.Map(lambda f: (f.line, f.recording_id))
        assert_that(ids, equal_to([(1, "a"), (2, derived_id("b.wav")), (3, None)]))
    with TestPipeline("FnApiRunner") as pipeline:
        _, rejected = pipeline | ReadManifest([manifest], ManifestDefaults(), hash_identities="env:IDENTITIES")
        pseudonyms = rejected | beam.Map(lambda f: (f.line, (f.recording_id or "")[:3]))
        assert_that(pseudonyms, equal_to([(1, "id-"), (2, "id-"), (3, "")]))


def test_a_worker_with_another_key_than_the_earlier_runs_reads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a cluster, where whoever submits the job need not have the key."""
    manifest = write(tmp_path / "a.jsonl", {"audio_url": "a.wav", "recording_id": "a"})
    output = str(tmp_path / "out")

    def read(*, is_held: bool) -> None:
        with TestPipeline("FnApiRunner") as pipeline:
            _ = pipeline | ReadManifest(
                [manifest], ManifestDefaults(), hash_identities="env:IDENTITIES", output=output, is_held=is_held
            )

    monkeypatch.setenv("IDENTITIES", "another key of sixteen bytes")
    read(is_held=False)  # records nothing
    monkeypatch.setenv("IDENTITIES", "a key of sixteen bytes")
    for is_held in (True, True, False):
        read(is_held=is_held)
    monkeypatch.setenv("IDENTITIES", "another key of sixteen bytes")
    for is_held in (True, False):
        with pytest.raises(Exception, match="--hash_identities: earlier runs of this output used another key"):
            read(is_held=is_held)


def test_recordings_named_without_a_manifest_have_the_defaults_and_ids_of_their_own(tmp_path: Path) -> None:
    named = [str(tmp_path / name) for name in ("a.wav", "a.mp3", "b.wav")]
    manifest = write(tmp_path / "a.jsonl", {"audio_url": named[2]}, {"audio_url": "c.wav"})
    with TestPipeline("FnApiRunner") as pipeline:
        defaults = ManifestDefaults(policies=("drug",))
        recordings, rejected = pipeline | ReadManifest([manifest], defaults, recordings=named)
        urls = recordings | beam.Map(lambda r: (r.audio_url, r.policies, r.manifest, r.line))
        of_manifest = (str(tmp_path / "c.wav"), ("drug",), manifest, 2)
        assert_that(urls, equal_to([*((url, ("drug",), "", 0) for url in named), of_manifest]))
        assert_that(recordings | "ids" >> beam.Map(lambda r: r.recording_id) | beam.Distinct(), _are(4), label="ids")
        messages = rejected | "messages" >> beam.Map(lambda f: (f.recording_id, f.message))
        told = "line 1: recording_id: a recording that is named without a manifest has the same id"
        expected = [(derived_id(named[2]), f"{told}; ids must be unique within a run")]
        assert_that(messages, equal_to(expected), label="rejected")


def test_thousands_of_named_recordings_all_arrive() -> None:
    named = [f"gs://calls/2026-11-23/call-{number:06}.wav" for number in range(2500)]
    with TestPipeline("FnApiRunner") as pipeline:
        recordings, _ = pipeline | ReadManifest([], ManifestDefaults(), recordings=named)
        assert_that(recordings | beam.Map(lambda r: r.audio_url), equal_to(named))


def test_lines_of_standard_input_start_in_the_folder_of_their_name(tmp_path: Path) -> None:
    spool = tmp_path / "elsewhere" / "lines"
    spool.parent.mkdir()
    spool.write_text('{"audio_url": "a.wav"}\n')
    name = str(tmp_path / "-")
    with TestPipeline("FnApiRunner") as pipeline:
        recordings, _ = pipeline | ReadManifest([name], ManifestDefaults(), spooled={name: str(spool)})
        found = recordings | beam.Map(lambda r: (r.audio_url, r.manifest))
        assert_that(found, equal_to([(str(tmp_path / "a.wav"), name)]))


def test_keys_of_no_concern_are_passed_over_for_receivers_only(tmp_path: Path) -> None:
    manifest = write(tmp_path / "a.jsonl", {"audio_url": "a.wav", "agent": "Kim", "webhook_url": "https://example.com"})
    with TestPipeline("FnApiRunner") as pipeline:
        recordings, rejected = pipeline | ReadManifest([manifest], ManifestDefaults(), only_receivers=True)
        assert_that(recordings | beam.Map(lambda r: r.webhook_url), equal_to(["https://example.com"]))
        assert_that(rejected, equal_to([]), label="rejected")


def _are(number: int) -> Callable[[Iterable[object]], None]:
    def check(found: Iterable[object]) -> None:
        assert len(list(found)) == number

    return check


def _read(manifest: str) -> None:
    with TestPipeline("FnApiRunner") as pipeline:
        _ = pipeline | ReadManifest([manifest], ManifestDefaults())
