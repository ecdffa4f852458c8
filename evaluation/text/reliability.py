"""Measures the reliability of scores, and the cost of a minimum score.

    python -m evaluation.text.reliability --fit           # fits the calibration anew, on the training templates
    python -m evaluation.text.reliability --docs docs     # rewrites the figures in docs/

Reliability: of the findings with a score of about 0.8, are about 80 % right? A finding is right if it touches an
entity. Measured on held-out generated calls, negative lines and written sentences, each under the policies that
`evaluation.text` requests.

Threshold: findings below a minimum score are left out afterwards, which is what `minimum_score` does.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from evaluation.text import sentences
from evaluation.text.__main__ import CALL_POLICIES, SEED
from evaluation.text.calls import TEMPLATES, CallGenerator, LabelledTranscript, read_templates, words_of_lines
from evaluation.text.figures import Tally
from evaluation.text.negative import negative_lines
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.policies import PRESETS
from hushbeam.transforms.detect_pii import calibration
from hushbeam.transforms.detect_pii.calibration import UNCALIBRATED, fitted
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from hushbeam.transforms.detect_pii.settings import DetectionSettings

_CALIBRATION = Path(calibration.__file__).with_name("calibration.json")
EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.001)
THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9)
_SIZE, _MARGIN = 360, 56
_FIGURES = re.compile(r"(?<=<!-- scores -->\n).*?(?=<!-- end of scores -->)", re.DOTALL)
_TABLE = """\
| minimum score | recall, any word | recall, all words | other words redacted | in lines without personal data |
|---|---|---|---|---|
{thresholds}

Mean distance of score and share of right findings: {error:.3f}.
"""


@dataclass(frozen=True)
class Judged:
    """A transcript with what was found in it."""

    labelled: LabelledTranscript
    findings: tuple[Finding, ...]

    def outcomes(self) -> Iterator[tuple[float, bool]]:
        """Score and rightness of every finding that says something."""
        gold = {word for entity in self.labelled.entities for word in entity.words}
        for finding in self.findings:
            assert finding.first_word is not None
            assert finding.last_word is not None
            held = set(range(finding.first_word, finding.last_word + 1))
            if held & gold:
                yield finding.score, True
            elif not held & self.labelled.neutral:
                yield finding.score, False


@dataclass(frozen=True)
class Samples:
    """What was judged: generated calls, lines without personal data, written sentences."""

    calls: list[Judged]
    negative: list[Judged]
    written: list[Judged]

    def outcomes(self) -> list[tuple[float, bool]]:
        """Score and rightness of all findings."""
        return [outcome for judged in (*self.calls, *self.negative, *self.written) for outcome in judged.outcomes()]


@dataclass(frozen=True)
class Bin:
    """Findings with scores of one range."""

    low: float
    high: float
    count: int
    mean_score: float
    share_right: float


@dataclass(frozen=True)
class ThresholdEffect:
    """What remains with a minimum score."""

    minimum_score: float
    recall_any: float
    recall_full: float
    over_redacted_in_calls: float
    over_redacted_in_negative_lines: float


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


def effect(minimum_score: float, calls: Iterable[Judged], lines: Iterable[Judged]) -> ThresholdEffect:
    """Recall and over-redaction with the findings that reach a score."""
    in_calls, in_lines = Tally(), Tally()
    for tally, judged in ((in_calls, calls), (in_lines, lines)):
        for one in judged:
            tally.add(one.labelled, [finding for finding in one.findings if finding.score >= minimum_score])
    figures = in_calls.figures()
    return ThresholdEffect(
        minimum_score,
        figures["recall_any"],
        figures["recall_full"],
        figures["over_redacted_words"],
        in_lines.figures()["over_redacted_words"],
    )


def table(found: Sequence[Bin], effects: Sequence[ThresholdEffect]) -> str:
    """The table of what a minimum score costs, for the documentation."""
    thresholds = [
        f"| {row.minimum_score:.1f} | {row.recall_any:.3f} | {row.recall_full:.3f} "
        f"| {row.over_redacted_in_calls:.4f} | {row.over_redacted_in_negative_lines:.4f} |"
        for row in effects
    ]
    return _TABLE.format(thresholds="\n".join(thresholds), error=calibration_error(found))


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


def judge(detector: Detector, transcripts: Iterable[LabelledTranscript], policies: Sequence[str]) -> list[Judged]:
    """Runs the detector."""
    return [Judged(one, detector.detect(DetectionRequest(one.transcript, policies)).findings) for one in transcripts]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--docs", type=Path, help="folder of the documentation, measured on the held-out templates")
    wanted.add_argument("--fit", action="store_true", help="write the calibration, from the training templates")
    parser.add_argument("--calls", type=int, default=390, help="how many generated calls")
    arguments = parser.parse_args()
    if arguments.fit:
        samples = _samples(Detector(DetectionSettings(), UNCALIBRATED), "train.txt", arguments.calls, SEED + 1)
        _CALIBRATION.write_text(fitted(samples.outcomes()).to_json(), encoding="utf-8")
        return
    samples = _samples(Detector(DetectionSettings()), "held_out.txt", arguments.calls, SEED)
    found = bins(samples.outcomes())
    effects = [effect(minimum_score, samples.calls, samples.negative) for minimum_score in THRESHOLDS]
    page = arguments.docs / "measurements.md"
    figures = table(found, effects)
    page.write_text(_FIGURES.sub(lambda _: figures, page.read_text(encoding="utf-8")), encoding="utf-8")
    (arguments.docs / "confidence.svg").write_text(plot(found), encoding="utf-8")


def _samples(detector: Detector, templates: str, calls: int, seed: int) -> Samples:
    detector.load()
    generator = CallGenerator(read_templates(TEMPLATES / templates), seed)
    lines = negative_lines(TEMPLATES / "negative.txt", 2 * calls, seed)
    return Samples(
        judge(detector, generator.calls(calls), CALL_POLICIES),
        judge(detector, words_of_lines(lines), PRESETS["default"]),
        judge(detector, sentences.generate(TEMPLATES / "presidio.txt", calls, seed), sentences.REQUESTED),
    )


if __name__ == "__main__":
    main()
