"""Models, and what Beam reads off functions, kept in memory from one run of a job to the next.

A run on one short call takes 2.8 s of processor time. 0.9 s of it loads models that the run before had loaded, and
0.9 s reads and packs the functions and options that Beam read and packed for the pipeline before. Processes that tests
start keep nothing.
"""

from __future__ import annotations

import bz2
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import FunctionType, MethodType, SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

from apache_beam.internal import cloudpickle_pickler
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.transforms import core, userstate
from apache_beam.typehints import decorators
from apache_beam.utils import shared
from objsize import traverse

MODELS = frozenset({"SpeechEngine", "_SharedDetector", "SecondRecogniser", "LeakCheck"})
"""Classes of what a worker loads once. What is missing here is loaded again by every run."""

_SETTINGS_AT_ONCE = 2
"""Of each class, so many models with different settings. A detector takes 300 MB."""

_PACKED_AT_ONCE = 4096
"""So many functions, of a kilobyte each."""


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
    """Has Beam read and pack a function, and read the state of a class and the options of a pipeline, once."""
    _keep_signatures()
    _keep_bodies()
    _keep_states()
    _keep_packed()
    _keep_globals_of_modules()
    _keep_views()


def _keep_signatures() -> None:
    arguments = _once_for_each_function(core.get_function_args_defaults)

    def arguments_of(f: Any) -> tuple[list[str], list[Any]]:
        names, defaults = arguments(f)
        return list(names), list(defaults)

    _replace(core.get_function_args_defaults, arguments_of)
    _replace(decorators.get_signature, _once_for_each_function(decorators.get_signature))


def _replace(function: Callable[..., Any], replacement: Callable[..., Any]) -> None:
    """Puts a function in the place of one of Beam's, wherever Beam imported it."""
    for module in list(sys.modules.values()):
        if getattr(module, function.__name__, None) is function:
            setattr(module, function.__name__, replacement)


def _once_for_each_function(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Reads a function once, and once more where it is bound to something. Other callables are read each time."""
    known: WeakKeyDictionary[FunctionType, dict[bool, Any]] = WeakKeyDictionary()

    def read_once(f: Any) -> Any:
        bound = isinstance(f, MethodType)
        function = f.__func__ if isinstance(f, MethodType) else f
        if not isinstance(function, FunctionType):
            return read(f)
        of_function = known.setdefault(function, {})
        if bound not in of_function:
            of_function[bound] = read(f)
        return of_function[bound]

    return read_once


def _keep_bodies() -> None:
    """Beam reads the source of each function of a pipeline, for one that both yields and returns."""
    core._get_function_body_without_inners = _once_for_each_function(core._get_function_body_without_inners)


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


def _keep_packed() -> None:
    """Beam packs some 350 functions for a run, and unpacks 600: bz2 needs a quarter of a millisecond for the least."""
    cloudpickle_pickler.bz2 = SimpleNamespace(
        compress=lru_cache(_PACKED_AT_ONCE)(bz2.compress), decompress=lru_cache(_PACKED_AT_ONCE)(bz2.decompress)
    )


def _keep_globals_of_modules() -> None:
    """Beam leaves the variables of all modules out when it measures what a step reads: some 3,000 dictionaries."""
    read = traverse._iter_modules_globals
    known: dict[int, list[Any]] = {}

    def read_once() -> Iterator[Any]:
        loaded = len(sys.modules)
        if loaded not in known:
            known.clear()
            known[loaded] = list(read())
        return iter(known[loaded])

    traverse._iter_modules_globals = read_once


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
