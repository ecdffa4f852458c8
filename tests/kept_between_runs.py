"""Models, and what Beam reads off functions, kept in memory from one run of a job to the next.

A run on one short call takes 2.8 s of processor time. 0.9 s of it loads models that the run before had loaded, and
0.7 s reads the functions and options that Beam read for the pipeline before, or packs them as small as can be.
Processes that tests start keep nothing.
"""

from __future__ import annotations

import bz2
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType, MethodType, SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

from apache_beam.internal import cloudpickle_pickler
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.transforms import core, userstate
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
    """Has Beam read a function, the state of a class and the options of a pipeline once, and pack functions quickly."""
    _keep_signatures()
    _keep_bodies()
    _keep_states()
    _keep_views()
    _pack_quickly()


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


def _keep_bodies() -> None:
    """Beam reads the source of each function of a pipeline, for one that both yields and returns."""
    read = core._get_function_body_without_inners
    known: WeakKeyDictionary[FunctionType, str] = WeakKeyDictionary()

    def read_once(func: Any) -> Any:
        function = func.__func__ if isinstance(func, MethodType) else func
        if not isinstance(function, FunctionType):
            return read(func)
        if function not in known:
            known[function] = read(func)
        return known[function]

    core._get_function_body_without_inners = read_once


def _keep_states() -> None:
    """Beam looks for parameters of state in all methods of a DoFn, some eight times for each stage."""
    look = userstate.get_dofn_specs
    known: WeakKeyDictionary[type, tuple[set[Any], set[Any]]] = WeakKeyDictionary()

    def look_once(dofn: Any) -> tuple[set[Any], set[Any]]:
        if any(isinstance(value, MethodType) for value in vars(dofn).values()):  # Beam counts it as a method
            return look(dofn)
        if type(dofn) not in known:
            known[type(dofn)] = look(dofn)
        states, timers = known[type(dofn)]
        return set(states), set(timers)

    userstate.get_dofn_specs = look_once


def _pack_quickly() -> None:
    """Beam packs as small as can be, which takes bz2 a quarter of a millisecond for each of some 350 functions."""

    def pack(data: bytes, compresslevel: int) -> bytes:
        return bz2.compress(data, compresslevel=1)

    cloudpickle_pickler.bz2 = SimpleNamespace(compress=pack, decompress=bz2.decompress)


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
