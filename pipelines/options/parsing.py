"""Parser of command lines: a command's options become a model, all others are passed to Beam."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.options import beam_flags
from hushbeam.pipelines.options.arguments import (
    CommandOptions,
    leaves,
    marks_of,
    nested,
    unknown_names,
    with_lists,
)
from hushbeam.pipelines.options.command import CONFIG, HELP_ALL, SCHEMA, Command
from hushbeam.pipelines.options.configuration_file import configuration_schema, merged, read_configuration
from hushbeam.pipelines.options.wrong import WrongOption, WrongOptions
from hushbeam.schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions

_LOCAL_RUNNERS = frozenset({"FnApiRunner", "DirectRunner", "BundleBasedDirectRunner"})
_DEFAULT_RUNNER = "FnApiRunner"
_INVALID_VALUE = re.compile(r"invalid (\w+) value: (.*)")
_TYPES = {"int": "an integer", "float": "a number", "loads": "JSON"}
_EXIT_COMPLETED, _EXIT_BROKEN, _EXIT_USAGE = 0, 1, 2
_PLAIN = {
    "Value error, ": "",
    "Input should be": "expected",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
    "greater than": "more than",
}
_OF_NAMES = frozenset({"extra_forbidden", "model_type", "dataclass_type"})
"""Errors about names and groups in a configuration file, which `unknown_names` explains."""
_HELP_FLAGS = frozenset({"-h", "--help", f"--{HELP_ALL}"})

OptionsT = TypeVar("OptionsT", bound=CommandOptions)


class BeamArguments(NamedTuple):
    """Arguments for Beam; those of the command line override those of a configuration file.

    Attributes:
      config: The configuration file.
    """

    given: Sequence[str] = ()
    from_file: Sequence[str] = ()
    config: str | None = None

    @property
    def together(self) -> list[str]:
        """All of them, as Beam takes them."""
        return [*self.from_file, *self.given]

    @property
    def place(self) -> str:
        """What stands before a message about an argument of the configuration file."""
        return f"--config: {self.config}: beam: "


def parse(options: type[OptionsT], arguments: Sequence[str]) -> tuple[OptionsT, PipelineOptions]:
    """Reads the command line of a command that runs a pipeline.

    Ends the process with status 2 and a message for each option that is missing, wrong or unknown.
    """
    ours, beam_arguments = read(options, arguments)
    return ours, pipeline_options(beam_arguments, Command(options).program)


def parse_without_pipeline(options: type[OptionsT], arguments: Sequence[str]) -> OptionsT:
    """Reads the command line of a command that runs no pipeline, and so takes no options of Beam.

    Ends the process with status 2 and a message for each option that is missing, wrong or unknown.
    """
    return read(options, arguments)[0]


def read(options: type[OptionsT], arguments: Sequence[str]) -> tuple[OptionsT, BeamArguments]:
    """The options of a command, and the arguments for Beam. Beam is imported only if its options may be wrong too.

    Ends the process with status 0 after it showed help or the schema; with status 2 and a message for each option that
    is missing, wrong or unknown.
    """
    command = Command(options)
    before_values = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if asked := _HELP_FLAGS.intersection(before_values):
        with _leaving():
            command.show_help(everything=f"--{HELP_ALL}" in asked)
    if f"--{SCHEMA}" in before_values:
        with _leaving():
            json.dump(configuration_schema(options, takes_beam_options=options.runs_pipeline), sys.stdout, indent=2)
            sys.stdout.write("\n")
    wrong = WrongOptions()
    checked, beam_arguments = _checked(command, options, arguments, wrong)
    if wrong.messages and beam_arguments.together:
        wrong.add(_wrong_for_beam(beam_arguments))
    if wrong.messages or checked is None:
        refuse(wrong.messages, command.program)
    return checked, beam_arguments


def refuse(messages: Sequence[str], program: str) -> NoReturn:
    """Prints all that is wrong with a command line, and ends the process with status 2."""
    complain(*messages, program=program)
    raise SystemExit(_EXIT_USAGE)


def complain(*messages: str, program: str = "hushbeam") -> None:
    """Prints what is wrong with a command line, a line for each thing, then where its help is."""
    console = Console(stderr=True)
    with suppress(OSError, ValueError):  # nobody reads it
        for message in messages:
            console.print(f"[bold red]error:[/] {escape(message)}", highlight=False, soft_wrap=not console.is_terminal)
        console.print(f"{program} --help shows how it is used", markup=False, highlight=False)


def _checked(
    command: Command, options: type[OptionsT], arguments: Sequence[str], wrong: WrongOptions
) -> tuple[OptionsT | None, BeamArguments]:
    """The options, None if they are not complete, and the arguments for Beam. What is wrong is added to `wrong`."""
    own, given_to_beam, unknown = _divided(command, arguments)
    wrong.add(unknown)
    given, misused = command.given(own)
    wrong.add(misused)
    config = given.get(CONFIG)
    from_file, beam_from_file, unread = _configuration(config)
    wrong.add(unread)
    if not options.runs_pipeline and beam_from_file:
        wrong.add([WrongOption("--config: beam: this command runs no pipeline and takes no options of Beam")])
        beam_from_file = []
    wrong.add(WrongOption(message) for message in unknown_names(options, from_file, f"--config: {config}: "))
    _, beam_from_file, unknown = _divided(command, beam_from_file, only_beam=True)
    beam_arguments = BeamArguments(given_to_beam, beam_from_file, config)
    wrong.add(one._replace(message=beam_arguments.place + one.message) for one in unknown)
    values = merged(with_lists(options, from_file), nested(options, given))
    # The file may give what is missing, once it can be read.
    checked = validated(options, values, given, wrong, config, missing=not unread)
    if checked is not None and not unread:
        wrong.add(checked.wrong_together())
    return checked, beam_arguments


def validated(
    options: type[OptionsT],
    values: Mapping[str, Any],
    given: Mapping[str, Any],
    wrong: WrongOptions,
    config: str | None = None,
    *,
    missing: bool = True,
) -> OptionsT | None:
    """The options, without those that are wrong by themselves, which are added to `wrong`; None if too few are left.

    Args:
      values: Values in groups, as the model has them.
      given, config, missing: As for `explained`.
    """
    try:
        return options.model_validate(values)
    except ValidationError as error:
        wrong.add(explained(error, given, dict(leaves(options)), config, missing=missing))
        with suppress(ValidationError):
            return options.model_validate(_without_wrong(values, error))
    return None


def _configuration(url: str | None) -> tuple[dict[str, Any], list[str], list[WrongOption]]:
    """The content of a configuration file, and why it cannot be read."""
    if url is None:
        return {}, [], []
    try:
        return *read_configuration(url), []
    except ConfigurationError as error:
        return {}, [], [WrongOption(str(error), frozenset({CONFIG}))]


def _without_wrong(values: Mapping[str, Any], error: ValidationError) -> dict[str, Any]:
    """The values without those that are wrong, to check the others together."""
    kept = merged(values, {})
    for each in error.errors(include_input=False, include_url=False, include_context=False):
        group: Any = kept
        names = _place_of(each["loc"])
        for name in names[:-1]:
            group[name] = dict(group[name]) if isinstance(group.get(name), Mapping) else {}
            group = group[name]
        for name in names[-1:]:
            group.pop(name, None)
    return kept


def _place_of(location: Sequence[str | int]) -> list[str]:
    """The names of the groups and of the option, without the place in a list."""
    return [part for part in location if isinstance(part, str)]


@contextmanager
def _leaving() -> Iterator[None]:
    """Ends the process after its output is written."""
    try:
        yield
        sys.stdout.flush()
    except OSError:  # the reader has ended, or the disk is full
        raise SystemExit(_EXIT_BROKEN) from None
    raise SystemExit(_EXIT_COMPLETED)


def _divided(
    command: Command, arguments: Sequence[str], *, only_beam: bool = False
) -> tuple[list[str], list[str], list[WrongOption]]:
    """The arguments of the command itself, those for Beam, and the options that neither has.

    Beam would drop unknown options silently: a typo ends the job before it starts.
    """
    ours: list[str] = []
    beams: list[str] = []
    unknown: list[WrongOption] = []
    flags = frozenset() if only_beam else command.flags
    rest, inputs = list(arguments), []
    end = rest.index("--") if "--" in rest else len(rest)
    rest, after = rest[:end], rest[end + 1 :]
    while rest:
        argument = rest.pop(0)
        if argument == "-":  # standard input, which cyclopts would take for an option
            inputs.append(argument)
        elif not argument.startswith("--"):
            ours.append(argument)
        elif (spelled := _spelled(name := argument[2:].partition("=")[0], flags)) in flags:
            ours.append(f"--{spelled}" + argument[2 + len(name) :])
        elif command.options.runs_pipeline and (takes_value := _taken_by_beam(name)) is not None:
            beams.append(argument)
            if takes_value and "=" not in argument and rest and not rest[0].startswith("--"):
                beams.append(rest.pop(0))
        else:
            near = command.near(name, only_beam=only_beam)
            unknown.append(command.unknown(argument, near))
            if near in flags:  # read as what was meant, so that its values are not taken for others
                ours.append(f"--{near}" + argument[2 + len(name) :])
            elif "=" not in argument and near not in beam_flags.SWITCHES:
                while rest and not rest[0].startswith("--"):
                    rest.pop(0)
    if after and command.positional is None:
        unknown.append(_after_dashes(after, command))
    else:
        inputs += after
    return [*ours, "--", *inputs] if inputs else ours, beams, unknown


def _after_dashes(arguments: Sequence[str], command: Command) -> WrongOption:
    """That a command takes none of the arguments after `--`. What was given as an option there is not missing too."""
    named = {argument[2:].partition("=")[0] for argument in arguments if argument.startswith("--")}
    return WrongOption(
        f"{command.program} takes no inputs; what follows -- is read as inputs, so give options before it",
        frozenset(command.fields.keys() & named),
    )


def _spelled(name: str, flags: frozenset[str]) -> str:
    """The flag as it is declared, where dashes are given for underscores."""
    if name in flags:
        return name
    switch = "no-" if name.startswith("no-") else ""
    spelled = switch + name.removeprefix(switch).replace("-", "_")
    return spelled if spelled in flags else name


def _taken_by_beam(name: str) -> bool | None:
    """Whether Beam's option of this name has a value; None if Beam has no such option."""
    if name in beam_flags.WITH_VALUE:
        return True
    if name in beam_flags.SWITCHES:
        return False
    if importlib.metadata.version("apache-beam") == beam_flags.VERSION:
        return None
    for action in beam_parser()._actions:
        if f"--{name}" in action.option_strings:
            return action.nargs != 0
    return None


class _BeamParser(argparse.ArgumentParser):
    """Beam's own parser, with errors that are raised."""

    def error(self, message: str) -> NoReturn:
        option, _, wrong = message.removeprefix("argument ").partition(": ")
        flag = option.split("/")[0]
        if match := _INVALID_VALUE.fullmatch(wrong):
            wrong = f"expected {_TYPES.get(match[1], f'a value of the type {match[1]}')}, not {match[2]}"
        raise ConfigurationError(f"{flag}: {wrong.replace('expected one argument', 'expected a value')}")


def beam_parser() -> argparse.ArgumentParser:
    """Beam's own parser of its options; it raises `ConfigurationError`."""
    from apache_beam.options.pipeline_options import PipelineOptions  # noqa: PLC0415 - takes a second

    parser = _BeamParser(add_help=False, allow_abbrev=False, conflict_handler="resolve")
    for group in PipelineOptions.__subclasses__():
        group._add_argparse_args(parser)
    return parser


def pipeline_options(arguments: BeamArguments, program: str) -> PipelineOptions:
    """Beam's options, checked.

    Ends the process with status 2 and a message for each option that is missing or wrong. `DirectRunner` would try to
    download Prism before anything runs, so local runs name Beam's in-process runner.
    """
    if wrong := list(_wrong_for_beam(arguments)):
        refuse([one.message for one in wrong], program)
    return _pipeline_options(arguments.together)


def _wrong_for_beam(arguments: BeamArguments) -> Iterator[WrongOption]:
    """What Beam refuses of its options: values by themselves; then, if all are right, the options together."""
    wrong = [WrongOption(arguments.place + problem) for problem in _wrong_values_for_beam(arguments.from_file)]
    wrong += map(WrongOption, _wrong_values_for_beam(arguments.given))
    yield from wrong
    if not wrong:
        try:
            problems = _beam_problems(_pipeline_options(arguments.together))
        except ConfigurationError as error:
            problems = [str(error)]
        yield from (WrongOption(arguments.place * _is_of_file(problem, arguments) + problem) for problem in problems)


def _is_of_file(problem: str, arguments: BeamArguments) -> bool:
    """Whether the configuration file alone gave the option that a message begins with, or all options."""
    of_file, given = (
        {argument.partition("=")[0] for argument in part} for part in (arguments.from_file, arguments.given)
    )
    return problem.partition(":")[0] in of_file - given or bool(of_file and not given)


def _wrong_values_for_beam(arguments: Sequence[str]) -> Iterator[str]:
    if not arguments:
        return
    parser = beam_parser()
    starts = [place for place, argument in enumerate(arguments) if argument.startswith("--")]
    for start, end in pairwise([*starts, len(arguments)]):
        try:  # one by one, because the parser ends at the first that is wrong
            parser.parse_args(list(arguments[start:end]))
        except ConfigurationError as error:
            yield str(error)


def _beam_problems(beam_options: PipelineOptions) -> list[str]:
    from apache_beam.options.pipeline_options import GoogleCloudOptions, StandardOptions  # noqa: PLC0415 - takes a second
    from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator  # noqa: PLC0415

    validator = PipelineOptionsValidator(beam_options, _runner(beam_options.view_as(StandardOptions).runner))
    return [
        f"Beam: {problem}"
        for group in validator.OPTIONS
        # The check of options for Google's cloud would make a bucket there.
        if group is not GoogleCloudOptions and "validate" in vars(group)
        for problem in beam_options.view_as(group).validate(validator)
    ]


def _pipeline_options(arguments: Sequence[str]) -> PipelineOptions:
    from apache_beam.options.pipeline_options import StandardOptions  # noqa: PLC0415 - takes a second

    from hushbeam.pipelines.options.cached_views import OptionsWithViews  # noqa: PLC0415
    from hushbeam.pipelines.options.dataflow import protect_samples  # noqa: PLC0415

    beam_options = OptionsWithViews(list(arguments), save_main_session=False)
    standard = beam_options.view_as(StandardOptions)
    standard.runner = _beams_name(standard.runner or _DEFAULT_RUNNER)
    if standard.runner == "DirectRunner":
        standard.runner = _DEFAULT_RUNNER
    protect_samples(beam_options)
    return beam_options


def _beams_name(runner: str) -> str:
    """The name of a runner as Beam writes it, which takes it in any case, without `Runner` too, and by its module."""
    from apache_beam.options.pipeline_options import StandardOptions  # noqa: PLC0415

    known = {name.lower(): name for name in StandardOptions.KNOWN_RUNNER_NAMES}
    last = (runner.rsplit(".", 1)[-1] if runner in StandardOptions.ALL_KNOWN_RUNNERS else runner).lower()
    name = known.get(last) or known.get(f"{last}runner") or runner
    return "DirectRunner" if name == "SwitchingDirectRunner" else name


def _runner(name: str) -> Any:
    from apache_beam.options.pipeline_options import StandardOptions  # noqa: PLC0415
    from apache_beam.runners.runner import create_runner  # noqa: PLC0415

    try:
        return create_runner(name)
    except Exception:  # noqa: BLE001 - Beam imports the module of a dotted name, which may raise anything
        known = StandardOptions.KNOWN_RUNNER_NAMES
        near = get_close_matches(name, known, n=1)
        raise ConfigurationError(
            f"--runner: Beam has no runner {name!r} here"
            + (f"; did you mean {near[0]}?" if near else f"; it has {', '.join(sorted(known))}")
        ) from None


def explained(
    error: ValidationError,
    given: Mapping[str, Any],
    options: Mapping[str, FieldInfo],
    config: str | None = None,
    *,
    missing: bool = True,
) -> list[WrongOption]:
    """Messages that name the flag or, if the value came from a configuration file, its place there.

    Args:
      given: The values that were given beside the file, by flag.
      config: The configuration file.
      missing: Whether options that are missing count.
    """
    wrong: dict[Sequence[str | int], WrongOption] = {}
    for each in error.errors(include_input=False, include_url=False):
        if each["type"] in _OF_NAMES or (each["type"] == "missing" and not missing):
            continue
        names = _place_of(each["loc"]) or ["options"]
        message = _explained(each, names, given, options, config)
        # A value of several possible types has an error for each; the first is enough.
        wrong.setdefault(each["loc"][: len(names) + 1], WrongOption(message, frozenset({names[-1]})))
    return list(wrong.values())


def _explained(
    error: Any, names: Sequence[str], given: Mapping[str, Any], options: Mapping[str, FieldInfo], config: str | None
) -> str:
    message = _expected(error["type"], error["msg"], options.get(names[-1]))
    if error["type"] == "missing" or names[-1] in given or config is None:
        mistaken = _not_a_value(given.get(names[-1]), error)
        return f"--{names[-1]}: {message.removesuffix('.') + mistaken if mistaken else message}"
    return f"--config: {config}: {'.'.join(names)}: {message}"


def _not_a_value(values: Any, error: Any) -> str:
    """A remark if a list of options has taken what should be an input."""
    took_paths = (
        isinstance(values, tuple)
        and len(values) > 1
        and any(isinstance(value, str) and "/" in value for value in values)
    )
    is_policy = error["type"] == "value_error" and "policy" in error["msg"]
    return "; give recordings before the options" if took_paths and is_policy else ""


def _expected(kind: str, message: str, field: FieldInfo | None) -> str:
    """What a value should be, instead of pydantic's message."""
    fixed = {
        "missing": "required",
        "tuple_type": "expected a list",
        "too_short": "expected at least one value",
        "string_too_short": "must not be empty",
        "string_type": "expected text",
        "bool_type": "expected true or false",
        "bool_parsing": "expected true or false",
    }
    if kind in fixed:
        return fixed[kind]
    examples = [mark.examples for mark in marks_of(field) if isinstance(mark, FieldInfo)] if field else []
    shown = [field.examples if field else None, *examples]
    if kind == "string_pattern_mismatch" and (example := next(filter(None, shown), None)):
        return f"expected something like {example[0]}"
    if kind == "literal_error":  # pydantic quotes the names
        message = message.replace("'", "")
    for given, plain in _PLAIN.items():
        message = message.replace(given, plain)
    return message.split(", unable to")[0]


def is_local(beam_options: PipelineOptions) -> bool:
    """Whether the pipeline runs in this process, ends before `run` returns, and reads secrets on this machine."""
    from apache_beam.options.pipeline_options import StandardOptions  # noqa: PLC0415

    return _beams_name(beam_options.view_as(StandardOptions).runner or "") in _LOCAL_RUNNERS
