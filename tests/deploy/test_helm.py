"""The Helm chart: its values, and what it makes of them."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions

from hushbeam import __version__
from hushbeam.pipelines import workers
from hushbeam.pipelines.command_line import COMMANDS
from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.commands.workers import WorkersOptions
from hushbeam.pipelines.options.parsing import parse, parse_without_pipeline
from tests.deploy.chart import CHART, WAYS, Manifest, helm, of_kind, pods, rendered, template

WRONG_VALUES: dict[str, dict[str, Any]] = {
    "a folder that pods do not share": {"run": {"output": "/data/redacted"}},
    "a device that is none": {"device": "gpu"},
    "a digest that is none": {"image": {"digest": "sha256:12"}},
    "a tag that YAML reads as a number": {"image": {"tag": 1.20}},
    "a schedule that is none": {"nightly": {"schedule": "at two"}},
    "a key that is misspelt": {"nightly": {"shedule": "0 2 * * *"}},
    "a group that is misspelt": {"worker": {"replicas": 2}},
    "no workers": {"workers": {"replicas": 0}},
    "a secret's value for its name": {"secret": {"name": "KEY=abc"}},
    "a policy without any store": {"networkPolicy": {"stores": {"cidrs": []}}},
}


@pytest.fixture(params=WAYS.values(), ids=list(WAYS))
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    return rendered(request.param)


def default_values() -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
    return values


def merged(values: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    both = dict(values)
    for key, value in more.items():
        both[key] = merged(both[key], value) if isinstance(value, dict) and isinstance(both.get(key), dict) else value
    return both


def parsed(path: Path, run: str) -> tuple[RedactOptions, PipelineOptions]:
    path.write_text(run)
    return parse(RedactOptions, ["--config", str(path)])


def containers(pod: Manifest) -> list[dict[str, Any]]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def test_the_chart_has_the_version_of_the_program() -> None:
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == __version__


def test_the_schema_takes_the_values_that_come_with_the_chart_and_refuses_mistakes() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((CHART / "values.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    for name, values in WAYS.items():
        assert validator.is_valid(merged(default_values(), values)), name
    for name, values in WRONG_VALUES.items():
        assert not validator.is_valid(merged(default_values(), values)), name


def test_the_run_of_the_default_values_is_one_that_redact_takes(tmp_path: Path) -> None:
    options, _ = parsed(tmp_path / "job.yaml", yaml.safe_dump(default_values()["run"]))
    assert options.output == "gs://BUCKET/redacted"


def test_helm_finds_no_fault() -> None:
    done = helm("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("values", WRONG_VALUES.values(), ids=WRONG_VALUES)
def test_helm_refuses_wrong_values(values: dict[str, Any]) -> None:
    done = template(values)
    assert done.returncode != 0
    assert "values don't meet the specifications of the schema" in done.stderr


def test_the_nightly_job_speaks_to_the_workers_beside_the_task_managers(tmp_path: Path) -> None:
    manifests = rendered({})
    cluster = of_kind(manifests, "FlinkDeployment")
    _, beam = parsed(tmp_path / "job.yaml", of_kind(manifests, "ConfigMap")["data"]["job.yaml"])
    given = beam.get_all_options()
    found = {container["name"]: container for container in containers(pods(manifests)["taskmanager"])}
    command, *its_options = found["workers"]["args"]
    assert workers.__name__ == f"hushbeam.pipelines.{command}"
    pool = parse_without_pipeline(WorkersOptions, its_options)
    assert beam.view_as(PortableOptions).environment_type == "EXTERNAL"
    assert given["environment_config"] == pool.address
    assert pool.address.rpartition(":")[2] in found["workers"]["readinessProbe"]["exec"]["command"][-1]
    assert given["flink_master"] == f"{cluster['metadata']['name']}-rest:8081"
    assert cluster["spec"]["flinkVersion"] == f"v{given['flink_version'].replace('.', '_')}"
    assert cluster["spec"]["image"].startswith(f"flink:{given['flink_version']}.")
    assert given["parallelism"] == cluster["spec"]["taskManager"]["replicas"]

    job = of_kind(manifests, "CronJob")["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    pod = pods(manifests)["nightly"]
    (submit,) = containers(pod)
    assert submit["image"] == found["workers"]["image"]
    assert submit["command"][:1] == ["hushbeam"]
    assert submit["command"][1] in COMMANDS
    assert {volume["name"]: volume.get("configMap") for volume in pod["spec"]["volumes"]}["configuration"] == {
        "name": of_kind(manifests, "ConfigMap")["metadata"]["name"]
    }
    assert given["flink_submit_uber_jar"]
    dockerfile = (CHART.parents[1] / "Dockerfile").read_text()
    assert Path(given["flink_job_server_jar"]).name in dockerfile
    assert f"WORKDIR {Path(given['flink_job_server_jar']).parent}" in dockerfile


def test_the_nightly_job_is_one_that_redact_takes(manifests: list[Manifest], tmp_path: Path) -> None:
    options, _ = parsed(tmp_path / "job.yaml", of_kind(manifests, "ConfigMap")["data"]["job.yaml"])
    asks = [
        resource
        for container in chain.from_iterable(map(containers, pods(manifests).values()))
        for resource in container.get("resources", {}).get("limits", {})
        if resource == "nvidia.com/gpu"
    ]
    assert len(asks) == (1 if options.recognition.device == "cuda" else 0)


def test_no_container_runs_as_root_or_writes_to_its_image(manifests: list[Manifest]) -> None:
    for pod in pods(manifests).values():
        assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in containers(pod):
            security = pod["spec"]["securityContext"] | container["securityContext"]
            assert security["runAsNonRoot"]
            assert security["runAsUser"] > 0
            assert security["readOnlyRootFilesystem"]
            assert not security["allowPrivilegeEscalation"]
            assert security["capabilities"] == {"drop": ["ALL"]}
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        for mount in chain.from_iterable(container["volumeMounts"] for container in containers(pod)):
            assert "emptyDir" in volumes[mount["name"]] or mount["readOnly"]


def test_pods_that_read_recordings_have_no_token_of_the_cluster(manifests: list[Manifest]) -> None:
    for component, pod in pods(manifests).items():
        if component != "jobmanager":
            assert pod["spec"]["automountServiceAccountToken"] is False


def test_every_pod_has_limits_and_labels(manifests: list[Manifest]) -> None:
    for component, pod in pods(manifests).items():
        assert pod["metadata"]["labels"]["app.kubernetes.io/instance"] == "night"
        for container in containers(pod):
            if container["name"] != "flink-main-container":  # its resources are the operator's to set
                assert container["resources"]["limits"]["memory"], component
                assert container["resources"]["requests"]["cpu"], component


def test_models_from_a_store_are_put_where_a_pod_may_write(manifests: list[Manifest]) -> None:
    run = yaml.safe_load(of_kind(manifests, "ConfigMap")["data"]["job.yaml"])
    fetches = "://" in json.dumps([run.get("recognition"), run.get("verification")])
    caches = [
        mount["mountPath"]
        for container in chain.from_iterable(map(containers, pods(manifests).values()))
        for mount in container["volumeMounts"]
        if mount["name"] == "models"
    ]
    assert caches == (["/cache", "/var/cache/hushbeam"] if fetches else [])


def test_pods_reach_names_and_stores_only_and_are_reached_by_their_own_kind(manifests: list[Manifest]) -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in manifests if one["kind"] == "NetworkPolicy"}
    if not policies:
        return
    has_flink = any(one["kind"] == "FlinkDeployment" for one in manifests)
    assert policies.keys() == ({"night-nightly", "night-flink", "night-jobmanager"} if has_flink else {"night-nightly"})
    nightly = policies["night-nightly"]
    assert nightly["podSelector"]["matchLabels"].items() <= pods(manifests)["nightly"]["metadata"]["labels"].items()
    assert nightly["ingress"] == []
    for policy in policies.values():
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        for rule in policy["egress"]:
            assert rule["to"]
            ports = {port["port"] for port in rule.get("ports", [])}
            blocks = [to["ipBlock"]["cidr"] for to in rule["to"] if "ipBlock" in to]
            assert not blocks or ports in ({53}, {443}, {443, 6443})
            if ports == {53}:  # any server of names would be a way out
                assert all(block.endswith("/32") for block in blocks)
            if ports == {443}:
                assert all("10.0.0.0/8" in to["ipBlock"]["except"] for to in rule["to"])
            assert ports or all("app" in to["podSelector"]["matchLabels"] for to in rule["to"])
    if has_flink:
        assert policies["night-flink"]["ingress"] == [{"from": [{"podSelector": {"matchLabels": {"app": "night"}}}]}]
        assert {port["port"] for rule in policies["night-jobmanager"]["ingress"] for port in rule["ports"]} == {8081}


def test_what_the_user_says_of_the_run_goes_before_what_the_chart_adds(tmp_path: Path) -> None:
    values = {"device": "cuda", "run": {"beam": {"parallelism": 9}, "recognition": {"device": "cpu"}, "force": True}}
    options, beam = parsed(tmp_path / "job.yaml", of_kind(rendered(values), "ConfigMap")["data"]["job.yaml"])
    assert (options.recognition.device, options.force) == ("cpu", True)
    assert beam.get_all_options()["parallelism"] == 9


def test_an_image_is_named_by_its_digest_where_there_is_one() -> None:
    digest = "sha256:" + "a" * 64
    (container,) = containers(pods(rendered({"image": {"repository": "example.com/h", "digest": digest}}))["nightly"])
    assert container["image"] == f"example.com/h@{digest}"
