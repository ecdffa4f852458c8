"""The job on workers that are processes of their own, as on every cluster."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from pipelines.redact import EXIT_COMPLETED
from tests.pipelines.conftest import Run
from tests.runners.processes import worker_pool

Redact = Callable[..., Run]

CARD = {"recording_id": "card", "audio_url": "card.flac", "metadata": {"team": "blue"}}
PHONE = {"recording_id": "phone", "audio_url": "phone.wav", "redact_pii_policies": ["phone_number"]}


def test_workers_elsewhere_write_what_a_local_run_writes(redact: Redact, tmp_path: Path):
    local = redact(CARD, PHONE, output=tmp_path / "local", options=("--run_id", "same"))
    with worker_pool(tmp_path) as pool:
        embedded = ("--runner=PortableRunner", "--job_endpoint=embed", "--output_shards", "1", *pool.options)
        remote = redact(CARD, PHONE, output=tmp_path / "remote", options=("--run_id", "same", *embedded))
    assert remote.status == EXIT_COMPLETED, remote.terminal
    assert_same_outputs(remote, local)


def assert_same_outputs(run: Run, expected: Run) -> None:
    """Tables as sets of rows without duplicates, audio byte for byte, a status for each recording."""
    assert run.statuses() == expected.statuses()
    assert {name: path.read_bytes() for name, path in run.audio().items()} == {
        name: path.read_bytes() for name, path in expected.audio().items()
    }
    for table in ("transcripts", "findings", "errors", "notifications"):
        assert _comparable(run, table) == _comparable(expected, table), table


def _comparable(run: Run, table: str) -> list[str]:
    """Rows without what names the output root."""
    rows = [{k: v for k, v in row.items() if k != "redacted_audio_url"} for row in run.rows(table)]
    return sorted(json.dumps(row, default=str, sort_keys=True).replace(str(run.output), "") for row in rows)
