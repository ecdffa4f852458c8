"""The output root of earlier runs, for commands that work on one."""

from __future__ import annotations

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import files, urls


def output_of_runs(output: str) -> str:
    """The normalised root. A mistyped root must not look like one in which there is nothing to do.

    Raises:
      ConfigurationError: There is nothing.
    """
    root = urls.normalised(output)
    if not files.list_names(root):
        raise ConfigurationError("--output: no run has written anything there")
    return root
