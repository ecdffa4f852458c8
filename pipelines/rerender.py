"""Redacts past recordings again with other policies, labels or muting, without transcribing them again.

    hushbeam rerender --output out/ --store kept/ --store_key env:STORE_KEY --muting tone
    hushbeam rerender --output out/ --corrections

The first command needs the store that `hushbeam redact --store` fills, and the source recordings. Options that are
not given keep what each recording asked for. The outputs are those of a full run with these options, and replace the
earlier ones.

The second command applies the corrections of reviewers and changes nothing else. Without --store it can only mute
more; with --store it also restores what was muted by mistake.

Exit status: 0 all recordings completed; 1 the job broke; 2 wrong options or set-up; 3 some recordings did not complete
(see errors/ in the output); 5 another run works on the output.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rich.console import Console

from hushbeam.pipelines.options.common import (
    Captions,
    CertificateKey,
    Force,
    NewRunId,
    OutputShards,
    PastOutput,
    PrintJson,
    RulesFile,
    StoreKeys,
)
from hushbeam.pipelines.options.dataflow import Workers, fit_workers
from hushbeam.pipelines.options.given import policies_of
from hushbeam.pipelines.options.groups import Detection, Observability, Recognition, sealed_root
from hushbeam.pipelines.options.parsing import is_local, parse
from hushbeam.pipelines.options.redact_options import RedactOptions
from hushbeam.pipelines.options.rules import Rules, read_rules
from hushbeam.pipelines.publishing import RenderAndCommit, Results, finish
from hushbeam.pipelines.running.consoles import remarks
from hushbeam.pipelines.running.execution import carry_out
from hushbeam.pipelines.running.job import SHARDS_OF_A_CLUSTER, Job, check_secrets, new_run_id, with_configuration
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.observing import Observer, observed
from hushbeam.pipelines.running.outputs import check_writable, output_of_runs
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stored import Provenance
from hushbeam.transforms.archive.findings_store import FindingsStore, OtherVersionError, is_empty
from hushbeam.transforms.base.metavar import Folder, Metavar
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.correct_findings.further_muting import FurtherMuting
from hushbeam.transforms.correct_findings.restore_published import RestorePublished
from hushbeam.transforms.detect_pii.settings import Caution, DecisionSettings, DetectionSettings, Policies
from hushbeam.transforms.media.isolation.children import check_confinement
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio import MuteSettings
from hushbeam.transforms.notify import NotificationSettings
from hushbeam.transforms.read_manifest import ManifestDefaults
from hushbeam.transforms.read_manifest.line import AudioQuality, MutingMethod, Substitution, SurrogateKey
from hushbeam.transforms.restore_findings import Changes, Rendering, RestoreFindings
from hushbeam.transforms.transcribe.settings import Device
from hushbeam.transforms.verify_audio import VerifySettings

_NO_MANIFEST = ("store",)


class Request(BaseModel):
    """Changes to the recordings' requests; options that are not given change nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policies: tuple[Annotated[str, Metavar("POLICY")], ...] | None = Field(
        None, description="what to redact instead: names and presets of docs/policies.md"
    )
    substitution: Substitution | None = Field(None, description="what stands for redacted words in transcripts")
    redact_audio: bool | None = Field(None, description="publish redacted audio; --no-redact_audio: transcripts only")
    audio_quality: AudioQuality | None = Field(
        None, description="format of the redacted audio: that of the source, or mp3, wav or flac"
    )
    muting: MutingMethod | None = Field(None, description="what replaces personal data in the audio")
    return_no_speech_audio: bool | None = Field(
        None, description="also publish the audio of recordings in which nobody speaks"
    )

    def changes(self) -> Changes:
        """The changes as settings of the stage.

        Raises:
          ConfigurationError: A name is not a policy.
        """
        policies = None if self.policies is None else policies_of(self.policies)
        return Changes(policies, **self.model_dump(exclude={"policies"}))


class Selection(BaseModel):
    """Which of the stored findings are redacted; a decision that is not given stays each recording's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    caution: Caution | None = Field(None, description=DecisionSettings.model_fields["caution"].description)
    exchanges: Policies | None = Field(None, description=DecisionSettings.model_fields["exchanges"].description)
    rules: RulesFile = None

    def decision(self) -> dict[str, Any]:
        """The decisions that are given, as options of detection."""
        return {name: value for name, value in self if name != "rules" and value is not None}


class RerenderOptions(BaseModel):
    """All options of the job. Those that `hushbeam redact` has too mean the same there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: PastOutput
    store: Folder | None = Field(None, description="the --store of the runs, with the words and findings to use")
    store_key: StoreKeys = ()
    corrections: bool = Field(
        False,
        description="render only the recordings that reviewers corrected; without --store, mute more in what is "
        "published",
    )
    force: Force = False
    run_id: NewRunId = None
    captions: Captions = False
    certificate_key: CertificateKey = None
    surrogate_key: SurrogateKey = None
    output_shards: OutputShards = None
    device: Device = Field("cpu", description="where the model that verifies runs; cuda ends the job if no GPU works")
    print_json: PrintJson = False
    request: Request = Request()
    selection: Selection = Selection()
    muting: MuteSettings = MuteSettings()
    verification: VerifySettings = VerifySettings()
    notification: NotificationSettings = NotificationSettings()
    decoding: MediaLimits = MediaLimits()
    observability: Observability = Observability()

    def as_redact(self, recognition: Mapping[str, Any], detection: Mapping[str, Any]) -> RedactOptions:
        """The options of a full run with the same outputs.

        Args:
          recognition, detection: Options with which the recordings were transcribed and detected.
        """
        return RedactOptions(
            manifest=_NO_MANIFEST,
            output=self.output,
            force=self.force,
            run_id=self.run_id,
            captions=self.captions,
            certificate_key=self.certificate_key,
            output_shards=self.output_shards,
            print_json=self.print_json,
            defaults=ManifestDefaults(surrogate_key=self.surrogate_key),
            recognition=Recognition(**recognition),
            detection=Detection(**{**detection, **self.selection.decision()}, rules=self.selection.rules),
            muting=self.muting,
            verification=self.verification,
            notification=self.notification,
            decoding=self.decoding,
        )


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
            "--store: nothing is stored there. rerender needs the words and findings that hushbeam redact keeps with "
            "--store and --store_key: run redact again with these and --force. To mute only what reviewers marked, no "
            "store is needed: --corrections"
        )
    options.request.changes()
    rules = read_rules(options.selection.rules)
    rendering = options.as_redact({"device": options.device}, {})
    if local:
        check_secrets(rendering)
        check_confinement(rendering.decoding)
        if store is not None:
            FindingsStore(store)
    identities = with_configuration({}, rendering, rules)
    del identities["configuration"]  # each recording has its own: it depends on the models that transcribed it
    job = Job(
        rendering,
        (),
        output,
        options.run_id or new_run_id(),
        options.output_shards or (1 if local else SHARDS_OF_A_CLUSTER),
        rules,
        identities,
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
        nothing = pipeline | "Nothing skipped" >> beam.Create([]).with_output_types(str)
        return finish(job, published, failures=[unrestored, unpublished], skipped=nothing, recordings=unknown)
    asked = FullRun(options, job.rules)
    restored, skipped, unrestored = pipeline | RestoreFindings(
        Rendering(
            job.output,
            store,
            identify=asked.identities,
            settings_of=asked.detection,
            changes=options.request.changes(),
            force=options.force,
        ),
        corrected=options.corrections,
    )
    published, unpublished = restored | RenderAndCommit(job)
    return finish(job, published, failures=[unrestored, unpublished], skipped=skipped, recordings=unknown)


class FullRun:
    """What a full run with these options and a recording's own models would use."""

    def __init__(self, options: RerenderOptions, rules: Rules) -> None:
        self._options = options
        self._rules = rules

    def identities(self, provenance: Provenance) -> Mapping[str, str]:
        """The identities of its models, and of its configuration."""
        return with_configuration(provenance.identities, self._redact(provenance), self._rules)

    def detection(self, provenance: Provenance) -> DetectionSettings:
        """Its detection."""
        return self._rules.applied_to(self._redact(provenance).detection)

    def _redact(self, provenance: Provenance) -> RedactOptions:
        try:
            return self._options.as_redact(provenance.recognition, provenance.detection)
        except ValidationError:
            raise OtherVersionError() from None


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Runs the job as the command line does, and returns its exit status."""
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
