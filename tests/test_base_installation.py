"""The base, without extras, does its work and says nothing of what it lacks; an extra is asked for by a command."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from packaging.requirements import Requirement

from tests.without_extras import ROOT, run

CALL = ROOT / "examples" / "calls" / "card-payment.mp3"


def test_a_recording_is_redacted_without_any_extra(tmp_path: Path) -> None:
    (tmp_path / "calls.jsonl").write_text(f'{{"audio_url": "{CALL}", "recording_id": "card"}}\n')
    given = ["--manifest", str(tmp_path / "calls.jsonl"), "--output", str(tmp_path / "out"), "--model", "tiny.en"]
    done = run(["hushbeam", "redact", *given])
    assert done.returncode == 0, done.stderr
    assert "apitools" not in done.stderr
    assert "WARNING" not in done.stderr
    (row,) = ds.dataset(tmp_path / "out" / "transcripts", format="parquet").to_table().to_pylist()
    assert "###" in row["text"]


@pytest.mark.parametrize(
    ("options", "extra"),
    [
        (["--output", "s3://bucket/out"], "s3"),
        (["--runner", "DataflowRunner", "--output", "out", "--temp_location", "gs://bucket/t", "--region", "r",
          "--project", "p", "--sdk_container_image", "example.com/image:1"], "dataflow"),
        # With a library that cannot be imported in the process of the tests: running/test_observing.py.
        pytest.param(["--output", "out", "--otlp"], "observability", marks=pytest.mark.long),
        pytest.param(["--output", "out", "--tables", "delta"], "delta", marks=pytest.mark.long),  # as Iceberg's
        (["--output", "out", "--tables", "iceberg", "--iceberg_catalog", "lake"], "iceberg"),
    ],
)  # fmt: skip
def test_what_an_extra_brings_is_asked_for_by_a_command(options: list[str], extra: str, tmp_path: Path) -> None:
    (tmp_path / "calls.jsonl").write_text(f'{{"audio_url": "{CALL}"}}\n')
    done = run(["hushbeam", "redact", "--manifest", str(tmp_path / "calls.jsonl"), *options])
    assert done.returncode == 2, done.stderr
    assert f"pip install '.[{extra}]' in the checkout" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_extras_agree_with_what_tests_run_with() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*_lines("requirements.txt"), *_lines("requirements-dev.txt")]
    tested = {str(each) for each in lines}
    for extra in ("dataflow", "s3", "nemo", "yaml", "observability", "iceberg", "delta"):
        assert {str(Requirement(line)) for line in project["optional-dependencies"][extra]} <= tested
    (beam,) = (each for each in _lines("requirements.txt") if each.name == "apache-beam")
    assert Requirement(project["optional-dependencies"]["dataflow"][0]).specifier == beam.specifier


def test_the_base_leaves_googles_clients_out() -> None:
    assert not [each for each in _lines("requirements.txt") if each.extras & {"gcp", "azure", "aws"}]
    lock = (ROOT / "deploy" / "worker.lock").read_text()
    assert not re.search(r"^google-cloud-(aiplatform|bigquery|spanner)", lock, re.MULTILINE)


def _lines(name: str) -> list[Requirement]:
    text = (ROOT / name).read_text()
    return [Requirement(line) for line in text.splitlines() if line and not line.startswith(("#", "-r "))]
