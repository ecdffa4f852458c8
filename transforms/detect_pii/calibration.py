"""Calibration of scores: maps the score of a recogniser to the share of such findings that are right."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby

_FILE = "calibration.json"
_LEAST_FINDINGS = 40
"""Levels with fewer findings are pooled, because their share is too uncertain."""


@dataclass(frozen=True)
class Calibration:
    """A rising line through points (score, share of findings that were right)."""

    points: tuple[tuple[float, float], ...]

    def of(self, score: float) -> float:
        """The share of findings with this score that are right."""
        right = bisect_right(self.points, (score, float("inf")))
        if right == 0:
            return self.points[0][1]
        if right == len(self.points):
            return self.points[-1][1]
        (before, low), (after, high) = self.points[right - 1], self.points[right]
        return low + (high - low) * (score - before) / (after - before)

    def to_json(self) -> str:
        """The inverse of `packaged`."""
        return json.dumps(self.points, indent=1) + "\n"


UNCALIBRATED = Calibration(((0.0, 0.0), (1.0, 1.0)))
"""Keeps scores unchanged, for fitting."""


@cache
def packaged() -> Calibration:
    """The calibration fitted on the training templates of generated calls (`evaluation.text.reliability --fit`)."""
    points = json.loads(files(__package__).joinpath(_FILE).read_text(encoding="utf-8"))
    return Calibration(tuple((score, share) for score, share in points))


def fitted(outcomes: Iterable[tuple[float, bool]]) -> Calibration:
    """The rising line nearest to outcomes (score, whether it was right), by pooling neighbours that fall.

    Levels with few findings are pooled too, and each share is moved a little towards one half, so that no score maps
    to certainty.
    """
    blocks: list[list[float]] = []  # weighted sum of scores, right ones, all
    for score, same in groupby(sorted(outcomes), key=lambda outcome: outcome[0]):
        rights = [right for _, right in same]
        blocks.append([score * len(rights), sum(rights), len(rights)])
        while len(blocks) > 1 and (blocks[-2][2] < _LEAST_FINDINGS or _share(blocks[-2]) >= _share(blocks[-1])):
            last = blocks.pop()
            blocks[-1] = [one + other for one, other in zip(blocks[-1], last, strict=True)]
    points = [(round(block[0] / block[2], 4), round(_share(block), 4)) for block in blocks]
    return Calibration(((0.0, 0.0), *points, (1.0, 1.0)))


def _share(block: Sequence[float]) -> float:
    return (block[1] + 1) / (block[2] + 2)
