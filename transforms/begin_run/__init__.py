"""BeginRun, KeepHold and EndRun: the lock of an output root for a run that no process waits for."""

from hushbeam.transforms.begin_run.after_begin import AfterBegin
from hushbeam.transforms.begin_run.transform import BeginRun, EndRun, KeepHold, check_new

__all__ = ["AfterBegin", "BeginRun", "EndRun", "KeepHold", "check_new"]
