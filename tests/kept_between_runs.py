"""Models, and what Beam reads off signatures, kept in memory from one run of a job to the next.

A run on one short call takes 2.8 s of processor time. 0.9 s of it loads models that the run before had loaded, and
0.4 s reads the signatures and options that Beam read for the pipeline before. Processes that tests start keep nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType, MethodType
from typing import Any
from weakref import WeakKeyDictionary

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.transforms import core
from apache_beam.utils import shared

MODELS = frozenset({"SpeechEngine", "_SharedDetector", "SecondRecogniser", "LeakCheck"})
"""Classes of what a worker loads once. What is missing here is loaded again by every run."""

_SETTINGS_AT_ONCE = 2
"""Of each class, so many models with different settings. A detector takes 300 MB."""


class ModelsInMemory(shared._SharedMap):
    """Beam's map of shared objects, which in addition holds the models of the last runs."""

    def __init__(self) -> None:
        super().__init__()
        self._models: dict[tuple[str, str], Any] = {}

    def acquire(self, key: str, constructor_fn: Callable[[], Any], tag: Any = None) -> Any:
        """Gives what is kept under a key and a tag, which names the settings, or makes it."""
        model = self._models.pop((key, tag), None)
        if getattr(model, "_broken", None) is not None:
            self._cache_map.pop(key, None)
            model = None
        if model is None:
            model = super().acquire(key, constructor_fn, tag)
        if type(model).__name__ in MODELS:
            self._models[key, tag] = model
            of_the_same_key = [known for known in self._models if known[0] == key]
            for known in of_the_same_key[:-_SETTINGS_AT_ONCE]:
                del self._models[known]
        return model


def keep_models() -> None:
    """Keeps models from now on."""
    shared._shared_map = ModelsInMemory()


@contextmanager
def no_models_in_memory() -> Iterator[None]:
    """For tests that change how models load: none is there before, and none of theirs stays."""
    before, shared._shared_map = shared._shared_map, shared._SharedMap()
    try:
        yield
    finally:
        shared._shared_map = before


def keep_what_beam_reads() -> None:
    """Has Beam read the signature of a function, and the options of a pipeline, once."""
    _keep_signatures()
    _keep_views()


def _keep_signatures() -> None:
    read = core.get_function_args_defaults
    known: WeakKeyDictionary[FunctionType, dict[bool, tuple[list[str], list[Any]]]] = WeakKeyDictionary()

    def read_once(f: Any) -> tuple[list[str], list[Any]]:
        bound = isinstance(f, MethodType)
        function = f.__func__ if isinstance(f, MethodType) else f
        if not isinstance(function, FunctionType):
            return read(f)
        of_function = known.setdefault(function, {})
        if bound not in of_function:
            of_function[bound] = read(f)
        names, defaults = of_function[bound]
        return list(names), list(defaults)

    for module in list(sys.modules.values()):
        if getattr(module, "get_function_args_defaults", None) is read:
            module.get_function_args_defaults = read_once  # type: ignore[attr-defined]


def _keep_views() -> None:
    look = PipelineOptions.view_as
    known: WeakKeyDictionary[PipelineOptions, dict[type[PipelineOptions], PipelineOptions]] = WeakKeyDictionary()

    def look_once(self: PipelineOptions, cls: type[PipelineOptions]) -> PipelineOptions:
        views = known.setdefault(self, {})
        view = views.get(cls)
        if view is None or view._flags is not self._flags or view._all_options is not self._all_options:
            view = views[cls] = look(self, cls)
        return view

    PipelineOptions.view_as = look_once
