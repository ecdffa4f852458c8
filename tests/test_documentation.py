"""Commands, links and examples of the documentation, tried for real."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from apache_beam.options.pipeline_options import PipelineOptions

from hushbeam.pipelines.command_line import COMMANDS, main
from hushbeam.pipelines.options.parsing import parse
from hushbeam.pipelines.options.redact_options import RedactOptions
from hushbeam.schemas.policies import UnknownPolicyError, resolve_policies
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.read_manifest.line import ManifestDefaults, read_line
from tests.own_detectors import blind_detector
from tests.pipelines.conftest import calls
from tests.transforms.detect_pii.conversations import transcript_of

__all__ = ["calls"]

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *(ROOT / f"{name}/README.md" for name in ("evaluation", "training"))}
)
SHOWN = re.compile(r"^ {4}.*?hushbeam ([a-z]+)(.*)$", re.MULTILINE)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: str, kind: str) -> list[str]:
    return [text for name, text in BLOCK.findall((ROOT / page).read_text()) if name == kind]


@pytest.mark.parametrize("request_body", blocks("docs/migration.md", "json"))
def test_a_request_body_that_the_migration_page_shows_is_a_manifest_line(request_body: str) -> None:
    recording = read_line(json.loads(request_body), ManifestDefaults(), "/calls/night.jsonl", 1)
    assert "person_name" in recording.policies
    assert recording.substitution == "entity_name"
    assert recording.multichannel


AWS_TYPES = (
    "ADDRESS",
    "AGE",
    "ALL",
    "BANK_ACCOUNT_NUMBER",
    "BANK_ROUTING",
    "CA_HEALTH_NUMBER",
    "CA_SOCIAL_INSURANCE_NUMBER",
    "CREDIT_DEBIT_CVV",
    "CREDIT_DEBIT_EXPIRY",
    "CREDIT_DEBIT_NUMBER",
    "DATE_TIME",
    "DRIVER_ID",
    "EMAIL",
    "INTERNATIONAL_BANK_ACCOUNT_NUMBER",
    "IP_ADDRESS",
    "LICENSE_PLATE",
    "MAC_ADDRESS",
    "NAME",
    "PASSPORT_NUMBER",
    "PASSWORD",
    "PHONE",
    "PIN",
    "SSN",
    "SWIFT_CODE",
    "UK_NATIONAL_HEALTH_SERVICE_NUMBER",
    "UK_NATIONAL_INSURANCE_NUMBER",
    "URL",
    "USERNAME",
    "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER",
    "VEHICLE_IDENTIFICATION_NUMBER",
)
AWS_TYPES_WITHOUT_A_POLICY = ("AWS_ACCESS_KEY", "AWS_SECRET_KEY", "IN_AADHAAR", "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER")


@pytest.mark.parametrize("name", AWS_TYPES)
def test_types_of_aws_are_policies_as_the_migration_page_says(name: str) -> None:
    assert resolve_policies((name,))


@pytest.mark.parametrize("name", AWS_TYPES_WITHOUT_A_POLICY)
def test_types_of_aws_without_a_policy_are_named_on_the_migration_page(name: str) -> None:
    with pytest.raises(UnknownPolicyError):
        resolve_policies((name,))
    shown = f"`{'IN_…' if name.startswith('IN_') else name}`"
    assert shown in (ROOT / "docs/migration.md").read_text()


def test_the_configuration_file_that_is_shown_is_accepted(tmp_path: Path) -> None:
    (shown,) = blocks("docs/command_line.md", "yaml")
    path = tmp_path / "job.yaml"
    path.write_text(shown)
    options, _ = parse(RedactOptions, "", ["--config", str(path)])
    assert options.recognition.model == yaml.safe_load(shown)["recognition"]["model"]


def test_the_recogniser_that_is_shown_finds_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (module,) = blocks("docs/rules.md", "python")
    (declared,) = blocks("docs/rules.md", "toml")
    (tmp_path / "ours.py").write_text(module)
    points = tomllib.loads(declared)["project"]["entry-points"]
    package = tmp_path / "ours-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1.0\n")
    lines = [f"[{group}]\n{name} = {value}\n" for group, of in points.items() for name, value in of.items()]
    (package / "entry_points.txt").write_text("".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    detector = Detector(DetectionSettings(detector=blind_detector(tmp_path / "blind")))
    detector.load()
    found = detector.detect(DetectionRequest(transcript_of("A: Put STF-20417 on it."), ("account_number",))).findings
    assert [(one.detector, one.first_word, one.last_word) for one in found] == [("staff_numbers", 1, 1)]


def test_the_quick_start_works_as_it_is_written(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "card.flac").write_bytes((calls / "card.flac").read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)  # the activated environment
    faster = {"redact": ["--model", "tiny.en", "--verify", "off"]}  # as the page says
    done = []
    for shown in blocks("docs/quick_start.md", "sh"):
        words = shlex.split(shown)
        if words[0] == "hushbeam":
            assert main([*words[1:], *faster.get(words[1], [])]) == 0, capsys.readouterr().err
            done.append(words[1])
        else:
            subprocess.run(shown, shell=True, check=True, executable="/bin/bash")
    assert done == ["doctor", "redact", "audit", "redact"]
    assert "1 skipped" in capsys.readouterr().err
    assert list((tmp_path / "out" / "runs").glob("*/report.html"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_headings_that_are_there(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://)([^)#]*\.md)?#([^)]+)\)", page.read_text())
    assert [
        (name, anchor) for name, anchor in targets if anchor not in anchors(page.parent / (name or page.name))
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_shown_exist(page: Path) -> None:
    text = page.read_text()
    assert set(re.findall(r"\bhushbeam ([a-z]+)\b(?=[ `]|$)", text)) <= set(COMMANDS)
    modules = set(re.findall(r"python -m ([a-z_.]+)", text))
    assert [name for name in modules if importlib.util.find_spec(name) is None] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_shown_take_the_options_that_are_shown(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, rest in SHOWN.findall(page.read_text().replace("\\\n", " ")):
        with pytest.raises(SystemExit):
            main([name, "--print_config_schema"])
        schema = json.loads(capsys.readouterr().out)
        groups = [schema, *schema.get("$defs", {}).values()]
        ours = {flag for group in groups for flag in group["properties"]} | {"config", "help", "print_config_schema"}
        shown = set(re.findall(r"--([a-z_]+)", rest.split("#")[0]))
        beams = set(PipelineOptions([]).get_all_options())
        assert shown <= ours | {f"no-{flag}" for flag in ours} | beams, f"{page.name}: {name}"
