"""Settings of the speech engine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal, get_args

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.transcribe.processor import multiplies_with_mkl

DEVICES = ("cpu", "cuda")
PROFILES = {"accurate": 5, "fast": 1}
"""Beam size of each profile."""

SecondLook = Literal["thorough", "parts", "none"]

_MIB = 1024 * 1024


@dataclass(frozen=True)
class TranscriptionSettings:
    """Settings of the speech engine.

    Attributes:
      model: `base` (installed with this package), `tiny.en` (installed, English, for checks), another name on the
        model hub such as `large-v3-turbo`, a folder with a CTranslate2 model, or an object-store URL of one.
      device: `cpu` or `cuda`. A device that is asked for and absent is an error, never a fallback.
      compute_type: CTranslate2's name, or `default`: `int8` on CPU, `float16` on CUDA.
      profile: `accurate` (beam of 5) or `fast` (beam of 1).
      workers: Batches that the model works on at once (CTranslate2's `inter_threads`); 0 chooses by device.
      batch_windows: Windows in a batch; 0 chooses by device.
      second_look: Which windows with a doubtful text are transcribed again. `thorough`: all, with more context and, if
        that does not help, without repetition. `parts`: only stretches of speech without words. `none`: no window.
    """

    model: str = "base"
    device: str = "cpu"
    compute_type: str = "default"
    profile: str = "accurate"
    workers: int = 0
    batch_windows: int = 0
    second_look: SecondLook = "thorough"

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise ConfigurationError(f"device: {self.device!r} is not one of {', '.join(DEVICES)}")
        if self.profile not in PROFILES:
            raise ConfigurationError(f"profile: {self.profile!r} is not one of {', '.join(PROFILES)}")
        if self.second_look not in get_args(SecondLook):
            raise ConfigurationError(
                f"second_look: {self.second_look!r} is not one of {', '.join(get_args(SecondLook))}"
            )
        for name in ("workers", "batch_windows"):
            if getattr(self, name) < 0:
                raise ConfigurationError(f"{name}: must not be negative")

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
        """`batch_windows`, or what measured best: with MKL and one thread more are no faster."""
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
