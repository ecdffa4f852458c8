"""Reference pages: they are equal to what the code says, and the code says enough."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from docs.generate import PAGES
from docs.reference_pages import columns, errors
from hushbeam.pipelines.running import exit_status
from hushbeam.schemas.delivery import NOTIFICATIONS_SCHEMA
from hushbeam.schemas.errors import RecordingError
from hushbeam.schemas.failure import ERRORS_SCHEMA
from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.transforms.archive.tables.parquet import write_parquet
from hushbeam.transforms.media.errors import REASONS
from hushbeam.transforms.read_manifest.line import AudioOptions, ManifestDefaults, ManifestLine, read_line

ROOT = Path(__file__).parents[1]
SCHEMAS = (TRANSCRIPTS_SCHEMA, FINDINGS_SCHEMA, ERRORS_SCHEMA, NOTIFICATIONS_SCHEMA)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_generated_page_is_as_the_code_says(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == PAGES[page](), "run python -m docs.generate"


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.names[-1])
def test_every_column_says_what_it_means(schema: pa.Schema) -> None:
    fields = dict(columns(schema))
    assert [path for path, field in fields.items() if b"description" not in (field.metadata or {})] == []
    plain = {path: field for path, field in fields.items() if not pa.types.is_nested(field.type)}
    assert [path for path, field in plain.items() if b"example" not in field.metadata] == []
    seconds = [field for path, field in fields.items() if path.split(".")[-1].split("_by_")[0].endswith("_s")]
    assert [field.name for field in seconds if field.metadata.get(b"unit") != b"s"] == []


def test_a_table_file_describes_its_columns(tmp_path: Path) -> None:
    write_parquet(tmp_path / "errors.parquet", ERRORS_SCHEMA, [])
    (read,) = [field for field in pq.read_schema(tmp_path / "errors.parquet") if field.name == "retryable"]
    assert read.metadata[b"description"].startswith(b"Whether the same recording may pass")


@pytest.mark.parametrize("model", [ManifestLine, AudioOptions])
def test_every_key_of_a_manifest_says_what_it_means(model: type[ManifestLine] | type[AudioOptions]) -> None:
    assert [name for name, field in model.model_fields.items() if not (field.description and field.examples)] == []


@pytest.mark.parametrize("key", ManifestLine.model_fields)
def test_the_example_of_a_key_is_a_valid_value(key: str) -> None:
    (example,) = ManifestLine.model_fields[key].examples or [None]
    line = {"audio_url": "a.wav", key: example}
    read_line(line, ManifestDefaults(), "gs://calls/night.jsonl", 1)


def test_the_examples_of_audio_options_are_valid_values() -> None:
    AudioOptions(**{name: (field.examples or [None])[0] for name, field in AudioOptions.model_fields.items()})


@pytest.mark.parametrize("error", errors(), ids=lambda error: error.__name__)
def test_every_failure_says_what_to_do(error: type[RecordingError]) -> None:
    assert error.__doc__
    assert error.remedy, f"{error.__name__}: give the class a `remedy`, what somebody does about it"


def reasons_in(source: Path) -> set[str]:
    """The reasons of the `MediaError`s that a module makes."""
    calls = (node for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Call))
    made = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "MediaError"]
    return {str(reason.value) for reason in made if isinstance(reason, ast.Constant)}


def test_every_reason_for_which_media_fail_is_explained_and_occurs() -> None:
    made = set[str]().union(*(reasons_in(path) for path in ROOT.glob("transforms/**/*.py")))
    assert made == set(REASONS)


def test_every_exit_status_is_explained() -> None:
    named = {value for name, value in vars(exit_status).items() if name.startswith("EXIT_")}
    assert named <= set(exit_status.MEANINGS)


def test_examples_are_shown_as_json() -> None:
    shown = (ROOT / "docs/reference/manifest.md").read_text()
    for field in ManifestLine.model_fields.values():
        assert f"`{json.dumps((field.examples or [''])[0])}`" in shown
