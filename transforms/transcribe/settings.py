"""Settings of the speech engine, and an option group."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from hushbeam.transforms.base.metavar import Metavar, Model
from hushbeam.transforms.transcribe.processor import multiplies_with_mkl

Device = Literal["cpu", "cuda"]
DEVICES: tuple[Device, ...] = get_args(Device)

EncoderName = Literal["auto", "ctranslate2", "torch"]

Profile = Literal["accurate", "fast"]

PROFILES: Mapping[Profile, int] = {"accurate": 5, "fast": 1}
"""Beam size of each profile."""

SecondLook = Literal["thorough", "parts", "none"]

_MIB = 1024 * 1024


class TranscriptionSettings(BaseModel):
    """Which model transcribes, and where it runs.

    Fields without a description are not options: they are measured choices, which tests, benchmarks and the second
    recogniser make differently.

    Attributes:
      compute_type: CTranslate2's name, or `default`: `int8` on CPU, `float16` on CUDA.
      profile: `accurate` (beam of 5) or `fast` (beam of 1).
      workers: Batches that the model works on at once (CTranslate2's `inter_threads`); 0 chooses by device.
      second_look: Which windows with a doubtful text are transcribed again. `thorough`: all, with more context and, if
        that does not help, without repetition. `parts`: only stretches of speech without words. `none`: no window.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Model = Field(
        "base",
        description="speech model: `base` (packaged, all languages), `tiny.en` (packaged, English), a name on the "
        "model hub such as large-v3-turbo, or a folder or object-store URL with a Whisper or NeMo model",
    )
    device: Device = Field(
        "cpu", description="where the models run; cuda ends the job if no GPU works: it never falls back to the CPU"
    )
    batch_windows: Annotated[int, Metavar("N")] = Field(
        0,
        ge=0,
        description="windows of 30 s in one batch: a larger number needs more memory; the transcript stays the same; "
        "0 chooses 4 to 16 on a CPU, 64 on a GPU",
    )
    encoder: EncoderName = Field(
        "auto",
        description="what runs the encoder of a Whisper model: auto is torch on a GPU where PyTorch is installed "
        "(extra torch), and ctranslate2 elsewhere",
    )
    compute_type: str = "default"
    profile: Profile = "accurate"
    workers: int = Field(0, ge=0)
    second_look: SecondLook = "thorough"

    @property
    def beam(self) -> int:
        """Hypotheses that decoding follows."""
        return PROFILES[self.profile]

    @property
    def model_workers(self) -> int:
        """`workers`, or what measured best: four streams on a GPU, as many single threads as cores on a small CPU."""
        return self.workers or (4 if self.device == "cuda" else min(4, cores()))

    @property
    def model_threads(self) -> int:
        """CPU threads of each worker: an equal share of the cores."""
        return max(1, cores() // self.model_workers)

    @property
    def batch(self) -> int:
        """`batch_windows`, or what measured best: with MKL and one thread, more are not faster."""
        if self.batch_windows:
            return self.batch_windows
        if self.device == "cuda":
            return 64
        if not multiplies_with_mkl():
            return 16
        return 4 if self.model_threads == 1 else 8

    @property
    def pending_limit(self) -> int:
        """Bytes of windows that may wait for the model: some batches for every worker, at up to 1 MiB a window."""
        return (1024 if self.device == "cuda" else 16) * _MIB

    @property
    def in_flight(self) -> int:
        """Recordings under way at once: enough that short calls fill the batches of all workers."""
        return 512 if self.device == "cuda" else 64

    @property
    def decoders(self) -> int:
        """Recordings that are decoded and searched for speech at once: enough to keep the model fed."""
        return max(2, min(16, cores())) if self.device == "cuda" else min(4, max(1, cores()))


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
