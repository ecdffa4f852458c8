"""Examples of ends of runs."""

from __future__ import annotations

from datetime import UTC, datetime

from hushbeam.transforms.archive.runs.timings import StageTime, Timings
from hushbeam.transforms.observe_run import RunEnd
from hushbeam.transforms.report_run import RunFigures
from hushbeam.transforms.report_run.drift import Rate
from hushbeam.transforms.report_run.figures import ErrorGroup, Histogram

STARTED = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
WALL_S = 5400.0
ENDED_S = STARTED.timestamp() + WALL_S

FIGURES = RunFigures(
    summary={
        "run_id": "night-7",
        "recordings": {"completed": 90, "skipped": 5, "quarantined": 3, "failed": 2},
        "findings": {"person_name": 40, "credit_card_number": 7},
        "audio_s": 7200.5,
        "channel_s": 14400.0,
        "muted_s": 75.25,
        "muted_s_by_policy": {"person_name": 31.25, "credit_card_number": 44.0},
        "verification": {"passed": 88, "not_sampled": 2},
        "verification_counts": {"leaks": 4, "repairs": 2, "control_words": 50, "control_words_found": 49},
        "doubtful": {"repaired": 2, "untranscribed_speech": 0},
        "identities": {"configuration_id": "c0ffee"},
    },
    muted_s={"person_name": 31.25, "credit_card_number": 44.0},
    scores=Histogram((0.0, 1.0), (47,)),
    durations=Histogram((0.0, 60.0), (90,)),
    errors=(
        ErrorGroup("quarantined", "MuteAudio", "NoTimeError", False, 2),
        ErrorGroup("quarantined", "MuteAudio", "NoTimeError", True, 1),
        ErrorGroup("failed", "Transcribe", "MissingFileError", True, 2),
    ),
    verification={"passed": 88, "repaired": 2},
    verification_counts={"leaks": 4, "repairs": 2, "control_words": 50, "control_words_found": 49},
    deliveries={"delivered": 89, "given_up": 1},
    rates=(Rate("Findings", "an hour", 23.5, (90.0,) * 5, 70.0, 110.0), Rate("Failed", "%", 2.0, (), None, None)),
    timings=Timings(
        started_at=STARTED,
        wall_s=5300.0,
        stages=(StageTime(name="Transcribe", recordings=93, elapsed_s=4000.5, processor_s=1200.25),),
    ),
    canaries={"items": 40, "recall": 0.975, "floor": 0.9, "missed": {"phone_number": 1}},
)


def completed(exit_status: int = 0, pipeline: str = "nightly-calls") -> RunEnd:
    return RunEnd(pipeline, "night-7", STARTED, WALL_S, exit_status, FIGURES, FIGURES.canaries)


def broken(exit_status: int = 1, pipeline: str = "nightly-calls") -> RunEnd:
    return RunEnd(pipeline, "night-8", STARTED, WALL_S, exit_status)
