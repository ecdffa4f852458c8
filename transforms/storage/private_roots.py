"""Where what is not redacted may be kept: away from what everybody may read."""

from __future__ import annotations

import os.path

from schemas.failure import ConfigurationError
from transforms.storage import urls
from transforms.storage.errors import StorageError


def private_root(url: str, public: str, option: str) -> str:
    """The normalised location of a private root.

    Args:
      public: The root of the public outputs.
      option: Names the private root in errors.

    Raises:
      ConfigurationError: One root lies within the other, links followed: whoever may read the outputs would read what
        is private, or what removes the one would remove the other.
    """
    try:
        private, root = urls.normalised(url), urls.normalised(public)
    except StorageError as error:
        raise ConfigurationError(f"{option}: {error}") from None
    inner, outer = _followed(private), _followed(root)
    if urls.is_within(inner, outer) or urls.is_within(outer, inner):
        raise ConfigurationError(f"{option}: lies within --output, or --output within it; name a place of its own")
    return private


def _followed(url: str) -> str:
    return os.path.realpath(url) if urls.is_local(url) else url
