"""Serves a review page on this machine: published recordings, the most doubtful first.

    hushbeam review --output out/

Your decisions are kept in reviews/ in the output. --sample shows recordings drawn at random, the same ones that
`hushbeam evaluate` measures. Ctrl-C ends it.

Exit status: 0 done; 2 wrong options.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console

from hushbeam.pipelines.options.common import PastOutput, Sample, Seed
from hushbeam.pipelines.options.parsing import parse_without_pipeline
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import counted, results
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.outputs import output_of_runs
from hushbeam.transforms.base.metavar import Metavar
from hushbeam.transforms.base.temporary_files import check_temporary_files
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.review_output import Catalogue, ReviewServer
from hushbeam.transforms.review_output.server import LOOPBACK, listen


class ReviewOptions(BaseModel):
    """All options of the command."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: PastOutput
    sample: Sample = None
    seed: Seed = 0
    port: Annotated[int, Metavar("PORT")] = Field(
        0, ge=0, le=65535, description="port of the page on 127.0.0.1; 0 takes a free one"
    )
    cache: Annotated[Path, Metavar("FOLDER")] = Field(
        Path("~/.cache/hushbeam/peaks"), description="folder on this machine for waveforms of published audio"
    )
    decoding: MediaLimits = MediaLimits()


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Serves until it is interrupted, and returns the exit status."""
    console = console or results()
    options = parse_without_pipeline(ReviewOptions, __doc__ or "", arguments)
    return exit_status_of(lambda: _serve(options, console), console)


def _serve(options: ReviewOptions, console: Console) -> int:
    check_temporary_files()
    output = output_of_runs(options.output)
    catalogue = Catalogue(output, options.sample, options.seed)
    catalogue.load()
    socket = listen(options.port)
    server = ReviewServer(output, catalogue, options.cache.expanduser(), options.decoding.of_outputs)
    address = server.address(socket.getsockname()[1])
    console.print(f"{counted(len(catalogue.entries()), 'recording')}. Open {address}", highlight=False, soft_wrap=True)
    console.print(f"Only this machine ({LOOPBACK}) can reach it. Ctrl-C ends it.", highlight=False)
    web.run_app(server.application(), sock=socket, print=None, access_log=None, shutdown_timeout=1.0)
    return EXIT_COMPLETED


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
