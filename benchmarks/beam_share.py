"""Cost of Beam itself: the job's stages and shuffles, with recordings that need no work."""

from __future__ import annotations

from dataclasses import dataclass

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from benchmarks.measure import Clock, in_new_process
from hushbeam.schemas.recording import Recording
from hushbeam.transforms.base.each_recording import RecordingStage, each_recording

_STAGES = ("SkipFinished", "Transcribe", "DetectPII", "RedactText", "MuteAudio", "VerifyAudio", "Commit", "Notify")
_CALL_S = 30.0


@dataclass(frozen=True)
class Share:
    """What Beam takes for so many recordings.

    Attributes:
      wall_s, cpu_s: Of drawing and running the pipeline, imports left out.
      cpu_ms_each: Processor milliseconds for each recording.
      of_transcription: The same as a share of what the speech engine takes for a call of 30 s.
    """

    recordings: int
    wall_s: float
    cpu_s: float
    cpu_ms_each: float
    of_transcription: float


class _NoWork(RecordingStage[Recording, Recording]):
    def __init__(self, name: str) -> None:
        self.name = name

    def process(self, recording: Recording) -> Recording:
        return recording


def pass_through(clock: Clock, count: int) -> None:
    """Sends `count` recordings through stages that do nothing, a shuffle and a grouping, in Beam's local runner."""
    recordings = [Recording(f"call-{number}", f"/calls/{number}.wav", ("person_name",)) for number in range(count)]
    clock.ready()
    with beam.Pipeline("FnApiRunner", options=PipelineOptions([])) as pipeline:
        passed = pipeline | beam.Create(recordings)
        for name in _STAGES[:-1]:
            passed = (passed | name >> each_recording(_NoWork(name), Recording)).recordings
        passed = passed | "Before notifying" >> beam.Reshuffle()
        passed = (passed | _STAGES[-1] >> each_recording(_NoWork(_STAGES[-1]), Recording)).recordings
        _ = (
            passed
            | "By shard" >> beam.Map(lambda recording: (len(recording.recording_id) % 2, recording.recording_id))
            | "For a table" >> beam.GroupByKey()
            | "As many" >> beam.MapTuple(lambda shard, ids: sum(1 for _ in ids))
        )


def share(count: int, engine_cpu_s_per_hour: float) -> Share:
    """Measures `count` recordings, in a process of its own.

    Args:
      engine_cpu_s_per_hour: What the speech engine takes for an hour of recordings.
    """
    cost = in_new_process(pass_through, count)[1]
    of_a_call = engine_cpu_s_per_hour * _CALL_S / 3600
    each_s = cost.work_cpu_s / count
    return Share(count, cost.work_s, cost.work_cpu_s, each_s * 1000, each_s / of_a_call)
