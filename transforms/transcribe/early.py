"""Speech models that load in a thread while the rest of a job is imported and built."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from hushbeam.transforms.transcribe.settings import TranscriptionSettings

ModelT = TypeVar("ModelT")


class EarlyModels(Generic[ModelT]):
    """Models that are loaded before anybody asks for them, one after the other. Safe to use from several threads.

    A model that does not load is left to whoever asks for it, who gets the error.
    """

    def __init__(self, load: Callable[[TranscriptionSettings], ModelT]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._loading: dict[str, Future[ModelT]] = {}

    def begin(self, settings: Sequence[TranscriptionSettings]) -> None:
        """Begins to load models, in this order."""
        pending = [(each, Future[ModelT]()) for each in settings]
        with self._lock:
            self._loading |= {_key(each): future for each, future in pending}
        threading.Thread(target=self._work, args=(pending,), name="load early", daemon=True).start()

    def taken(self, settings: TranscriptionSettings) -> ModelT | None:
        """The model, once it is loaded, to whoever asks first; None if it was not begun, or did not load."""
        with self._lock:
            future = self._loading.pop(_key(settings), None)
        return None if future is None or future.exception() is not None else future.result()

    def _work(self, pending: Sequence[tuple[TranscriptionSettings, Future[ModelT]]]) -> None:
        for settings, future in pending:
            try:
                future.set_result(self._load(settings))
            except BaseException as error:  # noqa: BLE001 - raised again where the model is loaded
                future.set_exception(error)


def _key(settings: TranscriptionSettings) -> str:
    # Not of the subclass: a job's options hold more than the engine's settings.
    names = TranscriptionSettings.model_fields
    return repr([(name, getattr(settings, name)) for name in sorted(names)])
