"""The example DAG, with Airflow and its Beam provider installed: `make test-deploy`."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("airflow.providers.apache.beam", reason="make test-deploy installs it")
dagbag = pytest.importorskip("airflow.dag_processing.dagbag", reason="make test-deploy installs it")

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_the_dag_is_imported_and_starts_the_job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("HUSHBEAM_HOME", str(DEPLOY.parent))
    bag = dagbag.DagBag(str(DEPLOY / "airflow"))
    assert bag.import_errors == {}
    (task,) = bag.dags["hushbeam_nightly"].tasks
    assert task.runner == "DataflowRunner"
    assert Path(task.py_file).is_file()
    assert {"config", "manifest", "output", "run_id"} == set(task.pipeline_options)
