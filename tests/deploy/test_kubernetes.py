"""Kubernetes' own schemas, with kubernetes-validate and Helm installed: `make test-deploy`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.deploy.chart import KUBERNETES, WAYS, pods, rendered

kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="make test-deploy installs it")


@pytest.mark.parametrize("values", WAYS.values(), ids=WAYS)
def test_kubernetes_accepts_all_that_the_chart_makes(values: dict[str, Any]) -> None:
    manifests = rendered(values)
    for manifest in manifests:
        if manifest["kind"] != "FlinkDeployment":  # its schema is the operator's
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    for name, pod in pods(manifests).items():
        whole = {"apiVersion": "v1", "kind": "Pod", **pod}
        kubernetes_validate.validate(whole | {"metadata": pod["metadata"] | {"name": name}}, KUBERNETES, strict=True)
