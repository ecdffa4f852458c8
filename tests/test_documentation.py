"""Commands, links and examples of the documentation, tried for real."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from apache_beam.options.pipeline_options import PipelineOptions

from docs.generate import PAGES as GENERATED
from hushbeam.pipelines.command_line import COMMANDS, main
from hushbeam.pipelines.models import shipped
from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.parsing import parse
from hushbeam.schemas.policies import UnknownPolicyError, resolve_policies
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.read_manifest.files import read_lines
from hushbeam.transforms.read_manifest.line import ManifestDefaults, read_line
from tests.documented_commands import blocks_of
from tests.own_detectors import blind_detector
from tests.transforms.detect_pii.conversations import transcript_of

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    {
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *(ROOT / f"{name}/README.md" for name in ("evaluation", "training")),
    }
)
SHOWN = re.compile(r"\bhushbeam ([a-z]+)\b(.*)$")
BACKGROUND = {ROOT / "docs" / f"{name}.md" for name in ("architecture", "edges", "measurements")}
MOST_WORDS = 13_000
"""CONTRIBUTING.md says why."""
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: str, kind: str) -> list[str]:
    return [text for name, text in BLOCK.findall((ROOT / page).read_text()) if name == kind]


@pytest.mark.parametrize("request_body", blocks("docs/migration.md", "json"))
def test_a_request_body_that_the_migration_page_shows_is_a_manifest_line(request_body: str) -> None:
    recording = read_line(json.loads(request_body), ManifestDefaults(), "/calls/night.jsonl", 1)
    assert "person_name" in recording.policies
    assert recording.substitution == "entity_name"
    assert recording.multichannel


BODIES: dict[str, list[dict[str, Any]]] = {
    "aws": [
        {
            "TranscriptionJobName": "call-4711",
            "LanguageCode": "en-US",
            "Media": {"MediaFileUri": "s3://calls/4711.mp3"},
            "Settings": {"ChannelIdentification": True},
            "ContentRedaction": {"RedactionType": "PII", "PiiEntityTypes": ["NAME", "CREDIT_DEBIT_NUMBER"]},
        },
        {
            "CallAnalyticsJobName": "analytics-1",
            "Media": {"MediaFileUri": "https://calls.s3.us-east-1.amazonaws.com/a/1.wav"},
            "Settings": {"ContentRedaction": {"PiiEntityTypes": ["ALL"]}},
        },
        {"TranscriptionJobName": "plain", "Media": {"MediaFileUri": "https://s3.us-east-1.amazonaws.com/calls/2.wav"}},
    ],
    "deepgram": [
        {"url": "gs://calls/1.wav", "model": "nova-3", "language": "en-US", "redact": ["ssn"], "multichannel": True},
        {"url": "gs://calls/2.wav", "redact": "pci", "language": "multi", "callback": "https://example.com/hook"},
        {"url": "gs://calls/3.wav", "redact": True},
        {"url": "gs://calls/4.wav", "punctuate": True},
    ],
}
"""Requests as the documentation of Amazon Transcribe and of Deepgram shows them."""


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize("service", BODIES)
def test_the_command_that_converts_requests_gives_valid_lines(tmp_path: Path, service: str) -> None:
    (shown,) = [block for block in blocks("docs/migration.md", "sh") if f" {service}/*.json" in block]
    (tmp_path / service).mkdir()
    for number, body in enumerate(BODIES[service]):
        (tmp_path / service / f"{number}.json").write_text(json.dumps(body, indent=2))
    subprocess.run(shown, shell=True, check=True, executable="/bin/bash", cwd=tmp_path)
    defaults = ManifestDefaults(policies=("drug",))
    read = [
        read_line(values, defaults, "/calls/night.jsonl", number)
        for number, values in read_lines(str(tmp_path / f"{service}.jsonl"))
        if not isinstance(values, Exception)
    ]
    policies = [recording.policies for recording in read]
    if service == "aws":
        urls = ["s3://calls/4711.mp3", "s3://calls/a/1.wav", "s3://calls/2.wav"]
        assert [recording.recording_id for recording in read] == ["call-4711", "analytics-1", "plain"]
        assert policies[0] == ("credit_card_number", "person_name")
        assert len(policies[1]) > 40
        assert policies[2] == ("drug",)
    else:
        urls = [f"gs://calls/{number}.wav" for number in (1, 2, 3, 4)]
        assert policies[0] == ("us_social_security_number",)
        assert "credit_card_number" in policies[1]
        assert "number_sequence" in policies[2]
        assert policies[3] == ("drug",)
        assert read[1].webhook_url == "https://example.com/hook"
    assert [recording.audio_url for recording in read] == urls
    assert (read[0].language_code, read[0].multichannel) == ("en", True)
    assert [recording.language_code for recording in read[1:]] == [None] * len(read[1:])


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


def test_the_supply_chain_page_has_the_checksums_of_the_models_that_are_shipped() -> None:
    rows = re.findall(
        r"^\| ([\w.-]+): .*\| ([\w.-]+) \| `(\w{8})…(\w{6})` \|$",
        (ROOT / "docs/supply_chain.md").read_text(),
        re.MULTILINE,
    )
    assert rows == [(model.name, model.licence, model.sha256[:8], model.sha256[-6:]) for model in shipped()]


def test_the_configuration_file_that_is_shown_is_accepted(tmp_path: Path) -> None:
    (shown,) = blocks("docs/command_line.md", "yaml")
    path = tmp_path / "job.yaml"
    path.write_text(shown)
    options, _ = parse(RedactOptions, ["--config", str(path)])
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


def test_the_command_finds_a_recogniser_in_the_working_folder_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (prefix,) = re.findall(
        r"`(\S+) hushbeam redact … --recognisers\nours:StaffNumbers`", (ROOT / "docs/rules.md").read_text()
    )
    (module,) = blocks("docs/rules.md", "python")
    (tmp_path / "ours.py").write_text(module)
    name, _, folder = prefix.partition("=")
    # The module's folder is not on the path of the command, whose script lies elsewhere.
    command = [
        "-c",
        "import sys; sys.path.remove(''); from hushbeam.__main__ import entry; entry()",
    ]
    options = ["plan", str(ROOT / "examples" / "calls"), "--recognisers", "ours:StaffNumbers"]
    for places, status in (((folder, str(ROOT)), 0), ((str(ROOT),), 2)):
        monkeypatch.setenv(name, os.pathsep.join(places))
        done = subprocess.run(
            [sys.executable, *command, *options], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stderr
    assert prefix in done.stderr


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
    lines = [line for block in blocks_of(page) for line in block.commands()]
    for name, rest in (found.groups() for line in lines if (found := SHOWN.search(line))):
        with pytest.raises(SystemExit):
            main([name, "--print_config_schema"])
        schema = json.loads(capsys.readouterr().out)
        groups = [schema, *schema.get("$defs", {}).values()]
        ours = {flag for group in groups for flag in group.get("properties", {})} | {"config", "help"}
        shown = set(re.findall(r"--([a-z0-9_]+)", rest.split("#")[0]))
        beams = set(PipelineOptions([]).get_all_options())
        assert shown <= ours | {f"no-{flag}" for flag in ours} | beams, f"{page.name}: {name}"


def words_of(page: Path) -> int:
    """Words of a page without its blocks of code, tables included."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return len(re.sub(r"^ {4}.*$|<!--.*?-->", "", text, flags=re.MULTILINE).split())


def test_pages_for_users_stay_short() -> None:
    """Pages that say what to do. Generated pages, and those with decisions and measurements, do not count."""
    pages = {ROOT / "README.md", *ROOT.glob("docs/*.md")} - GENERATED.keys() - BACKGROUND
    assert sum(words_of(page) for page in pages) <= MOST_WORDS


def test_a_page_of_the_site_loads_nothing_from_other_servers(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text()
        loaded = re.findall(r"<(?:script|img|iframe|source)[^>]+src=\"?(https?:[^\" >]+)", text)
        assert loaded + re.findall(r"<link[^>]+rel=\"?stylesheet[^>]+href=\"?(https?:[^\" >]+)", text) == []
