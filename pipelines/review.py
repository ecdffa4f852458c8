"""`hushbeam review`: serves a review page on this machine: published recordings, the most doubtful first."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from aiohttp import web
from rich.console import Console

from hushbeam.pipelines.options.commands.review import ReviewOptions
from hushbeam.pipelines.options.parsing import parse_without_pipeline
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import results
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.outputs import output_of_runs
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.base.temporary_files import check_temporary_files
from hushbeam.transforms.review_output import Catalogue, ReviewServer
from hushbeam.transforms.review_output.server import LOOPBACK, listen


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Serves until it is interrupted, and returns the exit status."""
    options = parse_without_pipeline(ReviewOptions, arguments)
    return execute(options, console)


def execute(options: ReviewOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or results()
    return exit_status_of(lambda: _serve(options, console), console)


def _serve(options: ReviewOptions, console: Console) -> int:
    check_temporary_files()
    output = output_of_runs(options.output)
    catalogue = Catalogue(output, options.sample, options.seed)
    catalogue.load()
    socket = listen(options.port)
    server = ReviewServer(output, catalogue, options.cache.expanduser(), options.decoding.of_outputs, options.reviewer)
    address = server.address(socket.getsockname()[1])
    console.print(f"{counted(len(catalogue.entries()), 'recording')}. Open {address}", highlight=False, soft_wrap=True)
    console.print(f"Only this machine ({LOOPBACK}) can reach it. Ctrl-C ends it.", highlight=False)
    web.run_app(server.application(), sock=socket, print=None, access_log=None, shutdown_timeout=1.0)
    return EXIT_COMPLETED


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
