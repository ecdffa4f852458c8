"""AfterBegin: lets a stage that reads the inputs of a run wait until the run holds its output."""

from __future__ import annotations

from typing import Any

import apache_beam as beam


class AfterBegin(beam.PTransform):
    """Passes elements on once the run has begun.

    Args:
      begun: What `BeginRun` gives.
    """

    def __init__(self, begun: beam.PCollection[str]) -> None:
        super().__init__("AfterBegin")
        self._begun = begun

    def expand(self, elements: beam.PCollection[Any]) -> beam.PCollection[Any]:
        passed = elements | "Wait" >> beam.Map(
            lambda element, begun: element, begun=beam.pvalue.AsSingleton(self._begun)
        )
        passed.element_type = elements.element_type
        return passed
