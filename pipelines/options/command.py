"""A command as a cyclopts application: its options become parameters with panels, help and shell completion.

cyclopts takes the values from the command line as text; the options' model converts and checks them, as it does those
of configuration files.
"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from cyclopts import App, CycloptsError, Parameter, Token
from cyclopts import Group as Panel
from cyclopts.exceptions import CoercionError, MissingArgumentError, UnknownOptionError, UnusedCliTokensError
from cyclopts.help import DefaultFormatter, HelpEntry, HelpPanel
from cyclopts.help.specs import ColumnSpec, DescriptionColumn, TableSpec, get_default_command_columns
from pydantic.fields import FieldInfo
from rich.console import Console, ConsoleOptions
from rich.padding import Padding
from rich.text import Text

from hushbeam.pipelines.options import beam_flags
from hushbeam.pipelines.options.arguments import (
    CommandOptions,
    Group,
    fields_of,
    flag_of,
    group_of,
    is_list,
    is_positional,
    leaves,
    metavar_of,
    shown_default,
    type_of,
)
from hushbeam.pipelines.options.wrong import WrongOption
from hushbeam.transforms.storage import urls

CONFIG, SCHEMA, HELP, HELP_ALL = "config", "print_config_schema", "help", "help-all"
"""Flags that every command has beside its options."""

_PATHS = frozenset({"FILE", "FOLDER", "INPUT", "MODEL"})
_BEAM_OPTIONS = "Other options are Apache Beam's, such as --runner, --parallelism and --temp_location."
_WIDEST = 100
_LONGEST_CHOICES, _LONGEST_USAGE, _LONGEST_TITLE = 20, 72, 74
_MOST_BASIC = 22
"""A command with more options shows only its basic ones in `--help`."""
_LIKE_AN_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_LIKE_A_NAME = 0.7


class Command:
    """Name, help and flags of a command."""

    def __init__(self, options: type[CommandOptions]) -> None:
        self.options = options
        self.name = options.command()
        self.fields = dict(leaves(options))
        self.positional = next((flag for flag, field in self.fields.items() if is_positional(field)), None)

    @property
    def program(self) -> str:
        """What is typed to start it."""
        return f"hushbeam {self.name}".strip()

    @property
    def flags(self) -> frozenset[str]:
        """All flags, without dashes."""
        own = (flag for flag in self.fields if flag != self.positional)
        switches = (f"no-{flag}" for flag, field in self.fields.items() if type_of(field) is bool)
        return frozenset((*own, *switches, CONFIG, SCHEMA, HELP, HELP_ALL))

    def near(self, name: str, *, only_beam: bool = False) -> str | None:
        """The option that was probably meant by a name without dashes: one of the command, or of Beam."""
        if not _LIKE_AN_OPTION.fullmatch(name):  # it may be a secret
            return None
        own = frozenset() if only_beam else self.flags
        known = own | beam_flags.WITH_VALUE | beam_flags.SWITCHES if self.options.runs_pipeline else own
        started = [flag for flag in self._basic() if flag in own and flag.startswith(name)]
        if name in known or len(started) == 1:
            return name if name in known else started[0]
        return next(iter(get_close_matches(name, known, n=1, cutoff=_LIKE_A_NAME)), None)

    def unknown(self, argument: str, near: str | None) -> WrongOption:
        """That an argument that begins with a dash is no option; `near` is the one that was meant.

        All of it may be a secret, such as a key that begins with dashes; after two, a name is unlikely to be one.
        """
        argument = argument.partition("=")[0]
        dashes, name = ("--", argument[2:]) if argument.startswith("--") else ("-", argument[1:])
        is_told = near is not None or len(name) == 1 or (dashes == "--" and _LIKE_AN_OPTION.fullmatch(name))
        # Its values may be what was meant as inputs.
        inputs = frozenset({self.positional} if self.positional else ())
        if not is_told:
            return WrongOption(
                f"an argument begins with {dashes} and is no option; write such a value as --NAME=VALUE", inputs
            )
        if near is None:
            return WrongOption(f"unknown option {argument}", inputs)
        return WrongOption(f"unknown option {argument}; did you mean --{near}?", frozenset({self._option(near)}))

    def _option(self, flag: str) -> str:
        """The option that a flag sets, or turns off."""
        turned_off = flag.removeprefix("no-")
        return turned_off if flag not in self.fields and turned_off in self.fields else flag

    def given(self, arguments: Sequence[str]) -> tuple[dict[str, Any], list[WrongOption]]:
        """The values on a command line that holds no options of Beam, by flag, and what is wrong with it.

        A value may be missing, or an argument too many. The parser ends at the first such mistake, so it reads the
        others again without it.
        """
        wrong: list[WrongOption] = []
        rest = list(arguments)
        while True:
            try:
                _, bound, unused, _ = self.application().parse_known_args(rest)
            except CycloptsError as error:
                wrong.append(self._explained(error, arguments))
                shorter = self._without(error, rest)
                if len(shorter) == len(rest):
                    return {}, wrong
                rest = shorter
            else:
                unknown = [argument for argument in unused if argument.startswith("-")] or unused[:1]
                wrong += [self._unexpected(argument, arguments) for argument in unknown]
                return dict(bound.arguments), wrong

    def _without(self, error: CycloptsError, arguments: Sequence[str]) -> list[str]:
        """The arguments without those that an error is about."""
        flag, rest = _flag_of_error(error), list(arguments)
        kept: list[str] = []
        surplus = _surplus(error)
        while rest:
            argument = rest.pop(0)
            if argument == "--":
                return [*kept, argument, *rest]
            if flag and argument.partition("=")[0] == flag:
                if not isinstance(error, MissingArgumentError | CoercionError) and "=" not in argument:
                    del rest[:1]  # its value
            elif argument not in surplus:
                kept.append(argument)
        return kept

    def show_help(self, *, everything: bool) -> None:
        """Prints the help of the command to standard output."""
        console = Console()
        shown = list(self.fields) if everything else self._basic()
        width = min(console.width if console.is_terminal else 80, _WIDEST)
        console.width = width
        console.print(f"Usage: {self._usage()}\n", markup=False, highlight=False)
        notes = []
        # What the command does; then examples, which are indented; then notes.
        description = (sys.modules[self.options.__module__].__doc__ or "").strip()
        for number, part in enumerate(description.split("\n\n")):
            if part.startswith(" "):
                _print_text(console, f"Examples:\n{textwrap.indent(textwrap.dedent(part), '  ')}\n", wrap=False)
            elif number == 0:
                _print_text(console, f"{_filled(part, width)}\n")
            else:
                notes.append(part)
        self.application(shown).help_print([], console=console)
        notes = [note for note in notes if note.strip()]
        if len(shown) < len(self.fields):
            notes.append(f"{self.program} --help-all shows all {len(self.fields)} options.")
        if self.options.runs_pipeline:
            notes.append(_BEAM_OPTIONS)
        _print_text(console, "\n\n".join(_filled(note, width) for note in notes))

    def application(self, shown: Collection[str] | None = None) -> App:
        """The cyclopts application.

        Args:
          shown: The options that help shows; None for all.
        """

        def command(*args: Any, **kwargs: Any) -> None:
            """Holds the signature; `given` takes the values."""

        command.__signature__ = inspect.Signature(list(self._parameters(shown)))  # type: ignore[attr-defined]
        command.__doc__ = None
        return App(
            name=self.name or "hushbeam",
            help="",
            usage="",
            help_flags=(),
            version_flags=(),
            help_format="plaintext",
            help_formatter=formatter(),
            default_command=command,
        )

    def _basic(self) -> Sequence[str]:
        basic = self.options.basic
        if basic is None or len(self.fields) <= _MOST_BASIC:
            return list(self.fields)
        return [flag for flag in self.fields if flag in basic]

    def _usage(self) -> str:
        values = [f"--{flag} {metavar_of(field)}" for flag, field in self.fields.items() if field.is_required()]
        inputs = [f"{metavar_of(self.fields[self.positional])}…"] if self.positional else []
        if not self.options.needs_inputs:
            inputs = [f"[{name}]" for name in inputs]
        usage = " ".join((self.program, *inputs, *values, "[OPTIONS]"))
        return usage if len(usage) <= _LONGEST_USAGE else f"{self.program} OPTIONS"

    def _parameters(self, shown: Collection[str] | None) -> Iterator[inspect.Parameter]:
        panels: list[tuple[str, list[tuple[str, FieldInfo]]]] = [("Input and output", [])]
        for name, field in fields_of(self.options).items():
            group = group_of(field)
            if group is not None:
                panels.append((_title(name, group), list(leaves(group))))
            elif field.description:
                panels[0][1].append((flag_of(name, field), field))
        if len(panels) == 1:
            panels[0] = ("Options", panels[0][1])
        for order, (title, fields) in enumerate(panels):
            panel = Panel(title, sort_key=order)
            for flag, field in sorted(fields, key=lambda each: not is_positional(each[1])):
                yield _parameter(flag, field, panel, show=shown is None or flag in shown)
        panel = Panel("Help and configuration", sort_key=len(panels))
        in_groups = len(panels) > 1
        yield _text(CONFIG, "YAML file with options" + " in the groups above" * in_groups, panel, metavar="FILE")
        yield _switch(SCHEMA, "print the JSON Schema of configuration files", panel)
        yield _switch(HELP, "show this help", panel, "--help", "-h")
        yield _switch(
            "help_all", "show all options", panel, f"--{HELP_ALL}", show=len(self._basic()) < len(self.fields)
        )

    def _explained(self, error: CycloptsError, arguments: Sequence[str]) -> WrongOption:
        flag = _flag_of_error(error)
        own = frozenset({flag.removeprefix("--")})
        if isinstance(error, MissingArgumentError):
            return WrongOption(f"{flag}: expected a value", own)
        if choices := error.argument.get_choices(force=True) if error.argument else None:
            *some, last = choices
            return WrongOption(f"{flag}: expected {', '.join(some)} or {last}", own)
        if isinstance(error, CoercionError):
            return WrongOption(f"{flag}: takes no value; {flag.replace('--', '--no-')} turns it off", own)
        if surplus := _surplus(error):
            return self._unexpected(surplus[0], arguments)
        error.verbose = False
        return WrongOption(str(error))

    def _unexpected(self, argument: str, arguments: Sequence[str]) -> WrongOption:
        if argument.startswith("-"):
            return self.unknown(argument, self.near(argument.lstrip("-").partition("=")[0]))
        argument = urls.display(argument)
        named = {token.partition("=")[0] for token in arguments}
        missing = [flag for flag, field in self.fields.items() if field.is_required() and f"--{flag}" not in named]
        if not missing:
            return WrongOption(f"{argument!r} has no option before it")
        meant = f"did you mean --{missing[0]} {argument}?"
        return WrongOption(f"{argument!r} has no option before it; {meant}", frozenset(missing[:1]))


def _title(name: str, group: Group) -> str:
    """The name of a group, as configuration files have it, and its first sentence, where one line holds both."""
    summary = " ".join((group.__doc__ or "").split("\n\n")[0].split()).split(". ")[0].removesuffix(".")
    title = name.replace("_", " ").capitalize()
    whole = f"{title}: {summary[:1].lower()}{summary[1:]}"
    return whole if len(whole) <= _LONGEST_TITLE else title


def _parameter(flag: str, field: FieldInfo, panel: Panel, *, show: bool) -> inspect.Parameter:
    text, kind = field.description or "", type_of(field)
    default = shown_default(field)
    common: dict[str, Any] = {
        "help": f"{text} (required)" if field.is_required() else text,
        "group": panel,
        "show": show,
        "show_default": (lambda _: default) if default else False,
        "allow_repeating": True,
    }
    if kind is bool:
        settings = Parameter(name=f"--{flag}", negative=f"--no-{flag}", **common)
        return _keyword(flag, Annotated[bool | None, settings])
    one: Any = Path if metavar_of(field) in _PATHS else str
    metavar = metavar_of(field)
    if is_positional(field):
        settings = Parameter(name=metavar, metavar=metavar, converter=_one, **common)
        return inspect.Parameter(flag, inspect.Parameter.VAR_POSITIONAL, annotation=Annotated[one, settings])
    if is_list(field):
        settings = Parameter(
            name=f"--{flag}",
            negative="",
            metavar=f"{metavar}…",
            consume_multiple=(1, None),
            converter=_all,
            **common,
        )
        return _keyword(flag, Annotated[tuple[one, ...] | None, settings])
    if get_origin(kind) is Literal:
        one, choices = kind, "|".join(get_args(kind))
        if len(choices) <= _LONGEST_CHOICES:
            metavar, common["show_choices"] = choices, False
        else:
            metavar = "CHOICE"
    return _keyword(flag, Annotated[one | None, Parameter(name=f"--{flag}", metavar=metavar, converter=_one, **common)])


def _text(name: str, text: str, panel: Panel, *, metavar: str) -> inspect.Parameter:
    settings = Parameter(
        name=f"--{name}",
        help=text,
        metavar=metavar,
        group=panel,
        converter=_one,
        show_default=False,
        allow_repeating=True,
    )
    return _keyword(name, Annotated[Path | None, settings])


def _switch(name: str, text: str, panel: Panel, *flags: str, show: bool = True) -> inspect.Parameter:
    settings = Parameter(
        name=flags or (f"--{name}",), negative="", help=text, group=panel, show=show, show_default=False
    )
    return _keyword(name, Annotated[bool | None, settings])


def _keyword(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=None)


def _one(_: Any, tokens: Sequence[Token]) -> str:
    return tokens[-1].value


def _all(_: Any, tokens: Sequence[Token]) -> tuple[str, ...]:
    return tuple(token.value for token in tokens)


def _flag_of_error(error: CycloptsError) -> str:
    token = getattr(error, "token", None)
    keyword = getattr(error, "keyword", None) or (token.keyword if token else None)
    return keyword or (error.argument.name if error.argument else "")


def _surplus(error: CycloptsError) -> Sequence[str]:
    """The arguments that belong to no option."""
    if isinstance(error, UnusedCliTokensError):
        return list(error.unused_tokens or ())[:1]
    if isinstance(error, UnknownOptionError):
        return [error.token.keyword or error.token.value]
    return []


def formatter() -> Any:
    """How help is shown: panels on a terminal, plain tables in a pipe or a file."""
    return _Panels() if Console().is_terminal else _PlainTables()


def _columns(console: Console, options: ConsoleOptions, entries: list[HelpEntry]) -> tuple[ColumnSpec, ...]:
    name = ColumnSpec(renderer=_names, style="cyclopts.name", max_width=max(24, console.width * 2 // 5))
    return (name, DescriptionColumn)


def _names(entry: HelpEntry) -> Text:
    """A flag once, with its placeholder; `--[no-]flag` if it can be turned off."""
    if entry.positional_label:
        return Text(f"{entry.positional_label}…")
    names = [*entry.positive_names, *entry.positive_shorts]
    if any(name.startswith("--no-") for name in entry.negative_names):
        names = [name.replace("--", "--[no-]", 1) for name in names]
    shown = ", ".join(names)
    return Text(f"{shown} {entry.metavar}" if entry.metavar else shown, overflow="fold")


class _Panels(DefaultFormatter):
    """Help as cyclopts shows it, with the flags of `_names`."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        self.column_specs = _columns if panel.format == "parameter" else None
        super().__call__(console, options, panel)


class _PlainTables:
    """Help without borders."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        if not panel.entries:
            return
        columns = _columns(console, options, panel.entries) if panel.format == "parameter" else None
        table = TableSpec().build(
            columns or get_default_command_columns(console, options, panel.entries), panel.entries
        )
        with console.capture() as shown:
            console.print(f"{panel.title}" + ":" * (":" not in str(panel.title)), highlight=False, markup=False)
            console.print(Padding(table, (0, 0, 1, 2)), soft_wrap=False)
        console.file.write("\n".join(line.rstrip() for line in shown.get().split("\n")))


def _filled(text: str, width: int) -> str:
    return textwrap.fill(" ".join(text.split()), width, break_long_words=False, break_on_hyphens=False)


def _print_text(console: Console, text: str, *, wrap: bool = True) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=not wrap)
