"""Canary calls: checks that a job finds known personal data before it reads recordings."""

from hushbeam.transforms.canary_gate.gate import CanariesMissedError, CanaryScore, copy_calls, score

__all__ = ["CanariesMissedError", "CanaryScore", "copy_calls", "score"]
