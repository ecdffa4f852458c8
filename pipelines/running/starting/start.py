"""Start of a command: imports what it needs of Beam, while other processes and threads get ready.

From nothing to the end, a recording of half a minute takes 10 s of processor time, of which its transcription is 2.5.
Beam's import is single-threaded Python; meanwhile the process that starts decoders, and models, load on other cores.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import cast

from hushbeam.pipelines.options.arguments import CommandOptions
from hushbeam.pipelines.options.parsing import BeamArguments
from hushbeam.transforms.transcribe.settings import TranscriptionSettings

_NOT_NEEDED_HERE = (
    "pandas",
    "apache_beam.io.gcp.bigquery",
    "apache_beam.io.gcp.gcsfilesystem",
    "apache_beam.io.azure.blobstoragefilesystem",
)
"""What Beam imports where it is installed, and a run on this machine does not use: 0.7 s of processor time with the
extra `dataflow`, 0.3 s with `azure`.
"""


def load_command(module: str, options: CommandOptions, beam_arguments: BeamArguments) -> ModuleType:
    """Imports a command, with Beam if it runs pipelines."""
    with _without_collecting():
        if not options.runs_pipeline:
            return importlib.import_module(module)
        is_local = not any(argument.startswith("--runner") for argument in beam_arguments.together)
        if is_local:
            _get_ready(options)
        _import_beam(without=_NOT_NEEDED_HERE if is_local else ())
        return importlib.import_module(module)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Searches for no garbage during imports, which leave none: 5,000 modules and classes are looked through 300 times
    otherwise, for a tenth of the time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()


def _import_beam(without: Sequence[str]) -> None:
    """Imports Beam as if these modules were not installed. Later imports of them find them."""
    hidden = [name for name in without if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden, cast(ModuleType, None)))  # how Python marks a module that is missing
    try:
        importlib.import_module("apache_beam")
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


def _get_ready(options: CommandOptions) -> None:
    """Begins what a run on this machine waits for otherwise. Where something is wrong, the run itself says so."""
    from hushbeam.pipelines.options.commands.redact import RedactOptions  # noqa: PLC0415

    if not isinstance(options, RedactOptions):
        return
    from hushbeam.transforms.media.isolation.children import begin_server  # noqa: PLC0415

    with suppress(Exception):
        begin_server()
    # Imported here and not in the thread: modules that two threads import at once may be seen half done.
    from hushbeam.transforms.transcribe.engine import load_early  # noqa: PLC0415

    models: list[TranscriptionSettings] = []
    if options.force or _is_new(options.output):  # otherwise all may be up to date
        models.append(options.recognition)
    if options.verification.enabled:
        models.append(options.verification.recogniser(options.recognition))
    load_early(models)


def _is_new(output: str) -> bool:
    try:
        return not Path(output, "status").exists()
    except OSError:
        return False
