"""Serves Beam workers beside a Flink task manager, for runs with --environment_type=EXTERNAL.

    hushbeam workers --address localhost:50000

Workers start in milliseconds: they are forked from a process that has imported everything, and share its memory.
(Beam's own pool starts Python for every worker of every stage, which takes seconds.) Files that a run stages are not
fetched or installed.

Whoever reaches the address can run code on this machine. HOST:PORT must be on the loopback interface;
unix:/path/to/socket admits only this user, if the runner can call such an address (docs/runners.md).

Exit status: 0 stopped by a signal, with all its workers; 2 wrong options, or the address cannot be used.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from hushbeam.pipelines.options.arguments import CommandOptions
from hushbeam.transforms.base.metavar import Metavar


class WorkersOptions(CommandOptions):
    """All options of the command."""

    runs_pipeline: ClassVar[bool] = False

    address: Annotated[str, Metavar("ADDRESS")] = Field(
        "localhost:50000",
        pattern=r"^(unix:/\S+|\S+:\d+)$",
        examples=["localhost:50000"],
        description="address where the runner asks for workers: HOST:PORT on the loopback interface, or unix:/PATH",
    )
