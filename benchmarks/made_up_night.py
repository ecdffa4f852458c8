"""Output root of a made-up night, with its earlier runs: for the report's benchmark, tests and pictures.

The rows are made up (seeded), in the tables' own schemas and through the job's own writer.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hushbeam.schemas.delivery import NOTIFICATIONS_SCHEMA
from hushbeam.schemas.failure import ERRORS_SCHEMA, Failure
from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.transforms.archive.runs.summary import cause_of, summarise
from hushbeam.transforms.archive.runs.timings import Sample, StageTime, Timings, write_timings
from hushbeam.transforms.archive.tables.parquet import write_parquet

RUN = "nightly-2026-11-28"
_MADE_AT = datetime(2026, 11, 28, 2, tzinfo=UTC)
_SHARDS = 16
_FINDINGS_EACH = 8
_WORDS = 50
_SPEED = 96.0
_POLICIES = (
    *("person_name", "phone_number", "location", "credit_card_number", "date_of_birth", "email_address"),
    *("account_number", "credit_card_cvv", "credit_card_expiration", "password", "username", "healthcare_number"),
)
_WEIGHTS = tuple(0.75**index for index in range(len(_POLICIES)))
_IDENTITIES = {
    "configuration": "55d055dc5beb84c90557b5afce50a2313a8040d03a5af37496ed942e03872eff",
    "detector": "packaged sha256:e5bb64b4916f9fd90aac8600537a4501624f11da6b771ae38f9eb3163d5b4e21",
    "recogniser": "whisper-base@sha256:905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    "second_recogniser": "whisper-tiny.en@sha256:1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
}
_STAGES = (
    *(("Transcribe", 0.62), ("VerifyAudio", 0.19), ("DetectPII", 0.08), ("MuteAudio", 0.05), ("PlanSpans", 0.03)),
    *(("Commit", 0.02), ("RedactText", 0.004), ("AssembleTranscript", 0.003), ("SkipFinished", 0.003)),
)
_MISSING = "the file to read does not exist in the bucket"
FAILURES = (
    ("failed", "SkipFinished", "MissingFileError", True, _MISSING, 3),
    ("failed", "PlanSpans", "MediaError", False, "truncated: the file ends before its stated length", 2),
    ("quarantined", "VerifyAudio", "AudibleLeakError", False, "personal data is recognised after 3 mutings", 1),
)
"""Status, stage, class, retryable, message and number of the recordings that did not complete."""


def make(output: Path, recordings: int, *, failures: Sequence[tuple[Any, ...]] = (), earlier: int = 0) -> None:
    """Writes the tables and the files of a run, and the summaries and timings of earlier ones."""
    random.seed(7)
    lost = [
        Failure(f"call-{number}-{kind}", status, stage, error, message, retryable, "calls.jsonl", number + 1, RUN)
        for status, stage, error, retryable, message, count in failures
        for number, kind in zip(range(count), [error] * count, strict=True)
    ]
    lengths_s = [made_up_length_s() for _ in range(recordings)]
    for table, schema in (
        *(("transcripts", TRANSCRIPTS_SCHEMA), ("findings", FINDINGS_SCHEMA)),
        *(("errors", ERRORS_SCHEMA), ("notifications", NOTIFICATIONS_SCHEMA)),
    ):
        folder = output / table / f"run_date={_MADE_AT:%Y-%m-%d}"
        folder.mkdir(parents=True)
        for shard in range(_SHARDS):
            numbers = range(shard, recordings, _SHARDS)
            rows: Iterator[str] = iter(())
            if table == "transcripts":
                rows = made_up_transcripts(numbers, lengths_s)
            elif table == "findings":
                rows = made_up_findings(numbers)
            elif table == "errors" and not shard:
                rows = (json.dumps(failure.to_row(_MADE_AT.isoformat())) for failure in lost)
            write_parquet(folder / f"{RUN}-{shard:04d}.parquet", schema, rows)
    totals = _totals(sum(lengths_s), recordings)
    for failure in lost:
        totals[cause_of(failure)] += 1
        totals[f"recordings.{failure.status}"] += 1
    _run(output, RUN, totals, _MADE_AT)
    for night in range(earlier, 0, -1):
        at = _MADE_AT - timedelta(days=night)
        audio_s = sum(lengths_s) * random.uniform(0.85, 1.1)
        totals = _totals(audio_s, recordings, random.uniform(0.93, 1.07))
        totals["recordings.failed"] = max(0, round(random.gauss(0.003, 0.002) * recordings))
        totals["recordings.quarantined"] = max(0, round(random.gauss(0.001, 0.001) * recordings))
        _run(output, f"nightly-{at:%Y-%m-%d}", totals, at, random.uniform(0.8, 1.1))


def _totals(audio_s: float, recordings: int, more: float = 1.0) -> Counter[str]:
    totals: Counter[str] = Counter({"recordings.completed": recordings, "verification.passed": recordings})
    counts: dict[str, float] = {"audio_s": audio_s, "channel_s": 1.6 * audio_s, "muted_s": 0.031 * more * audio_s}
    findings = recordings * _FINDINGS_EACH * more
    for policy, weight in zip(_POLICIES, _WEIGHTS, strict=True):
        share = weight / sum(_WEIGHTS)
        counts |= {f"findings.{policy}": findings * share, f"muted_s.{policy}": 0.034 * more * audio_s * share}
    control_words = 12 * recordings
    counts |= {
        "verification_counts.control_words": control_words,
        "verification_counts.control_words_found": control_words * 0.97,
        "verification_counts.leaks": recordings // 45,
        "verification_counts.repairs": recordings // 50,
        "doubtful.repaired": recordings // 50,
        "doubtful.untranscribed_speech": recordings // 150,
        "doubtful.any": recordings // 50 + recordings // 150,
    }
    totals.update(counts)
    return totals


def _run(output: Path, run_id: str, totals: Counter[str], at: datetime, faster: float = 1.0) -> None:
    folder = output / "runs" / run_id
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps(summarise(run_id, totals, _IDENTITIES)), encoding="utf-8")
    wall_s, audio_s, done = totals["audio_s"] / _SPEED / faster, totals["audio_s"], totals["recordings.completed"]
    steps = [part / 200 for part in range(201)]
    # Slow at first, while models are loaded, and at the end, when the last long recordings are left.
    course = [min(1.0, max(0.0, 1.08 * (part - 0.02) - 0.05 * part**4 + 0.003 * math.sin(30 * part))) for part in steps]
    timings = Timings(
        started_at=at,
        wall_s=wall_s,
        stages=tuple(
            StageTime(name=name, recordings=int(done), elapsed_s=6 * wall_s * share, processor_s=0.0)
            for name, share in _STAGES
        ),
        samples=tuple(
            Sample(elapsed_s=wall_s * part, audio_s=audio_s * transcribed, committed=int(done * transcribed))
            for part, transcribed in zip(steps, course, strict=True)
        ),
    )
    write_timings(str(output), run_id, timings)


def made_up_length_s() -> float:
    """The length of a call."""
    return min(random.lognormvariate(5.3, 0.8), 14_000.0)


def made_up_transcripts(numbers: range, lengths_s: Sequence[float] = ()) -> Iterator[str]:
    """Rows of `transcripts/` as JSON, for recordings `call-NUMBER`."""
    verification = {
        "outcome": "passed",
        "recogniser": "tiny.en",
        "verified_s": 20.0,
        "values": 8,
        "control_words": 12,
        "control_words_found": 12,
        "leaks": 0,
        "repairs": 0,
    }
    for number in numbers:
        words = [
            {"text": "word", "start_s": float(i), "end_s": i + 0.5, "confidence": 0.9, "redacted": False}
            for i in range(_WORDS)
        ]
        text = " ".join(["word"] * _WORDS)
        utterance = {"channel": 0, "speaker": "A", "start_s": 0.0, "end_s": 50.0, "text": text, "words": words}
        yield json.dumps(
            {
                "recording_id": f"call-{number}",
                "status": "redacted_audio_ready",
                "audio_url": f"calls/{number}.wav",
                "redacted_audio_url": f"audio/{number}.wav",
                "language_code": "en",
                "duration_s": lengths_s[number] if lengths_s else made_up_length_s(),
                "channels": 1,
                "text": text,
                "utterances": [utterance],
                "policies": list(_POLICIES),
                "metadata": [],
                "run_id": RUN,
                "processed_at": _MADE_AT.isoformat(),
                "models": [],
                "configuration": "",
                "configuration_id": "made up",
                "muted_s": 12.0,
                "muted_s_by_policy": [(policy, random.uniform(0.5, 3.0)) for policy in _POLICIES],
                "verification": verification,
            }
        )


def made_up_findings(numbers: range) -> Iterator[str]:
    """Rows of `findings/` as JSON, for the same recordings."""
    for number in numbers:
        for index, policy in enumerate(random.choices(_POLICIES, _WEIGHTS, k=_FINDINGS_EACH)):
            yield json.dumps(
                {
                    "recording_id": f"call-{number}",
                    "policy": policy,
                    "label": policy.upper(),
                    "channel": 0,
                    "start_s": float(index),
                    "end_s": index + 0.5,
                    "text_start": index,
                    "text_end": index + 1,
                    "score": random.betavariate(8, 1),
                    "detector": "numbers",
                    "run_id": RUN,
                    "processed_at": _MADE_AT.isoformat(),
                }
            )
