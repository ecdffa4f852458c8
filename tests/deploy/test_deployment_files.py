"""The files under deploy/ agree with the code, with each other and with the versions that are required."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest

from hushbeam.pipelines.options.arguments import leaves
from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.dataflow import fit_workers, is_dataflow
from hushbeam.pipelines.options.parsing import parse
from hushbeam.schemas.policies import ALIASES, CATALOGUE, PRESETS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
WHAT = ("--manifest", "gs://bucket/calls.jsonl", "--output", "gs://bucket/out")


def dockerfile() -> list[list[str]]:
    """Instructions with their words."""
    joined = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    return [shlex.split(line) for line in joined.splitlines() if line and not line.startswith("#")]


def test_the_image_has_the_required_beam_and_copies_what_is_there() -> None:
    (beam,) = re.findall(r"^apache-beam==(\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert ["ARG", f"BEAM_IMAGE=apache/beam_python3.11_sdk:{beam}"] in dockerfile()
    copied = [words[1:-1] for words in dockerfile() if words[0] == "COPY" and not words[1].startswith("--from")]
    assert copied
    for name in (name for names in copied for name in names):
        assert (ROOT / name).exists(), name
    kept = [line.lstrip("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for name in (name for names in copied for name in names):
        assert any(Path(name).match(pattern) for pattern in kept), f"{name} is left out by .dockerignore"


def test_base_images_name_a_release() -> None:
    images = dict(words[1].split("=", 1) for words in dockerfile() if words[0] == "ARG" and "_IMAGE=" in words[1])
    used = {words[1].strip("${}") for words in dockerfile() if words[0] == "FROM" and "$" in words[1]}
    assert used == set(images)
    floating = {name for name, image in images.items() if not re.search(r":[\w.-]*\d", image)}
    assert floating == {"LAUNCHER_IMAGE"}  # Google documents `latest` alone; build.sh pins it like the others


FAKE_DOCKER = """#!/bin/sh
[ "$1" = buildx ] && { echo "$4" >> "$ASKED"; echo "sha256:$DIGEST"; exit; }
printf '%s\n' "$@" > "$BUILT"
"""


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., tuple[int, list[str], list[str]]]:
    """Runs build.sh with a `docker` that only takes notes: status, images it looked up, arguments of the build."""
    tree = tmp_path / "tree"
    for name in ("deploy/build.sh", "deploy/Dockerfile", "hushbeam/__init__.py"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(FAKE_DOCKER)
    docker.chmod(0o755)

    def run(*arguments: str, digest: str = "a" * 64, jar: Path | None = None) -> tuple[int, list[str], list[str]]:
        notes = {"ASKED": tmp_path / "asked", "BUILT": tmp_path / "built"}
        for note in notes.values():
            note.unlink(missing_ok=True)
        given = {"PATH": f"{docker.parent}:{os.environ['PATH']}", "DIGEST": digest}
        given |= {name: str(path) for name, path in notes.items()}
        given |= {"FLINK_JOB_SERVER_JAR": str(jar)} if jar else {}
        done = subprocess.run([str(tree / "deploy/build.sh"), *arguments], env=given, capture_output=True, check=False)
        asked, built = (note.read_text().splitlines() if note.exists() else [] for note in notes.values())
        return done.returncode, asked, built

    return run


def test_images_are_built_on_digests_that_are_kept(build: Callable[..., tuple[int, list[str], list[str]]]) -> None:
    status, asked, built = build("worker", "example.com/worker:1", "--build-arg", "EXTRAS=gpu")
    assert (status, len(asked)) == (0, 2)
    pinned = [word for word in built if "_IMAGE=" in word]
    assert pinned == [
        f"BEAM_IMAGE={asked[1]}@sha256:{'a' * 64}",
        f"PYTHON_IMAGE={asked[0]}@sha256:{'a' * 64}",
    ]
    assert built[-3:] == ["--build-arg", "EXTRAS=gpu", "."]
    assert f"org.opencontainers.image.base.digest=sha256:{'a' * 64}" in built

    status, asked, again = build("template", "example.com/template:1", digest="b" * 64)
    assert (status, len(asked)) == (0, 1)
    assert {word[-64] for word in again if "_IMAGE=" in word} == {"a", "b"}


def test_a_base_image_without_a_digest_is_refused(build: Callable[..., tuple[int, list[str], list[str]]]) -> None:
    assert build("worker", "example.com/worker:1", digest="") == (2, ["python:3.11-slim-bookworm"], [])


def test_the_image_for_flink_has_the_job_server_that_was_named_first(
    build: Callable[..., tuple[int, list[str], list[str]]], tmp_path: Path
) -> None:
    jar = tmp_path / "job server.jar"
    assert build("flink", "example.com/flink:1")[::2] == (2, [])
    jar.write_bytes(b"1")
    status, _, built = build("flink", "example.com/flink:1", jar=jar)
    (context,) = (built[at + 1] for at, word in enumerate(built) if word == "--build-context")
    assert (status, context.partition("=")[0]) == (0, "job-server")
    assert not Path(context.partition("=")[2]).exists()
    assert ["COPY", "--from=job-server", "--chmod=0644", "flink-job-server.jar", "./"] in dockerfile()
    jar.write_bytes(b"2")
    assert build("flink", "example.com/flink:1", jar=jar)[::2] == (2, [])


def test_libraries_of_cuda_are_found_in_whichever_python_they_lie(tmp_path: Path) -> None:
    script = (DEPLOY / "install.sh").read_text()
    (linking,) = re.findall(r"^for library in .*?^done$", script, re.MULTILINE | re.DOTALL)
    library = tmp_path / "lib/python3.13/site-packages/nvidia/cudnn/lib/libcudnn.so.9"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"cudnn")
    subprocess.run(["sh", "-euc", linking], env={**os.environ, "prefix": str(tmp_path)}, check=True)
    (path,) = (
        word.partition("=")[2] for words in dockerfile() for word in words if word.startswith("LD_LIBRARY_PATH=")
    )
    # The installed prefix is copied to /usr/local.
    found = tmp_path / Path(path.split(":")[1]).relative_to("/usr/local") / library.name
    shutil.move(tmp_path / "lib", tmp_path / "copied")
    assert (tmp_path / "copied" / found.relative_to(tmp_path / "lib")).read_bytes() == b"cudnn"
    assert "python3" not in path


def test_an_extra_without_a_lock_is_refused() -> None:
    command = ["sh", str(DEPLOY / "install.sh"), "deploy/worker.lock", "/nowhere", "/nowhere"]
    done = subprocess.run(command, env={**os.environ, "EXTRAS": "gpu,presidio"}, capture_output=True, check=False)
    assert (done.returncode, b"presidio is in no lock" in done.stderr) == (2, True)


def test_images_look_for_the_joined_model_where_it_is_copied_to() -> None:
    (cache,) = (
        word.partition("=")[2] for words in dockerfile() for word in words if word.startswith("XDG_CACHE_HOME=")
    )
    copied = [words[-1] for words in dockerfile() if words[0] == "COPY" and "/install-cache" in words]
    assert copied == [cache, cache]


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


def accepted(name: str) -> Callable[[str], bool]:
    """Whether the template takes a value for a parameter."""
    template = json.loads((DEPLOY / "dataflow" / "template.json").read_text())
    (patterns,) = (parameter["regexes"] for parameter in template["parameters"] if parameter["name"] == name)
    return lambda value: all(re.search(pattern, value) for pattern in patterns)


def test_the_template_takes_what_the_options_take() -> None:
    fields = dict(leaves(RedactOptions))
    template = json.loads((DEPLOY / "dataflow" / "template.json").read_text())
    named = [parameter["name"] for parameter in template["parameters"] if parameter["name"] in fields]
    choices = {
        name: get_args(fields[name].annotation) for name in named if get_origin(fields[name].annotation) is Literal
    }
    assert {"substitution", "device", "caution", "muting", "audio_quality"} <= choices.keys()
    for name, values in choices.items():
        assert all(map(accepted(name), values)), name
        assert not any(accepted(name)(f"{value}{more}") for value in values for more in ("x", " ", ",hash")), name
    for name in (name for name in named if fields[name].annotation is bool):
        assert all(map(accepted(name), ("true", "false"))), name
        assert not accepted(name)("yes"), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("policies", "default"),
        ("policies", "default,credit_card_number"),
        ("policies", ", ".join({**CATALOGUE, **PRESETS, **ALIASES})),
        ("verify", "all"),
        ("verify", "off"),
        ("verify", "sample:0.1"),
        ("verify", "sample:.05"),
        ("verify", "sample:1"),
        ("verify", "sample:0"),
        ("verify", "sample:2"),
        ("verify", "sample"),
        *(("language_code", language) for language in ("en", "de", "es", "fr", "en-US", "zh-Hant-TW", "yue")),
        ("language_code", "English"),
        ("run_id", "night-1"),
        ("run_id", "../night"),
        ("min_ram", "16GB"),
        ("min_ram", "16"),
    ],
)
def test_a_parameter_of_the_template_is_checked_as_its_option_is(name: str, value: str) -> None:
    try:
        parse(RedactOptions, [*WHAT, f"--{name}={value}"])
        taken = True
    except SystemExit:
        taken = False
    assert accepted(name)(value) is taken


def test_a_parameter_reaches_the_job_as_the_launcher_passes_it() -> None:
    options, _ = parse(RedactOptions, [*WHAT, "--captions=true", "--redact_audio=false", "--policies=default,location"])
    assert (options.captions, options.defaults.redact_audio) == (True, False)
    assert options.defaults.policies == ("default", "location")


def test_the_configuration_for_dataflow_is_one_that_may_be_submitted() -> None:
    options, beam = parse(RedactOptions, ["--config", str(DEPLOY / "dataflow" / "job.yaml"), *WHAT])
    assert is_dataflow(beam)
    fit_workers(beam, options.workers, device=options.recognition.device)
    assert {"disable_always_on_exception_sampling", "no_use_multiple_sdk_containers"} <= set(
        beam.get_all_options()["experiments"]
    )
