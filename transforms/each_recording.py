"""How a stage meets recordings: one at a time for what it does, several at a time for how long it takes.

A stage's work is written as a `RecordingStage`, without Beam. `each_recording` makes a transform of it, which gives
every stage the same manners: a `RecordingError` ends one recording and becomes a `Failure` row; anything else is a
defect or a broken machine, and ends the bundle, with a message from which what was said has been removed.
"""

from __future__ import annotations

import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindows

from schemas.failure import ConfigurationError, Failure, RecordingError
from schemas.stages import StageInput
from transforms.freed_memory import give_back_freed
from transforms.progress import report
from transforms.temporary_files import temporary_root

METRICS_NAMESPACE = "hushbeam"
_PASSED, _FAILED = "passed", "failed"

InputT = TypeVar("InputT", bound=StageInput)
OutputT = TypeVar("OutputT")
ValueT = TypeVar("ValueT")


class Outcome(NamedTuple, Generic[OutputT]):
    """What comes out of a stage: recordings that go on, and rows for those that do not."""

    recordings: beam.PCollection[OutputT]
    failures: beam.PCollection[Failure]


class StageDefectError(Exception):
    """Something that is not a recording's fault went wrong.

    Names the stage, the kind of error and the place in the code, never the original message: libraries put the text
    that they choked on into their messages.
    """

    def __init__(self, stage: str, recording_id: str, error: BaseException) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown place"
        super().__init__(f"{stage} broke with {type(error).__name__} at {place} on recording {recording_id!r}")


class RecordingStage(ABC, Generic[InputT, OutputT]):
    """The work of one stage, free of Beam. Pickled with the pipeline, so constructors only keep their arguments."""

    name: str
    """A verb phrase in the words of the architecture: `Transcribe`. Stands in errors and metrics."""

    in_flight = 1
    """How many recordings may be under way at once in one bundle. More than 1 only where `submit` returns early."""

    in_flight_bytes = 2**30
    """How much they may take while they are, as `size` says; one is always let in."""

    def setup(self) -> None:
        """Opens models and connections, once for each instance that runs."""

    def teardown(self) -> None:
        """Closes what `setup` opened."""

    @abstractmethod
    def process(self, recording: InputT) -> OutputT:
        """Does the work for one recording. Raises `RecordingError` to end it."""

    def submit(self, recording: InputT) -> Future[OutputT]:
        """Starts the work and returns at once. The default does the work here and now."""
        done: Future[OutputT] = Future()
        try:
            done.set_result(self.process(recording))
        except RecordingError as error:
            done.set_exception(error)
        return done

    def size(self, recording: InputT) -> int:
        """Bytes that a recording takes on disk or in memory while it is under way."""
        return 0

    def spent_s(self) -> float:
        """Processor time of the stage's own threads since this was last asked."""
        return 0.0

    def measure(self, output: OutputT) -> dict[str, int]:
        """Counters to add for a recording that passed, by name. No values, no ids."""
        return {}


class ThreadedStage(RecordingStage[InputT, OutputT]):
    """A stage whose work waits for disks, networks or native code: several recordings at a time, in threads."""

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
    """A future of what `convert` makes of another future's result. Errors of either are its own."""
    converted: Future[OutputT] = Future()

    def arrived(done: Future[ValueT]) -> None:
        try:
            converted.set_result(convert(done.result()))
        except BaseException as error:  # noqa: BLE001 - it is raised where the future is asked
            converted.set_exception(error)

    future.add_done_callback(arrived)
    return converted


class _EachRecordingFn(beam.DoFn):
    def __init__(self, stage: RecordingStage[Any, Any]) -> None:
        self._stage = stage
        self._passed = Metrics.counter(METRICS_NAMESPACE, f"{stage.name}.{_PASSED}")
        self._milliseconds = Metrics.distribution(METRICS_NAMESPACE, f"{stage.name}.milliseconds")
        # In the bundle's thread and the stage's own: how long it took says little while other threads compete.
        self._processor = Metrics.distribution(METRICS_NAMESPACE, f"{stage.name}.processor_microseconds")

    def setup(self) -> None:
        temporary_root()  # the worker's own may not be what its machine was given
        self._stage.setup()

    def teardown(self) -> None:
        self._stage.teardown()

    def start_bundle(self) -> None:
        self._under_way: deque[tuple[StageInput, float, Future[Any]]] = deque()
        self._bytes = 0

    def process(self, element: StageInput) -> Iterator[Any]:
        size = self._stage.size(element)
        while self._under_way and self._bytes + size > self._stage.in_flight_bytes:
            yield self._finish(*self._under_way.popleft())
        self._bytes += size
        self._start(element)
        while self._under_way and (len(self._under_way) >= self._stage.in_flight or self._under_way[0][2].done()):
            yield self._finish(*self._under_way.popleft())

    def finish_bundle(self) -> Iterator[Any]:
        while self._under_way:
            output = self._finish(*self._under_way.popleft())
            tag, value = (output.tag, output.value) if isinstance(output, TaggedOutput) else (None, output)
            windowed = GlobalWindows.windowed_value_at_end_of_window(value)
            yield TaggedOutput(tag, windowed) if tag else windowed

    def _start(self, element: StageInput) -> None:
        started, processor = time.monotonic(), time.thread_time()
        try:
            self._under_way.append((element, started, self._stage.submit(element)))
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - its message may hold what was said
            raise StageDefectError(self._stage.name, element.recording_id, error) from None
        self._processor.update(int((time.thread_time() - processor) * 1_000_000))

    def _finish(self, element: StageInput, started: float, future: Future[Any]) -> Any:
        stage = self._stage.name
        self._bytes -= self._stage.size(element)
        try:
            output = future.result()
        except RecordingError as error:
            kind = type(error).__name__
            Metrics.counter(METRICS_NAMESPACE, f"{stage}.{error.status}.{kind}").inc()
            report(f"{stage}.{error.status}")
            return TaggedOutput(
                _FAILED,
                Failure(
                    recording_id=element.recording_id,
                    status=error.status,
                    stage=stage,
                    error_class=kind,
                    message=str(error),
                    retryable=error.retryable,
                    manifest=element.manifest,
                    line=element.line,
                ),
            )
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - its message may hold what was said
            raise StageDefectError(stage, element.recording_id, error) from None
        self._milliseconds.update(int((time.monotonic() - started) * 1000))
        self._processor.update(int(self._stage.spent_s() * 1_000_000))
        self._passed.inc()
        for name, amount in self._stage.measure(output).items():
            Metrics.counter(METRICS_NAMESPACE, name).inc(amount)
            report(name, amount)
        report(f"{stage}.{_PASSED}")
        give_back_freed()
        return output


def each_recording(stage: RecordingStage[InputT, OutputT], output: type[OutputT]) -> _EachRecording:
    """A transform that does `stage`'s work for every recording and splits what passed from what did not."""
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
