"""Options of a command as pydantic models: one declaration gives the flag, its help, its default and its check.

A command's options are a frozen model whose fields are groups (models or dataclasses themselves) or single options.
Every option becomes a flag of its own name, or of its alias. A field without a description is not an option.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from hushbeam.pipelines.options.wrong import WrongOption
from hushbeam.transforms.base.metavar import Metavar

Group = type[Any]
"""A pydantic model, or a dataclass whose fields carry pydantic's metadata."""


@dataclasses.dataclass(frozen=True)
class Positional:
    """Marks the option whose values are given without a flag, as in `Annotated[tuple[str, ...], Positional()]`."""


class CommandOptions(BaseModel):
    """All options of a command. The docstring of its module is the command's help.

    Attributes:
      runs_pipeline: Whether it takes Beam's options too.
      needs_inputs: Whether it does nothing without the values that are given without a flag.
      basic: The options that `--help` shows; None for all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    runs_pipeline: ClassVar[bool] = True
    needs_inputs: ClassVar[bool] = False
    basic: ClassVar[frozenset[str] | None] = None

    @classmethod
    def command(cls) -> str:
        """The name of the command."""
        return cls.__name__.removesuffix("Options").lower()

    def wrong_together(self) -> Iterator[WrongOption]:
        """What is wrong although each value is right by itself, before anything is imported for the command."""
        return iter(())


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


def is_positional(field: FieldInfo) -> bool:
    """Whether the option's values are given without a flag."""
    return any(isinstance(mark, Positional) for mark in field.metadata)


def metavar_of(field: FieldInfo) -> str:
    """What help shows for the option's value."""
    named = next((mark.name for mark in marks_of(field) if isinstance(mark, Metavar)), None)
    return named or {int: "N", float: "NUMBER"}.get(type_of(field), "TEXT")


def type_of(field: FieldInfo) -> Any:
    """The type of an option without its annotations and without None."""
    return _plain(field.annotation)


def _plain(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        (kind,) = [argument for argument in get_args(annotation) if argument is not type(None)]
        return _plain(kind)
    return annotation


def is_list(field: FieldInfo) -> bool:
    """Whether the option has several values."""
    return get_origin(type_of(field)) is tuple


def shown_default(field: FieldInfo) -> str:
    """The default for help; empty where there is none to show."""
    default = field.get_default(call_default_factory=True)
    if default is True:
        return "on"
    if field.is_required() or default in (None, (), "") or default is False:
        return ""
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default)


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


def with_lists(options: Group, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a configuration file, with a list for each single text that stands for one."""
    values = dict(content)
    for name, field in fields_of(options).items():
        given, group = values.get(flag_of(name, field)), group_of(field)
        if group is not None and isinstance(given, Mapping):
            values[name] = with_lists(group, given)
        elif is_list(field) and isinstance(given, str):
            values[flag_of(name, field)] = [given]
    return values


def unknown_names(options: Group, content: Mapping[Any, Any], place: str) -> Iterator[str]:
    """Messages about the names in a configuration file that are neither an option nor a group with options.

    Args:
      place: What stands before a name in messages.
    """
    groups = {name: group for name, field in fields_of(options).items() if (group := group_of(field))}
    known = {flag_of(name, field) for name, field in fields_of(options).items() if field.description} | groups.keys()
    for name, value in content.items():
        if name not in known:
            yield f"{place}{name}: unknown option{_hint(options, name, known)}"
        elif name in groups and value is not None:
            if isinstance(value, Mapping):
                yield from unknown_names(groups[name], value, f"{place}{name}.")
            else:
                yield f"{place}{name}: expected options as NAME: VALUE"


def _hint(options: Group, name: Any, known: set[str]) -> str:
    """The option that was probably meant, and the group in which it belongs."""
    for group_name, field in fields_of(options).items():
        group = group_of(field)
        if group is not None and name in {flag for flag, _ in leaves(group)}:
            return f"; it belongs in the group {group_name}"
    near = get_close_matches(str(name), known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
