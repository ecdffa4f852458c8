"""Splits long recordings into spans that several workers transcribe."""

from hushbeam.transforms.plan_spans.transform import PlanSpans

__all__ = ["PlanSpans"]
