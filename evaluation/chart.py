"""A small line chart as SVG text, for the documentation: curves, and one marked point for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 380, 64, 150, 20, 52
_COLOURS = ("#0b6e99", "#c4572a", "#4f7f3a", "#7a4fa3")
_TICKS = 5


@dataclass(frozen=True)
class Curve:
    """Points (across, up), both shares between 0 and 1, and one more that is marked."""

    name: str
    points: tuple[tuple[float, float], ...]
    marked: tuple[float, float]


def chart(curves: Sequence[Curve], across: str, up: str) -> str:
    """The SVG of up to four curves over axes in per cent that begin at 0."""
    everything = [point for curve in curves for point in (*curve.points, curve.marked)]
    most_across = _round_up(max(x for x, _ in everything))
    most_up = _round_up(max(y for _, y in everything))

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x = _LEFT + point[0] / most_across * (_WIDTH - _LEFT - _RIGHT)
        y = _HEIGHT - _BOTTOM - point[1] / most_up * (_HEIGHT - _TOP - _BOTTOM)
        return round(x, 1), round(y, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="12" fill="#333">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
    ]
    for tick in range(_TICKS + 1):
        x, _ = place((most_across * tick / _TICKS, 0.0))
        _, y = place((0.0, most_up * tick / _TICKS))
        right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        parts.append(f'<path d="M{x} {_TOP}V{bottom}M{_LEFT} {y}H{right}" stroke="#ddd" fill="none"/>')
        parts.append(
            f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{_per_cent(most_across * tick / _TICKS)}</text>'
        )
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{_per_cent(most_up * tick / _TICKS)}</text>')
    parts.append(
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 10}" text-anchor="middle">{escape(across)}</text>'
    )
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts.append(
        f'<text x="16" y="{middle}" text-anchor="middle" transform="rotate(-90 16 {middle})">{escape(up)}</text>'
    )
    for number, (curve, colour) in enumerate(zip(curves, _COLOURS, strict=False)):
        path = " ".join(f"{x},{y}" for x, y in map(place, sorted(curve.points)))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in map(place, curve.points)]
        x, y = place(curve.marked)
        parts.append(f'<path d="M{x - 6} {y}L{x} {y - 6}L{x + 6} {y}L{x} {y + 6}Z" fill="{colour}" stroke="#fff"/>')
        legend = _WIDTH - _RIGHT + 14
        top = _TOP + 16 + number * 40
        parts.append(f'<text x="{legend}" y="{top}" fill="{colour}">● {escape(curve.name)}, padded</text>')
        parts.append(f'<text x="{legend}" y="{top + 16}" fill="{colour}">◆ {escape(curve.name)}, by sound</text>')
    return "\n".join([*parts, "</svg>", ""])


def _round_up(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value)) if value > 0.0 else 1.0
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= value)


def _per_cent(share: float) -> str:
    return f"{share * 100:g} %"
