"""Models that load before an engine asks for them."""

from __future__ import annotations

import threading

from hushbeam.pipelines.options.groups import Recognition
from hushbeam.transforms.transcribe.early import EarlyModels
from hushbeam.transforms.transcribe.settings import TranscriptionSettings

BASE, TINY = TranscriptionSettings(model="base"), TranscriptionSettings(model="tiny.en")


def test_the_first_who_asks_waits_for_the_model_and_takes_it() -> None:
    may_load = threading.Event()

    def load(settings: TranscriptionSettings) -> str:
        may_load.wait()
        return settings.model

    early = EarlyModels(load)
    early.begin([Recognition(model="base"), TINY])
    threading.Timer(0.05, may_load.set).start()
    assert (early.taken(BASE), early.taken(TINY)) == ("base", "tiny.en")
    assert early.taken(BASE) is None, "two engines would decode with one model"


def test_a_model_that_does_not_load_is_left_to_the_engine() -> None:
    def load(settings: TranscriptionSettings) -> str:
        if settings == BASE:
            raise MemoryError
        return settings.model

    early = EarlyModels(load)
    early.begin([BASE, TINY])
    assert early.taken(BASE) is None
    assert early.taken(TINY) == "tiny.en"
    assert early.taken(TranscriptionSettings(model="large-v3")) is None
