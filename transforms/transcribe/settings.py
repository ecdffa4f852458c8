"""How speech is recognised: the job's options, checked once."""

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

WINDOW_S = 30.0
"""What a Whisper model can hear at once."""


@dataclass(frozen=True)
class TranscriptionSettings:
    """Settings of the speech engine.

    Attributes:
      model: `base` (installed with this package), `tiny.en` (installed, English, for checks), another name on the
        model hub such as `large-v3-turbo`, a folder with a CTranslate2 model, or an object-store URL of one.
      device: `cpu` or `cuda`. A device that is asked for and absent is an error, never a fallback.
      compute_type: CTranslate2's name, or `default`: `int8` on CPU, `float16` on CUDA.
      profile: `accurate` (beam of 5) or `fast` (beam of 1).
      beam_size: Overrides the profile's; None for the profile's.
      workers: Batches that the model works on at once (CTranslate2's `inter_threads`); 0 chooses by device.
      threads: CPU threads of each worker; 0 shares the cores among the workers.
      batch_windows: Windows in a batch; 0 chooses by device.
      decoding_threads: Recordings that are decoded and searched for speech at once; 0 chooses by the cores.
      second_look: Whether windows whose text is doubtful are heard again: `thorough`, with more context and, where that
        does not help, without repetition; `parts`, only stretches of speech without words, by themselves; or `none`.
      vad_threshold: Speech probability from which sound is heard. Higher values lose quiet telephone speech.
      pending_bytes: Windows that wait for the model may fill this much memory; then decoding waits. 0 chooses by
        device.
      language: ISO 639-1 code for recordings that name none; None detects it.
    """

    model: str = "base"
    device: str = "cpu"
    compute_type: str = "default"
    profile: str = "accurate"
    beam_size: int | None = None
    workers: int = 0
    threads: int = 0
    batch_windows: int = 0
    decoding_threads: int = 0
    second_look: SecondLook = "thorough"
    vad_threshold: float = 0.2
    pending_bytes: int = 0
    language: str | None = None

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise ConfigurationError(f"device: {self.device!r} is not one of {', '.join(DEVICES)}")
        if self.profile not in PROFILES:
            raise ConfigurationError(f"profile: {self.profile!r} is not one of {', '.join(PROFILES)}")
        if self.second_look not in get_args(SecondLook):
            raise ConfigurationError(f"second_look: {self.second_look!r} is none of {', '.join(get_args(SecondLook))}")
        if self.beam_size is not None and self.beam_size < 1:
            raise ConfigurationError("beam_size: must be at least 1")
        if not 0.0 < self.vad_threshold < 1.0:
            raise ConfigurationError("vad_threshold: must lie between 0 and 1")
        for name in ("workers", "threads", "batch_windows", "decoding_threads"):
            if getattr(self, name) < 0:
                raise ConfigurationError(f"{name}: must not be negative")
        if self.pending_bytes and self.pending_bytes < 16 * _MIB:
            raise ConfigurationError("pending_bytes: must be at least 16 MiB")

    @property
    def beam(self) -> int:
        """Hypotheses that decoding follows."""
        return PROFILES[self.profile] if self.beam_size is None else self.beam_size

    @property
    def model_workers(self) -> int:
        """`workers`, or what measured best: four streams on a GPU, as many single threads as cores on a small CPU."""
        return self.workers or (4 if self.device == "cuda" else min(4, cores()))

    @property
    def model_threads(self) -> int:
        """`threads`, or an equal share of the cores."""
        return self.threads or max(1, cores() // self.model_workers)

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
        """`pending_bytes`, or what holds some batches for every worker: a window takes up to 1 MiB."""
        return self.pending_bytes or (1024 if self.device == "cuda" else 16) * _MIB

    @property
    def in_flight(self) -> int:
        """Recordings under way at once: enough that short calls fill the batches of all workers."""
        return 512 if self.device == "cuda" else 64

    @property
    def decoders(self) -> int:
        """`decoding_threads`, or enough to keep the model fed."""
        return self.decoding_threads or (max(2, min(16, cores())) if self.device == "cuda" else min(4, max(1, cores())))


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
