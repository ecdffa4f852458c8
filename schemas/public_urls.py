"""Public form of a source's URL: the one that outputs, logs and messages may show."""

from __future__ import annotations

_WEB = ("https://", "http://")


def without_query(url: str) -> str:
    """A URL of a web server without its query and fragment, which hold signatures and tokens; other locations as given.

    This form is published, compared between runs, and named in messages.
    """
    return url.partition("#")[0].partition("?")[0] if url[:8].lower().startswith(_WEB) else url
