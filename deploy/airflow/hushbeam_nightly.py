"""Nightly run on Dataflow, for Airflow with apache-airflow-providers-apache-beam[google] and -google.

`HUSHBEAM_PYTHON` is a Python on the Airflow workers that has this project installed, `HUSHBEAM_HOME` a checkout of it,
`HUSHBEAM_CONFIG` the configuration file (start from deploy/dataflow/job.yaml). The task fails if the run ends with any
status but 0 (docs/command_line.md). A run id cannot be used twice: change `run_id` before a retry.
"""

from __future__ import annotations

import os

import pendulum
from airflow.providers.apache.beam.operators.beam import BeamRunPythonPipelineOperator
from airflow.sdk import DAG

HOME = os.environ.get("HUSHBEAM_HOME", "/opt/hushbeam")

with DAG(
    dag_id="hushbeam_nightly",
    schedule="0 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    # One run at a time writes to an output.
    max_active_runs=1,
):
    BeamRunPythonPipelineOperator(
        task_id="redact",
        runner="DataflowRunner",
        py_file=f"{HOME}/deploy/launch.py",
        py_interpreter=os.environ.get("HUSHBEAM_PYTHON", "/opt/hushbeam/.venv/bin/python"),
        pipeline_options={
            "config": os.environ.get("HUSHBEAM_CONFIG", f"{HOME}/deploy/dataflow/job.yaml"),
            "manifest": "gs://BUCKET/manifests/{{ ds }}/*.jsonl",
            "output": "gs://BUCKET/redacted",
            "run_id": "nightly-{{ ds }}",
        },
        dataflow_config={"job_name": "hushbeam-{{ ds }}", "location": "europe-west4"},
    )
