"""redact_files: a run from a notebook or a script, on this machine."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from rich.console import Console

from hushbeam.pipelines.library.options import redact_options
from hushbeam.pipelines.library.progress import shown_progress
from hushbeam.pipelines.library.result import RunResult
from hushbeam.pipelines.publishing import Results
from hushbeam.pipelines.redact import build
from hushbeam.pipelines.running.command_errors import error_to_raise, quieten_beam
from hushbeam.pipelines.running.execution import carry_out
from hushbeam.pipelines.running.inputs import STANDARD_INPUT
from hushbeam.pipelines.running.job import Job, prepare
from hushbeam.pipelines.running.observing import Observer
from hushbeam.pipelines.running.outputs import check_apart, check_private_roots_writable, check_writable
from hushbeam.schemas.errors import ConfigurationError, RunError
from hushbeam.transforms.archive.run_lock import begin_again, give_up
from hushbeam.transforms.storage.errors import StorageError

_LOOK_S = 0.3
_WARNING = "Warning: "

Location = str | os.PathLike[str]


def redact_files(
    inputs: Location | Sequence[Location],
    output: Location = "redacted",
    policies: str | Sequence[str] = ("default",),
    *,
    progress: bool = True,
    **options: Any,
) -> RunResult:
    """Redacts recordings on this machine, and returns when all of them are done.

    It is a run as of `hushbeam redact`: finished recordings are skipped, failures do not stop the others. Interrupted
    (Ctrl-C, or a notebook's stop button), it raises KeyboardInterrupt, and nothing more is published.

    Args:
      inputs: Recordings and manifests, as `hushbeam redact` takes them: files, folders, globs or URLs.
      output: Folder or object-store URL for all outputs.
      policies: Policies and presets of docs/policies.md.
      progress: Whether to show a bar, in a notebook or on standard error.
      options: Further options of `hushbeam redact`, by name: `verify="all"`, `substitution="entity_name"`.

    Raises:
      ConfigurationError: Options, inputs or models are wrong or missing; nothing was done.
      RunError: The run broke. What is published is complete.
    """
    chosen = redact_options(options, output=output, policies=policies, inputs=inputs)
    if STANDARD_INPUT in chosen.inputs:
        raise ConfigurationError("-: only the command reads standard input; name a manifest")
    check_writable(chosen.output)
    check_apart(chosen.output)
    check_private_roots_writable(chosen.keeping)
    run = _Run(prepare(chosen, local=True))
    thread = threading.Thread(target=run.carry_out, name="hushbeam run", daemon=True)
    with shown_progress(show=progress) as look:
        try:
            thread.start()
            # Not by `join`: interrupted, it takes the thread for ended.
            while not run.ended.wait(_LOOK_S):
                look()
        except BaseException:
            with suppress(StorageError):  # the run ends nevertheless; its lock becomes stale
                run.give_up()
            raise
    if run.error is not None:
        raise run.error
    return RunResult(run.job.output, run.job.run_id, run.skipped(), run.warnings())


class _Run:
    """A run in a thread of its own: in the main thread, it would take over the signals of its caller's process."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.error: Exception | None = None
        self.ended = threading.Event()
        self._said = io.StringIO()
        begin_again(job.output, job.run_id)

    def carry_out(self) -> None:
        """Runs the job to its end, and keeps the error that ended it."""
        quieten_beam()
        beam_options = PipelineOptions([], save_main_session=False)
        beam_options.view_as(StandardOptions).runner = "FnApiRunner"
        console = Console(file=self._said, soft_wrap=True, width=1000, force_jupyter=False)
        try:
            observer = Observer(self.job.options.observability, self.job.options.hash_identities)
            try:
                with _without_interactive_beam():
                    status = carry_out(self.job, self._build, beam_options, console, observer, local=True)
            except Exception as error:
                observer.ended(1, console, reason=type(error).__name__)
                raise
            observer.ended(status, console)
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            self.error = error_to_raise(error)
        except BaseException as error:  # noqa: BLE001 - such as SystemExit of a library: the caller must learn of it
            self.error = RunError(f"the run was ended by {type(error).__name__}; run it again to continue")
        finally:
            self.ended.set()

    def give_up(self) -> None:
        """Ends the run at its next commit, by giving up its lock: a thread cannot be ended."""
        give_up(self.job.output, self.job.run_id)

    def skipped(self) -> frozenset[str]:
        """Ids of recordings that were up to date."""
        return frozenset(_SKIPPED.pop(self.job.run_id, ()))

    def warnings(self) -> tuple[str, ...]:
        """What the command would have warned of: inputs that are left out, decoders without isolation."""
        lines = self._said.getvalue().splitlines()
        warned = (line.removeprefix(_WARNING) for line in lines if line.startswith(_WARNING))
        return (*self.job.remarks, *warned)

    def _build(self, pipeline: beam.Pipeline, job: Job) -> Results:
        results = build(pipeline, job)
        if job.run_id == self.job.run_id and job.output == self.job.output:  # not the canaries
            _SKIPPED[job.run_id] = set()
            _ = results.skipped | "Keep the skipped" >> beam.Map(_keep_skipped, job.run_id)
        return results


@contextmanager
def _without_interactive_beam() -> Iterator[None]:
    """Keeps Beam from what it does in a notebook: scripts of web servers in the page, temporary folders that stay."""
    before = {name: getattr(beam.pipeline, name) for name in ("alter_label_if_ipython", "is_in_ipython")}
    beam.pipeline.alter_label_if_ipython = lambda transform, value: None
    beam.pipeline.is_in_ipython = lambda: False
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(beam.pipeline, name, function)


_SKIPPED: dict[str, set[str]] = {}
"""Ids that runs of this process skipped, by run: the stages of a local run are in this process."""


def _keep_skipped(recording_id: str, run_id: str) -> None:
    _SKIPPED[run_id].add(recording_id)
