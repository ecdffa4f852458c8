"""Every example of docs/library.md runs, and says what the page says."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import hushbeam
from hushbeam.pipelines.redact import run as redact

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


def run(*command: str, folder: Path = ROOT) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_page_names_files_that_are_there() -> None:
    named = re.findall(r"`(examples/[^`]+)`", (ROOT / "docs" / "library.md").read_text())
    assert len(named) == 5
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_text_is_searched_and_redacted() -> None:
    said = run("examples/detect_text.py")
    assert "credit_card_number 61 103" in said
    assert "Agent: Thank you, [PERSON_NAME]." in said
    assert "phone_number in It's [PHONE_NUMBER], ask for" in said


def test_a_recogniser_of_ones_own_finds_what_it_knows() -> None:
    assert run("examples/own_recogniser.py").strip() == "Please book it under [ACCOUNT_NUMBER] for me."


def test_the_command_takes_the_recogniser(tmp_path: Path) -> None:
    (tmp_path / "calls.jsonl").write_text(json.dumps({"audio_url": str(EXAMPLES / "calls" / "password-reset.ogg")}))
    options = ["--model", "tiny.en", "--verify", "off", "--recognisers", "examples.own_recogniser:StaffNumbers"]
    assert redact(["--manifest", str(tmp_path / "calls.jsonl"), "--output", str(tmp_path / "out"), *options]) == 0
    assert len(list((tmp_path / "out" / "audio").iterdir())) == 1


@pytest.mark.long  # the transform in a pipeline: tests/pipelines/library/test_redact_recordings.py
def test_a_pipeline_of_ones_own_gets_findings_and_failures(tmp_path: Path) -> None:
    output = tmp_path / "out"
    run(
        "examples/own_pipeline.py",
        "--output",
        str(output),
        "--model",
        "tiny.en",
        "--verify",
        "off",
        "--runner=FnApiRunner",
    )
    (found,) = output.glob("own/findings*")
    assert re.search(r"^card credit_card_number \d+\.\d-\d+\.\d s$", found.read_text(), re.MULTILINE)
    (failed,) = output.glob("own/failures*")
    assert re.fullmatch(r"missing-[0-9a-f]{10}: the file to read does not exist.*\n", failed.read_text())


def test_a_beam_yaml_pipeline_writes_what_was_published_and_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beam_yaml = pytest.importorskip("apache_beam.yaml.main", reason="needs hushbeam[yaml]")
    monkeypatch.chdir(ROOT)  # where the files are that it names
    output = tmp_path / "out"
    pipeline = tmp_path / "pipeline.yaml"
    written = (EXAMPLES / "beam_yaml" / "pipeline.yaml").read_text()
    faster = written.replace(
        "substitution: entity_name", "substitution: entity_name\n        model: tiny.en\n        verify: 'off'"
    )
    pipeline.write_text(
        faster.replace("path: ", "num_shards: 1\n        path: ") if "num_shards" in written else faster
    )
    shutil.copy(EXAMPLES / "beam_yaml" / "providers.yaml", tmp_path)
    variables = json.dumps({"output": str(output)})
    beam_yaml.run([f"--yaml_pipeline_file={pipeline}", "--jinja_variables", variables, "--runner=FnApiRunner"])
    (published,), (failures,) = (list(tmp_path.glob(f"out-{name}*")) for name in ("published", "failures"))
    (row,) = csv.DictReader(published.read_text().splitlines(keepends=True))
    assert row["recording_id"] == "card-payment"
    assert "[CREDIT_CARD_NUMBER]" in row["text"]
    (row,) = csv.DictReader(failures.read_text().splitlines())
    assert (row["recording_id"], row["error_class"]) == ("missing", "MissingFileError")


def test_the_provider_that_the_page_shows_is_that_of_the_example() -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "library.md").read_text(), re.DOTALL)
    assert yaml.safe_load(shown)["providers"] == yaml.safe_load((EXAMPLES / "beam_yaml" / "providers.yaml").read_text())


@pytest.mark.long  # redact_files: tests/pipelines/library/test_redact_files.py
def test_the_notebook_runs_and_shows_only_redacted_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    shutil.copytree(EXAMPLES / "calls", tmp_path / "calls")
    shutil.copy(EXAMPLES / "calls.jsonl", tmp_path)
    notebook = nbformat.read(EXAMPLES / "notebook.ipynb", as_version=4)
    shown = json.dumps(notebook)
    options = next(cell for cell in notebook.cells if "options =" in cell.source)
    options.source = 'import hushbeam\n\noptions = {"model": "tiny.en", "verify": "off"}'
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    executed = json.dumps(notebook)
    for outputs in (shown, executed):
        assert "3 completed" in outputs
        assert "[PERSON_NAME], call me on [PHONE_NUMBER]" in outputs
        assert "Unknown policy 'person_nmae'" in outputs
        assert "<progress" not in outputs, "the bar is removed at the end"
        assert "http" not in outputs, "nothing is loaded from elsewhere"
        assert "4539" not in outputs
    assert len(list((tmp_path / "redacted" / "audio").iterdir())) == 3


def test_each_python_block_of_the_page_compiles() -> None:
    shown = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "library.md").read_text(), re.DOTALL)
    assert len(shown) == 3
    for block in shown:
        compile(block, "docs/library.md", "exec")
        for name in re.findall(r"hushbeam\.(\w+)", block):
            assert name in hushbeam.__all__
