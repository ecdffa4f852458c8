"""Checks of jobs on Dataflow.

Dataflow can keep samples of elements and of failures in the temporary bucket, and by default does so for failures.
Elements of these jobs hold locations, ids and, in memory, spoken words, which must not be kept there.
"""

from __future__ import annotations

from importlib.util import find_spec

from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    StandardOptions,
    WorkerOptions,
)

from hushbeam.pipelines.options.groups import Workers
from hushbeam.schemas.errors import ConfigurationError, installs

_NO_SAMPLES = "disable_always_on_exception_sampling"
_SAMPLING_EXPERIMENTS = frozenset(
    {"enable_data_sampling", "enable_always_on_exception_sampling", "enable_heap_dump"},
)
_ONE_PROCESS = "no_use_multiple_sdk_containers"


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
      ConfigurationError: The options ask for samples, heap dumps or keys in logs; or Dataflow's client is missing.
    """
    if not is_dataflow(options):
        return
    if find_spec("apitools") is None:
        raise ConfigurationError(f"--runner: Dataflow needs other packages: {installs('dataflow')}")
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
