"""Parser of command lines: a command's options become a model, all others are passed to Beam."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.runners.runner import create_runner
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from hushbeam.pipelines.options.arguments import leaves, marks_of, nested, parser_of, refuse_unknown_names
from hushbeam.pipelines.options.configuration_file import merged, read_configuration
from hushbeam.pipelines.options.dataflow import protect_samples
from hushbeam.schemas.errors import ConfigurationError

_LOCAL_RUNNERS = frozenset({"FnApiRunner", "DirectRunner", "BundleBasedDirectRunner"})
_DEFAULT_RUNNER = "FnApiRunner"

OptionsT = TypeVar("OptionsT", bound=BaseModel)


def parse(options: type[OptionsT], description: str, arguments: Sequence[str]) -> tuple[OptionsT, PipelineOptions]:
    """Reads the command line.

    Ends the process with status 2 and a message that names the option, where one is missing, wrong or unknown.
    `DirectRunner` would try to download Prism before anything runs, so local runs name Beam's in-process runner.
    """
    parser = parser_of(options, description, takes_beam_options=True)
    ours, beam_arguments = _parsed(parser, options, arguments, _beam_flags())
    beam_options = PipelineOptions(beam_arguments, save_main_session=False)
    if beam_options.view_as(StandardOptions).runner in (None, "DirectRunner"):
        beam_options.view_as(StandardOptions).runner = _DEFAULT_RUNNER
    try:
        _check_runner(beam_options.view_as(StandardOptions).runner)
        protect_samples(beam_options)
    except ConfigurationError as error:
        parser.error(str(error))
    return ours, beam_options


def parse_without_pipeline(options: type[OptionsT], description: str, arguments: Sequence[str]) -> OptionsT:
    """Reads the command line of a command that runs no pipeline, and so takes no options of Beam.

    Ends the process with status 2 and a message that names the option, where one is missing, wrong or unknown.
    """
    parser = parser_of(options, description, takes_beam_options=False)
    ours, others = _parsed(parser, options, arguments, frozenset())
    if others:
        parser.error(f"unexpected argument {others[0]!r}")
    return ours


def _parsed(
    parser: argparse.ArgumentParser, options: type[OptionsT], arguments: Sequence[str], other_flags: Collection[str]
) -> tuple[OptionsT, list[str]]:
    """The options of a command, and the remaining arguments."""
    known, others = parser.parse_known_args(arguments)
    given = vars(known)
    try:
        from_file, others_from_file = read_configuration(given["config"]) if "config" in given else ({}, [])
        refuse_unknown_names(options, from_file)
        others = [*others_from_file, *others]
        _refuse_unknown_flags(parser, others, other_flags)
        return options.model_validate(merged(from_file, nested(options, given))), others
    except ValidationError as error:
        parser.error(_explained(error, given, dict(leaves(options)), others))
    except ConfigurationError as error:
        parser.error(str(error))


def _check_runner(name: str) -> None:
    try:
        create_runner(name)
    except Exception:  # noqa: BLE001 - Beam imports the module of a dotted name, which may raise anything
        known = StandardOptions.KNOWN_RUNNER_NAMES
        near = get_close_matches(name, known, n=1)
        raise ConfigurationError(
            f"--runner: Beam has no runner {name!r} here"
            + (f"; did you mean {near[0]}?" if near else f"; it has {', '.join(sorted(known))}")
        ) from None


def _explained(
    error: ValidationError, given: Mapping[str, Any], options: Mapping[str, FieldInfo], others: Sequence[str]
) -> str:
    """A message that names the flag or, if the value came from a configuration file, its place there."""
    first = error.errors(include_input=False, include_url=False)[0]
    names = [str(part) for part in first["loc"] if isinstance(part, str)] or ["options"]
    message = _expected(first["type"], first["msg"], options.get(names[-1]))
    if first["type"] == "missing" and (unnamed := _without_flag(others)):
        return f"--{names[-1]}: {message}; {unnamed!r} has no option before it: did you mean --{names[-1]} {unnamed}?"
    if first["type"] == "missing" or names[-1] in given or "config" not in given:
        return f"--{names[-1]}: {message}"
    return f"--config: {'.'.join(names)}: {message}"


def _without_flag(arguments: Sequence[str]) -> str | None:
    """The first argument that is neither a flag nor may be the value of the flag before it."""
    before = ["", *arguments]
    for flag, argument in zip(before, arguments, strict=False):
        if not argument.startswith("-") and (not flag.startswith("-") or "=" in flag):
            return argument
    return None


def _expected(kind: str, message: str, field: FieldInfo | None) -> str:
    """What a value should be, instead of pydantic's message."""
    fixed = {
        "missing": "required",
        "tuple_type": "expected a list",
        "too_short": "expected at least one value",
        "string_too_short": "must not be empty",
    }
    if kind in fixed:
        return fixed[kind]
    examples = [mark.examples for mark in marks_of(field) if isinstance(mark, FieldInfo)] if field else []
    shown = [field.examples if field else None, *examples]
    if kind == "string_pattern_mismatch" and (example := next(filter(None, shown), None)):
        return f"expected something like {example[0]}"
    return message.removeprefix("Value error, ").replace("Input should be", "expected").split(", unable to")[0]


def _beam_flags() -> frozenset[str]:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, conflict_handler="resolve")
    for group in PipelineOptions.__subclasses__():
        group._add_argparse_args(parser)
    return frozenset(flag for action in parser._actions for flag in action.option_strings)


def _refuse_unknown_flags(
    parser: argparse.ArgumentParser, arguments: Sequence[str], other_flags: Collection[str]
) -> None:
    """Refuses unknown options, which Beam would drop silently: a typo ends the job before it starts."""
    known = {flag for action in parser._actions for flag in action.option_strings}.union(other_flags)
    for argument in arguments:
        flag = argument.split("=", 1)[0]
        if flag.startswith("--") and flag not in known:
            near = get_close_matches(flag, known, n=1)
            parser.error(f"unknown option {flag}" + (f"; did you mean {near[0]}?" if near else ""))


def is_local(beam_options: PipelineOptions) -> bool:
    """Whether the pipeline runs in this process, ends before `run` returns, and reads secrets on this machine."""
    return beam_options.view_as(StandardOptions).runner in _LOCAL_RUNNERS
