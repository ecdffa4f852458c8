"""The example DAGs, run by Airflow with a real command: `make test-deploy`."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

if importlib.util.find_spec("airflow") is None:
    pytest.skip("make test-deploy installs Airflow", allow_module_level=True)

ROOT = Path(__file__).parents[2]
DAGS = ROOT / "deploy" / "airflow"
HOME = tempfile.TemporaryDirectory(prefix="airflow-")
os.environ |= {  # before Airflow is imported
    "AIRFLOW_HOME": HOME.name,
    "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
}

pendulum = pytest.importorskip("pendulum")
pytest.importorskip("airflow.providers.standard")
dagbag = pytest.importorskip("airflow.dag_processing.dagbag")

NIGHT = pendulum.datetime(2026, 11, 28, 2, tz="UTC")


@pytest.fixture(scope="module", autouse=True)
def database() -> None:
    """Airflow's own, in which it keeps the states of tasks."""
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True, timeout=300)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command of this checkout, and a place for what it is given. Its own environment has no Airflow."""
    python = next((path for path in (ROOT / ".venv/bin/python",) if path.exists()), None)
    if python is None:
        pytest.skip("needs the environment of make setup")
    script = tmp_path / "hushbeam"
    script.write_text(f'#!/bin/sh\ncd "{ROOT}" && exec env -u AIRFLOW_HOME PYTHONPATH=. {python} -m hushbeam "$@"\n')
    script.chmod(0o755)
    config = tmp_path / "job.yaml"
    config.write_text("recognition: {model: tiny.en}\nverification: {verify: off}\n")
    monkeypatch.setenv("HUSHBEAM_COMMAND", str(script))
    monkeypatch.setenv("HUSHBEAM_CONFIG", str(config))
    monkeypatch.setenv("HUSHBEAM_MANIFEST", f"{tmp_path}/{{{{ ds }}}}.jsonl")
    monkeypatch.setenv("HUSHBEAM_RETRIES", "0")
    monkeypatch.setenv("HUSHBEAM_OUTPUT", str(tmp_path / "redacted"))
    return tmp_path


def manifest(folder: Path, *names: str) -> None:
    calls = ROOT / "examples" / "calls"
    lines = [json.dumps({"audio_url": str(calls / name), "recording_id": name.split(".")[0]}) for name in names]
    (folder / "2026-11-28.jsonl").write_text("\n".join(lines) + "\n")


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DAGS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_dag(name: str) -> tuple[str, dict[str, str], dict[str, object]]:
    """The state of the DAG run, of its tasks, and what these gave."""
    run = dag_of(name).test(logical_date=NIGHT)
    tasks = run.get_task_instances()
    given = {task.task_id: task.xcom_pull(task_ids=task.task_id) for task in tasks}
    return str(run.state), {task.task_id: str(task.state) for task in tasks}, given


def dag_of(name: str) -> Any:
    bag = dagbag.DagBag(str(DAGS / f"{name}.py"))
    assert bag.import_errors == {}
    return bag.dags[name]


def test_a_night_with_one_bad_recording_is_green_and_too_many_take_the_other_branch(command: Path) -> None:
    manifest(command, "password-reset.ogg", "gone.wav")
    state, tasks, given = run_dag("hushbeam_nightly")
    assert (state, tasks) == ("success", {"redact": "skipped", "redacted": "skipped", "look_at_failures": "success"})
    assert isinstance(given["look_at_failures"], list)
    assert "1 completed" in given["look_at_failures"][0]
    assert given["look_at_failures"][1].startswith("1 x the file to read does not exist")

    manifest(command, "password-reset.ogg")
    (command / "redacted" / "runs").rename(command / "redacted" / "earlier")  # as Airflow would, under a new try number
    state, tasks, _ = run_dag("hushbeam_nightly")
    assert (state, tasks) == ("success", {"redact": "success", "redacted": "success", "look_at_failures": "skipped"})

    state, tasks, given = run_dag("after_redaction")
    assert (state, tasks) == ("success", {"summary_of": "success", "load": "success"})


def test_wrong_options_are_not_tried_again(command: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUSHBEAM_RETRIES", "2")  # and there is no manifest
    state, tasks, _ = run_dag("hushbeam_nightly")
    assert (state, tasks["redact"]) == ("failed", "failed")
    assert not (command / "redacted").exists()


def test_the_run_may_be_a_pod(command: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("airflow.providers.cncf.kubernetes")
    monkeypatch.setenv("HUSHBEAM_IMAGE", "example.com/hushbeam:1")
    task = dag_of("hushbeam_nightly").get_task("redact")
    assert (task.image, task.cmds, task.skip_on_exit_code) == ("example.com/hushbeam:1", ["hushbeam"], [3])
    assert task.arguments[0] == "redact"
    assert task.security_context.run_as_non_root


def test_attempts_at_a_night_have_names_of_their_own(command: Path) -> None:
    names = loaded("hushbeam_nightly").ARGUMENTS
    run_id = names[names.index("--run_id") + 1]
    assert run_id.startswith(loaded("after_redaction").NIGHT)
    assert "try_number" in run_id
