"""What a run would have to do."""

from hushbeam.transforms.estimate_work.transform import EstimateWork

__all__ = ["EstimateWork"]
