"""Models that are loaded once for all tests of transcription."""

import pytest

from transforms.transcribe.model import LoadedModel, load
from transforms.transcribe.settings import TranscriptionSettings


@pytest.fixture(scope="session")
def tiny() -> LoadedModel:
    return load(TranscriptionSettings(model="tiny.en"))
