"""Which bytes a recording was made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class SourceIdentity:
    """One version of one file or object.

    Two equal identities stand for the same bytes: object stores change the generation or entity tag with every
    write, file systems the modification time.

    Attributes:
      url: Absolute: a local path or an object-store URL.
      size_bytes: As the store reports it.
      version: `generation:…`, `etag:…` or `mtime_ns:…`.
    """

    url: str
    size_bytes: int
    version: str

    def __repr__(self) -> str:
        # File names often hold names and phone numbers, and reprs end up in logs and tracebacks.
        return f"SourceIdentity({self.size_bytes} bytes, {self.version})"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SourceIdentity:
        """The inverse of `to_dict`."""
        return cls(url=values["url"], size_bytes=values["size_bytes"], version=values["version"])
