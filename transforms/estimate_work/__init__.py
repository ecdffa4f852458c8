"""Estimate of the work of a run, for `hushbeam plan`."""

from hushbeam.transforms.estimate_work.transform import EstimateWork

__all__ = ["EstimateWork"]
