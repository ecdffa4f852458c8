"""The manners that every stage shares, on a real runner."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.metrics.metric import MetricResults, MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from schemas.failure import ConfigurationError, QuarantineError
from schemas.media import MediaInfo, SampleIdentity
from schemas.recording import Recording
from schemas.source import SourceIdentity
from schemas.stages import HeardRecording, PendingRecording
from schemas.transcript import Transcript, Utterance, Word
from transforms.each_recording import RecordingStage, ThreadedStage, each_recording

SECRET = "four one one one"
RECORDINGS = [Recording(name, f"/calls/{name}.wav", ("person_name",), line=n) for n, name in enumerate("abcd", start=1)]


class UnsafeError(QuarantineError):
    """For the tests below."""


class Upper(RecordingStage[Recording, Recording]):
    """Passes most, quarantines `b`, and breaks on `broken`."""

    name = "Upper"

    def process(self, recording: Recording) -> Recording:
        if recording.recording_id == "b":
            raise UnsafeError("not safe")
        if recording.recording_id == "broken":
            raise ValueError(f"cannot read {SECRET}")
        return Recording(recording.recording_id.upper(), recording.audio_url, recording.policies)


class UpperAtOnce(Upper):
    """The same on threads, several at a time; every recording waits until three are under way."""

    in_flight = 3

    def setup(self) -> None:
        self._pool = ThreadPoolExecutor(3)
        self._three = threading.Barrier(3, timeout=30)

    def submit(self, recording: Recording) -> Future[Recording]:
        return self._pool.submit(self._wait_and_process, recording)

    def _wait_and_process(self, recording: Recording) -> Recording:
        self._three.wait()
        return self.process(recording)

    def teardown(self) -> None:
        self._pool.shutdown()


def test_a_worker_whose_temporary_folder_cannot_be_used_ends_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "absent"))
    with pytest.raises(ConfigurationError, match="TMPDIR"), TestPipeline("FnApiRunner") as pipeline:
        pipeline | beam.Create(RECORDINGS[:1], reshuffle=False) | each_recording(Upper(), Recording)


@pytest.mark.parametrize("stage", [Upper(), UpperAtOnce()])
def test_one_recordings_error_is_a_row_and_the_others_pass(stage: RecordingStage[Recording, Recording]):
    with TestPipeline("FnApiRunner") as pipeline:
        passed, failures = pipeline | beam.Create(RECORDINGS[:3], reshuffle=False) | each_recording(stage, Recording)
        assert_that(passed | beam.Map(lambda r: r.recording_id), equal_to(["A", "C"]))
        rows = failures | "rows" >> beam.Map(lambda f: (f.recording_id, f.status, f.error_class, f.stage, f.line))
        assert_that(rows, equal_to([("b", "quarantined", "UnsafeError", "Upper", 2)]), label="failures")


class Large(ThreadedStage[Recording, Recording]):
    """Counts how many recordings are under way, of which only two may be, because of their size."""

    name = "Large"
    in_flight_bytes = 1000

    def __init__(self) -> None:
        super().__init__(threads=8)

    def setup(self) -> None:
        super().setup()
        self._counting = threading.Lock()
        self._under_way = 0

    def size(self, recording: Recording) -> int:
        return 2000 if recording.recording_id == "d" else 400

    def process(self, recording: Recording) -> Recording:
        with self._counting:
            self._under_way += 1
            assert self._under_way <= (1 if recording.recording_id == "d" else 2)
        time.sleep(0.02)  # so that others could begin
        with self._counting:
            self._under_way -= 1
        return recording


def test_no_more_bytes_are_under_way_at_once_than_a_stage_allows():
    pipeline = beam.Pipeline("FnApiRunner")
    passed, _ = pipeline | beam.Create(3 * RECORDINGS) | each_recording(Large(), Recording)
    assert_that(passed | beam.combiners.Count.Globally(), equal_to([3 * len(RECORDINGS)]))
    result = pipeline.run()
    result.wait_until_finish()
    query = MetricsFilter().with_name("Large.processor_microseconds")
    (spent,) = result.metrics().query(query)[MetricResults.DISTRIBUTIONS]
    assert spent.result.sum > 0


def test_a_defect_ends_the_job_without_what_was_said():
    with pytest.raises(Exception, match=r"Upper broke with ValueError at test_each_recording\.py") as raised:
        _run(Recording("broken", "/calls/a.wav", ("person_name",)))
    assert SECRET not in str(raised.value)


def _run(recording: Recording) -> None:
    with TestPipeline("FnApiRunner") as pipeline:
        _ = pipeline | beam.Create([recording]) | each_recording(Upper(), Recording)


def test_bundles_that_run_again_give_the_same():
    options = PipelineOptions(["--direct_runner_bundle_repeat=2"])
    with TestPipeline("FnApiRunner", options=options) as pipeline:
        passed, _ = pipeline | beam.Create(RECORDINGS) | each_recording(Upper(), Recording)
        assert_that(passed | beam.Map(lambda r: r.recording_id), equal_to(["A", "C", "D"]))


def heard(recording: Recording) -> HeardRecording:
    word = Word(f" {SECRET}", 0.0, 1.0, 1.0, 0)
    media = MediaInfo("wav", "pcm_s16le", 8000, 8000, 1, "mono", "int16", 16, 1.0, 0.0, None, False, 16044)
    return HeardRecording(
        PendingRecording(recording, SourceIdentity(recording.audio_url, 1, "mtime_ns:1"), "identity"),
        Transcript("en", 1.0, 1.0, 1, (Utterance(0, (word,)),)),
        media,
        SampleIdentity(8000, "0" * 64),
    )


class Hear(RecordingStage[Recording, HeardRecording]):
    """Gives raw words."""

    name = "Hear"

    def process(self, recording: Recording) -> HeardRecording:
        return heard(recording)


def test_raw_words_pass_between_fused_stages():
    with TestPipeline("FnApiRunner") as pipeline:
        passed, _ = pipeline | beam.Create(RECORDINGS) | each_recording(Hear(), HeardRecording)
        assert_that(passed | beam.Map(lambda r: r.recording_id), equal_to(["a", "b", "c", "d"]))


@pytest.mark.parametrize("hint", [HeardRecording, Any])
def test_raw_words_never_pass_through_a_shuffle(hint: Any):
    with pytest.raises(Exception, match="must stay in the worker that heard them"):
        _shuffle_raw_words(hint)


def _shuffle_raw_words(hint: Any) -> None:
    with TestPipeline("FnApiRunner") as pipeline:
        passed, _ = pipeline | beam.Create(RECORDINGS) | each_recording(Hear(), HeardRecording)
        passed.element_type = hint
        _ = passed | beam.Reshuffle()


def test_records_with_raw_words_do_not_show_them():
    assert SECRET not in repr(heard(RECORDINGS[0]))
    assert SECRET not in repr(heard(RECORDINGS[0]).transcript)
