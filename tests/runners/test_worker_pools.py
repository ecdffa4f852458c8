"""The job on workers that are processes of their own, as on every cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipelines.redact import EXIT_COMPLETED
from tests.pipelines.conftest import Run
from tests.runners.processes import worker_pool
from tests.runners.submitting import assert_same_outputs

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
