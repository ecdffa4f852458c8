"""each_recording on a real runner: failures, limits, counters, and raw words that stay in their worker."""

from __future__ import annotations

import errno
import re
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

from hushbeam.schemas.errors import ConfigurationError, QuarantineError, RunError
from hushbeam.schemas.media import MediaInfo, SampleIdentity, SourceIdentity
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stages import PendingRecording, TranscribedRecording
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.base.each_recording import RecordingStage, ThreadedStage, each_recording
from hushbeam.transforms.base.unexpected import MOST_IN_A_ROW

SECRET = "four one one one"
RECORDINGS = [Recording(name, f"/calls/{name}.wav", ("person_name",), line=n) for n, name in enumerate("abcd", start=1)]


class UnsafeError(QuarantineError):
    """For the tests below."""


class Upper(RecordingStage[Recording, Recording]):
    """Passes most, and quarantines `b`."""

    name = "Upper"

    def process(self, recording: Recording) -> Recording:
        if recording.recording_id == "b":
            raise UnsafeError("not safe")
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


def test_a_worker_whose_temporary_folder_cannot_be_used_ends_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "absent"))
    with pytest.raises(ConfigurationError, match="TMPDIR"), TestPipeline("FnApiRunner") as pipeline:
        pipeline | beam.Create(RECORDINGS[:1], reshuffle=False) | each_recording(Upper(), Recording)


@pytest.mark.parametrize("stage", [Upper(), UpperAtOnce()])
def test_one_recordings_error_is_a_row_and_the_others_pass(stage: RecordingStage[Recording, Recording]) -> None:
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


def test_a_stage_limits_the_bytes_in_progress() -> None:
    pipeline = beam.Pipeline("FnApiRunner")
    passed, _ = pipeline | beam.Create(3 * RECORDINGS) | each_recording(Large(), Recording)
    assert_that(passed | beam.combiners.Count.Globally(), equal_to([3 * len(RECORDINGS)]))
    result = pipeline.run()
    result.wait_until_finish()
    query = MetricsFilter().with_name("Large.processor_microseconds")
    (spent,) = result.metrics().query(query)[MetricResults.DISTRIBUTIONS]
    assert spent.result.sum > 0


class Breaking(RecordingStage[Recording, Recording]):
    """Breaks on recordings that are named so, in the way that their names say; passes the others."""

    name = "Breaking"

    def process(self, recording: Recording) -> Recording:
        match recording.recording_id.split("-")[0]:
            case "value":
                raise ValueError(f"cannot read {SECRET}")
            case "index":
                raise IndexError(SECRET)
            case "disk":
                raise OSError(errno.ENOSPC, SECRET)
            case "memory":
                raise MemoryError(SECRET)
            case "files":
                raise OSError(errno.EMFILE, SECRET)
            case "model":
                raise RunError("the model fails")
            case "unsafe":
                raise UnsafeError("not safe")
        return recording


class BreakingLater(Breaking):
    """The same in a thread."""

    in_flight = 2

    def setup(self) -> None:
        self._pool = ThreadPoolExecutor(2)

    def submit(self, recording: Recording) -> Future[Recording]:
        return self._pool.submit(self.process, recording)


def recordings(*names: str) -> list[Recording]:
    return [Recording(name, f"/calls/{name}.wav", ("person_name",), line=n) for n, name in enumerate(names, start=1)]


@pytest.mark.parametrize("stage", [Breaking(), BreakingLater()])
def test_an_unexpected_error_ends_its_recording_with_class_and_place_and_no_value(stage: Breaking) -> None:
    with TestPipeline("FnApiRunner") as pipeline:
        passed, failures = (
            pipeline
            | beam.Create(recordings("good", "value", "disk", "also-good"), reshuffle=False)
            | each_recording(stage, Recording)
        )
        assert_that(passed | beam.Map(lambda r: r.recording_id), equal_to(["good", "also-good"]))
        assert_that(
            failures | "rows" >> beam.Map(lambda f: (f.recording_id, f.status, f.error_class, f.retryable, f.line)),
            equal_to([("value", "failed", "unexpected", False, 2), ("disk", "failed", "unexpected", True, 3)]),
            label="rows",
        )
        assert_that(failures | "messages" >> beam.Map(lambda f: f.message), _tell_the_place, label="messages")


def _tell_the_place(messages: list[str]) -> None:
    place = r"at test_each_recording\.py:\d+, called at each_recording\.py:\d+"
    assert re.match(rf"OSError {place}; the disk is full", min(messages))
    assert re.match(rf"ValueError {place}; this is a defect", max(messages))
    assert SECRET not in "".join(messages)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("memory", r"Breaking failed with MemoryError at test_each_recording\.py"),
        ("files", r"Breaking failed with OSError at test_each_recording\.py"),
        ("model", "the model fails"),
    ],
)
def test_an_error_of_every_recording_ends_the_run_without_a_value(name: str, said: str) -> None:
    with pytest.raises(Exception, match=said) as raised:
        break_on("good", name)
    assert SECRET not in str(raised.value)


def test_the_same_unexpected_error_of_many_recordings_in_a_row_ends_the_run() -> None:
    many = [f"value-{number}" for number in range(MOST_IN_A_ROW)]
    break_on(*many)
    break_on(*many, "good", *many)
    break_on(*many[1:], "index-1", *many)
    with pytest.raises(Exception, match=r"more than 20 recordings in a row with ValueError at test_each_recording"):
        break_on(*many, "value-again")
    with pytest.raises(Exception, match="in a row"):
        break_on(*many, "unsafe", "value-again")  # one that was refused says nothing of the place that breaks


def break_on(*names: str) -> None:
    with TestPipeline("FnApiRunner") as pipeline:
        _ = pipeline | beam.Create(recordings(*names), reshuffle=False) | each_recording(Breaking(), Recording)


def test_repeated_bundles_give_the_same_outputs() -> None:
    options = PipelineOptions(["--direct_runner_bundle_repeat=2"])
    with TestPipeline("FnApiRunner", options=options) as pipeline:
        passed, _ = pipeline | beam.Create(RECORDINGS) | each_recording(Upper(), Recording)
        assert_that(passed | beam.Map(lambda r: r.recording_id), equal_to(["A", "C", "D"]))


def transcribed(recording: Recording) -> TranscribedRecording:
    word = Word(f" {SECRET}", 0.0, 1.0, 1.0, 0)
    media = MediaInfo("wav", "pcm_s16le", 8000, 8000, 1, "mono", "int16", 16, 1.0, 0.0, None, False, 16044)
    return TranscribedRecording(
        PendingRecording(recording, SourceIdentity(recording.audio_url, 1, "mtime_ns:1"), "identity"),
        Transcript("en", 1.0, 1.0, 1, (Utterance(0, (word,)),)),
        media,
        SampleIdentity(8000, "0" * 64),
    )


class Hear(RecordingStage[Recording, TranscribedRecording]):
    """Gives raw words."""

    name = "Hear"

    def process(self, recording: Recording) -> TranscribedRecording:
        return transcribed(recording)


def test_raw_words_pass_between_fused_stages() -> None:
    with TestPipeline("FnApiRunner") as pipeline:
        passed, _ = pipeline | beam.Create(RECORDINGS) | each_recording(Hear(), TranscribedRecording)
        assert_that(passed | beam.Map(lambda r: r.recording_id), equal_to(["a", "b", "c", "d"]))


@pytest.mark.parametrize("hint", [TranscribedRecording, Any])
def test_raw_words_never_pass_through_a_shuffle(hint: Any) -> None:
    with pytest.raises(Exception, match="must stay in the worker that transcribed them"):
        _shuffle_raw_words(hint)


def _shuffle_raw_words(hint: Any) -> None:
    with TestPipeline("FnApiRunner") as pipeline:
        passed, _ = pipeline | beam.Create(RECORDINGS) | each_recording(Hear(), TranscribedRecording)
        passed.element_type = hint
        _ = passed | beam.Reshuffle()


def test_records_with_raw_words_do_not_show_them() -> None:
    assert SECRET not in repr(transcribed(RECORDINGS[0]))
    assert SECRET not in repr(transcribed(RECORDINGS[0]).transcript)
