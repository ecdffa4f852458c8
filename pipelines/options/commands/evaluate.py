"""Measures the quality of an output from recordings that people reviewed.

    hushbeam review --output out/ --sample 50 --seed 1
    hushbeam evaluate --output out/ --sample 50 --seed 1 --html quality.html

The first command shows 50 recordings, drawn at random, for review. The second prints recall and
over-redaction, also for findings of higher scores alone, with 95 % intervals, and writes them as a page with what to do
next. If several people reviewed, it says how much they agree. docs/quality.md explains the figures and their limits.

Exit status: 0 done; 2 wrong options; 3 some recordings of the sample are not reviewed yet.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from hushbeam.pipelines.options.arguments import CommandOptions
from hushbeam.pipelines.options.common import PastOutput, PrintJson, Sample, Seed, StoreKeys
from hushbeam.transforms.base.metavar import File, Folder


class EvaluateOptions(CommandOptions):
    """All options of the command."""

    runs_pipeline: ClassVar[bool] = False

    output: PastOutput
    sample: Sample = None
    seed: Seed = 0
    all_marks: bool = Field(
        False,
        description="count also marks under policies that the recording did not request; by default they are left out",
    )
    html: File | None = Field(
        None, description="file for a page with the figures and what to do next, outside of the output"
    )
    labels: Folder | None = Field(
        None, description="folder for the reviews as labelled recordings, in the format of docs/quality.md"
    )
    store: Folder | None = Field(
        None, description="the --store of the runs; with it, --labels also holds the words that were spoken"
    )
    store_key: StoreKeys = ()
    print_json: PrintJson = False
