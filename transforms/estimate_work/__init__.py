"""What a run would have to do."""

from transforms.estimate_work.transform import EstimateWork

__all__ = ["EstimateWork"]
