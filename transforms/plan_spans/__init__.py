"""From recordings to what one worker hears at a time."""

from hushbeam.transforms.plan_spans.transform import PlanSpans

__all__ = ["PlanSpans"]
