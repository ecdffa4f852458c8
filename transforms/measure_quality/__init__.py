"""What reviewed recordings tell about the quality of an output: samples, figures, labels."""

from hushbeam.transforms.measure_quality.figures import Figures, measure
from hushbeam.transforms.measure_quality.sample import drawn

__all__ = ["Figures", "drawn", "measure"]
