"""Nightly run for Airflow 3: redacts the manifests of the day, and tells somebody if too many recordings failed.

It needs apache-airflow-providers-standard. `hushbeam` is installed in a virtual environment of its own on the Airflow
workers (`HUSHBEAM_COMMAND`), or in an image that runs as a pod (`HUSHBEAM_IMAGE`, with
apache-airflow-providers-cncf-kubernetes). No checkout is needed. The runner is what the configuration file says: a run
on Flink or Dataflow is waited for, and cancelled when the task is.

Exit status 0 makes `redact` a success. 3 (more than `--fail_above` of the recordings that the run
worked on failed, or there was none) skips it, so that the DAG run stays green and `look_at_failures` runs instead of
`redacted`. Any other status fails the task, which is retried under a new run id (what an earlier attempt published is
skipped, and does not count), unless it is 2: then options or set-up are wrong, or no manifest is there yet, and a
person is needed. A pod is retried then too.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from datetime import timedelta
from typing import Any

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, BaseOperator, Context, ObjectStoragePath, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

COMMAND = os.environ.get("HUSHBEAM_COMMAND", "/opt/hushbeam/bin/hushbeam")
IMAGE = os.environ.get("HUSHBEAM_IMAGE", "")
CONFIG = os.environ.get("HUSHBEAM_CONFIG", "gs://BUCKET/hushbeam/job.yaml")
MANIFEST = os.environ.get("HUSHBEAM_MANIFEST", "gs://BUCKET/manifests/{{ ds }}/*.jsonl")
OUTPUT = os.environ.get("HUSHBEAM_OUTPUT", "gs://BUCKET/redacted")
RETRIES = int(os.environ.get("HUSHBEAM_RETRIES", "2"))

NIGHT = "nightly-{{ ts_nodash }}"
"""The same for every attempt at a logical date: other DAGs find the run by it (after_redaction.py)."""

ARGUMENTS = [
    *("redact", "--config", CONFIG, "--manifest", MANIFEST, "--output", OUTPUT),
    *("--run_id", NIGHT + "-{{ ti.try_number }}"),
    *("--fail_above", "0.05"),
    # An earlier run that is late, or an attempt whose worker was lost a moment ago.
    *("--wait_for_lock", "2h"),
]
SET_UP_IS_WRONG = 2
TOO_MUCH_FAILED = 3


class Command(BashOperator):
    """The command, which is not retried where a person must mend options or set-up first."""

    def execute(self, context: Context) -> Any:
        try:
            return super().execute(context)
        except AirflowException as error:
            if re.search(rf"exit code {SET_UP_IS_WRONG}\b", str(error)):
                raise AirflowFailException(f"exit status {SET_UP_IS_WRONG}: see the log above") from error
            raise


def redact() -> BaseOperator:
    """The run, in a virtual environment of this worker or as a pod."""
    common: dict[str, Any] = {"task_id": "redact", "skip_on_exit_code": TOO_MUCH_FAILED}
    if not IMAGE:
        return Command(bash_command=shlex.join([COMMAND, *ARGUMENTS]), append_env=True, **common)

    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
    from kubernetes.client import models as k8s

    return KubernetesPodOperator(
        image=IMAGE,
        cmds=["hushbeam"],
        arguments=ARGUMENTS,
        # Keys that the configuration names as env:NAME.
        env_from=[k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name="hushbeam", optional=True))],
        security_context=k8s.V1PodSecurityContext(run_as_non_root=True, run_as_user=10001, fs_group=10001),
        container_security_context=k8s.V1SecurityContext(
            allow_privilege_escalation=False, capabilities=k8s.V1Capabilities(drop=["ALL"])
        ),
        container_resources=k8s.V1ResourceRequirements(requests={"cpu": "500m", "memory": "1Gi"}),
        # Decoded audio is written there by a run in this pod, never to the disk of the node.
        volumes=[k8s.V1Volume(name="tmp", empty_dir=k8s.V1EmptyDirVolumeSource(medium="Memory"))],
        volume_mounts=[k8s.V1VolumeMount(name="tmp", mount_path="/tmp")],
        # A job on a cluster is cancelled before the pod ends.
        termination_grace_period=60,
        **common,
    )


@task(trigger_rule="all_skipped")
def look_at_failures(night: str) -> list[str]:
    """Says why recordings failed: causes and counts, no ids. Put a message to your team here."""
    summaries = sorted(ObjectStoragePath(OUTPUT).glob(f"runs/{night}-*/summary.json"))
    if not summaries:
        return ["the run wrote no summary"]
    summary = json.loads(summaries[-1].read_text())
    counts = ", ".join(f"{count} {outcome}" for outcome, count in summary["recordings"].items())
    return [counts, *(f"{cause['count']} x {cause['message']}" for cause in summary["failures"])]


with DAG(
    dag_id="hushbeam_nightly",
    schedule="0 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    # One run at a time writes to an output.
    max_active_runs=1,
    default_args={"retries": RETRIES, "retry_delay": timedelta(minutes=10)},
):
    night = redact()
    night >> EmptyOperator(task_id="redacted")
    night >> look_at_failures(NIGHT)
