"""Cuts a local run of many lines into parts, one pipeline each."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import closing

from hushbeam.pipelines.running.job import Job
from hushbeam.transforms.archive.runs.parts import RunPart
from hushbeam.transforms.base.freed_memory import give_back_freed
from hushbeam.transforms.base.progress import LINES_AHEAD, report
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.read_manifest import packs


def parts_of_run(job: Job, *, in_parts: bool) -> Generator[Job, None, None]:
    """The job itself if one pipeline can do it; otherwise the job with each of its parts.

    A part is read when it is asked for, and before that the lines of all parts are counted, for the time left.

    Args:
      in_parts: Whether several pipelines may do it: one after the other, in this process.
    """
    inputs = job.manifests, job.recordings, job.spooled
    with closing(packs.lines_of(*inputs)) as lines:
        parts = packs.parts_of(lines, packs.LINES_OF_A_PART) if in_parts else iter(())
        first = next(parts, None)
        if first is None or first.is_last:
            yield job
            return
        with closing(packs.lines_of(*inputs)) as every:
            ahead = total = sum(1 for _ in every)
        report(LINES_AHEAD, ahead)
        with TemporaryFolder() as folder:
            part: packs.LinesOfAPart | None = first
            number = 0
            while part is not None:
                report(LINES_AHEAD, -part.lines)
                of_run = RunPart(number, part.is_last, part.lines / total, folder)
                yield job._replace(part=of_run, packs=part.packs)
                gc.collect()
                give_back_freed()
                part, number = next(parts, None), number + 1
