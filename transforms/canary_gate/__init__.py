"""Whether a run would still find what it must, before it touches a recording."""

from hushbeam.transforms.canary_gate.gate import CanariesMissedError, CanaryScore, plant, score

__all__ = ["CanariesMissedError", "CanaryScore", "plant", "score"]
