"""Option with types of workers, their speed and price, for what a run will cost or has cost."""

from __future__ import annotations

import math
import re
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field

from hushbeam.transforms.base.metavar import Metavar
from hushbeam.transforms.option_lists import SEPARATED

_WORKER_TYPE = re.compile(r"(?P<name>[^:]+):(?P<hours>[0-9.]+)(?::(?P<price>[0-9.]+))?")


class WorkerType(NamedTuple):
    """A kind of worker.

    Attributes:
      name: Chosen by the operator.
      audio_hours: Hours of audio that one worker redacts in an hour.
      price: Price of that hour, in the operator's currency; None if it was not given.
    """

    name: str
    audio_hours: float
    price: float | None


def worker_type(given: str) -> WorkerType:
    """Reads NAME:AUDIO_HOURS[:PRICE].

    Raises:
      ValueError: The text has another form.
    """
    match = _WORKER_TYPE.fullmatch(given)
    hours = _number(match["hours"]) if match else 0.0
    if match is None or not hours:
        raise ValueError("expected NAME:AUDIO_HOURS or NAME:AUDIO_HOURS:PRICE, such as core:12:0.04")
    return WorkerType(match["name"], hours, _number(match["price"]) if match["price"] else None)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return number


def _are_types(given: tuple[str, ...]) -> tuple[str, ...]:
    for one in given:
        worker_type(one)
    return given


WorkerTypes = Annotated[
    tuple[Annotated[str, Metavar("TYPE")], ...],
    SEPARATED,
    AfterValidator(_are_types),
    Field(
        description="types of workers, each as NAME:AUDIO_HOURS[:PRICE]: hours of audio that it redacts in one hour, "
        "and the price of that hour",
    ),
]
