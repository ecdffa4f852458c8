"""`hushbeam rerender`: redacts past recordings again, without transcribing them again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from pydantic import ValidationError
from rich.console import Console

from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.commands.rerender import Request, RerenderOptions, Selection
from hushbeam.pipelines.options.dataflow import fit_workers
from hushbeam.pipelines.options.given import meant
from hushbeam.pipelines.options.groups import Workers, sealed_root
from hushbeam.pipelines.options.parsing import is_local, parse
from hushbeam.pipelines.options.rules import Rules, read_rules
from hushbeam.pipelines.publishing import RenderAndCommit, Results, finish
from hushbeam.pipelines.running.consoles import print_remarks, remarks
from hushbeam.pipelines.running.execution import carry_out
from hushbeam.pipelines.running.job import Job, check_secrets, new_run_id, with_configuration
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.observing import Observer, observed
from hushbeam.pipelines.running.outputs import check_writable, output_of_runs
from hushbeam.pipelines.running.starting.job_servers import start_job_server
from hushbeam.pipelines.running.terminal import waiting
from hushbeam.schemas.delivery import Receiver
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.policies import resolve_policies
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stored import Provenance
from hushbeam.transforms.archive.findings_store import FindingsStore, OtherVersionError, is_empty
from hushbeam.transforms.archive.runs.table_format import recorded_format
from hushbeam.transforms.archive.tables.parquet import time_text
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.base.temporary_files import check_temporary_files
from hushbeam.transforms.begin_run import check_signed_as_before
from hushbeam.transforms.correct_findings.further_muting import FurtherMuting
from hushbeam.transforms.correct_findings.restore_published import RestorePublished
from hushbeam.transforms.detect_pii.registry import BUILT_IN
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.media.isolation.children import check_confinement
from hushbeam.transforms.restore_findings import Changes, Rendering, RestoreFindings, policies_left_out
from hushbeam.transforms.table_formats import check_format
from hushbeam.transforms.transcribe.model import require_device


def changes_of(request: Request) -> Changes:
    """The requested changes as settings of the stage."""
    policies = None if request.policies is None else resolve_policies(request.policies)
    return Changes(policies, **request.model_dump(exclude={"policies"}))


class RenderJob(NamedTuple):
    """What a run is made of.

    Attributes:
      job: As of a full run, but without a store, because stored words do not change.
      store: The store of words and findings; None to mute published audio further.
    """

    options: RerenderOptions
    job: Job
    store: SealedRoot | None


def prepare(options: RerenderOptions, *, local: bool) -> RenderJob:
    """Checks the options before anything runs.

    Raises:
      ConfigurationError: The store is empty, or a key or a model is missing.
    """
    store = sealed_root("--store", options.store, options.store_key, options.output)
    output = output_of_runs(options.output)
    check_writable(options.output)
    if store is None and options.corrections:
        _check_muting_further(options, local=local)
    elif store is None:
        raise ConfigurationError("--store: required, or --corrections, which mutes what reviewers marked")
    elif is_empty(store.root):
        raise ConfigurationError(
            f"--store: nothing is stored there{meant(store.root) or '.'} rerender needs the words and findings "
            "that hushbeam redact keeps with --store and --store_key: run redact again with these and --force. To mute "
            "only what reviewers marked, no store is needed: --corrections"
        )
    check_signed_as_before(output, options.certificate_key)
    table_format = recorded_format(output)
    if local:
        check_format(output, table_format)
    rules = read_rules(options.selection.rules)
    rendering = options.as_redact({"device": options.device}, {})
    if local:
        if options.verification.enabled:
            require_device(options.device)
        check_secrets(rendering)
        check_confinement(rendering.decoding)
        if store is not None:
            FindingsStore(store).check_keys()
    identities = with_configuration({}, rendering, rules)
    del identities["configuration_id"]  # each recording has its own: it depends on the models that transcribed it
    started = datetime.now(UTC)
    job = Job(
        rendering,
        (),
        output,
        options.run_id or new_run_id(started),
        time_text(started),
        options.output_shards,
        rules,
        identities,
        table_format=table_format,
    )
    return RenderJob(options, job, store)


def _check_muting_further(options: RerenderOptions, *, local: bool) -> None:
    """Refuses options that a run without a store cannot apply: it can only mute more."""
    given = {name for name, value in options.request if value is not None} - {"substitution"}
    given |= {name for name, value in options.selection if value != Selection.model_fields[name].default}
    if given:
        raise ConfigurationError(
            f"--{min(given)}: needs --store; without it, published recordings can only be muted further"
        )
    if not local:
        raise ConfigurationError("--corrections: without --store it runs on this machine only; leave out --runner")


def build(pipeline: beam.Pipeline, rendering: RenderJob) -> Results:
    """Builds the pipeline: that of a full run, from detection on."""
    options, job, store = rendering
    defaults = job.options.defaults
    receiver = Receiver(defaults.webhook_url, defaults.webhook_auth_header_name)
    # Recordings that a killed run published are announced by the next full run, whose manifest names their receivers.
    unknown = pipeline | "No manifest" >> beam.Create([]).with_output_types(Recording)
    if store is None:
        restored, unrestored = pipeline | RestorePublished(
            FurtherMuting(
                job.output,
                options.request.substitution or Recording.substitution,
                job.identities,
                job.options.decoding,
            )
        )
        published, unpublished = restored | RenderAndCommit(job)
        skipped = pipeline | "Nothing skipped" >> beam.Create([]).with_output_types(str)
        failures = [unrestored, unpublished]
        return finish(job, published, failures=failures, skipped=skipped, recordings=unknown, receiver=receiver)
    asked = FullRun(options, job.rules)
    restored, skipped, unrestored = pipeline | RestoreFindings(
        Rendering(
            job.output,
            store,
            identify=asked.identities,
            settings_of=asked.detection,
            changes=changes_of(options.request),
            force=options.force,
            allow_fewer_policies=options.allow_fewer_policies,
            sources=job.sources,
        ),
        corrected=options.corrections,
    )
    published, unpublished = restored | RenderAndCommit(job)
    failures = [unrestored, unpublished]
    return finish(job, published, failures=failures, skipped=skipped, recordings=unknown, receiver=receiver)


class FullRun:
    """What a full run with these options and a recording's own models would use."""

    def __init__(self, options: RerenderOptions, rules: Rules) -> None:
        self._options = options
        self._rules = rules

    def identities(self, provenance: Provenance, captions: bool | None) -> Mapping[str, str]:
        """The identities of its models, and of its configuration."""
        return with_configuration(provenance.identities, self._redact(provenance, captions), self._rules)

    def detection(self, provenance: Provenance) -> DetectionSettings:
        """Its detection."""
        return self._rules.applied_to(self._redact(provenance).detection)

    def _redact(self, provenance: Provenance, captions: bool | None = None) -> RedactOptions:
        # What is reported by a recogniser that is no longer built in would count as reported by one of the user's own.
        if provenance.recognisers != BUILT_IN:
            raise OtherVersionError()
        try:
            return self._options.as_redact(provenance.recognition, provenance.detection, captions)
        except ValidationError:
            raise OtherVersionError() from None


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Runs the job as the command line does, and returns its exit status."""
    options, beam_options = parse(RerenderOptions, arguments)
    return execute(options, beam_options, console)


def execute(options: RerenderOptions, beam_options: PipelineOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or remarks()
    return observed(
        lambda observer: _attempt(options, beam_options, console, observer), options.observability, None, console
    )


def _attempt(options: RerenderOptions, beam_options: PipelineOptions, console: Console, observer: Observer) -> int:
    check_temporary_files()
    local = is_local(beam_options)
    with waiting(console, "checking options and models"):
        fit_workers(beam_options, Workers(), device=options.device)
        start_job_server(beam_options)
        rendering = prepare(options, local=local)
    with waiting(console, "comparing policies"):
        told = tuple(_fewer_policies(options, rendering.job.output))
    print_remarks(told, console)
    return carry_out(
        rendering.job,
        lambda pipeline, held: build(pipeline, rendering._replace(job=held)),
        beam_options,
        console,
        observer,
        local=local,
        inputs=() if rendering.store is None else (rendering.store.root,),
    )


def _fewer_policies(options: RerenderOptions, output: str) -> Iterator[str]:
    """Tells which policies the requested ones leave out, before any recording is rendered.

    Workers compare again, with the status objects that they find under the lock.

    Raises:
      ConfigurationError: The options do not allow to leave out any.
    """
    if options.store is None or options.request.policies is None:
        return  # nothing is restored, or each recording is compared with its own request
    left_out = policies_left_out(
        output,
        resolve_policies(options.request.policies),
        corrected=options.corrections,
        expired=options.force,
    )
    recordings = counted(left_out.recordings, "recording")
    if left_out.recordings and not options.allow_fewer_policies:
        raise ConfigurationError(
            f"--policies: {recordings} would no longer be redacted for {left_out}; name these policies too, or add "
            "--allow_fewer_policies"
        )
    if left_out.recordings:
        yield f"no longer redacted, in {recordings}: {left_out}"


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
