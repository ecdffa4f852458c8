"""A DAG that waits for the night's summary, and then works with what the run published.

A run writes `runs/RUN_ID/summary.json` last: once it is there, all tables, transcripts and audio are too. The run may
be started by anything, such as hushbeam_nightly.py, as long as its run id begins as `NIGHT` does.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pendulum
from airflow.sdk import DAG, ObjectStoragePath, PokeReturnValue, task

OUTPUT = os.environ.get("HUSHBEAM_OUTPUT", "gs://BUCKET/redacted")
NIGHT = "nightly-{{ ts_nodash }}"


@task.sensor(mode="reschedule", poke_interval=300, timeout=12 * 3600, soft_fail=False)
def summary_of(night: str) -> PokeReturnValue:
    """The summary of the newest attempt that came to its end."""
    found = sorted(ObjectStoragePath(OUTPUT).glob(f"runs/{night}-*/summary.json"))
    return PokeReturnValue(bool(found), json.loads(found[-1].read_text()) if found else None)


@task
def load(summary: dict[str, Any]) -> int:
    """Put a load into your warehouse here."""
    return int(summary["recordings"]["completed"])


with DAG(
    dag_id="after_redaction",
    schedule="0 2 * * *",  # that of hushbeam_nightly, so that both have the same logical date
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
):
    load(summary_of(NIGHT))
