"""Placeholders of options in `--help`: a settings class names one beside a field's type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class Metavar:
    """What `--help` shows for an option's value, as in `Annotated[float, Metavar("HOURS")]`."""

    name: str


File = Annotated[str, Metavar("FILE")]
Folder = Annotated[str, Metavar("FOLDER")]
"""An option with either placeholder also takes object-store URLs."""

Model = Annotated[str, Metavar("MODEL")]
