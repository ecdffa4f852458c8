"""Quality of an output, measured with reviewed recordings: samples, figures, labels."""

from hushbeam.transforms.measure_quality.figures import Figures, left_out, measure
from hushbeam.transforms.measure_quality.judged import drawn

__all__ = ["Figures", "drawn", "left_out", "measure"]
