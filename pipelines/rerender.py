"""Renders what was heard before once more: other policies, labels, captions or muting, without hearing it again.

    hushbeam rerender --output out/ --store kept/ --store_key env:STORE_KEY --muting tone

Needs the store that `hushbeam redact --store` fills, and the source recordings. What is not given stays as it was
asked for when a recording was heard. The outputs are those that a full run with these options would give, and replace
the earlier ones as it would.

    hushbeam rerender --output out/ --corrections

renders what reviewers corrected and nothing else. Without the store, what is published is muted further; with it,
what need not be muted comes back too. Ends as `hushbeam redact` does: with 0, 3 where some recordings could not be
rendered, 2 where the options or the set-up are wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console

from hushbeam.pipelines.options.dataflow import Workers, fit_workers
from hushbeam.pipelines.options.decoding import Decoding
from hushbeam.pipelines.options.groups import Detection, Keeping, Muting, Observability, Recognition, Verification
from hushbeam.pipelines.options.notification import Notification
from hushbeam.pipelines.options.parsing import RUN_ID_PATTERN, is_local, parse
from hushbeam.pipelines.options.redact_options import RedactOptions
from hushbeam.pipelines.options.rules import Rules, read_rules
from hushbeam.pipelines.publishing import RenderAndCommit, Results, finish
from hushbeam.pipelines.running.execution import carry_out
from hushbeam.pipelines.running.job import SHARDS_OF_A_CLUSTER, Job, check_secrets, new_run_id, with_configuration
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.observing import Observer, observed
from hushbeam.pipelines.running.speaking import remarks
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.policies import UnknownPolicyError, resolve_policies
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stored import Provenance
from hushbeam.transforms.archive.findings_store import is_empty
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.base.secrets import SecretReference
from hushbeam.transforms.correct_findings.published import FurtherMuting
from hushbeam.transforms.correct_findings.restore import RestorePublished
from hushbeam.transforms.media.isolation.children import check_confinement
from hushbeam.transforms.read_manifest import ManifestDefaults
from hushbeam.transforms.read_manifest.line import AudioQuality, MutingMethod, Substitution
from hushbeam.transforms.restore_findings import Changes, Rendering, RestoreFindings
from hushbeam.transforms.storage import urls
from hushbeam.transforms.store_findings import FindingsStore

_NO_MANIFEST = ("store",)


class Request(BaseModel):
    """What all recordings are rendered with; what is not given stays as each asked for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policies: tuple[str, ...] | None = Field(None, description="what to redact: names or presets of docs/policies.md")
    substitution: Substitution | None = Field(None, description="how redacted words read")
    redact_audio: bool | None = Field(None, description="mute the recordings; --no-redact_audio: transcripts alone")
    audio_quality: AudioQuality | None = Field(None, description="container and codec of the redacted recordings")
    muting: MutingMethod | None = Field(None, description="what is heard in the place of personal data")
    return_no_speech_audio: bool | None = Field(None, description="publish recordings in which nobody speaks as well")

    def changes(self) -> Changes:
        """What the stage takes.

        Raises:
          ConfigurationError: A name is no policy.
        """
        try:
            policies = None if self.policies is None else resolve_policies(self.policies)
        except UnknownPolicyError as error:
            raise ConfigurationError(f"--policies: {error}") from None
        return Changes(policies, **self.model_dump(exclude={"policies"}))


class Selection(BaseModel):
    """What of the findings counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum_score: float = Field(0.0, ge=0.0, le=1.0, description="findings below it are dropped; 0 keeps all")
    allow_list: tuple[str, ...] = Field((), description="terms that are never redacted")
    rules: str | None = Field(None, description="JSON file with patterns, thresholds, substitutions: docs/rules.md")


class RerenderOptions(BaseModel):
    """All options of the job. What stands here and in `hushbeam redact` means the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: str = Field(min_length=1, description="folder or object-store URL that hushbeam redact wrote to")
    store: str | None = Field(None, description="what hushbeam redact --store names")
    store_key: tuple[SecretReference, ...] = Field((), description="where its keys are kept: env:NAME or file:/path")
    corrections: bool = Field(
        False, description="only what reviewers corrected; without --store, what is published is muted further"
    )
    force: bool = Field(False, description="render recordings again whose output is up to date")
    run_id: str | None = Field(None, pattern=RUN_ID_PATTERN, description="names the run")
    captions: bool = Field(False, description="also write SRT and VTT files, from the redacted words")
    certificate_key: SecretReference | None = Field(
        None, description="where the Ed25519 key (PEM) is kept that signs certificates"
    )
    surrogate_key: SecretReference | None = Field(
        None, description="where the key of the substitution `surrogate` is kept"
    )
    output_shards: int | None = Field(None, ge=1, le=9999, description="files per table (default: 1 locally, else 64)")
    device: Literal["cpu", "cuda"] = Field("cpu", description="where the second recogniser runs")
    print_json: bool = Field(False, alias="json", description="print the summary as JSON on standard output")
    request: Request = Request()
    selection: Selection = Selection()
    muting: Muting = Muting()
    verification: Verification = Verification()
    notification: Notification = Notification()
    decoding: Decoding = Decoding()
    observability: Observability = Observability()

    def as_redact(self, recognition: Mapping[str, Any], detection: Mapping[str, Any]) -> RedactOptions:
        """The options of a full run that renders the same.

        Args:
          recognition, detection: Options of what heard and detected.
        """
        shared = self.model_dump(
            include={"output", "force", "run_id", "captions", "certificate_key", "output_shards", "muting"}
            | {"verification", "notification", "decoding"}
        )
        return RedactOptions(
            manifest=_NO_MANIFEST,
            recognition=Recognition(**recognition),
            detection=Detection(**self.selection.model_dump(), **detection),
            defaults=ManifestDefaults(surrogate_key=self.surrogate_key),
            json=self.print_json,
            **shared,
        )


class RenderJob(NamedTuple):
    """What a run is made of.

    Attributes:
      job: As of a full run, without a store: what is kept stays as it is.
      store: Where words and findings are; None: what is published is muted further.
    """

    options: RerenderOptions
    job: Job
    store: SealedRoot | None


def prepare(options: RerenderOptions, *, local: bool) -> RenderJob:
    """Checks what can be checked before anything runs.

    Raises:
      ConfigurationError: Nothing is stored, a key cannot be had, a model cannot be found.
    """
    keeping = Keeping(store=options.store, store_key=options.store_key)
    store = keeping.store_settings(options.output)
    if store is None and options.corrections:
        _check_muting_further(options, local=local)
    elif store is None or is_empty(store.root):
        raise ConfigurationError(
            "--store: nothing is kept there. Rendering again needs the words and findings that hushbeam redact keeps "
            "with --store and --store_key; run it once more with these and --force. What reviewers marked is muted "
            "without: --corrections"
        )
    options.request.changes()
    rules = read_rules(options.selection.rules)
    rendering = options.as_redact({"device": options.device}, {})
    rendering.notification.settings().validate()
    if local:
        check_secrets(rendering)
        check_confinement(rendering.decoding.limits())
        if store is not None:
            FindingsStore(store)
    identities = with_configuration({}, rendering, rules)
    del identities["configuration"]  # each recording has its own: it depends on what heard it
    job = Job(
        rendering,
        (),
        urls.normalised(options.output),
        options.run_id or new_run_id(),
        options.output_shards or (1 if local else SHARDS_OF_A_CLUSTER),
        rules,
        identities,
    )
    return RenderJob(options, job, store)


def _check_muting_further(options: RerenderOptions, *, local: bool) -> None:
    """Without words and findings, all that can be done is to mute more."""
    asked = {name for name, value in options.request if value is not None} - {"substitution"}
    asked |= {name for name, value in options.selection if value != Selection.model_fields[name].default}
    if asked:
        raise ConfigurationError(f"--{min(asked)}: needs --store; without it, published recordings are muted further")
    if not local:
        raise ConfigurationError("--corrections: without --store, on this machine alone; leave out --runner")


def build(pipeline: beam.Pipeline, rendering: RenderJob) -> Results:
    """Draws the pipeline: that of a full run, from detection on."""
    options, job, store = rendering
    # What a killed run published is announced when its receivers are known: by the next full run.
    unknown = pipeline | "No manifest" >> beam.Create([]).with_output_types(Recording)
    if store is None:
        restored, unrestored = pipeline | RestorePublished(
            FurtherMuting(
                job.output,
                options.request.substitution or Recording.substitution,
                job.identities,
                job.options.decoding.limits(),
            )
        )
        published, unpublished = restored | RenderAndCommit(job)
        nothing = pipeline | "Nothing skipped" >> beam.Create([]).with_output_types(str)
        return finish(job, published, failures=[unrestored, unpublished], skipped=nothing, recordings=unknown)
    restored, skipped, unrestored = pipeline | RestoreFindings(
        Rendering(
            job.output,
            store,
            _Identify(options, job.rules),
            job.options.detection.settings(job.rules),
            options.request.changes(),
            options.force,
        ),
        corrected=options.corrections,
    )
    published, unpublished = restored | RenderAndCommit(job)
    return finish(job, published, failures=[unrestored, unpublished], skipped=skipped, recordings=unknown)


class _Identify:
    """The identities that a full run with these options would give, had it been made by what heard a recording."""

    def __init__(self, options: RerenderOptions, rules: Rules) -> None:
        self._options = options
        self._rules = rules

    def __call__(self, provenance: Provenance) -> Mapping[str, str]:
        options = self._options.as_redact(provenance.recognition, provenance.detection)
        return with_configuration(provenance.identities, options, self._rules)


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Runs the job as the command line does, and gives its exit status."""
    console = console or remarks()
    options, beam_options = parse(RerenderOptions, __doc__ or "", arguments)
    return observed(
        lambda observer: _attempt(options, beam_options, console, observer), options.observability, None, console
    )


def _attempt(options: RerenderOptions, beam_options: PipelineOptions, console: Console, observer: Observer) -> int:
    local = is_local(beam_options)
    fit_workers(beam_options, Workers(), device=options.device)
    rendering = prepare(options, local=local)
    return carry_out(
        rendering.job,
        lambda pipeline, held: build(pipeline, rendering._replace(job=held)),
        beam_options,
        console,
        observer,
        local=local,
        inputs=() if rendering.store is None else (rendering.store.root,),
    )


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
