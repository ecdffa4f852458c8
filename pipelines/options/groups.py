"""The option groups of the main job that have no module of their own."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hushbeam.pipelines.options.parsing import RUN_ID_PATTERN
from hushbeam.pipelines.options.rules import Rules
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.base.secrets import SecretReference
from hushbeam.transforms.detect_pii import DetectionSettings
from hushbeam.transforms.detect_pii.settings import DEFAULT_SPACY_MODEL
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio import MuteSettings
from hushbeam.transforms.mute_audio.untranscribed import UntranscribedMode, UntranscribedSettings
from hushbeam.transforms.storage.private_roots import private_root
from hushbeam.transforms.transcribe import TranscriptionSettings


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
        None, description="where the key for words between workers is kept, base64 of 32 random bytes: env:NAME"
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


class Canaries(BaseModel):
    """Synthetic calls that are redacted first, to see that the job finds what it must."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    canaries: bool = Field(False, description="run them first; where too much is missed, nothing is published (exit 6)")
    canary_floor: float = Field(0.9, ge=0, le=1, description="share of the values in them that must be redacted")


class Observability(BaseModel):
    """Who is told how a run went, beside the terminal: docs/metrics.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metrics_file: str | None = Field(None, description="file for Prometheus' node exporter, NAME.prom; path or URL")
    otlp: bool = Field(False, description="send metrics and a span to the OpenTelemetry collector of OTEL_* variables")
    openlineage: bool = Field(False, description="send events to the receiver of OPENLINEAGE_* variables")
    pipeline_name: str = Field(
        "hushbeam", pattern=RUN_ID_PATTERN, description="of this job there, where several share a receiver"
    )

    def receivers(self) -> tuple[tuple[str, bool], ...]:
        """The options that name receivers, and whether they do."""
        return (
            ("--metrics_file", self.metrics_file is not None),
            ("--otlp", self.otlp),
            ("--openlineage", self.openlineage),
        )
