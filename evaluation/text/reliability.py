"""Measures the reliability of scores, and what each caution costs.

    python -m evaluation.text.reliability --docs docs     # rewrites the figures in docs/

Reliability: of the findings with a score of about 0.8, are about 80 % right? A finding is right if it touches a mention
of any policy; findings on optional words alone do not count. Measured on the conversations of authors whom the packaged
model has not seen, under the default policies.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import get_args

from evaluation.text.mentions import Counts, count
from evaluation.text.redacted_words import samples
from hushbeam.schemas.finding import Finding, personal_words
from hushbeam.schemas.policies import Caution, resolve_policies
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from hushbeam.transforms.detect_pii.exchanges import ANSWERS, EXCHANGES
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from training.conversations import JUDGES
from training.examples import Example

EDGES = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.001)
LANGUAGE = "en"
_DEFAULT = resolve_policies(("default",))
_SIZE, _MARGIN = 360, 56
_FIGURES = re.compile(r"(?<=<!-- scores -->\n).*?(?=<!-- end of scores -->)", re.DOTALL)
_TABLE = """\
Conversations of authors whom the model has not seen ({date}), default policies:

| caution | mentions: redacted in part or whole | whole | other words redacted | in talk without personal data |
|---|---|---|---|---|
{cautions}

Mean distance of score and share of right findings: {error:.3f}.
"""


def outcomes(example: Example, findings: Iterable[Finding]) -> Iterator[tuple[float, bool]]:
    """Score and rightness of every finding that says something."""
    optional = {word for mention in example.mentions if mention.mark.optional for word in mention.words}
    personal = {word for mention in example.required for word in mention.words}
    for finding in findings:
        if finding.detector in (ANSWERS, EXCHANGES):
            continue  # Their score is a constant.
        held = personal_words((finding,))
        if held & personal:
            yield finding.score, True
        elif not held & optional:
            yield finding.score, False


@dataclass(frozen=True)
class Bin:
    """Findings with scores of one range."""

    low: float
    high: float
    count: int
    mean_score: float
    share_right: float


def bins(outcomes: Sequence[tuple[float, bool]]) -> list[Bin]:
    """The outcomes in ranges of score; ranges without any are left out."""
    found = []
    for low, high in pairwise(EDGES):
        inside = [(score, right) for score, right in outcomes if low <= score < high]
        if inside:
            count = len(inside)
            mean = sum(score for score, _ in inside) / count
            found.append(Bin(low, min(high, 1.0), count, mean, sum(right for _, right in inside) / count))
    return found


def calibration_error(found: Iterable[Bin]) -> float:
    """The mean distance of score and share of right findings, weighted by the number of findings."""
    found = list(found)
    total = sum(part.count for part in found)
    return sum(part.count * abs(part.mean_score - part.share_right) for part in found) / total if total else 0.0


def table(found: Sequence[Bin], effects: Sequence[tuple[Caution, Counts]], date: str) -> str:
    """The table of what each caution costs, for the documentation."""
    rows = []
    for caution, counts in effects:
        figures = counts.figures()
        rows.append(
            f"| `{caution}` | {figures['any_word']:.3f} | {figures['all_words']:.3f} "
            f"| {figures['over_redaction']:.4f} | {figures['innocent_over_redaction']:.4f} |"
        )
    return _TABLE.format(date=date, cautions="\n".join(rows), error=calibration_error(found))


def plot(found: Sequence[Bin]) -> str:
    """The reliability plot as SVG: the nearer to the diagonal, the more exactly the scores say what they mean."""

    def place(score: float, share: float) -> tuple[float, float]:
        side = _SIZE - 2 * _MARGIN
        return round(_MARGIN + score * side, 1), round(_SIZE - _MARGIN - share * side, 1)

    most = max((part.count for part in found), default=1)
    (left, bottom), (right, top) = place(0, 0), place(1, 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE} {_SIZE}" '
        'font-family="sans-serif" font-size="12" fill="#333">',
        f'<rect width="{_SIZE}" height="{_SIZE}" fill="#fff"/>',
        f'<path d="M{left} {bottom}L{right} {top}" stroke="#999" stroke-dasharray="4 3"/>',
        f'<path d="M{left} {top}V{bottom}H{right}" stroke="#333" fill="none"/>',
    ]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = place(tick, tick)
        parts.append(f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{tick:g}</text>')
    points = [place(part.mean_score, part.share_right) for part in found]
    line = " ".join(f"{x},{y}" for x, y in points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#0b6e99" stroke-width="1.5"/>')
    for (x, y), part in zip(points, found, strict=True):
        # The area of a point is its number of findings.
        radius = round(3 + 7 * (part.count / most) ** 0.5, 1)
        parts.append(f'<circle cx="{x}" cy="{y}" r="{radius}" fill="#0b6e99" fill-opacity="0.6"/>')
    middle = _SIZE / 2
    parts.append(f'<text x="{middle}" y="{_SIZE - 12}" text-anchor="middle">mean score</text>')
    parts.append(
        f'<text x="16" y="{middle}" text-anchor="middle" transform="rotate(-90 16 {middle})">'
        "share of right findings</text>"
    )
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path, required=True, help="folder of the documentation")
    arguments = parser.parse_args()
    examples = [one.example for one in samples(JUDGES) if one.example.transcript.language_code == LANGUAGE]
    detector = Detector(DetectionSettings())
    detector.load()
    by_caution = {caution: Detector(DetectionSettings(caution=caution)) for caution in get_args(Caution)}
    effects = dict.fromkeys(by_caution, Counts())
    judged: list[tuple[float, bool]] = []
    for example in examples:
        reports = detector.report(example.transcript)
        for caution, selecting in by_caution.items():
            findings = selecting.select(DetectionRequest(example.transcript, _DEFAULT), reports)
            effects[caution] += count(example, personal_words(findings), _DEFAULT)
            # Low thresholds show most of the scale.
            judged += outcomes(example, findings) if caution == "high" else ()
    found = bins(judged)
    page = arguments.docs / "measurements.md"
    figures = table(found, list(effects.items()), datetime.now(UTC).date().isoformat())
    text, places = _FIGURES.subn(lambda _: figures, page.read_text(encoding="utf-8"))
    if places != 1:
        raise SystemExit(f"{page}: no place for the figures")
    page.write_text(text, encoding="utf-8")
    (arguments.docs / "confidence.svg").write_text(plot(found), encoding="utf-8")


if __name__ == "__main__":
    main()
