"""Secrets by reference. Options, manifests and records hold where a secret is kept, never the secret."""

from __future__ import annotations

import os
import re
from pathlib import Path

from schemas.failure import ConfigurationError

_ENVIRONMENT = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_FILE = re.compile(r"file:(/.+)")


def is_reference(text: str) -> bool:
    """Whether `text` says where a secret is kept: `env:NAME` or `file:/absolute/path`."""
    return bool(_ENVIRONMENT.fullmatch(text) or _FILE.fullmatch(text))


def read_secret(reference: str, option: str) -> str:
    """The secret, without white space at its end (editors add a line break).

    Call it in the worker, right before use, and keep the result out of anything that is pickled or printed.

    Raises:
      ConfigurationError: It cannot be had. The message names `option`, not the reference: the user may have given the
        secret itself in its place.
    """
    if match := _ENVIRONMENT.fullmatch(reference):
        secret = os.environ.get(match.group(1), "").rstrip()
        if not secret:
            raise ConfigurationError(f"{option}: the environment variable is not set, or empty, on this worker")
        return secret
    if match := _FILE.fullmatch(reference):
        try:
            secret = Path(match.group(1)).read_text(encoding="utf-8").rstrip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"{option}: the file cannot be read on this worker ({type(error).__name__})"
            ) from None
        if not secret:
            raise ConfigurationError(f"{option}: the file is empty")
        return secret
    raise ConfigurationError(f"{option}: give a reference, env:NAME or file:/path, not the secret itself")
