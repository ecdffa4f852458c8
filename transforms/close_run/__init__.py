"""The end of a run: its summary, and the removal of what it replaced."""

from transforms.close_run.transform import CloseRun, RunOutcome, summary_url

__all__ = ["CloseRun", "RunOutcome", "summary_url"]
