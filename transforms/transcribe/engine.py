"""Speech engine: transcribes many recordings at once, in batches. One for each process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np

from hushbeam.schemas.errors import RecordingError, RunError
from hushbeam.schemas.languages import shown_language
from hushbeam.transforms.base import progress
from hushbeam.transforms.base.freed_memory import give_back_freed, keep_few_heaps
from hushbeam.transforms.base.unexpected import place_of
from hushbeam.transforms.transcribe.batching import WindowQueue
from hushbeam.transforms.transcribe.decoding import DecodedWindow, Recogniser, WindowDecoder
from hushbeam.transforms.transcribe.early import EarlyModels
from hushbeam.transforms.transcribe.model import load, resolve
from hushbeam.transforms.transcribe.nemo import NemoRecogniser
from hushbeam.transforms.transcribe.recording import (
    Entry,
    RecordingInProgress,
    SpeechJob,
    Transcription,
)
from hushbeam.transforms.transcribe.settings import TranscriptionSettings
from hushbeam.transforms.transcribe.spoken_audio import TranscriptionError

__all__ = ["SpeechEngine", "SpeechJob", "Transcription", "TranscriptionError"]

_MEMORY_TRIES = 5
_MEMORY_WAIT_S = 1.0

_FRAMES_OF_A_FULL_BATCH = 600
"""On a CPU, batches of windows with more frames than this have fewer windows than the settings allow."""


class _BatchKind(NamedTuple):
    """What the windows of a batch have in common: care, and the number of frames that the model gets."""

    careful: bool
    context: int


@cache
def _permits(workers: int) -> threading.BoundedSemaphore:
    """Permits for batches of all engines: on a CPU more batches at once are not faster, and each takes memory."""
    return threading.BoundedSemaphore(workers)


def load_speech_model(settings: TranscriptionSettings) -> Recogniser:
    """Loads the model of the settings on their device: Whisper, or a NeMo model.

    Raises:
      ConfigurationError: The model, its library or the device is missing, or the device does not support the compute
        type.
    """
    folder = resolve(settings.model)
    if folder.is_nemo:
        return NemoRecogniser(folder, settings)
    return WindowDecoder(load(settings, folder), settings.beam)


_EARLY: EarlyModels[Recogniser] = EarlyModels(load_speech_model)


def load_early(settings: Sequence[TranscriptionSettings]) -> None:
    """Begins to load models in a thread. The first engine with the same settings takes each."""
    _EARLY.begin(settings)


class SpeechEngine:
    """Transcribes many recordings at once, so that the model always has full batches.

    Several threads decode recordings, detect speech and cut windows. Windows of all recordings and channels share one
    bounded queue and go through the model in batches; results return to their recordings.

    `submit` may be called from any thread. An error of one recording ends that recording's future only, also when
    the model fails on its audio. A model that fails on silence too ends all recordings.
    """

    def __init__(self, settings: TranscriptionSettings) -> None:
        self._settings = settings
        self._recogniser: Recogniser | None = None
        self._windows: WindowQueue[_BatchKind, Entry] = WindowQueue(settings.pending_limit, self._at_once)
        self._batch = settings.batch
        self._permits = nullcontext() if settings.device == "cuda" else _permits(settings.model_workers)
        self._decoding_pool = ThreadPoolExecutor(settings.decoders, thread_name_prefix="decode")
        self._workers: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._running: set[RecordingInProgress] = set()
        self._submitted = 0
        self._broken: BaseException | None = None

    @property
    def model_identity(self) -> str:
        """Identity of the model's weights, for provenance records."""
        return self._loaded.identity

    @property
    def languages(self) -> frozenset[str]:
        """ISO 639-1 codes that the model knows."""
        return self._loaded.languages

    @property
    def _loaded(self) -> Recogniser:
        if self._recogniser is None:
            raise RuntimeError("the engine's model is not loaded")
        return self._recogniser

    def load(self) -> None:
        """Loads the model. Calling it again does nothing.

        Raises:
          ConfigurationError: See `load_speech_model`.
        """
        with self._lock:
            if self._recogniser is not None:
                return
            keep_few_heaps()
            with progress.doing("loading models"):
                self._recogniser = _EARLY.taken(self._settings) or load_speech_model(self._settings)
            # One more than the model has workers: the words of one batch go out while the others are in the model.
            for number in range(self._settings.model_workers + 1):
                worker = threading.Thread(
                    target=self._work, args=(self._recogniser,), name=f"model-{number}", daemon=True
                )
                worker.start()
                self._workers.append(worker)

    def submit(self, job: SpeechJob) -> Future[Transcription]:
        """Begins to transcribe a recording.

        The future's exception is a `RunError` if the model failed; any other error concerns this recording only.
        """
        self.load()
        with self._lock:
            if self._broken is not None:
                raise self._broken
            self._submitted += 1
            recording = RecordingInProgress(
                job,
                number=self._submitted,
                second_look=self._settings.second_look,
                loudness=self._loaded.loudness,
            )
            self._running.add(recording)
        recording.future.add_done_callback(lambda _: self._forget(recording))
        self._windows.producing(+1)
        self._decoding_pool.submit(self._transcribe, recording)
        return recording.future

    def transcribe(
        self, jobs: Iterable[SpeechJob], in_flight: int = 64
    ) -> Iterator[tuple[str, Transcription | RecordingError]]:
        """Transcribes many recordings and yields each recording's id and result when it is ready.

        Args:
          in_flight: Number of recordings to begin before waiting for results.
        """
        waiting: dict[Future[Transcription], str] = {}
        for job in jobs:
            waiting[self.submit(job)] = job.recording_id
            if len(waiting) >= in_flight:
                yield from _finished(waiting)
        while waiting:
            yield from _finished(waiting)

    def close(self) -> None:
        """Ends the threads and frees the model. Unfinished recordings are cancelled."""
        self._windows.close()
        with self._lock:
            running = list(self._running)
        for recording in running:
            recording.fail(RuntimeError("the engine was closed"))
        self._decoding_pool.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.join()
        self._recogniser = None

    def _forget(self, recording: RecordingInProgress) -> None:
        with self._lock:
            self._running.discard(recording)

    def _transcribe(self, recording: RecordingInProgress) -> None:
        """Does all the work before the model, for one recording, in one thread."""
        try:
            self._check_language(recording.language)
            for channel, window, samples in recording.windows():
                if recording.future.done():
                    return
                features = self._loaded.features(samples)
                for entry in recording.arrived(channel, window, features):
                    self._enqueue(entry, wait=True)
                recording.wait_for_language()
            recording.ended()
        except BaseException as error:  # noqa: BLE001 - the future raises it
            recording.fail(error)
        finally:
            self._windows.producing(-1)

    def _check_language(self, language: str | None) -> None:
        known = self._loaded.languages
        if language is None and len(known) > 1 and not self._loaded.detects_language:
            raise TranscriptionError(
                f"the model knows {len(known)} languages and does not detect which is spoken: give the recording's "
                "language_code"
            )
        if language is not None and language not in known:
            raise TranscriptionError(
                f"the model does not know the language {shown_language(language)!r}; it knows {len(known)}, for "
                f"example {min(known)}"
            )

    def _at_once(self, kind: _BatchKind) -> int:
        """Number of windows of a kind in a batch."""
        if self._settings.device == "cuda":
            return self._batch
        # On a CPU, memory grows with the number of frames, and a batch of fewer windows is as fast.
        return max(1, min(self._batch, self._batch * _FRAMES_OF_A_FULL_BATCH // kind.context))

    def _enqueue(self, entry: Entry, *, wait: bool) -> None:
        request = entry.request
        kind = _BatchKind(request.careful, request.context)
        self._windows.put(entry, kind=kind, size=request.features.nbytes, rank=entry.recording.number, wait=wait)

    def _work(self, recogniser: Recogniser) -> None:
        """Decodes batches until the queue closes."""
        try:
            while self._windows.wait_for_batch():
                # Take the batch only when the model is free: until then more windows join it.
                with self._permits:
                    entries = [entry for entry in self._windows.take() if not entry.recording.future.done()]
                    decoded = self._decode_batch(recogniser, entries)
                for entry, result in decoded:
                    self._take(entry, result)
                give_back_freed()
        except BaseException as error:  # noqa: BLE001 - the futures raise it
            self._break(error)

    def _take(self, entry: Entry, result: DecodedWindow) -> None:
        try:
            for again in entry.recording.take_result(entry, result):
                self._enqueue(again, wait=False)
        except Exception as error:  # noqa: BLE001 - the future raises it
            entry.recording.fail(error)

    def _decode_batch(self, recogniser: Recogniser, entries: Sequence[Entry]) -> list[tuple[Entry, DecodedWindow]]:
        """Decodes a batch, or each window by itself if that fails, so that only one recording fails.

        Raises:
          Exception: The model fails on silence too, or memory ran out.
        """
        try:
            return list(zip(entries, self._decode(recogniser, entries), strict=True))
        except Exception as error:
            if _is_out_of_memory(error):
                raise
        decoded: list[tuple[Entry, DecodedWindow]] = []
        for entry in entries:
            try:
                decoded += zip([entry], self._decode(recogniser, [entry]), strict=True)
            except Exception as error:
                if _is_out_of_memory(error):
                    raise
                silence = np.zeros_like(entry.request.features)
                recogniser.decode([replace(entry.request, features=silence)])
                entry.recording.fail(error)
        return decoded

    def _decode(
        self, recogniser: Recogniser, entries: Sequence[Entry], tries: int = _MEMORY_TRIES
    ) -> list[DecodedWindow]:
        if not entries:
            return []
        try:
            return recogniser.decode([entry.request for entry in entries])
        except Exception as error:
            if not _is_out_of_memory(error) or not tries:
                raise
        half = len(entries) // 2
        if half:
            self._batch = min(self._batch, half)
            return [*self._decode(recogniser, entries[:half]), *self._decode(recogniser, entries[half:])]
        # The other workers will free memory.
        time.sleep(_MEMORY_WAIT_S)
        return self._decode(recogniser, entries, tries - 1)

    def _break(self, error: BaseException) -> None:
        broken = RunError(f"the speech model {self._settings.model} fails with {place_of(error)}")
        with self._lock:
            self._broken = broken
            running = list(self._running)
        self._windows.close()
        for recording in running:
            recording.fail(broken)


def _is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out, which CTranslate2 and onnxruntime report in their messages alone."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in said or "failed to allocate memory" in said


def _finished(waiting: dict[Future[Transcription], str]) -> Iterator[tuple[str, Transcription | RecordingError]]:
    """Waits for at least one recording, and removes finished ones from `waiting`."""
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        recording_id = waiting.pop(future)
        error = future.exception()
        if isinstance(error, RecordingError):
            yield recording_id, error
        else:
            yield recording_id, future.result()
