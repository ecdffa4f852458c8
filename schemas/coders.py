"""How records travel between workers, and which must not.

A record that holds raw words has a coder that refuses to encode it. A runner encodes an element only where it crosses
from one worker (or one fused stage) to another, so the coder is the proof that raw words stay in the worker that heard
them: a change to the pipeline that would ship them elsewhere fails at once, in every test.
"""

from __future__ import annotations

import pickle
import zlib
from typing import Any, NoReturn, TypeVar

from apache_beam import coders

_MESSAGE = (
    "{} holds raw words and must stay in the worker that heard them; "
    "keep the stages from Transcribe to Commit in one fused chain"
)

_FASTEST = 1
"""Of zlib's levels: JSON shrinks to a sixth or less, and the others take longer for little."""

RecordT = TypeVar("RecordT")


class RawWordsLeaveWorkerError(Exception):
    """A pipeline tried to send raw words through a shuffle, a side input or a file."""


class StaysInWorkerCoder(coders.Coder):
    """Refuses to encode. For records with raw words."""

    def encode(self, value: Any) -> NoReturn:
        raise RawWordsLeaveWorkerError(_MESSAGE.format(type(value).__name__))

    def decode(self, encoded: bytes) -> NoReturn:
        raise RawWordsLeaveWorkerError("Nothing with raw words is ever encoded")

    def estimate_size(self, value: Any) -> int:
        # Beam samples sizes for its own metrics, by encoding where a coder does not say better.
        return 1

    def is_deterministic(self) -> bool:
        return False


def stays_in_worker(record: type[RecordT]) -> type[RecordT]:
    """Class decorator for records with raw words: neither Beam's coders nor pickle take them anywhere."""
    coders.registry.register_coder(record, StaysInWorkerCoder)
    record.__reduce__ = _refuse_to_pickle  # type: ignore[method-assign, assignment]
    return record


def travels(record: type[RecordT]) -> type[RecordT]:
    """Class decorator for frozen dataclasses that may cross a shuffle.

    Pickled, which names their class. They are no Beam rows: a row names a schema by an id that every process draws
    anew, so a worker in another process would get an anonymous tuple in the place of the record.
    """
    coders.registry.register_coder(record, coders.PickleCoder)
    return record


class CompressedCoder(coders.Coder):
    """Pickles and compresses: what runners send, and keep in memory until a job is over, is then a fraction."""

    def encode(self, value: Any) -> bytes:
        return zlib.compress(pickle.dumps(value), _FASTEST)

    def decode(self, encoded: bytes) -> Any:
        return pickle.loads(zlib.decompress(encoded))  # noqa: S301 - as Beam's own coder, from the job's other workers

    def is_deterministic(self) -> bool:
        return False


def travels_compressed(record: type[RecordT]) -> type[RecordT]:
    """`travels`, for records that hold whole transcripts as text."""
    coders.registry.register_coder(record, CompressedCoder)
    return record


def _refuse_to_pickle(record: object) -> NoReturn:
    # Where a type hint is lost, Beam pickles what it has no coder for.
    raise RawWordsLeaveWorkerError(_MESSAGE.format(type(record).__name__))
