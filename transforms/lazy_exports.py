"""Exports of a package that are imported when they are first used (PEP 562).

A stage's package exports its settings and its transform. Whoever needs only the settings, such as `hushbeam --help`,
then loads neither Beam nor a model's library.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def lazy_exports(package: str, **modules: tuple[str, ...]) -> Callable[[str], Any]:
    """A `__getattr__` for a package.

    Args:
      modules: The exported names, by the module of the package that defines them.
    """
    if hidden := [name for names in modules.values() for name in names if name in modules]:
        raise ValueError(
            f"{package} cannot export {hidden}: a module of the same name takes its place once it is loaded"
        )
    defined_in = {name: module for module, names in modules.items() for name in names}

    def load(name: str) -> Any:
        if name not in defined_in:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{defined_in[name]}"), name)

    return load
