"""Configuration files: a command's options as YAML, in the groups that `--help` shows.

    manifest: [gs://calls/2026-11-23/*.jsonl]
    output: gs://calls-redacted
    recognition:
      model: gs://models/large-v3-turbo
    beam:
      runner: DataflowRunner

Flags override the file. `beam` holds Apache Beam's own options.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping
from typing import Any

import yaml
from pydantic import BaseModel

from hushbeam.pipelines.options.given import read_text_of
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage.urls import display

_OPTION = "--config"
_BEAM = "beam"
_SWITCHES = {"on": True, "yes": True, "off": False, "no": False}


def read_configuration(url: str) -> tuple[dict[str, Any], list[str]]:
    """The options of a file, nested as in their model, and Beam's as command-line arguments.

    Raises:
      ConfigurationError: The file is missing, not YAML, or not a mapping; values are checked with the options.
    """
    option = f"{_OPTION}: {display(url)}"
    try:
        content = yaml.load(read_text_of(_OPTION, url), Loader=_UniqueKeysLoader)  # noqa: S506 (a SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{option}: not valid YAML{where}: {getattr(error, 'problem', '')}") from None
    except RecursionError:
        raise ConfigurationError(f"{option}: the file nests too deeply") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{option}: the file must hold options as NAME: VALUE")
    return content, _beam_arguments(option, content.pop(_BEAM, None) or {})


def configuration_schema(options: type[BaseModel], *, takes_beam_options: bool) -> dict[str, Any]:
    """JSON Schema of a job's configuration file. No option is required, since a flag may give it instead."""
    schema = options.model_json_schema(by_alias=True)
    for definition in (schema, *schema.get("$defs", {}).values()):
        definition["description"] = " ".join(definition.get("description", "").split("\n\n")[0].split())
        definition["properties"] = {
            name: {"$ref": shown["$ref"]} if "$ref" in shown else shown
            for name, shown in definition["properties"].items()
            if "$ref" in shown or "description" in shown  # fields without a description are not options
        }
        for shown in definition["properties"].values():
            if shown.get("type") == "array":  # one value may stand for a list
                shown["type"] = ["array", "string"]
    schema.pop("required", None)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    if takes_beam_options:
        schema["properties"][_BEAM] = {
            "type": "object",
            "description": "Apache Beam's own options by name, without dashes; a list repeats an option",
            "additionalProperties": {"type": ["string", "number", "boolean", "array", "object"]},
        }
    return schema


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Nested options of a file, overridden by those of the command line."""
    result = dict(below)
    for name, value in above.items():
        inner = result.get(name)
        if isinstance(value, Mapping) and (inner is None or isinstance(inner, Mapping)):
            result[name] = merged(inner or {}, value)
        else:
            result[name] = value
    return result


def _beam_arguments(option: str, options: Any) -> list[str]:
    if not isinstance(options, dict):
        raise ConfigurationError(f"{option}: {_BEAM}: must hold Beam's options as NAME: VALUE")
    arguments = []
    for name, value in options.items():
        for each in value if isinstance(value, list) else [value]:
            item = _SWITCHES.get(each.lower(), each) if isinstance(each, str) else each
            if item is True:
                arguments.append(f"--{name}")
            elif isinstance(item, dict):
                arguments.append(f"--{name}={json.dumps(item, default=str)}")
            elif item is not False and item is not None:
                arguments.append(f"--{name}={item}")
    return arguments


class _UniqueKeysLoader(yaml.SafeLoader):
    """Refuses a key that is given twice: plain YAML would silently drop the first.

    Only `true` and `false` are booleans, as in YAML 1.2: `verify: off` is text. Options that are on or off accept both.
    """

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError:  # looks like a date or a number but is not one, as 2026-13-45
            raise yaml.constructor.ConstructorError(
                None, None, "no such date or number; put text in quotes", node.start_mark
            ) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = [key.value for key, _ in node.value]
        for (key, _), name in zip(node.value, names, strict=True):
            if names.count(name) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{name!r} is given twice", key.start_mark)
        return super().construct_mapping(node, deep)


_BOOLEAN = "tag:yaml.org,2002:bool"
_UniqueKeysLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_UniqueKeysLoader.add_implicit_resolver(_BOOLEAN, re.compile("(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
