"""RegisterTables: registers a run's files in the tables of the output's table format, once the run is closed."""

from __future__ import annotations

from contextlib import nullcontext

import apache_beam as beam

from hushbeam.transforms.archive.run_lock import Hold
from hushbeam.transforms.table_formats.update import update_tables


class RegisterTables(beam.PTransform):
    """Takes and gives the summary of a closed run. Does nothing for an output of Parquet files alone."""

    def __init__(self, output: str, run_id: str, hold: Hold | None = None) -> None:
        super().__init__("RegisterTables")
        self._output = output
        self._run_id = run_id
        self._hold = hold

    def expand(self, summary: beam.PCollection[str]) -> beam.PCollection[str]:
        return summary | "Register" >> beam.Map(_register, self._output, self._run_id, self._hold).with_output_types(
            str
        )


def _register(summary: str, output: str, run_id: str, hold: Hold | None) -> str:
    if hold is not None:
        hold.check()
    with hold.kept() if hold is not None else nullcontext():
        update_tables(output, run_id)
    return summary
