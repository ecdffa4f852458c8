"""The example assets, materialised by Dagster: `make test-deploy`."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

dagster = pytest.importorskip("dagster", reason="make test-deploy installs it")

ASSETS = Path(__file__).parents[2] / "deploy" / "dagster" / "hushbeam_assets.py"
RESULT = {
    "recordings": {"completed": 2, "skipped": 0, "failed": 1, "quarantined": 0},
    "failures": [{"count": 1, "message": "the file to read does not exist"}],
    "audio_s": 90.0,
    "run_id": "nightly",
    "report": "/out/report.html",
}


def materialised(folder: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> tuple[Any, list[str]]:
    """What Dagster says, and the arguments of the command, which is a stand-in with the result of a run."""
    command = folder / "hushbeam"
    command.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {folder}/given\ncat {folder}/result\nexit {status}\n")
    command.chmod(0o755)
    (folder / "result").write_text(json.dumps(RESULT))
    monkeypatch.setenv("HUSHBEAM_COMMAND", str(command))
    asset = assets().redacted_recordings
    result = dagster.materialize([asset], partition_key="2026-11-28", raise_on_error=False)
    return result, (folder / "given").read_text().splitlines()


def assets() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hushbeam_assets", ASSETS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("status", "passed"), [(0, True), (3, False)])
def test_failed_recordings_fail_a_check_and_not_the_asset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, passed: bool
) -> None:
    result, given = materialised(tmp_path, monkeypatch, status)
    assert result.success
    (check,) = result.get_asset_check_evaluations()
    assert (check.passed, check.severity) == (passed, dagster.AssetCheckSeverity.WARN)
    assert "gs://BUCKET/manifests/2026-11-28/*.jsonl" in given
    assert given[given.index("--run_id") + 1].startswith("nightly-2026-11-28-")


def test_a_wrong_set_up_fails_the_asset_and_is_not_retried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result, _ = materialised(tmp_path, monkeypatch, 2)
    assert not result.success
    (failure,) = result.filter_events(lambda event: event.is_step_failure)
    assert "hushbeam ended with 2" in str(failure.step_failure_data.error)
