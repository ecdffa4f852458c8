"""End of a run: its list of files and its summary."""

from hushbeam.transforms.close_run.transform import CloseRun, RunOutcome

__all__ = ["CloseRun", "RunOutcome"]
