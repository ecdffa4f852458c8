"""The files under deploy/ agree with the code, with each other and with the versions that are required."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import yaml
from apache_beam.options.pipeline_options import PortableOptions

from hushbeam.pipelines import workers
from hushbeam.pipelines.command_line import COMMANDS
from hushbeam.pipelines.options.arguments import leaves
from hushbeam.pipelines.options.dataflow import fit_workers, is_dataflow
from hushbeam.pipelines.options.parsing import parse
from hushbeam.pipelines.options.redact_options import RedactOptions

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
WHAT = ("--manifest", "gs://bucket/calls.jsonl", "--output", "gs://bucket/out")


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / name).read_text()))


def dockerfile() -> list[list[str]]:
    """Instructions with their words."""
    joined = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    return [shlex.split(line) for line in joined.splitlines() if line and not line.startswith("#")]


def test_the_image_has_the_required_beam_and_copies_what_is_there() -> None:
    (beam,) = re.findall(r"^apache-beam\[gcp\]==(\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert ["ARG", f"BEAM={beam}"] in dockerfile()
    copied = [words[1:-1] for words in dockerfile() if words[0] == "COPY" and not words[1].startswith("--from")]
    assert copied
    for name in (name for names in copied for name in names):
        assert (ROOT / name).exists(), name
    kept = [line.lstrip("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for name in (name for names in copied for name in names):
        assert any(Path(name).match(pattern) for pattern in kept), f"{name} is left out by .dockerignore"


def test_there_is_an_image_for_each_kind_of_worker() -> None:
    stages = {words[3] for words in dockerfile() if words[0] == "FROM" and len(words) > 3}
    assert {"dataflow", "template", "worker"} <= stages
    assert (DEPLOY / "launch.py").is_file()


def test_the_template_offers_options_that_exist() -> None:
    template = json.loads((DEPLOY / "dataflow" / "template.json").read_text())
    known = {name for name, _ in leaves(RedactOptions)} | {"config", "sdk_container_image"}
    names = [parameter["name"] for parameter in template["parameters"]]
    assert len(names) == len(set(names))
    assert set(names) <= known
    for parameter in template["parameters"]:
        assert parameter["label"]
        assert parameter["helpText"]
        for pattern in parameter.get("regexes", ()):
            re.compile(pattern)


def test_the_configuration_for_dataflow_is_one_that_may_be_submitted() -> None:
    options, beam = parse(RedactOptions, "", ["--config", str(DEPLOY / "dataflow" / "job.yaml"), *WHAT])
    assert is_dataflow(beam)
    fit_workers(beam, options.workers, device=options.recognition.device)
    assert {"disable_always_on_exception_sampling", "no_use_multiple_sdk_containers"} <= set(
        beam.get_all_options()["experiments"]
    )


def test_the_nightly_job_speaks_to_the_workers_beside_the_task_managers(tmp_path: Path) -> None:
    (cluster,) = documents("flink/cluster.yaml")
    job, configuration = documents("flink/nightly.yaml")
    path = tmp_path / "job.yaml"
    path.write_text(configuration["data"]["job.yaml"])
    _, beam = parse(RedactOptions, "", ["--config", str(path)])
    given = beam.get_all_options()
    containers = {
        container["name"]: container
        for container in cluster["spec"]["taskManager"]["podTemplate"]["spec"]["containers"]
    }
    command, *its_options = containers["workers"]["args"]
    assert workers.__name__ == f"hushbeam.pipelines.{command}"
    pool, _ = parse(workers.WorkerPoolOptions, "", its_options)
    assert beam.view_as(PortableOptions).environment_type == "EXTERNAL"
    assert given["environment_config"] == pool.address
    assert pool.address.rpartition(":")[2] in containers["workers"]["readinessProbe"]["exec"]["command"][-1]
    assert given["flink_master"] == f"{cluster['metadata']['name']}-rest:8081"
    assert cluster["spec"]["flinkVersion"] == f"v{given['flink_version'].replace('.', '_')}"
    assert cluster["spec"]["image"] == f"flink:{given['flink_version']}"

    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (submit,) = pod["containers"]
    assert submit["image"] == containers["workers"]["image"]
    assert submit["command"][:1] == ["hushbeam"]
    assert submit["command"][1] in COMMANDS
    assert pod["volumes"][0]["configMap"]["name"] == configuration["metadata"]["name"]
