"""Metrics and events of a run for monitoring systems; none of them can fail or delay the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.options.groups import Observability
from hushbeam.pipelines.running.command_errors import quieten_beam, report_error
from hushbeam.pipelines.running.exit_status import EXIT_INTERRUPTED
from hushbeam.pipelines.running.waiting import StoppedError
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.secrets import SecretReference
from hushbeam.transforms.observe_run import Collector, Lineage, Outbox, RunEnd, TextFile, close, has_completed
from hushbeam.transforms.read_manifest.pseudonyms import Pseudonyms
from hushbeam.transforms.report_run import RunFigures, read_canaries
from hushbeam.transforms.storage.errors import StorageError

_PATIENCE_S = 10.0
_LINEAGE = "OpenLineage's receiver"


class Observer:
    """Reports the start and the end of a run to the receivers."""

    def __init__(self, options: Observability, hash_identities: SecretReference | None) -> None:
        """Checks the options without connecting to a receiver.

        Args:
          hash_identities: Reference to the key that hashes locations in events; None sends them as they are.

        Raises:
          ConfigurationError: A library, a folder, a receiver's name or the key is missing.
        """
        self._pipeline = options.pipeline_name
        self._text_file = TextFile(options.metrics_file) if options.metrics_file is not None else None
        self._collector = Collector() if options.otlp else None
        self._lineage = Lineage(options.pipeline_name) if options.openlineage else None
        self._pseudonyms = Pseudonyms(hash_identities) if self._lineage and hash_identities else None
        self._started_at, self._started = datetime.now(UTC), time.monotonic()
        self._run_id: str | None = None
        self._output = ""
        self._figures: RunFigures | None = None
        self._outboxes: dict[str, Outbox] = {}

    def began(self, run_id: str, inputs: Sequence[str], output: str) -> None:
        """Reports the start of the run.

        Args:
          inputs: Locations that the run reads.
        """
        self._run_id, self._output = run_id, output
        if lineage := self._lineage:
            pseudonym = self._pseudonyms.of_url if self._pseudonyms else None
            self._send(_LINEAGE, lambda: lineage.start(inputs, output, pseudonym))

    def completed(self, figures: RunFigures) -> None:
        """Takes the figures of a run whose outputs are complete."""
        self._figures = figures

    def ended(self, exit_status: int, console: Console, *, reason: str = "", stopped: bool = False) -> None:
        """Reports the end of the run to all receivers, and prints those that could not be reached.

        Args:
          reason: Class of the error that ended the run.
          stopped: Whether a signal stopped the run.
        """
        if not (self._text_file or self._collector or self._lineage):
            return
        end = RunEnd(
            self._pipeline,
            self._run_id,
            self._started_at,
            time.monotonic() - self._started,
            exit_status,
            self._figures,
            self._canaries(),
        )
        if text_file := self._text_file:
            self._send("the metrics file", lambda: text_file.write(end))
        if collector := self._collector:
            self._send("OpenTelemetry's collector, metrics", lambda: collector.send_metrics(end))
            self._send("OpenTelemetry's collector, span", lambda: collector.send_span(end))
        if (lineage := self._lineage) and self._run_id:
            if self._figures and has_completed(exit_status):
                recordings = self._figures.summary["recordings"]["completed"]
                self._send(_LINEAGE, lambda: lineage.complete(recordings))
            else:
                why = reason or f"exit status {exit_status}"
                self._send(_LINEAGE, lambda: lineage.fail(why, stopped=stopped))
        for problem in close(self._outboxes.values(), _PATIENCE_S):
            console.print(f"[yellow]This run could not be reported:[/] {escape(problem)}", highlight=False)

    def _send(self, receiver: str, send: Callable[[], object]) -> None:
        if receiver not in self._outboxes:
            self._outboxes[receiver] = Outbox(receiver)
        self._outboxes[receiver].put(send)

    def _canaries(self) -> dict[str, object] | None:
        if self._figures is not None or self._run_id is None:
            return self._figures.canaries if self._figures else None
        try:
            return read_canaries(self._output, self._run_id)
        except StorageError:  # the same error may have ended the run
            return None


def observed(
    attempt: Callable[[Observer], int],
    options: Observability,
    hash_identities: SecretReference | None,
    console: Console,
) -> int:
    """Carries out a run, reports its end to all receivers, and returns its exit status."""
    try:
        observer = Observer(options, hash_identities)
    except ConfigurationError as error:
        return report_error(error, console)
    quieten_beam()
    try:
        exit_status = attempt(observer)
    except KeyboardInterrupt:
        observer.ended(EXIT_INTERRUPTED, console, reason="KeyboardInterrupt", stopped=True)
        raise
    except StoppedError as stop:
        observer.ended(int(stop.code or EXIT_INTERRUPTED), console, reason="StoppedError", stopped=True)
        raise
    except Exception as error:  # noqa: BLE001 - each kind is reported
        exit_status = report_error(error, console)
        observer.ended(exit_status, console, reason=type(error).__name__)
        return exit_status
    observer.ended(exit_status, console)
    return exit_status
