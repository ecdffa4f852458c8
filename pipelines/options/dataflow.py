"""Checks and options of jobs on Dataflow.

Dataflow can keep samples of elements and of failures in the temporary bucket, and by default does so for failures.
Elements of these jobs hold locations, ids and, in memory, spoken words, which must not be kept there.
"""

from __future__ import annotations

from typing import Annotated

from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    StandardOptions,
    WorkerOptions,
)
from pydantic import BaseModel, ConfigDict, Field

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.metavar import Metavar

_NO_SAMPLES = "disable_always_on_exception_sampling"
_SAMPLING_EXPERIMENTS = frozenset(
    {"enable_data_sampling", "enable_always_on_exception_sampling", "enable_heap_dump"},
)
_ONE_PROCESS = "no_use_multiple_sdk_containers"
_ACCELERATOR = r"^type:[a-z0-9-]+;count:1(;[A-Za-z0-9_.:-]+)*$"


class Workers(BaseModel):
    """Hardware of the Dataflow workers that transcribe; the other stages run on plain workers."""

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


def is_dataflow(options: PipelineOptions) -> bool:
    """Whether the pipeline would run on Dataflow, under any name that Beam accepts for it."""
    runner = str(options.view_as(StandardOptions).runner or "")
    return "dataflow" in runner.rsplit(".", 1)[-1].lower()


def makes_template(options: PipelineOptions) -> bool:
    """Whether the pipeline is only written as a template, which Dataflow starts later (Flex Templates)."""
    return is_dataflow(options) and bool(options.view_as(GoogleCloudOptions).template_location)


def protect_samples(options: PipelineOptions) -> None:
    """Keeps elements out of the temporary bucket, by an experiment of Dataflow.

    Raises:
      ConfigurationError: The options ask for samples, heap dumps or keys in logs.
    """
    if not is_dataflow(options):
        return
    debug = options.view_as(DebugOptions)
    refused = _SAMPLING_EXPERIMENTS & {experiment.split("=", 1)[0] for experiment in debug.experiments or ()}
    if refused:
        raise ConfigurationError(
            f"--experiments: {', '.join(sorted(refused))} would keep spoken words in the temporary bucket; leave it out"
        )
    if options.view_as(GoogleCloudOptions).enable_hot_key_logging:
        raise ConfigurationError(
            "--enable_hot_key_logging: keys are recording ids, which may be personal; leave it out"
        )
    debug.add_experiment(_NO_SAMPLES)


def fit_workers(options: PipelineOptions, workers: Workers, *, device: str) -> None:
    """Checks that Dataflow's workers will have what the job needs, and gives each GPU to one process.

    Raises:
      ConfigurationError: Workers would lack the code, the GPU or its libraries, or would share the GPU.
    """
    if workers.accelerator and device != "cuda":
        raise ConfigurationError("--accelerator: --device cpu would leave the GPUs idle; add --device cuda")
    if not is_dataflow(options):
        return
    image = options.view_as(WorkerOptions).sdk_container_image
    setup = options.view_as(SetupOptions)
    if not image and not setup.setup_file and not setup.extra_packages:
        raise ConfigurationError(
            "--sdk_container_image: Dataflow's own image holds neither this project nor its models; "
            "give one built from deploy/"
        )
    if device != "cuda":
        return
    services = options.view_as(GoogleCloudOptions).dataflow_service_options or ()
    if not workers.accelerator and not any(service.startswith("worker_accelerator=") for service in services):
        raise ConfigurationError(
            "--accelerator (or --dataflow_service_options=worker_accelerator=…): name the GPU that --device cuda needs"
        )
    if not image:
        raise ConfigurationError(
            "--sdk_container_image: --device cuda needs an image built from deploy/Dockerfile with EXTRAS=gpu"
        )
    debug = options.view_as(DebugOptions)
    if "use_multiple_sdk_containers" in (debug.experiments or ()):
        raise ConfigurationError(
            "--experiments: use_multiple_sdk_containers would load one model for each core onto the GPU; leave it out"
        )
    debug.add_experiment(_ONE_PROCESS)
