"""Reference pages, made from the code: manifest keys, tables, options, failures, exit statuses."""

from __future__ import annotations

import importlib
import inspect
import io
import json
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout, suppress
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

import hushbeam.transforms
from hushbeam.pipelines.command_line import COMMANDS, main
from hushbeam.pipelines.running.exit_status import MEANINGS
from hushbeam.schemas.delivery import NOTIFICATIONS_SCHEMA
from hushbeam.schemas.errors import RecordingError
from hushbeam.schemas.failure import ERRORS_SCHEMA, UNEXPECTED
from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.schemas.tables import SCHEMA_VERSION, VERSION
from hushbeam.transforms.base.unexpected import UnexpectedError
from hushbeam.transforms.media.errors import REASONS
from hushbeam.transforms.read_manifest.line import AudioOptions, ManifestLine

TABLES = {
    "transcripts": ("A row for each recording that a run published.", TRANSCRIPTS_SCHEMA),
    "findings": ("A row for each redacted span, and for flagged speech. Never the value.", FINDINGS_SCHEMA),
    "errors": ("A row for each line or recording that did not complete.", ERRORS_SCHEMA),
    "notifications": ("A row for each delivery.", NOTIFICATIONS_SCHEMA),
}
_TYPE_NAMES = {"string": "text", "boolean": "yes or no", "integer": "whole number", "number": "number"}
_POSITIONAL = {"inputs": "INPUT…", "action": "install MODEL"}
"""Options without a flag."""
_OF_REDACT = frozenset({"plan", "doctor"})
"""Commands that take all options of `redact`."""


def manifest_page() -> str:
    """The text of `docs/reference/manifest.md`."""
    return _page(
        "Manifest keys",
        "`transforms/read_manifest/line.py`",
        "A manifest is JSON Lines, CSV or Parquet, one recording a line ([manifest](../data.md#manifest)). An unknown",
        "key fails its line.",
        "",
        *_keys(ManifestLine),
        "",
        "## Keys of redact_pii_audio_options",
        "",
        *_keys(AudioOptions),
    )


def tables_page() -> str:
    """The text of `docs/reference/tables.md`."""
    return _page(
        "Output tables",
        "`schemas/`",
        "Parquet files in folders of the output root. The descriptions are in the files too, as metadata of the Arrow",
        f"fields; the schema's metadata has the version, `{VERSION}`: {SCHEMA_VERSION}. A dot leads into a structure,",
        "`[]` into a list. `docs/contracts/` has a data contract (ODCS 3) for each table.",
        *(line for name, (summary, schema) in TABLES.items() for line in _table(name, summary, schema)),
    )


def options_page() -> str:
    """The text of `docs/reference/options.md`."""
    schemas = {command: _schema_of(command) for command in COMMANDS}
    return _page(
        "Options",
        "the options of each command",
        "Options with *yes or no* have `--no-NAME` too. A",
        "[configuration file](../command_line.md#configuration-file) has the same names, in the groups in bold.",
        *(line for command, schema in schemas.items() for line in _command(command, schema, schemas["redact"])),
    )


def failures_page() -> str:
    """The text of `docs/reference/failures.md`."""
    return _page(
        "Failures",
        "the classes of errors",
        "The columns `error_class` and `status` of [`errors/`](tables.md#errors), and `retryable`: whether the same",
        "recording may pass in a later run.",
        "",
        "| `error_class` | status | cause | what to do | retryable |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| `{_class_name(error)}` | {error.status} | {_first_paragraph(error)} | {_cell(error.remedy)} "
            f"| {_retryable(error)} |"
            for error in sorted(errors(), key=_class_name)
        ),
        "",
        "## Reasons of MediaError",
        "",
        "The first word of the message.",
        "",
        "| reason | cause | what to do |",
        "| --- | --- | --- |",
        *(f"| `{reason}` | {cause} | {_cell(advice)} |" for reason, (cause, advice) in REASONS.items()),
    )


def exit_statuses_page() -> str:
    """The text of `docs/reference/exit_statuses.md`."""
    return _page(
        "Exit statuses",
        "`pipelines/running/exit_status.py`",
        "| exit status | meaning | what an orchestrator may do |",
        "| --- | --- | --- |",
        *(f"| {status} | {says} | {advice} |" for status, (says, advice) in MEANINGS.items()),
    )


def errors() -> list[type[RecordingError]]:
    """All classes of errors that end a recording."""
    for module in pkgutil.walk_packages(hushbeam.transforms.__path__, "hushbeam.transforms."):
        importlib.import_module(module.name)
    ending = _below(RecordingError)
    return [error for error in ending if error.__module__.startswith("hushbeam.transforms")]


def _below(error: type[RecordingError]) -> list[type[RecordingError]]:
    return [found for inner in error.__subclasses__() for found in (inner, *_below(inner))]


def _page(title: str, source: str, *lines: str) -> str:
    made = f"Generated by `python -m docs.generate` from {source}: edit the code, not this page."
    return "\n".join([f"# {title}", "", *lines, "", made, ""])


def _keys(model: type[BaseModel]) -> Iterator[str]:
    yield "| key | type | default | meaning | example |"
    yield "| --- | --- | --- | --- | --- |"
    for name, field in model.model_fields.items():
        example = json.dumps((field.examples or [""])[0])
        yield (
            f"| `{name}` | {_key_type(field)} | {_key_default(field)} | {_cell(field.description or '')} "
            f"| `{_bare(example)}` |"
        )


def _key_type(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    schema = TypeAdapter(annotation).json_schema()
    return _shown_type(schema.get("anyOf", [schema])[0])


def _key_default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return f"`{json.dumps(value)}`" if isinstance(value, bool) else ""


def _table(name: str, summary: str, schema: pa.Schema) -> Iterator[str]:
    yield from ("", f"## {name}", "", summary, "", "| column | type | unit | meaning | example |")
    yield "| --- | --- | --- | --- | --- |"
    for path, field in columns(schema):
        described = {key.decode(): text.decode() for key, text in (field.metadata or {}).items()}
        example = f"`{_bare(described['example'])}`" if described.get("example") else ""
        kind = f"{_arrow_type(field.type)}{', may be empty' if field.nullable else ''}"
        meaning = _cell(described.get("description", ""))
        yield f"| `{path}` | {kind} | {described.get('unit', '')} | {meaning} | {example} |"


def columns(fields: Iterable[pa.Field], place: str = "") -> Iterator[tuple[str, pa.Field]]:
    """Every column with its path, those inside of structures and lists too."""
    for field in fields:
        path = f"{place}{field.name}"
        yield path, field
        kind = field.type
        if pa.types.is_list(kind):
            path, kind = f"{path}[]", kind.value_type
        if pa.types.is_struct(kind):
            yield from columns(list(kind), f"{path}.")


def _arrow_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list of {_arrow_type(kind.value_type)}s"
    if pa.types.is_map(kind):
        return f"map of {_arrow_type(kind.key_type)} to {_arrow_type(kind.item_type)}"
    return "structure" if pa.types.is_struct(kind) else str(kind)


def _schema_of(command: str) -> dict[str, Any]:
    """The JSON Schema of a command's options."""
    shown = io.StringIO()
    with redirect_stdout(shown), suppress(SystemExit):
        main([command, "--print_config_schema"])
    return dict(json.loads(shown.getvalue()))


def _command(command: str, schema: Mapping[str, Any], of_redact: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"## {command}")
    groups = {
        name: schema["$defs"][option["$ref"].rsplit("/", 1)[1]]
        for name, option in schema["properties"].items()
        if "$ref" in option
    }
    single = {name: option for name, option in schema["properties"].items() if "$ref" not in option and name != "beam"}
    if command in _OF_REDACT:
        yield from (
            "",
            "All options of [redact](#redact)." if command == "doctor" else "Those of [redact](#redact), and:",
        )
        groups = {name: group for name, group in groups.items() if name not in of_redact["properties"]}
        single = {name: option for name, option in single.items() if _differs(name, option, of_redact, command)}
    if single:
        yield from _options(single)
    for name, group in groups.items():
        yield from ("", f"**{name}**: {_cell(group['description'])}")
        yield from _options(group["properties"])
    if "beam" in schema["properties"] and command not in _OF_REDACT:
        yield from ("", "Other options are Apache Beam's; a configuration file has them under `beam`.")


def _differs(name: str, option: Mapping[str, Any], of_redact: Mapping[str, Any], command: str) -> bool:
    """Whether a command has an option that `redact` has not, or that has another default there."""
    known = of_redact["properties"].get(name)
    return known is None or (command == "plan" and option.get("default") != known.get("default"))


def _options(options: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield from ("", "| option | type | default | meaning |", "| --- | --- | --- | --- |")
    for name, option in options.items():
        shown = _POSITIONAL.get(name, f"--{name}")
        yield (
            f"| `{shown}` | {_shown_type(option)} | {_shown_default(option)} | {_cell(option.get('description', ''))} |"
        )


def _shown_default(option: Mapping[str, Any]) -> str:
    if "default" not in option:
        return "required"
    value = option["default"]
    if value in (None, [], ""):
        return ""
    return f"`{' '.join(map(str, value)) if isinstance(value, list) else json.dumps(value).strip(chr(34))}`"


def _shown_type(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        kinds = [_shown_type(kind) for kind in schema["anyOf"] if kind.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "array" in schema.get("type", ""):  # alone, or beside a text with commas
        return f"list of {_plural(_shown_type(schema.get('items', {})))}"
    if "additionalProperties" in schema and isinstance(schema["additionalProperties"], Mapping):
        return f"map of text to {_shown_type(schema['additionalProperties'])}"
    return _TYPE_NAMES.get(schema.get("type", ""), "structure")


def _plural(kind: str) -> str:
    return {"text": "texts", "number": "numbers", "whole number": "whole numbers"}.get(kind, kind)


def _class_name(error: type[RecordingError]) -> str:
    return UNEXPECTED if issubclass(error, UnexpectedError) else error.__name__


def _retryable(error: type[RecordingError]) -> str:
    if "retryable" in inspect.signature(error.__init__).parameters:
        return "in some cases"
    return "yes" if error.retryable else "no"


def _first_paragraph(error: type[RecordingError]) -> str:
    return _cell(" ".join(inspect.cleandoc(error.__doc__ or "").split("\n\n")[0].split()))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _bare(text: str) -> str:
    return text.replace("|", "\\|")
