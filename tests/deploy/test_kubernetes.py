"""Kubernetes' own schemas, with kubernetes-validate installed: `make test-deploy`."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="make test-deploy installs it")

FLINK = Path(__file__).parents[2] / "deploy" / "flink"


def test_kubernetes_accepts_the_nightly_job_and_the_pods_of_the_cluster() -> None:
    for document in yaml.safe_load_all((FLINK / "nightly.yaml").read_text()):
        kubernetes_validate.validate(document, "1.34", strict=True)
    cluster = yaml.safe_load((FLINK / "cluster.yaml").read_text())
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "taskmanager"}}
    pod |= cluster["spec"]["taskManager"]["podTemplate"]
    kubernetes_validate.validate(pod, "1.34", strict=True)
