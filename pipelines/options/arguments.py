"""Command-line flags from pydantic models: one declaration gives the flag, its help, its default and its check.

A command's options are a frozen model whose fields are groups (models or dataclasses themselves) or single options.
Every option becomes a flag of its own name, or of its alias. A field without a description is not an option.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import partial
from types import UnionType
from typing import Annotated, Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hushbeam.pipelines.options.configuration_file import configuration_schema
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.metavar import Metavar

_BEAM_OPTIONS = "Other options are Apache Beam's, such as --runner, --parallelism and --temp_location."

Group = type[Any]
"""A pydantic model, or a dataclass whose fields carry pydantic's metadata."""


def fields_of(group: Group) -> dict[str, FieldInfo]:
    """The fields of a group by name, options or not."""
    if issubclass(group, BaseModel):
        return dict(group.model_fields)
    types = get_type_hints(group, include_extras=True)
    fields = ((field.name, field) for field in dataclasses.fields(group))
    return {name: FieldInfo.from_annotated_attribute(types[name], field) for name, field in fields}


def leaves(options: Group) -> Iterator[tuple[str, FieldInfo]]:
    """All options with the names of their flags, including those inside groups."""
    for name, field in fields_of(options).items():
        group = group_of(field)
        if group is not None:
            yield from leaves(group)
        elif field.description:
            yield flag_of(name, field), field


def group_of(field: FieldInfo) -> Group | None:
    """The group that a field holds, if it holds one."""
    kind = field.annotation
    return kind if isinstance(kind, type) and (issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind)) else None


def flag_of(name: str, field: FieldInfo) -> str:
    """The flag of a field, without dashes; configuration files use the same name."""
    alias = field.validation_alias
    return alias if isinstance(alias, str) else name


def marks_of(field: FieldInfo) -> Iterator[Any]:
    """The annotations of a field's type, at any depth."""
    yield from field.metadata
    yield from _marks(field.annotation)


def _marks(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
    for argument in get_args(annotation) if get_origin(annotation) is not Literal else ():
        yield from _marks(argument)


def nested(options: Group, flat: Mapping[str, Any]) -> dict[str, Any]:
    """Values by flag, arranged in the options' groups."""
    values: dict[str, Any] = {}
    for name, field in fields_of(options).items():
        group = group_of(field)
        if group is not None:
            values[name] = nested(group, flat)
        elif (flag := flag_of(name, field)) in flat:
            values[flag] = flat[flag]
    return values


def refuse_unknown_names(options: Group, content: Mapping[Any, Any], place: str = "") -> None:
    """Checks the names in a configuration file.

    Raises:
      ConfigurationError: A name is neither an option nor a group, or a group is not a mapping.
    """
    groups = {name: group for name, field in fields_of(options).items() if (group := group_of(field))}
    known = {flag_of(name, field) for name, field in fields_of(options).items() if field.description} | groups.keys()
    for name, value in content.items():
        if name not in known:
            near = get_close_matches(str(name), known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigurationError(f"--config: {place}{name}: unknown option{hint}")
        if name in groups and value is not None:
            if not isinstance(value, Mapping):
                raise ConfigurationError(f"--config: {place}{name}: expected options as NAME: VALUE")
            refuse_unknown_names(groups[name], value, f"{place}{name}.")


def parser_of(options: type[BaseModel], description: str, *, takes_beam_options: bool) -> argparse.ArgumentParser:
    """An argparse parser with a flag for every option, in groups."""
    parser = _Parser(
        usage=_usage(options),
        description=description.strip(),
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
        add_help=False,
        epilog=_BEAM_OPTIONS if takes_beam_options else None,
    )
    section = parser.add_argument_group("input and output")
    for name, field in options.model_fields.items():
        group = group_of(field)
        if group is None:
            _add(section, flag_of(name, field), field)
            continue
        summary = " ".join((group.__doc__ or "").split("\n\n")[0].split())
        title = parser.add_argument_group(name.replace("_", " "), description=summary)
        for inner, inner_field in leaves(group):
            _add(title, inner, inner_field)
    section = parser.add_argument_group("help and configuration")
    section.add_argument("-h", "--help", action="help", help="show this help and exit")
    section.add_argument(
        "--config",
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="YAML file with options in the groups above (docs/command_line.md); flags override it",
    )
    section.add_argument(
        "--print_config_schema",
        action=_PrintSchema,
        schema=partial(configuration_schema, options, takes_beam_options=takes_beam_options),
        help="print the JSON Schema of configuration files and exit",
    )
    return parser


def _usage(options: type[BaseModel]) -> str:
    required = (f"--{flag} {_metavar(field)}" for flag, field in leaves(options) if field.is_required())
    return " ".join(("%(prog)s", *required, "[options]"))


def _add(section: Any, flag: str, field: FieldInfo) -> None:
    kind = _plain(field.annotation)
    text = (field.description or "").replace("%", "%%")
    default = field.get_default(call_default_factory=True)
    if field.is_required():
        text += " (required)"
    elif default is True:
        text += " (default: on)"
    elif default not in (None, (), "", False) or (default == 0 and kind is not bool):
        text += f" (default: {' '.join(map(str, default)) if isinstance(default, tuple) else default})"
    settings: dict[str, Any] = {"dest": flag, "help": text, "default": argparse.SUPPRESS}
    if kind is bool:
        section.add_argument(f"--{flag}", action=argparse.BooleanOptionalAction, **settings)
    elif get_origin(kind) is Literal:
        section.add_argument(f"--{flag}", choices=get_args(kind), **settings)
    else:
        many = {"nargs": "+"} if get_origin(kind) is tuple else {}
        section.add_argument(f"--{flag}", metavar=_metavar(field), **many, **settings)


def _metavar(field: FieldInfo) -> str:
    kind = _plain(field.annotation)
    named = next((mark.name for mark in marks_of(field) if isinstance(mark, Metavar)), None)
    return named or {int: "N", float: "NUMBER"}.get(kind, "TEXT")


def _plain(annotation: Any) -> Any:
    """A type without its annotations and without None."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        (kind,) = [argument for argument in get_args(annotation) if argument is not type(None)]
        return _plain(kind)
    return annotation


class _Parser(argparse.ArgumentParser):
    """Prints an error in the first line, without a list of all options before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n{self.prog} --help lists the options.\n")


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of the description, and shows each flag once."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if isinstance(action, argparse.BooleanOptionalAction):
            return f"--[no-]{action.dest}"
        flags = ", ".join(action.option_strings)
        if action.nargs == 0:
            return flags
        value = self._format_args(action, self._get_default_metavar_for_optional(action)).split(" [")[0]
        return f"{flags} {value}" + " …" * (action.nargs == "+")


class _PrintSchema(argparse.Action):
    """Prints the JSON Schema of the command's configuration file and ends the process."""

    def __init__(self, option_strings: list[str], dest: str, schema: Callable[[], Any], help: str) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)
        self._schema = schema

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        try:
            json.dump(self._schema(), sys.stdout, indent=2)
            sys.stdout.write("\n")
            sys.stdout.flush()
        except OSError:  # the reader has ended, or the disk is full
            parser.exit(1)
        parser.exit()
