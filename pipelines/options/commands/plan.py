"""Estimates a run before it starts: recordings to redact and why, hours of audio, worker hours and cost.

    hushbeam plan calls/
    hushbeam plan calls.jsonl --output out/ --worker_types core:12:0.04,l4:250:0.80

Takes the options of `hushbeam redact` and those of the group "planning". Reads the manifests, the status objects of
the output and the headers of some recordings. Writes nothing but the file that --plan_file names.

Exit status: 0 done; 2 wrong options or set-up.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.worker_types import WorkerTypes
from hushbeam.transforms.base.metavar import File, Metavar


class Planning(BaseModel):
    """How the work is estimated, and where the plan is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    probe_headers: Annotated[int, Metavar("N")] = Field(
        100, ge=0, le=10_000, description="recordings whose headers are read to estimate the hours of audio"
    )
    duration_key: Annotated[str, Metavar("KEY")] | None = Field(
        None, description="key in the metadata of recordings that holds their length in seconds"
    )
    plan_file: File | None = Field(
        None, description="file for the plan as JSON, a path or an object-store URL; plans on a cluster need one"
    )


class PlanOptions(RedactOptions):
    """The options of the planned run, and those of the plan."""

    basic: ClassVar[frozenset[str] | None] = frozenset(
        """
        inputs manifest output force json policies model verify probe_headers duration_key worker_types plan_file
        """.split()  # noqa: SIM905
    )

    worker_types: WorkerTypes = ("core:12",)
    planning: Planning = Planning()
