"""End of a run: its summary, and the removal of rows that it replaced."""

from hushbeam.transforms.archive.run_summary import UnreadableSummaryError, checked_summary, summary_url
from hushbeam.transforms.close_run.transform import CloseRun, RunOutcome

__all__ = ["CloseRun", "RunOutcome", "UnreadableSummaryError", "checked_summary", "summary_url"]
