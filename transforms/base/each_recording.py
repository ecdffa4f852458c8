"""RecordingStage and each_recording: the work of a stage without Beam, and the transform that runs it.

A stage processes one recording at a time, or several at once if it mostly waits. Any exception while a recording is
processed ends that recording and becomes a `Failure` row. A `RecordingError` gives the reason; anything else is
`unexpected`, and its row gives the class and the place in the code. Errors that concern every recording
(`unexpected.ends_the_run`) end the run, and so does the same unexpected error of many recordings in a row. No message
holds words of a recording.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import PurePath
from typing import Any, Generic, NamedTuple, TypeVar

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.shared import Shared

from hushbeam.schemas.errors import ConfigurationError, RecordingError, RunError
from hushbeam.schemas.failure import Failure
from hushbeam.schemas.stages import StageInput
from hushbeam.transforms.base import progress
from hushbeam.transforms.base.freed_memory import give_back_freed
from hushbeam.transforms.base.private_memory import keep_memory_private
from hushbeam.transforms.base.progress import Ended, report
from hushbeam.transforms.base.temporary_files import temporary_root
from hushbeam.transforms.base.unexpected import InARow, StageDefectError, error_class, place_of, release_frames

METRICS_NAMESPACE = "hushbeam"
_PASSED, _FAILED = "passed", "failed"

InputT = TypeVar("InputT", bound=StageInput)
OutputT = TypeVar("OutputT")
ValueT = TypeVar("ValueT")


class Outcome(NamedTuple, Generic[OutputT]):
    """The outputs of a stage: recordings that passed, and failures."""

    recordings: beam.PCollection[OutputT]
    failures: beam.PCollection[Failure]


class RecordingStage(ABC, Generic[InputT, OutputT]):
    """The work of one stage, without Beam. Pickled with the pipeline, so constructors only keep their arguments."""

    name: str
    """Its name in errors and metrics, a verb phrase: `Transcribe`."""

    in_flight = 1
    """Most recordings in progress at once in a bundle. More than 1 only makes sense if `submit` returns early."""

    in_flight_bytes = 2**30
    """Most bytes that they may take together, by `size`; a single recording may take more."""

    def setup(self) -> None:
        """Opens models and connections, once for each instance of the stage."""

    def teardown(self) -> None:
        """Closes what `setup` opened."""

    @abstractmethod
    def process(self, recording: InputT) -> OutputT:
        """Processes one recording. Raises `RecordingError` to end it, and `RunError` to end the run."""

    def submit(self, recording: InputT) -> Future[OutputT]:
        """Starts processing a recording. The default does all of the work before it returns."""
        done: Future[OutputT] = Future()
        done.set_result(self.process(recording))
        return done

    def size(self, recording: InputT) -> int:
        """Bytes that a recording takes on disk or in memory while it is processed."""
        return 0

    def spent_s(self) -> float:
        """Processor time of the stage's own threads since the last call."""
        return 0.0

    def measure(self, output: OutputT) -> dict[str, int]:
        """Counters to add for a recording that passed, by name. Names hold no values and no ids."""
        return {}

    ends_recordings = False
    """Whether a recording that passed has ended."""

    def end_of(self, output: OutputT) -> Ended:
        """What a terminal shows of a recording that has ended."""
        raise NotImplementedError


class ThreadedStage(RecordingStage[InputT, OutputT]):
    """A stage that waits for disks, networks or native code, and so processes several recordings at once in threads."""

    def __init__(self, threads: int) -> None:
        self.in_flight = threads

    def setup(self) -> None:
        self._threads = ThreadPoolExecutor(self.in_flight, thread_name_prefix=self.name)
        self._spending = threading.Lock()
        self._spent_s = 0.0

    def teardown(self) -> None:
        self._threads.shutdown()

    def submit(self, recording: InputT) -> Future[OutputT]:
        return self._threads.submit(self._process, recording)

    def spent_s(self) -> float:
        with self._spending:
            spent_s, self._spent_s = self._spent_s, 0.0
            return spent_s

    def _process(self, recording: InputT) -> OutputT:
        started_s = time.thread_time()
        try:
            return self.process(recording)
        finally:
            with self._spending:
                self._spent_s += time.thread_time() - started_s


def then(future: Future[ValueT], convert: Callable[[ValueT], OutputT]) -> Future[OutputT]:
    """A future of `convert(result)`. It raises what the first future or `convert` raises."""
    converted: Future[OutputT] = Future()
    unfinished = [converted]  # emptied: a future keeps its callbacks, and these must not keep the result

    def finish(done: Future[ValueT]) -> None:
        target = unfinished.pop()
        try:
            target.set_result(convert(done.result()))
        except BaseException as error:  # noqa: BLE001 - raised again by `result`
            target.set_exception(error)

    future.add_done_callback(finish)
    return converted


class _EachRecordingFn(beam.DoFn):
    def __init__(self, stage: RecordingStage[Any, Any]) -> None:
        self._stage = stage
        self._passed = Metrics.counter(METRICS_NAMESPACE, f"{stage.name}.{_PASSED}")
        self._milliseconds = Metrics.distribution(METRICS_NAMESPACE, f"{stage.name}.milliseconds")
        # Processor time of the bundle's thread and the stage's own: elapsed time depends on the other threads of the
        # worker.
        self._processor = Metrics.distribution(METRICS_NAMESPACE, f"{stage.name}.processor_microseconds")
        self._shared = Shared()

    def setup(self) -> None:
        keep_memory_private()
        self._in_a_row: InARow = self._shared.acquire(InARow)
        try:
            temporary_root()  # checked here too: the worker may not have the folder of the launching machine
            self._stage.setup()
        except (ConfigurationError, RunError):
            raise
        except Exception as error:  # noqa: BLE001 - reported by class and place, like all errors
            raise StageDefectError(f"{self._stage.name} cannot start: {place_of(error)}") from None

    def teardown(self) -> None:
        self._stage.teardown()

    def start_bundle(self) -> None:
        self._in_progress: deque[tuple[StageInput, float, Future[Any]]] = deque()
        self._bytes = 0

    def process(self, element: StageInput) -> Iterator[Any]:
        size = self._stage.size(element)
        while self._in_progress and self._bytes + size > self._stage.in_flight_bytes:
            yield self._finish(*self._in_progress.popleft())
        self._bytes += size
        self._start(element)
        while self._in_progress and (len(self._in_progress) >= self._stage.in_flight or self._in_progress[0][2].done()):
            yield self._finish(*self._in_progress.popleft())

    def finish_bundle(self) -> Iterator[Any]:
        while self._in_progress:
            output = self._finish(*self._in_progress.popleft())
            tag, value = (output.tag, output.value) if isinstance(output, TaggedOutput) else (None, output)
            windowed = GlobalWindows.windowed_value_at_end_of_window(value)
            yield TaggedOutput(tag, windowed) if tag else windowed

    def _start(self, element: StageInput) -> None:
        started, processor = time.monotonic(), time.thread_time()
        try:
            future = self._stage.submit(element)
        except Exception as error:  # noqa: BLE001 - handled in `_finish`
            future = Future()
            future.set_exception(error)
        self._in_progress.append((element, started, future))
        self._processor.update(int((time.thread_time() - processor) * 1_000_000))

    def _finish(self, element: StageInput, started: float, future: Future[Any]) -> Any:
        self._bytes -= self._stage.size(element)
        try:
            output = future.result()
            counts = self._stage.measure(output)
        except RecordingError as error:
            return self._failed(element, error)
        except (ConfigurationError, RunError):
            raise
        except Exception as error:  # noqa: BLE001 - its message may hold words of the recording
            unexpected = self._in_a_row.checked(error, self._stage.name)
            release_frames(error)
            return self._failed(element, unexpected)
        self._in_a_row.passed()
        self._milliseconds.update(int((time.monotonic() - started) * 1000))
        self._processor.update(int(self._stage.spent_s() * 1_000_000))
        self._passed.inc()
        for name, amount in counts.items():
            Metrics.counter(METRICS_NAMESPACE, name).inc(amount)
            report(name, amount)
        report(f"{self._stage.name}.{_PASSED}")
        if self._stage.ends_recordings:
            progress.end(lambda: self._stage.end_of(output))
        give_back_freed()
        return output

    def _failed(self, element: StageInput, error: RecordingError) -> TaggedOutput:
        release_frames(error)
        stage = self._stage.name
        kind = error_class(error)
        Metrics.counter(METRICS_NAMESPACE, f"{stage}.{error.status}.{kind}").inc()
        report(f"{stage}.{error.status}")
        failure = Failure(
            recording_id=element.recording_id,
            status=error.status,
            stage=stage,
            error_class=kind,
            message=str(error),
            retryable=error.retryable,
            manifest=element.manifest,
            line=element.line,
            audio_url=element.source_url,
        )
        progress.end(lambda: end_of_failure(failure))
        return TaggedOutput(_FAILED, failure)


def end_of_failure(failure: Failure) -> Ended:
    """What a terminal shows of a recording or line that did not complete."""
    where = f"{PurePath(failure.manifest).name}:{failure.line}" if failure.line else failure.manifest
    file = None if failure.manifest else failure.audio_url
    return Ended(failure.recording_id, failure.status, failure.message, where=where, file=file)


def each_recording(stage: RecordingStage[InputT, OutputT], output: type[OutputT]) -> _EachRecording:
    """A transform that runs `stage` on every recording and separates failures from outputs."""
    return _EachRecording(stage, output)


class _EachRecording(beam.PTransform):
    def __init__(self, stage: RecordingStage[Any, Any], output: type[Any]) -> None:
        super().__init__(f"{stage.name}, each recording")
        self._stage = stage
        self._output = output

    def expand(self, recordings: beam.PCollection[Any]) -> Outcome[Any]:
        outputs = recordings | "Do" >> beam.ParDo(_EachRecordingFn(self._stage)).with_outputs(_FAILED, main=_PASSED)
        outputs[_PASSED].element_type = self._output
        outputs[_FAILED].element_type = Failure
        return Outcome(outputs[_PASSED], outputs[_FAILED])
