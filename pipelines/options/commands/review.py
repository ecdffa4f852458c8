"""Serves a review page on this machine: published recordings, the most doubtful first.

    hushbeam review --output out/

Decisions are kept in reviews/ in the output, apart for each reviewer. --sample shows recordings drawn at random, the
same ones that `hushbeam evaluate` measures. Ctrl-C ends it.

Exit status: 0 done; 2 wrong options.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from hushbeam.pipelines.options.arguments import CommandOptions
from hushbeam.pipelines.options.common import PastOutput, Sample, Seed
from hushbeam.schemas.reviewer_name import EXPECTED, is_reviewer_name
from hushbeam.transforms.base.metavar import Metavar
from hushbeam.transforms.media.limits import MediaLimits


class ReviewOptions(CommandOptions):
    """All options of the command."""

    runs_pipeline: ClassVar[bool] = False

    output: PastOutput
    sample: Sample = None
    seed: Seed = 0
    port: Annotated[int, Metavar("PORT")] = Field(
        0, ge=0, le=65535, description="port of the page on 127.0.0.1; 0 takes a free one"
    )
    cache: Annotated[Path, Metavar("FOLDER")] = Field(
        Path("~/.cache/hushbeam/peaks"), description="folder on this machine for waveforms of published audio"
    )
    reviewer: Annotated[str | None, Metavar("NAME")] = Field(
        None, description="your name, which is kept with your decisions; without it, the page asks for it"
    )
    decoding: MediaLimits = MediaLimits()

    @field_validator("reviewer")
    @classmethod
    def _is_a_name(cls, name: str | None) -> str | None:
        if name is not None and not is_reviewer_name(name):
            raise ValueError(EXPECTED)
        return name
