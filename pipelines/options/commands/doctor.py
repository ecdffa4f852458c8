"""Checks this machine, the options and the models before a run, and says how to fix each problem.

    hushbeam doctor
    hushbeam doctor --config job.yaml

Takes the inputs and options of `hushbeam redact` and checks exactly these, and the lines of manifests; all may be left
out. For a cluster, run it in the workers' image: it checks the machine on which it runs.

Exit status: 0 no problems, perhaps warnings; 2 wrong options; 4 problems.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.wrong import WrongOption
from hushbeam.transforms.base.metavar import File, Folder


class DoctorOptions(RedactOptions):
    """The options of `hushbeam redact`, none of them required."""

    needs_inputs: ClassVar[bool] = False

    manifest: tuple[File, ...] = Field(
        (), description="manifests to check: paths, globs in quotes, or object-store URLs"
    )
    output: Folder = Field("", description="folder or object-store URL for all outputs, to check")

    def wrong_together(self) -> Iterator[WrongOption]:
        """What is wrong although each value is right by itself; there may be nothing to redact."""
        return self.wrong_request()
