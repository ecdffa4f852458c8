"""End of a run: its summary, and the removal of rows that it replaced."""

from hushbeam.transforms.close_run.transform import CloseRun, RunOutcome

__all__ = ["CloseRun", "RunOutcome"]
