"""Hushbeam: scrubs personal data from archives of recorded speech, transcripts and audio.

What this module exports is documented in docs/library.md, typed and stable; other modules may change. Names are loaded
when they are first used, so that the import costs nothing.

In a checkout, `pipelines`, `transforms` and `schemas` are links to the folders of these names at the top. A wheel
and a source distribution hold the folders themselves (`setup.py`).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "Candidate",
    "ConfigurationError",
    "Conversation",
    "DetectionSettings",
    "Failure",
    "PublishedFinding",
    "PublishedRecording",
    "Recogniser",
    "Recording",
    "RecordingError",
    "RedactRecordings",
    "Redacted",
    "RunError",
    "RunResult",
    "TextFinding",
    "Transcript",
    "Utterance",
    "Word",
    "__version__",
    "find_personal_data",
    "redact_files",
    "redact_text",
]

if TYPE_CHECKING:
    from hushbeam.pipelines.library.files import redact_files
    from hushbeam.pipelines.library.records import PublishedFinding, PublishedRecording
    from hushbeam.pipelines.library.result import RunResult
    from hushbeam.pipelines.library.text import TextFinding, find_personal_data, redact_text
    from hushbeam.pipelines.library.transform import Redacted, RedactRecordings
    from hushbeam.schemas.errors import ConfigurationError, RecordingError, RunError
    from hushbeam.schemas.failure import Failure
    from hushbeam.schemas.recording import Recording
    from hushbeam.schemas.transcript import Transcript, Utterance, Word
    from hushbeam.transforms.detect_pii import Candidate, DetectionSettings, Recogniser
    from hushbeam.transforms.detect_pii.text.conversation import Conversation

_MODULES = {
    "Candidate": "schemas.finding",
    "ConfigurationError": "schemas.errors",
    "Conversation": "transforms.detect_pii.text.conversation",
    "DetectionSettings": "transforms.detect_pii.settings",
    "Failure": "schemas.failure",
    "PublishedFinding": "pipelines.library.records",
    "PublishedRecording": "pipelines.library.records",
    "Recogniser": "transforms.detect_pii.recogniser",
    "Recording": "schemas.recording",
    "RecordingError": "schemas.errors",
    "RedactRecordings": "pipelines.library.transform",
    "Redacted": "pipelines.library.transform",
    "RunError": "schemas.errors",
    "RunResult": "pipelines.library.result",
    "TextFinding": "pipelines.library.text",
    "Transcript": "schemas.transcript",
    "Utterance": "schemas.transcript",
    "Word": "schemas.transcript",
    "find_personal_data": "pipelines.library.text",
    "redact_files": "pipelines.library.files",
    "redact_text": "pipelines.library.text",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if not name.endswith("Error"):
        # Before numpy and threads, as for the commands.
        importlib.import_module(f"{__name__}.pipelines")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
