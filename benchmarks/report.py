"""Cost of a large run's report: seconds, memory and size, over tables with rows of many recordings.

    python -m benchmarks.report [--recordings 100000]

The rows are made up (seeded), in the tables' own schemas and through the job's own writer.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.transforms.archive.tables.parquet import write_parquet
from hushbeam.transforms.report_run import read_figures, write_report

_FINDINGS_EACH = 8
_POLICIES = ("person_name", "phone_number", "credit_card_number", "location", "date_of_birth", "email_address")
_SHARDS = 16
_RUN = "night"


def main() -> None:
    """Makes the tables, then the report, and prints what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=100_000)
    recordings = parser.parse_args().recordings
    with TemporaryDirectory(prefix="hushbeam-") as folder:
        _make(Path(folder), recordings)
        before = time.perf_counter()
        url = write_report(folder, read_figures(folder, _RUN))
        seconds = time.perf_counter() - before
        table = Table("recordings", "seconds", "size (kB)", "peak memory of the process (MB)")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        table.add_row(f"{recordings:,}", f"{seconds:.1f}", f"{Path(url).stat().st_size / 1000:.0f}", f"{peak:.0f}")
        Console().print(table)


def _make(output: Path, recordings: int) -> None:
    random.seed(7)
    for table, schema in (("transcripts", TRANSCRIPTS_SCHEMA), ("findings", FINDINGS_SCHEMA)):
        (output / table).mkdir()
        for shard in range(_SHARDS):
            rows = (made_up_transcripts if table == "transcripts" else made_up_findings)(
                range(shard, recordings, _SHARDS)
            )
            write_parquet(output / table / f"{_RUN}-{shard:04d}.parquet", schema, rows)
    summary = {
        "run_id": _RUN,
        "recordings": {"completed": recordings, "skipped": 0, "quarantined": 0, "failed": 0},
        "findings": {policy: recordings * _FINDINGS_EACH // len(_POLICIES) for policy in _POLICIES},
        "audio_s": 240.0 * recordings,
        "identities": {"configuration": "made up"},
    }
    (output / "runs" / _RUN).mkdir(parents=True)
    (output / "runs" / _RUN / "summary.json").write_text(json.dumps(summary))


def made_up_transcripts(numbers: range) -> Iterator[str]:
    """Rows of `transcripts/` as JSON, for recordings `call-NUMBER`."""
    verification = {
        "recogniser": "tiny.en",
        "verified_s": 20.0,
        "values": 8,
        "control_words": 12,
        "control_words_found": 12,
    }
    for number in numbers:
        words = [
            {"text": " word", "start_s": float(i), "end_s": i + 0.5, "confidence": 0.9, "redacted": False}
            for i in range(50)
        ]
        text = " word" * 50
        utterance = {"channel": 0, "speaker": "A", "start_s": 0.0, "end_s": 50.0, "text": text, "words": words}
        yield json.dumps(
            {
                "recording_id": f"call-{number}",
                "status": "redacted_audio_ready",
                "audio_url": f"calls/{number}.wav",
                "redacted_audio_url": f"audio/{number}.wav",
                "language_code": "en",
                "duration_s": random.lognormvariate(5.3, 0.8),
                "channels": 1,
                "text": text,
                "utterances": [utterance],
                "policies": list(_POLICIES),
                "metadata": [],
                "run_id": _RUN,
                "models": [],
                "configuration": "made up",
                "muted_s": 12.0,
                "muted_s_by_policy": [(policy, random.uniform(0.5, 3.0)) for policy in _POLICIES],
                "verification": verification | {"outcome": "passed", "leaks": 0, "repairs": 0},
            }
        )


def made_up_findings(numbers: range) -> Iterator[str]:
    """Rows of `findings/` as JSON, for the same recordings."""
    for number in numbers:
        for index in range(_FINDINGS_EACH):
            yield json.dumps(
                {
                    "recording_id": f"call-{number}",
                    "policy": _POLICIES[index % len(_POLICIES)],
                    "label": "LABEL",
                    "channel": 0,
                    "start_s": float(index),
                    "end_s": index + 0.5,
                    "text_start": index,
                    "text_end": index + 1,
                    "score": random.betavariate(8, 1),
                    "detector": "numbers",
                    "run_id": _RUN,
                }
            )


if __name__ == "__main__":
    main()
