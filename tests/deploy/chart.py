"""The Helm chart as Helm renders it. Imports nothing of Hushbeam: `make test-deploy` has an environment without it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "hushbeam"
KUBERNETES = "1.34"

Manifest = dict[str, Any]

WAYS: dict[str, dict[str, Any]] = {
    "flink": {},
    "flink on gpus": {"device": "cuda", "gpu": {"nodeSelector": {"accelerator": "l4"}}},
    "flink that keeps its workers": {"flink": {"mode": "standalone"}, "imagePullSecrets": [{"name": "registry"}]},
    "one pod": {"flink": {"enabled": False}, "podLabels": {"team": "calls"}, "podAnnotations": {"owner": "calls"}},
    "one pod on a gpu": {"flink": {"enabled": False}, "device": "cuda", "secret": {"name": ""}},
    "a model in a store": {"run": {"recognition": {"model": "gs://models/whisper"}}},
    "a model in a store, in one pod": {
        "flink": {"enabled": False},
        "run": {"verification": {"verify_model": "s3://models/whisper"}},
    },
    "no network policies": {"networkPolicy": {"enabled": False}, "nightly": {"args": ["--canaries"]}},
}
"""Values that people would set, by what they are for."""


def helm(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs Helm; skips the test where there is none."""
    program = os.environ.get("HELM") or shutil.which("helm")
    if program is None:
        pytest.skip("no Helm: make test-helm builds it with Go, and HELM names one")
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120, check=False, **options)


def template(values: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `helm template` makes of values."""
    command = ("template", "night", str(CHART), "--kube-version", f"{KUBERNETES}.0", "--values", "-", *arguments)
    return helm(*command, input=json.dumps(values))


def rendered(values: dict[str, Any]) -> list[Manifest]:
    """The manifests of a release called `night`."""
    done = template(values)
    assert done.returncode == 0, done.stderr
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


def of_kind(manifests: list[Manifest], kind: str) -> Manifest:
    (found,) = (manifest for manifest in manifests if manifest["kind"] == kind)
    return found


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """The pods' metadata and specifications, by component."""
    found = {"nightly": of_kind(manifests, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]}
    for manifest in manifests:
        if manifest["kind"] == "FlinkDeployment":
            found["jobmanager"] = manifest["spec"]["jobManager"]["podTemplate"]
            found["taskmanager"] = manifest["spec"]["taskManager"]["podTemplate"]
    return found
