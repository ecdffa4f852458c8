"""OpenLineage events, as a real receiver gets them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.tables.layout import SCHEMAS, TABLES
from hushbeam.transforms.observe_run import Lineage
from tests.transforms.notify.receiver import Receiver, running


@pytest.fixture(autouse=True)
def nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """OpenLineage looks into the working directory and the home folder, and adds variables to those that are set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    yield
    for variable in [name for name in os.environ if name.startswith("OPENLINEAGE__")]:
        del os.environ[variable]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with running(Receiver()) as receiver:
        monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{receiver.server_port}")
        yield receiver


def events(receiver: Receiver) -> list[dict[str, Any]]:
    assert {request.path for request in receiver.received} == {"/api/v1/lineage"}
    return [json.loads(request.body) for request in receiver.received]


def test_a_run_that_completes_is_told_twice_under_one_id(receiver: Receiver) -> None:
    lineage = Lineage("nightly-calls")
    lineage.start(["/manifests/monday.jsonl", "gs://calls/tuesday.jsonl"], "s3://redacted/calls", None)
    lineage.complete(90)
    start, complete = events(receiver)
    assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
    assert UUID(start["run"]["runId"]) == UUID(complete["run"]["runId"])
    assert datetime.fromisoformat(start["eventTime"]) <= datetime.fromisoformat(complete["eventTime"])
    for event in (start, complete):
        assert (event["job"]["namespace"], event["job"]["name"]) == ("hushbeam", "nightly-calls")
        assert [(dataset["namespace"], dataset["name"]) for dataset in event["inputs"]] == [
            ("file", "/manifests/monday.jsonl"),
            ("gs://calls", "tuesday.jsonl"),
        ]
        assert [(dataset["namespace"], dataset["name"]) for dataset in event["outputs"]] == [
            ("s3://redacted", name) for name in ("calls", *(f"calls/{table}" for table in TABLES))
        ]
        assert event["run"]["facets"]["processing_engine"]["name"] == "Apache Beam"
    assert complete["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 90


def test_the_columns_of_each_table_are_named(receiver: Receiver) -> None:
    lineage = Lineage("nightly-calls")
    lineage.start([], "s3://redacted/calls", None)
    _, *tables = events(receiver)[0]["outputs"]
    for dataset in tables:
        schema = SCHEMAS[dataset["name"].rpartition("/")[2]]
        named = {field["name"]: field for field in dataset["facets"]["schema"]["fields"]}
        assert list(named) == schema.names
        assert all(field["description"] for field in named.values())
        assert named["processed_at"]["type"] == "timestamp[us, tz=UTC]"
    utterances = next(field for field in tables[0]["facets"]["schema"]["fields"] if field["name"] == "utterances")
    (words,) = [field for field in utterances["fields"] if field["name"] == "words"]
    assert {"text", "confidence", "redacted"} <= {field["name"] for field in words["fields"]}


@pytest.mark.parametrize(("stopped", "state"), [(False, "FAIL"), (True, "ABORT")])
def test_a_run_that_does_not_is_told_with_its_reason(receiver: Receiver, stopped: bool, state: str) -> None:
    lineage = Lineage("nightly-calls")
    lineage.start(["/manifests/monday.jsonl"], "/redacted", None)
    lineage.fail("exit status 6", stopped=stopped)
    event = events(receiver)[-1]
    assert event["eventType"] == state
    assert event["run"]["facets"]["errorMessage"]["message"] == "exit status 6"
    assert "stackTrace" not in event["run"]["facets"]["errorMessage"]


def test_where_locations_may_not_be_told_their_pseudonyms_are(receiver: Receiver) -> None:
    lineage = Lineage("nightly-calls")
    lineage.start(["/of-jane-doe/monday.jsonl"], "gs://jane-doe/out", lambda location: f"url-{len(location)}")
    lineage.complete(1)
    assert all(b"jane" not in request.body for request in receiver.received)
    assert [dataset["name"] for dataset in events(receiver)[0]["inputs"]] == ["url-25"]


def test_a_file_of_openlineages_own_may_name_the_receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, configuration = tmp_path / "events", tmp_path / "lineage.yml"
    configuration.write_text(f"transport: {{type: file, log_file_path: {told}, append: true}}")
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(configuration))
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "speech")
    Lineage("nightly-calls").start([], "/redacted", None)
    assert json.loads(told.read_text())["job"]["namespace"] == "speech"


def test_without_a_receiver_the_run_does_not_begin() -> None:
    with pytest.raises(ConfigurationError, match="OPENLINEAGE_URL"):
        Lineage("nightly-calls")


def test_a_configuration_that_cannot_be_used_is_told_without_its_content(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", "user:secret@nowhere")
    with pytest.raises(ConfigurationError, match="--openlineage") as refusal:
        Lineage("nightly-calls")
    assert "secret" not in str(refusal.value)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openlineage.client", None)
    with pytest.raises(ConfigurationError, match=r"--openlineage: .*\.\[observability\]"):
        Lineage("nightly-calls")
