"""Option groups that extend the settings of a stage, or concern several stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from hushbeam.pipelines.options.common import RulesFile, RunId
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.metavar import File, Folder, Metavar
from hushbeam.transforms.base.secrets import SecretReference
from hushbeam.transforms.detect_pii import DetectionSettings
from hushbeam.transforms.storage.private_roots import private_root
from hushbeam.transforms.transcribe import TranscriptionSettings

if TYPE_CHECKING:
    from hushbeam.transforms.base.sealed_files import SealedRoot

_ACCELERATOR = r"^type:[a-z0-9-]+;count:1(;[A-Za-z0-9_.:-]+)*$"


class Recognition(TranscriptionSettings):
    """Which model transcribes, and where it runs."""

    longest_minutes: Annotated[float, Metavar("MINUTES")] = Field(
        20.0,
        gt=0,
        description="split recordings that are longer than this, in minutes, at silences, so that several workers "
        "transcribe them; needs --shuffle_key",
    )
    shuffle_key: SecretReference | None = Field(
        None,
        description="reference to the key (base64 of 32 random bytes) that encrypts the words of split recordings "
        "between workers, such as env:NAME; without it no recording is split",
    )


class Detection(DetectionSettings):
    """What finds personal data, and how much is redacted."""

    rules: RulesFile = None
    detection_processes: Annotated[int, Metavar("N")] = Field(
        0,
        ge=0,
        description="processes beside each worker that detect personal data, for workers with a GPU; 0 detects in the "
        "worker itself",
    )


class Keeping(BaseModel):
    """Encrypted copies for later use, each in a place of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: Folder | None = Field(
        None,
        description="folder or object-store URL for encrypted words and findings, which `hushbeam rerender` needs",
    )
    store_key: tuple[SecretReference, ...] = Field(
        (), description="references to the keys of --store, such as env:NAME: the first encrypts, each decrypts"
    )
    unredacted_output: Folder | None = Field(
        None, description="folder or object-store URL for encrypted, unredacted transcripts"
    )
    unredacted_key: tuple[SecretReference, ...] = Field(
        (),
        description="references to the keys of --unredacted_output, as env:NAME: the first encrypts, each decrypts",
    )

    def roots(self) -> tuple[str, ...]:
        """The options for private roots that are given."""
        named = {"--store": self.store, "--unredacted_output": self.unredacted_output}
        return tuple(option for option, root in named.items() if root)

    def store_settings(self, output: str) -> SealedRoot | None:
        """Settings of the stages that use the store; None without --store.

        Raises:
          ConfigurationError: The store has no key, or lies within public outputs.
        """
        return sealed_root("--store", self.store, self.store_key, output)

    def unredacted_settings(self, output: str) -> SealedRoot | None:
        """Settings of the stages that use the unredacted output; None without one.

        Raises:
          ConfigurationError: It has no key, or lies where everybody may read.
        """
        return sealed_root("--unredacted_output", self.unredacted_output, self.unredacted_key, output)


def sealed_root(option: str, root: str | None, keys: tuple[str, ...], output: str) -> SealedRoot | None:
    """A private root with its keys; None if the option is not given.

    Raises:
      ConfigurationError: It has no key, or lies where everybody may read.
    """
    from hushbeam.transforms.base.sealed_files import SealedRoot  # noqa: PLC0415 - loads libraries for encryption

    if root is None:
        return None
    if not keys:
        key = {"--store": "--store_key", "--unredacted_output": "--unredacted_key"}[option]
        raise ConfigurationError(f"{key}: {option} needs a key; give a reference to it, env:NAME or file:/path")
    return SealedRoot(private_root(root, output, option), keys)


class Workers(BaseModel):
    """Hardware of the Dataflow workers that transcribe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accelerator: Annotated[str, Metavar("GPU")] | None = Field(
        None,
        pattern=_ACCELERATOR,
        examples=["type:nvidia-l4;count:1;install-nvidia-driver"],
        description="GPU of each worker, for --device cuda, such as type:nvidia-l4;count:1;install-nvidia-driver",
    )
    min_ram: Annotated[str, Metavar("SIZE")] | None = Field(
        None,
        pattern=r"^[0-9]+(\.[0-9]+)? ?(GB|GiB|MB|MiB)$",
        examples=["16GB"],
        description="minimum memory of each worker, such as 16GB",
    )

    def hints(self) -> dict[str, str]:
        """Beam's resource hints."""
        given = {"accelerator": self.accelerator, "min_ram": self.min_ram}
        return {name: value for name, value in given.items() if value}


class Canaries(BaseModel):
    """Calls with known personal data that test the configuration first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    canaries: bool = Field(
        False,
        description="redact the canary calls first; if less than 90 % of their known values are redacted, nothing is "
        "published and the exit status is 6",
    )


class Observability(BaseModel):
    """Metrics and events about each run (docs/metrics.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metrics_file: File | None = Field(
        None, description="file for Prometheus' node exporter, named *.prom; a path or an object-store URL"
    )
    otlp: bool = Field(
        False, description="send metrics and a span to the OpenTelemetry collector that the OTEL_* variables name"
    )
    openlineage: bool = Field(
        False, description="send events to the OpenLineage receiver that the OPENLINEAGE_* variables name"
    )
    pipeline_name: RunId = Field(
        "hushbeam", description="name of this job in metrics and events, to tell several jobs apart"
    )

    def receivers(self) -> tuple[tuple[str, bool], ...]:
        """The options for receivers, and whether each is given."""
        return (
            ("--metrics_file", self.metrics_file is not None),
            ("--otlp", self.otlp),
            ("--openlineage", self.openlineage),
        )
