"""BeginRun, KeepHold and EndRun: the lock of an output root for a run that no process waits for, and checks of both."""

from typing import TYPE_CHECKING

from hushbeam.transforms.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from hushbeam.transforms.begin_run.after_begin import AfterBegin
    from hushbeam.transforms.begin_run.earlier_keys import (
        check_hashed_with_same_key,
        check_identities_as_before,
        check_signed_as_before,
    )
    from hushbeam.transforms.begin_run.transform import BeginRun, EndRun, KeepHold, check_new

__all__ = [
    "AfterBegin",
    "BeginRun",
    "EndRun",
    "KeepHold",
    "check_hashed_with_same_key",
    "check_identities_as_before",
    "check_new",
    "check_signed_as_before",
]

__getattr__ = lazy_exports(
    __name__,
    after_begin=("AfterBegin",),
    earlier_keys=("check_hashed_with_same_key", "check_identities_as_before", "check_signed_as_before"),
    transform=("BeginRun", "EndRun", "KeepHold", "check_new"),
)
