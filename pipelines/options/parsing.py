"""Options from pydantic models: one declaration gives the flag, its help, its default and its check.

A job's options are a frozen model whose fields are groups (models themselves) or single options. Every leaf becomes a
flag of its own name, or of its alias; what is no flag of ours is Beam's. A file may hold what flags do not give.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.runners.runner import create_runner
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from hushbeam.pipelines.options.configuration_file import configuration_schema, merged, read_configuration
from hushbeam.pipelines.options.dataflow import protect_samples
from hushbeam.schemas.errors import ConfigurationError

_LOCAL_RUNNERS = frozenset({"FnApiRunner", "DirectRunner", "BundleBasedDirectRunner"})
_DEFAULT_RUNNER = "FnApiRunner"

RUN_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
"""Of the names of runs, which are names of files too."""

OptionsT = TypeVar("OptionsT", bound=BaseModel)


def parse(options: type[OptionsT], description: str, arguments: Sequence[str]) -> tuple[OptionsT, PipelineOptions]:
    """Reads the command line.

    Ends the process with status 2 and a message that names the option, where one is missing, wrong or unknown.
    `DirectRunner` would try to download Prism before anything runs, so local runs name Beam's in-process runner.
    """
    parser = _parser(options, description)
    known, beam_arguments = parser.parse_known_args(arguments)
    given = vars(known)
    try:
        from_file, beam_from_file = read_configuration(given["config"]) if "config" in given else ({}, [])
        beam_arguments = [*beam_from_file, *beam_arguments]
        _refuse_unknown(parser, beam_arguments)
        ours = options.model_validate(merged(from_file, _nested(options, given)))
        beam_options = PipelineOptions(beam_arguments, save_main_session=False)
        if beam_options.view_as(StandardOptions).runner in (None, "DirectRunner"):
            beam_options.view_as(StandardOptions).runner = _DEFAULT_RUNNER
        _check_runner(beam_options.view_as(StandardOptions).runner)
        protect_samples(beam_options)
    except ValidationError as error:
        parser.error(_explained(error, given))
    except ConfigurationError as error:
        parser.error(str(error))
    return ours, beam_options


def _check_runner(name: str) -> None:
    try:
        create_runner(name)
    except Exception:  # noqa: BLE001 - Beam imports whatever module a name with dots stands for
        known = StandardOptions.KNOWN_RUNNER_NAMES
        near = get_close_matches(name, known, n=1)
        raise ConfigurationError(
            f"--runner: Beam has no runner {name!r} here"
            + (f"; did you mean {near[0]}?" if near else f"; it has {', '.join(sorted(known))}")
        ) from None


def leaves(options: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """All single options with the names of their flags, groups opened."""
    for name, field in options.model_fields.items():
        group = _group(field)
        if group is None:
            yield field.alias or name, field
        else:
            yield from leaves(group)


def _parser(options: type[BaseModel], description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
        epilog="All other options are Apache Beam's: --runner, --parallelism, --temp_location, …",
    )
    section = parser.add_argument_group("what and where")
    section.add_argument(
        "--config", default=argparse.SUPPRESS, metavar="FILE", help="YAML file with options; flags override it"
    )
    section.add_argument(
        "--print_config_schema", action=_PrintSchema, schema=options, help="print its JSON Schema, and end"
    )
    for name, field in options.model_fields.items():
        group = _group(field)
        if group is None:
            _add(section, field.alias or name, field)
            continue
        title = parser.add_argument_group(name.replace("_", " "), description=(group.__doc__ or "").split("\n\n")[0])
        for inner, inner_field in leaves(group):
            _add(title, inner, inner_field)
    return parser


def _add(section: Any, name: str, field: FieldInfo) -> None:
    kind = _without_none(field.annotation)
    settings: dict[str, Any] = {"dest": name, "help": (field.description or "").replace("%", "%%")}
    settings["default"] = argparse.SUPPRESS
    if field.is_required():
        settings["help"] += " (required)"
    elif field.get_default(call_default_factory=True) not in (None, (), ""):
        settings["help"] += f" (default: {_shown(field.get_default(call_default_factory=True))})"
    if kind is bool:
        section.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, **settings)
    elif get_origin(kind) is tuple:
        section.add_argument(f"--{name}", nargs="+", metavar="…", **settings)
    elif get_origin(kind) is Literal:
        section.add_argument(f"--{name}", choices=get_args(kind), **settings)
    else:
        section.add_argument(f"--{name}", metavar=kind.__name__.upper(), **settings)


def _shown(default: Any) -> str:
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default)


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        (kind,) = [argument for argument in get_args(annotation) if argument is not type(None)]
        return kind
    return annotation


def _group(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _nested(options: type[BaseModel], flat: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, field in options.model_fields.items():
        group = _group(field)
        if group is not None:
            values[name] = _nested(group, flat)
        elif (flag := field.alias or name) in flat:
            values[flag] = flat[flag]
    return values


def _explained(error: ValidationError, given: dict[str, Any]) -> str:
    """Names the flag where the user gave one, and the place in the file where the value came from there."""
    first = error.errors(include_input=False, include_url=False)[0]
    names = [str(part) for part in first["loc"] if isinstance(part, str)] or ["options"]
    if first["type"] == "missing" or names[-1] in given or "config" not in given:
        return f"--{names[-1]}: {first['msg']}"
    return f"--config: {'.'.join(names)}: {first['msg']}"


class _PrintSchema(argparse.Action):
    """Prints the JSON Schema of the job's configuration file and ends the process."""

    def __init__(self, option_strings: list[str], dest: str, schema: type[BaseModel], help: str) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)
        self._schema = schema

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        try:
            json.dump(configuration_schema(self._schema), sys.stdout, indent=2)
            sys.stdout.write("\n")
            sys.stdout.flush()
        except OSError:  # whoever read it has enough, or its disk is full
            parser.exit(1)
        parser.exit()


def _refuse_unknown(parser: argparse.ArgumentParser, beam_arguments: Sequence[str]) -> None:
    """Beam drops options that it does not know; here a typo ends the job before it starts."""
    beam_parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, conflict_handler="resolve")
    for group in PipelineOptions.__subclasses__():
        group._add_argparse_args(beam_parser)
    known = {flag for flags in (parser, beam_parser) for action in flags._actions for flag in action.option_strings}
    for argument in beam_arguments:
        flag = argument.split("=", 1)[0]
        if flag.startswith("--") and flag not in known:
            near = get_close_matches(flag, known, n=1)
            parser.error(f"unknown option {flag}" + (f"; did you mean {near[0]}?" if near else ""))


def is_local(beam_options: PipelineOptions) -> bool:
    """Whether the pipeline runs in this process: it is over when `run` returns, and this machine has its secrets."""
    return beam_options.view_as(StandardOptions).runner in _LOCAL_RUNNERS
