"""The public names: documented, typed, stable, and free of cost until they are used."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import hushbeam

ROOT = Path(__file__).parents[1]

SIGNATURES = {
    "RedactRecordings": "(output: 'str | os.PathLike[str]', policies: 'str | Sequence[str]' = ('default',), "
    "**options: 'Any') -> 'None'",
    "find_personal_data": "(text: 'TextOrTranscript', policies: 'str | Sequence[str]' = ('default',), "
    "language: 'str' = 'en', *, caution: 'Caution' = 'standard', "
    "static_entities: 'Mapping[str, Sequence[str]] | None' = None, rules: 'Location | None' = None, "
    "detector: 'Location | None' = None, recognisers: 'Sequence[Own]' = ()) -> 'list[TextFinding]'",
    "redact_files": "(inputs: 'Location | Sequence[Location]', output: 'Location' = 'redacted', "
    "policies: 'str | Sequence[str]' = ('default',), *, progress: 'bool' = True, **options: 'Any') -> 'RunResult'",
    "redact_text": "(text: 'str', policies: 'str | Sequence[str]' = ('default',), "
    "substitution: 'str' = 'entity_name', language: 'str' = 'en', *, surrogate_key: 'str | None' = None, "
    "caution: 'Caution' = 'standard', static_entities: 'Mapping[str, Sequence[str]] | None' = None, "
    "rules: 'Location | None' = None, detector: 'Location | None' = None, recognisers: 'Sequence[Own]' = ()) -> 'str'",
}
"""A change here is a change for users: it belongs in CHANGELOG.md."""

RECORDS = {
    "Candidate": "policy first_word last_word score detector value alternatives label",
    "Failure": "recording_id status stage error_class message retryable manifest line run_id audio_url",
    "PublishedFinding": "recording_id policy label channel start_s end_s text_start text_end score detector run_id",
    "PublishedRecording": "recording_id status audio_url redacted_audio_url language_code duration_s channels text "
    "utterances policies metadata run_id findings",
    "Redacted": "published failures skipped summary",
    "RunResult": "output run_id skipped warnings",
    "TextFinding": "policy label start end score detector utterance start_s end_s entity",
    "Transcript": "language_code language_confidence duration_s channels utterances speech masked_words",
    "Utterance": "channel words",
    "Word": "text start_s end_s confidence channel",
}
OTHERS = {
    "ConfigurationError",
    "Conversation",
    "DetectionSettings",
    "Recogniser",
    "Recording",
    "RecordingError",
    "RunError",
    "__version__",
}


def test_the_public_names_are_these() -> None:
    assert set(hushbeam.__all__) == {*SIGNATURES, *RECORDS, *OTHERS}
    assert hushbeam.__all__ == sorted(hushbeam.__all__)
    assert set(hushbeam.__all__) <= set(dir(hushbeam))
    assert {name for name in dir(hushbeam) if not name.startswith("__")} <= set(hushbeam.__all__)


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_are_stable(name: str) -> None:
    assert str(inspect.signature(getattr(hushbeam, name))) == SIGNATURES[name]


@pytest.mark.parametrize("name", RECORDS)
def test_fields_of_records_are_stable(name: str) -> None:
    record = getattr(hushbeam, name)
    fields = getattr(record, "_fields", None) or tuple(record.__dataclass_fields__)
    assert fields == tuple(RECORDS[name].split())


@pytest.mark.parametrize("name", sorted({*SIGNATURES, *RECORDS, *OTHERS} - {"__version__"}))
def test_each_name_is_documented(name: str) -> None:
    assert inspect.getdoc(getattr(hushbeam, name))
    assert f"`{name}" in (ROOT / "docs" / "library.md").read_text()


def test_tools_that_read_the_source_see_the_same_names() -> None:
    tree = ast.parse((ROOT / "hushbeam" / "__init__.py").read_text())
    (checking,) = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {
        alias.name: node.module
        for node in ast.walk(checking)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported.keys() == set(hushbeam.__all__) - {"__version__"}
    for name, module in imported.items():
        assert (
            getattr(sys.modules[str(module)], name) is getattr(hushbeam, name) if str(module) in sys.modules else True
        )
    assert (ROOT / "hushbeam" / "py.typed").exists()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="redact_everything"):
        hushbeam.redact_everything  # noqa: B018


LOADED = """
import json, sys
import hushbeam
{use}
print(json.dumps([name for name in {heavy} if name in sys.modules]))
"""
HEAVY = ("apache_beam", "numpy", "pydantic", "rich", "pyarrow", "onnxruntime", "ctranslate2")


@pytest.mark.parametrize("use", ["", "hushbeam.ConfigurationError; dir(hushbeam)"])
def test_importing_it_loads_no_library(use: str) -> None:
    program = LOADED.format(use=use, heavy=HEAVY)
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == []
