"""The main job: from manifests of recordings to redacted transcripts, muted recordings and notifications.

    hushbeam redact --manifest calls.jsonl --output out/

Ends with 0 where every recording completed, 3 where some did not (each has its row in `errors/`), 2 where the options
or the set-up are wrong, 5 where another run works on the same output, and 1 where the job itself broke.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import apache_beam as beam
import pyarrow as pa
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console

from hushbeam.pipelines.options.dataflow import Workers, fit_workers, makes_template
from hushbeam.pipelines.options.decoding import Decoding, warn_of_missing_locks
from hushbeam.pipelines.options.notification import Notification
from hushbeam.pipelines.options.parsing import LOCAL_RUNNERS, RUN_ID_PATTERN, parse
from hushbeam.pipelines.options.rules import Rules, read_rules
from hushbeam.pipelines.running import planning
from hushbeam.pipelines.running.alone import alone
from hushbeam.pipelines.running.canaries import Canaries, check_canaries
from hushbeam.pipelines.running.exit_status import finished
from hushbeam.pipelines.running.following import Following, metrics_of
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.observing import Observability, Observer, observed
from hushbeam.pipelines.running.planning import Planning
from hushbeam.pipelines.running.speaking import remarks
from hushbeam.pipelines.running.terminal import print_for_machines, print_summary, watching
from hushbeam.pipelines.running.waiting import submitted, wait
from hushbeam.schemas.delivery import NOTIFICATIONS_SCHEMA, Announcement, Delivery
from hushbeam.schemas.failure import ERRORS_SCHEMA, ConfigurationError, Failure
from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.policies import UnknownPolicyError, resolve_policies
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.schemas.stages import CommittedRecording, DetectedRecording, HeardRecording
from hushbeam.schemas.stored import Hearing
from hushbeam.transforms.archive.certificate import read_private_key
from hushbeam.transforms.archive.kept_elsewhere import remember
from hushbeam.transforms.archive.ledger import check_is_a_ledger
from hushbeam.transforms.archive.run_lock import Hold
from hushbeam.transforms.archive.tables.file_lists import list_more
from hushbeam.transforms.archive.tables.parquet import Row
from hushbeam.transforms.assemble_transcript import AssembleTranscript
from hushbeam.transforms.base import progress
from hushbeam.transforms.base.each_recording import Outcome
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.base.secrets import SecretReference, read_secret
from hushbeam.transforms.close_run import CloseRun, RunOutcome
from hushbeam.transforms.commit import Commit, RecoverCommitted
from hushbeam.transforms.correct_findings import CorrectFindings
from hushbeam.transforms.detect_pii import DetectionSettings, DetectPII
from hushbeam.transforms.detect_pii.names.named_entities import model_identities
from hushbeam.transforms.detect_pii.settings import DEFAULT_SPACY_MODEL
from hushbeam.transforms.keep_unredacted import KeepUnredacted, PublishUnredacted, UnredactedOutput
from hushbeam.transforms.media.isolation.children import check_confinement
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio import MuteAudio, MuteSettings
from hushbeam.transforms.mute_audio.untranscribed import UntranscribedMode, UntranscribedSettings
from hushbeam.transforms.notify import NameReceivers, Notify, announcement_of
from hushbeam.transforms.notify.deliver import Courier
from hushbeam.transforms.plan_spans import PlanSpans
from hushbeam.transforms.read_manifest import ManifestDefaults, ReadManifest
from hushbeam.transforms.read_manifest.line import ManifestLineError, read_line
from hushbeam.transforms.read_manifest.pseudonyms import Pseudonyms
from hushbeam.transforms.redact_text import RedactText
from hushbeam.transforms.report_run import Sample, Timings, read_figures, stage_times, write_report, write_timings
from hushbeam.transforms.skip_finished import SkipFinished
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.private_roots import private_root
from hushbeam.transforms.storage.signing import check_signing
from hushbeam.transforms.store_findings import FindingsStore, StoreFindings
from hushbeam.transforms.transcribe import Transcribe, TranscribeSpans, TranscriptionSettings
from hushbeam.transforms.transcribe.model import resolve
from hushbeam.transforms.verify_audio import VerifyAudio, VerifySettings
from hushbeam.transforms.verify_audio.settings import GLANCING_RECOGNISER
from hushbeam.transforms.write_tables import WriteTable

EXIT_COMPLETED, EXIT_INCOMPLETE = 0, 3
SHARDS_OF_A_CLUSTER = 64

_LOOK_HERE_S, _LOOK_ELSEWHERE_S = 0.5, 5.0

DETECTION_MODELS = ("spacy_model", "token_classifier")
"""The options of detection that name models."""

# Part of every output's identity: raised where a change to the code changes what comes out.
_OUTPUT_VERSION = 4


NOT_HEARD = frozenset({"shuffle_key", "batch_windows", "model_workers"})
"""The options of recognition that change no word."""


class Recognition(BaseModel):
    """Which model hears, and where it runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field("base", description="`base` (packaged), a hub name such as large-v3-turbo, a folder, or its URL")
    device: Literal["cpu", "cuda"] = Field("cpu", description="a device that is asked for and absent ends the job")
    compute_type: str = Field("default", description="as CTranslate2 names it; int8 on cpu, float16 on cuda")
    profile: Literal["accurate", "fast"] = Field("accurate", description="beam search, or greedy decoding")
    batch_windows: int = Field(0, ge=0, description="windows in a batch: bounds memory; 0: 4 to 8 on cpu, 64 on cuda")
    model_workers: int = Field(0, ge=0, description="batches at once; 0: 4 on cuda, one a core (up to 4) on cpu")
    longest_minutes: float = Field(20.0, gt=0, description="longer recordings are cut in silence; needs --shuffle_key")
    shuffle_key: SecretReference | None = Field(
        None, description="where the key for words between workers is kept: env:NAME"
    )

    def settings(self) -> TranscriptionSettings:
        """What the speech engine takes."""
        return TranscriptionSettings(
            model=self.model,
            device=self.device,
            compute_type=self.compute_type,
            profile=self.profile,
            workers=self.model_workers,
            batch_windows=self.batch_windows,
        )


class Detection(BaseModel):
    """What counts as found, and which models find it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum_score: float = Field(0.0, ge=0.0, le=1.0, description="findings below it are dropped; 0 keeps all")
    allow_list: tuple[str, ...] = Field((), description="terms that are never redacted")
    spacy_model: str = Field(DEFAULT_SPACY_MODEL, description="spaCy package or folder for names and places")
    token_classifier: str | None = Field(None, description="folder of an ONNX token classifier in place of Rampart")
    rules: str | None = Field(None, description="JSON file with patterns, thresholds, substitutions: docs/rules.md")
    detection_processes: int = Field(0, ge=0, description="processes beside the worker that detect; 0: in the worker")

    def settings(self, rules: Rules) -> DetectionSettings:
        """What the detector takes."""
        return DetectionSettings(
            minimum_score=self.minimum_score,
            thresholds=rules.thresholds,
            allow_list=(*self.allow_list, *rules.allow_list),
            patterns=rules.patterns,
            spacy_model=self.spacy_model,
            token_classifier=self.token_classifier,
        )


class Muting(BaseModel):
    """What else is muted, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    untranscribed: UntranscribedMode = Field("mute", description="speech that was heard and not understood")
    dtmf: bool = Field(True, description="mute keypad tones, which can be decoded from a recording")
    tone_hz: float = Field(1000.0, ge=100, le=1900, description="of the muting `tone`")
    tone_level_db: float = Field(-24.0, ge=-60, le=-6, description="of the muting `tone`, relative to full scale")
    padding_s: float = Field(0.0, ge=0, le=5, description="muted on both sides of every span, beyond docs/edges.md")

    def settings(self, limits: MediaLimits) -> MuteSettings:
        """What the stage takes."""
        return MuteSettings(
            limits=limits,
            untranscribed=UntranscribedSettings(mode=self.untranscribed),
            dtmf=self.dtmf,
            tone_hz=self.tone_hz,
            tone_level_db=self.tone_level_db,
            padding_s=self.padding_s,
        )


class Verification(BaseModel):
    """Whether the redacted recordings are listened to again, and by whom."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verify: str = Field("all", description="all, sample:RATE (as sample:0.1; always the same recordings), or off")
    verify_model: str = Field("tiny.en", description="another model than --model hears what that one misses")


class Keeping(BaseModel):
    """What is kept beside the public outputs, encrypted and in a place of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: str | None = Field(None, description="folder or URL for what hushbeam rerender needs: words and findings")
    store_key: tuple[SecretReference, ...] = Field((), description="where its keys are kept: the first seals, all open")
    unredacted_output: str | None = Field(None, description="folder or URL for what was said as it was said, sealed")
    unredacted_key: tuple[SecretReference, ...] = Field(
        (), description="where its keys are kept: the first seals, all open"
    )

    def roots(self) -> tuple[str, ...]:
        """The options that name private roots, where they do."""
        named = {"--store": self.store, "--unredacted_output": self.unredacted_output}
        return tuple(option for option, root in named.items() if root)

    def store_settings(self, output: str) -> SealedRoot | None:
        """What the stages take; None without a store.

        Raises:
          ConfigurationError: The store has no key, or lies where everybody may read.
        """
        if self.store is None:
            return None
        if not self.store_key:
            raise ConfigurationError("--store_key: a store needs a key; name where it is kept, env:NAME or file:/path")
        return SealedRoot(private_root(self.store, output, "--store"), self.store_key)

    def unredacted_settings(self, output: str) -> SealedRoot | None:
        """What the stages take; None without an unredacted output.

        Raises:
          ConfigurationError: It has no key, or lies where everybody may read.
        """
        if self.unredacted_output is None:
            return None
        if not self.unredacted_key:
            raise ConfigurationError(
                "--unredacted_key: an unredacted output needs a key; name where it is kept, env:NAME or file:/path"
            )
        return SealedRoot(private_root(self.unredacted_output, output, "--unredacted_output"), self.unredacted_key)


class RedactOptions(BaseModel):
    """All options of the job. Frozen, checked, built once at the edge."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    manifest: tuple[str, ...] = Field(min_length=1, description="JSON Lines, CSV or Parquet; paths, globs, URLs")
    output: str = Field(min_length=1, description="folder or object-store URL of all outputs")
    force: bool = Field(False, description="do recordings again whose output is up to date")
    run_id: str | None = Field(None, pattern=RUN_ID_PATTERN, description="names the run")
    captions: bool = Field(False, description="also write SRT and VTT files, from the redacted words")
    certificate_key: SecretReference | None = Field(
        None, description="where the Ed25519 key (PEM) is kept that signs certificates"
    )
    hash_identities: SecretReference | None = Field(
        None, description="where the key is kept that ids and URLs are replaced with, outside of manifests (HMAC)"
    )
    output_shards: int | None = Field(None, ge=1, le=9999, description="files per table (default: 1 locally, else 64)")
    print_json: bool = Field(False, alias="json", description="print the summary as JSON on standard output")
    defaults: ManifestDefaults = ManifestDefaults()
    recognition: Recognition = Recognition()
    detection: Detection = Detection()
    muting: Muting = Muting()
    verification: Verification = Verification()
    notification: Notification = Notification()
    canaries: Canaries = Canaries()
    workers: Workers = Workers()
    keeping: Keeping = Keeping()
    decoding: Decoding = Decoding()
    planning: Planning = Planning()
    observability: Observability = Observability()

    def verification_settings(self) -> VerifySettings:
        """What the stage takes; the second recogniser runs where the first one does."""
        recogniser = replace(
            GLANCING_RECOGNISER,
            model=self.verification.verify_model,
            device=self.recognition.device,
            workers=self.recognition.model_workers,
            batch_windows=self.recognition.batch_windows,
        )
        return VerifySettings(mode=self.verification.verify, recogniser=recogniser, limits=self.decoding.limits())

    def mute_settings(self) -> MuteSettings:
        """What the stage takes."""
        return self.muting.settings(self.decoding.limits())


class Job(NamedTuple):
    """What a run is made of, decided once, before the pipeline is built.

    Attributes:
      manifests: Existing files, globs resolved.
      output: Normalised root.
      run_id: Names the run's files.
      shards: Files per table.
      rules: The job's own.
      identities: Of models by use, and of the `configuration`: two runs with equal identities do the same.
      store: Where words and findings are kept; None: nowhere.
      unredacted: Where what was said is kept as it was said; None: nowhere.
      hold: Of the output, once it is held; None where nobody waits for the run.
    """

    options: RedactOptions
    manifests: tuple[str, ...]
    output: str
    run_id: str
    shards: int
    rules: Rules
    identities: dict[str, str]
    store: SealedRoot | None = None
    unredacted: SealedRoot | None = None
    hold: Hold | None = None


Draw = Callable[[beam.Pipeline], object]
"""Draws a pipeline."""


DrawHeld = Callable[[beam.Pipeline, Job], object]
"""Draws the pipeline of a job that holds its output."""


class Results(NamedTuple):
    """The pipeline's PCollections, for tests to attach their asserts to."""

    committed: beam.PCollection[CommittedRecording]
    failures: beam.PCollection[Failure]
    deliveries: beam.PCollection[Delivery]
    summary: beam.PCollection[str]


def prepare(options: RedactOptions, *, local: bool) -> Job:
    """Checks what can be checked before anything runs; on a cluster the workers' secrets are not here to be checked.

    Raises:
      ConfigurationError: A manifest is not there, a model cannot be found, a secret cannot be had.
    """
    manifests = tuple(name for pattern in options.manifest for name in existing(pattern))
    options.notification.settings().validate()
    _check_defaults(options.defaults)
    rules = read_rules(options.detection.rules)
    if local:
        check_secrets(options)
        check_confinement(options.decoding.limits())
    return Job(
        options,
        manifests,
        urls.normalised(options.output),
        options.run_id or new_run_id(),
        options.output_shards or (1 if local else SHARDS_OF_A_CLUSTER),
        rules,
        _identities(options, rules),
        options.keeping.store_settings(options.output),
        options.keeping.unredacted_settings(options.output),
    )


def new_run_id() -> str:
    """Starts with the time, so that names sort by it."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"


def build(pipeline: beam.Pipeline, job: Job) -> Results:
    """Draws the pipeline, in the order in which the data flows."""
    options, output = job.options, job.output
    recognition, needs = options.recognition.settings(), options.workers.hints()
    limits = options.decoding.limits()

    recordings, rejected = pipeline | ReadManifest(
        job.manifests,
        options.defaults,
        hash_identities=options.hash_identities,
        unredacted=job.unredacted is not None,
    )
    asked, as_said = recordings, None
    if job.unredacted is not None:
        asked = recordings | "To redact" >> beam.Filter(lambda recording: recording.redact)
        as_said = (
            recordings
            | "Not to redact" >> beam.Filter(lambda recording: not recording.redact)
            | PublishUnredacted(
                job.unredacted,
                recognition,
                output,
                job.run_id,
                job.identities["configuration"],
                limits=limits,
                hold=job.hold,
                force=options.force,
            ).with_resource_hints(**needs)
        )
    pending, done_before, skipped, missing, erased = asked | SkipFinished(
        output, job.run_id, job.identities["configuration"], force=options.force
    )
    failures = [rejected, missing]

    if options.recognition.shuffle_key:
        whole, spans, undecoded = pending | PlanSpans(options.recognition.longest_minutes * 60, limits)
        heard_spans, unheard_spans = spans | TranscribeSpans(recognition, limits).with_resource_hints(**needs)
        joined, unjoined = heard_spans | AssembleTranscript(options.recognition.shuffle_key).with_resource_hints(
            **needs
        )
        long = joined | "Long recordings" >> RedactAndCommit(job).with_resource_hints(**needs)
        published_long, unpublished_long = long
        failures += [undecoded, unheard_spans, unjoined, unpublished_long]
    else:
        whole, published_long = pending, pipeline | "No long recordings" >> beam.Create([])

    heard, unheard = whole | Transcribe(recognition, limits).with_resource_hints(**needs)
    # The same needs all along: stages with different ones are not fused, and words would leave their worker.
    published, unpublished = heard | RedactAndCommit(job).with_resource_hints(**needs)
    failures += [unheard, unpublished]

    committed = (published, published_long, done_before) | "Published" >> beam.Flatten().with_output_types(
        CommittedRecording
    )
    if as_said is None:
        return finish(job, committed, failures=failures, skipped=skipped, recordings=recordings, erased=[erased])
    return finish(
        job,
        committed,
        failures=[*failures, as_said.failures],
        skipped=(skipped, as_said.skipped) | "All skipped" >> beam.Flatten(),
        recordings=asked,
        erased=[(erased, as_said.erased) | "All erased" >> beam.Flatten()],
        unredacted=[as_said.written],
    )


def finish(
    job: Job,
    published: beam.PCollection[CommittedRecording],
    *,
    failures: Sequence[beam.PCollection[Failure]],
    skipped: beam.PCollection[str],
    recordings: beam.PCollection[Recording],
    erased: Sequence[beam.PCollection[str]] = (),
    unredacted: Sequence[beam.PCollection[str]] = (),
) -> Results:
    """What follows once recordings are public: announcements, tables, and the end of the run.

    Args:
      recordings: All of the run's: they name the receivers of what a run that was killed published.
      erased: Ids of those that stay erased.
      unredacted: Ids of those that went to the unredacted output alone.
    """
    output, run_id = job.output, job.run_id
    recovered = published | RecoverCommitted(output, run_id)
    committed = (published, recovered) | "All committed" >> beam.Flatten().with_output_types(CommittedRecording)
    all_failures = (
        tuple(failures)
        | "All failures" >> beam.Flatten()
        | "Of this run" >> beam.Map(lambda failure: replace(failure, run_id=run_id)).with_output_types(Failure)
    )
    announcements = committed | "To announce" >> beam.Map(announcement_of).with_output_types(Announcement)
    announced, unnamed = (announcements, recordings) | NameReceivers(run_id)
    deliveries = (
        announced | Notify(job.options.notification.settings(job.options.defaults.webhook_url), run_id),
        unnamed,
    ) | "Deliveries" >> beam.Flatten()

    tables = (
        committed | "Transcript rows" >> beam.Map(_transcript_row) | _table("transcripts", TRANSCRIPTS_SCHEMA, job),
        committed | "Finding rows" >> beam.FlatMap(_finding_rows) | _table("findings", FINDINGS_SCHEMA, job),
        all_failures | "Error rows" >> beam.Map(_error_row) | _table("errors", ERRORS_SCHEMA, job),
        deliveries
        | "Notification rows" >> beam.Map(_delivery_row)
        | _table("notifications", NOTIFICATIONS_SCHEMA, job),
    )
    outcome = RunOutcome(committed, all_failures, skipped, tables, tuple(erased), tuple(unredacted))
    summary = outcome | CloseRun(output, run_id, job.identities, certificate_key=job.options.certificate_key)
    return Results(committed, all_failures, deliveries, summary)


class RedactAndCommit(beam.PTransform):
    """From raw words to public outputs: one fused chain, so that the words never leave the worker that has them."""

    def __init__(self, job: Job) -> None:
        super().__init__("RedactAndCommit")
        self._job = job

    def expand(self, heard: beam.PCollection[HeardRecording]) -> Outcome[CommittedRecording]:
        job, options = self._job, self._job.options
        detected, undetected = heard | DetectPII(
            options.detection.settings(job.rules),
            processes=options.detection.detection_processes,
            keep_reports=job.store is not None,
        )
        published, unpublished = detected | RenderAndCommit(job)
        return Outcome(published, (undetected, unpublished) | "Failures" >> beam.Flatten())


class RenderAndCommit(beam.PTransform):
    """The part of the chain that hears and detects nothing."""

    def __init__(self, job: Job) -> None:
        super().__init__("RenderAndCommit")
        self._job = job

    def expand(self, detected: beam.PCollection[DetectedRecording]) -> Outcome[CommittedRecording]:
        job, options = self._job, self._job.options
        corrected, uncorrected = detected | CorrectFindings()
        redacted, unredacted = corrected | RedactText(job.rules.substitutions, options.defaults.surrogate_key)
        muted, unmuted = redacted | MuteAudio(options.mute_settings())
        verified, leaking = muted | VerifyAudio(options.verification_settings(), options.mute_settings())
        failures = [uncorrected, unredacted, unmuted, leaking]
        if job.store is not None:
            verified, unkept = verified | StoreFindings(job.store, hearing_of(options, job.identities))
            failures.append(unkept)
        if job.unredacted is not None:
            verified, unsealed = verified | KeepUnredacted(job.unredacted)
            failures.append(unsealed)
        published, unpublished = verified | Commit(
            job.output,
            job.run_id,
            job.identities,
            certificate_key=options.certificate_key,
            captions=options.captions,
            hold=job.hold,
        )
        return Outcome(published, (*failures, unpublished) | "Failures" >> beam.Flatten())


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Runs the job as the command line does, and gives its exit status."""
    console = console or remarks()
    options, beam_options = parse(RedactOptions, __doc__ or "", arguments)
    if options.planning.dry_run or makes_template(beam_options):
        return finished(lambda: _attempt(options, beam_options, console, observer=None), console)
    return observed(
        lambda observer: _attempt(options, beam_options, console, observer),
        options.observability,
        options.hash_identities,
        console,
    )


def _attempt(options: RedactOptions, beam_options: PipelineOptions, console: Console, observer: Observer | None) -> int:
    """A run, a plan of one, or its template. Only a run is observed."""
    local = beam_options.view_as(StandardOptions).runner in LOCAL_RUNNERS
    fit_workers(beam_options, options.workers, device=options.recognition.device)
    job = prepare(options, local=local)
    if options.planning.dry_run:
        as_json = options.print_json
        planning.carry_out(plan_of(job), options.planning, beam_options, console, local=local, as_json=as_json)
        return EXIT_COMPLETED
    if observer is None:
        _write_template(job, beam_options)
        return EXIT_COMPLETED
    return carry_out(job, build, beam_options, console, observer, local=local)


def _write_template(job: Job, beam_options: PipelineOptions) -> None:
    options = job.options
    for option, given in (("--canaries", options.canaries.canaries), *options.observability.receivers()):
        if given:
            raise ConfigurationError(f"{option}: a template is only written down here, and nobody waits for its runs")
    remember(job.output, options.keeping.roots())
    build(pipeline := beam.Pipeline(options=beam_options), job)
    pipeline.run()


def plan_of(job: Job) -> planning.Plan:
    """What is planned in the place of a run of this job."""
    options = job.options
    return planning.Plan(
        job.manifests,
        options.defaults,
        job.output,
        job.run_id,
        job.identities["configuration"],
        options.decoding.limits(),
        options.force,
    )


def carry_out(
    job: Job,
    draw: DrawHeld,
    beam_options: PipelineOptions,
    console: Console,
    observer: Observer,
    *,
    local: bool,
    inputs: Sequence[str] | None = None,
) -> int:
    """Runs a pipeline that publishes to the job's output, alone there, and gives the exit status.

    Args:
      draw: Is given the job once it holds its output.
      inputs: Locations of what it reads; None: the job's manifests.

    Raises:
      ConfigurationError: Another run works on this output, or a worker found the set-up wrong.
    """

    def tell_of_stop(status: int) -> None:
        observer.ended(status, console, reason="told to stop", stopped=True)

    with alone(job.output, job.run_id, console, local=local, on_stop=tell_of_stop) as lock:
        _check_new(job)
        if local:
            warn_of_missing_locks(console)
        check_is_a_ledger(job.output)
        observer.began(job.run_id, job.manifests if inputs is None else inputs, job.output)
        files.remove_incomplete(job.output)
        remember(job.output, job.options.keeping.roots())
        if job.options.canaries.canaries:
            check_canaries(job, lambda calls: _run(calls, lambda p: build(p, calls), beam_options), console)
        held = job._replace(hold=lock.hold)
        try:
            timings = _run(held, lambda pipeline: draw(pipeline, held), beam_options, console, local=local)
        except Exception:
            lock.check()  # a worker that lost it may be elsewhere, and what it says arrives as text
            raise
        lock.check()
        if not local:
            files.remove_incomplete(job.output)  # of workers that were lost while they wrote
        write_timings(job.output, job.run_id, timings)
        figures = read_figures(job.output, job.run_id)
        report = write_report(job.output, figures)
        if local:  # the key of a cluster's workers is not here
            _list_report(job)
    observer.completed(figures)
    summary = figures.summary
    if job.options.print_json:
        print_for_machines(summary)
    else:
        print_summary(console, figures, job.output, report)
    incomplete = summary["recordings"]["failed"] + summary["recordings"]["quarantined"]
    return EXIT_INCOMPLETE if incomplete else EXIT_COMPLETED


def _list_report(job: Job) -> None:
    reference, folder = job.options.certificate_key, f"runs/{job.run_id}"
    key = read_private_key(reference) if reference else None
    list_more(job.output, job.run_id, [f"{folder}/timings.json", f"{folder}/report.html"], key)


def _check_new(job: Job) -> None:
    """Two runs of one name would write the same tables: the second would replace the first one's rows."""
    if files.list_names(urls.join(job.output, "runs", job.run_id)):
        raise ConfigurationError(
            "--run_id: a run of this name was here before; choose another, or leave it out. What a run that was killed "
            "has published is taken over by the next, whatever its name"
        )


def _run(
    job: Job, draw: Draw, beam_options: PipelineOptions, console: Console | None = None, *, local: bool = False
) -> Timings:
    """Runs the pipeline to its end; progress is shown on the console, if there is one."""
    started_at, started = datetime.now(UTC), time.monotonic()
    pipeline = beam.Pipeline(options=beam_options)
    draw(pipeline)
    samples: list[Sample] = []
    with ExitStack() as watch:
        if console and local:  # the run is over when `run` returns
            progress.reset()
            samples = watch.enter_context(watching(console, progress.counts, _LOOK_HERE_S))
        result = pipeline.run() if local else submitted(pipeline)
        if console and not local:
            counts = Following(result, job.output, job.run_id)
            samples = watch.enter_context(watching(console, counts, _LOOK_ELSEWHERE_S))
        wait(result)
    return Timings(
        started_at=started_at,
        wall_s=time.monotonic() - started,
        stages=stage_times(metrics_of(result)),
        samples=tuple(samples),
    )


def _check_defaults(defaults: ManifestDefaults) -> None:
    """A default that no line could use would end every recording of the night."""
    try:
        resolve_policies(defaults.policies)
    except UnknownPolicyError as error:
        raise ConfigurationError(f"--policies: {error}") from None
    try:
        read_line({"audio_url": "recording.wav"}, defaults, "manifest.jsonl", 1)
    except ManifestLineError as error:
        raise ConfigurationError(f"options for all lines: {error}") from None


def existing(pattern: str) -> list[str]:
    """The manifests that a path, glob or URL stands for.

    Raises:
      ConfigurationError: There is none.
    """
    found = files.glob(pattern)
    if not found:
        raise ConfigurationError("--manifest: no such file; give a path, a glob in quotes, or an object-store URL")
    return found


def check_secrets(options: RedactOptions) -> None:
    """Reads every secret that the options name, for a run on this machine.

    Raises:
      ConfigurationError: One cannot be had.
    """
    Courier(options.notification.settings())
    if options.certificate_key:
        read_private_key(options.certificate_key)
    if options.defaults.surrogate_key:
        read_secret(options.defaults.surrogate_key, "--surrogate_key")
    if options.hash_identities:
        Pseudonyms(options.hash_identities)
    if options.recognition.shuffle_key:
        read_secret(options.recognition.shuffle_key, "--shuffle_key")
    store = options.keeping.store_settings(options.output)
    if store is not None:
        FindingsStore(store)
    unredacted = options.keeping.unredacted_settings(options.output)
    if unredacted is not None:
        UnredactedOutput(unredacted)
    check_signing(options.output, options.notification.signed_url_hours)


def _identities(options: RedactOptions, rules: Rules) -> dict[str, str]:
    """Of the models by use, and of the `configuration`: all that outputs follow from beside the recordings."""
    identities = {"recogniser": resolve(options.recognition.model).identity}
    identities |= model_identities(options.detection.settings(rules))
    return with_configuration(identities, options, rules)


def with_configuration(identities: Mapping[str, str], options: RedactOptions, rules: Rules) -> dict[str, str]:
    """Identities of what heard and detected, completed by that of the second recogniser and the `configuration`."""
    identities = dict(identities)
    verification = options.verification_settings()
    if verification.listens:
        identities["second_recogniser"] = resolve(verification.recogniser.model).identity
    chosen = options.model_dump(
        include={"recognition": True, "detection": True, "muting": True, "verification": True, "captions": True},
        exclude={"recognition": set(NOT_HEARD), "detection": {"detection_processes", "rules"}},
    )
    known = json.dumps([_OUTPUT_VERSION, chosen, rules.model_dump(), identities], sort_keys=True)
    return identities | {"configuration": hashlib.sha256(known.encode()).hexdigest()}


def hearing_of(options: RedactOptions, identities: Mapping[str, str]) -> Hearing:
    """What of a job's options and models rendering again cannot change."""
    return Hearing(
        recognition=options.recognition.model_dump(exclude=set(NOT_HEARD)),
        detection=options.detection.model_dump(include=set(DETECTION_MODELS)),
        identities={use: name for use, name in identities.items() if use not in ("second_recogniser", "configuration")},
    )


def _table(name: str, schema: pa.Schema, job: Job) -> WriteTable:
    return WriteTable(name, schema, job.output, job.run_id, job.shards)


def _transcript_row(recording: CommittedRecording) -> Row:
    return recording.recording_id, recording.transcript_row


def _finding_rows(recording: CommittedRecording) -> list[Row]:
    return [(recording.recording_id, row) for row in recording.finding_rows]


def _error_row(failure: Failure) -> Row:
    return failure.recording_id or "", json.dumps(failure.to_row())


def _delivery_row(delivery: Delivery) -> Row:
    return delivery.recording_id, json.dumps(delivery.to_row())


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
