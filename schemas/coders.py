"""Coders of records: some may travel between workers, and those with raw words must not.

A record with raw words has a coder that refuses to encode it. A runner encodes an element only when it leaves a worker
or a fused stage, so raw words cannot leave the worker that transcribed them: a pipeline that would send them elsewhere
fails at once, in every test.
"""

from __future__ import annotations

import pickle
import zlib
from typing import Any, NoReturn, TypeVar

from apache_beam import coders

_MESSAGE = (
    "{} contains raw words and must stay in the worker that transcribed them; "
    "keep the stages from Transcribe to Commit in one fused chain"
)

_FASTEST = 1
"""Level of zlib: JSON shrinks to a sixth or less, and higher levels take longer and gain little."""

RecordT = TypeVar("RecordT")


class RawWordsLeaveWorkerError(Exception):
    """A pipeline tried to send raw words through a shuffle, a side input or a file."""


class StaysInWorkerCoder(coders.Coder):
    """Coder that refuses to encode, for records with raw words."""

    def encode(self, value: Any) -> NoReturn:
        raise RawWordsLeaveWorkerError(_MESSAGE.format(type(value).__name__))

    def decode(self, encoded: bytes) -> NoReturn:
        raise RawWordsLeaveWorkerError("records with raw words are never encoded")

    def estimate_size(self, value: Any) -> int:
        # Beam samples sizes for its metrics; the default implementation would encode the record.
        return 1

    def is_deterministic(self) -> bool:
        return False


def stays_in_worker(record: type[RecordT]) -> type[RecordT]:
    """Class decorator for records with raw words: neither Beam's coders nor pickle encode them."""
    coders.registry.register_coder(record, StaysInWorkerCoder)
    record.__reduce__ = _refuse_to_pickle  # type: ignore[method-assign, assignment]
    return record


def travels(record: type[RecordT]) -> type[RecordT]:
    """Class decorator for frozen dataclasses that may cross a shuffle.

    They are pickled, which names their class. They are not Beam rows: a row names its schema by an id that differs
    between processes, so another worker would get an anonymous tuple instead of the record.
    """
    coders.registry.register_coder(record, coders.PickleCoder)
    return record


class CompressedCoder(coders.Coder):
    """Coder that pickles and compresses, because runners keep elements in memory until a job ends."""

    def encode(self, value: Any) -> bytes:
        return zlib.compress(pickle.dumps(value), _FASTEST)

    def decode(self, encoded: bytes) -> Any:
        return pickle.loads(zlib.decompress(encoded))  # noqa: S301 - as Beam's own coder, from the job's other workers

    def is_deterministic(self) -> bool:
        return False


def travels_compressed(record: type[RecordT]) -> type[RecordT]:
    """`travels`, for records with whole transcripts as text."""
    coders.registry.register_coder(record, CompressedCoder)
    return record


def _refuse_to_pickle(record: object) -> NoReturn:
    # If a type hint is lost, Beam pickles elements without a coder.
    raise RawWordsLeaveWorkerError(_MESSAGE.format(type(record).__name__))
