"""Models that are loaded once for all tests of transcription."""

import pytest

from hushbeam.transforms.transcribe.model import LoadedModel, load
from hushbeam.transforms.transcribe.settings import TranscriptionSettings


@pytest.fixture(scope="session")
def tiny() -> LoadedModel:
    return load(TranscriptionSettings(model="tiny.en"))
