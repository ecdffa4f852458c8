"""Updates that die at a given step.

A step is a call by which a library, or Hushbeam, changes something outside of the process: a file or the catalogue.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from hushbeam.transforms.storage import files
from hushbeam.transforms.table_formats import update_tables


class KilledError(BaseException):
    """Ends an update as a kill would: no handler of `Exception` sees it."""


class Steps:
    """Counts the steps of an update, and kills it at one: before an even one's call, after an odd one's.

    From then on no call does anything, also in the threads of the libraries.
    """

    def __init__(self, kill_at: int = -1) -> None:
        self._kill_at = kill_at
        self.is_dead = False
        self.came_to: list[str] = []

    def patch(self, patching: pytest.MonkeyPatch) -> None:
        """Counts the calls of this process."""
        for owner, name in _calls():
            patching.setattr(owner, name, self._counted(f"{owner.__name__}.{name}", getattr(owner, name)))

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            number = len(self.came_to)
            self.came_to.append(name)
            if self.is_dead or self._kill_at == 2 * number:
                self.is_dead = True
                raise KilledError()
            result = real(*arguments, **options)
            if self._kill_at == 2 * number + 1:
                self.is_dead = True
                raise KilledError()
            return result

        return call


def _calls() -> list[tuple[Any, str]]:
    from deltalake import DeltaTable  # noqa: PLC0415
    from deltalake.table import TableAlterer  # noqa: PLC0415
    from pyiceberg.catalog.sql import SqlCatalog  # noqa: PLC0415
    from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO  # noqa: PLC0415

    return [
        (PyArrowFile, "create"),  # manifests, lists of manifests, and metadata
        (PyArrowFileIO, "delete"),
        (SqlCatalog, "create_namespace"),
        (SqlCatalog, "commit_table"),
        (DeltaTable, "create"),
        (DeltaTable, "create_write_transaction"),
        (DeltaTable, "create_checkpoint"),
        (TableAlterer, "add_columns"),
        (files, "delete_many"),
    ]


if __name__ == "__main__":
    print("ready", flush=True)
    update_tables(sys.argv[1], sys.argv[2])
