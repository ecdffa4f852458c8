"""The output root of earlier runs, for commands that work on one."""

from __future__ import annotations

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import files, urls


def output_of_runs(output: str) -> str:
    """The normalised root. Without this check, a mistyped root would look like an output with nothing to do.

    Raises:
      ConfigurationError: There are no files.
    """
    root = urls.normalised(output)
    if not files.list_names(root):
        raise ConfigurationError("--output: no run has written there; name the output of earlier runs")
    return root
