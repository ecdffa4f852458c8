"""Options from models."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import pytest
from apache_beam.options.pipeline_options import StandardOptions
from pydantic import BaseModel, ConfigDict, Field

from hushbeam.pipelines.options.arguments import leaves
from hushbeam.pipelines.options.parsing import parse
from hushbeam.pipelines.options.redact_options import RedactOptions
from hushbeam.transforms.base.metavar import Metavar


class Group(BaseModel):
    """What belongs together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: int = Field(3, ge=1, description="how much")
    loud: bool = Field(True, description="whether it is loud")
    hidden: int = 7


@dataclass(frozen=True)
class More:
    """A group that does not need pydantic."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    hours: Annotated[float, Metavar("HOURS")] = field(default=12.0, metadata={"gt": 0, "description": "how long"})
    unseen: int = 3


class Options(BaseModel):
    """Of a job for these tests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: tuple[str, ...] = Field(min_length=1, description="who")
    how: Literal["well", "badly"] = Field("well", description="how it goes")
    until: float | None = Field(None, description="when it ends")
    day: str | None = Field(None, pattern="^[a-z]+day$", examples=["friday"], description="the day")
    print_json: bool = Field(False, validation_alias="json", description="as JSON")
    group: Group = Group()
    more: More = More()


def given(*arguments: str) -> Options:
    return parse(Options, "For tests.", ["--names", "a", *arguments])[0]


def test_defaults_hold_where_nothing_is_given() -> None:
    assert given() == Options(names=("a",))


def test_groups_lists_switches_and_numbers_are_read() -> None:
    assert given("--names", "a", "b", "--no-loud", "--level=5", "--until", "1.5", "--how", "badly") == Options(
        names=("a", "b"), how="badly", until=1.5, group=Group(level=5, loud=False)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--level", "0"], "--level: expected greater than or equal to 1"),
        (["--level", "many"], "--level: expected a valid integer\n"),
        (["--hours", "-1"], "--hours: expected greater than 0"),
        (["--day", "7"], "--day: expected something like friday"),
        (["--hidden", "3"], "unknown option --hidden"),
        (["--how", "so"], "--how"),
        (["--levle", "3"], "did you mean --level"),
        (["--runer=FlinkRunner"], "did you mean --runner"),
    ],
)
def test_a_wrong_option_is_named(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        given(*arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "runner"),
    [([], "FnApiRunner"), (["--runner=DirectRunner"], "FnApiRunner"), (["--runner=FlinkRunner"], "FlinkRunner")],
)
def test_a_local_run_never_tries_prism(arguments: list[str], runner: str) -> None:
    _, beam = parse(Options, "For tests.", ["--names", "a", "--direct_num_workers=3", *arguments])
    assert beam.view_as(StandardOptions).runner == runner
    assert beam.get_all_options()["direct_num_workers"] == 3


def test_an_option_may_have_a_name_that_its_model_cannot() -> None:
    assert given("--json").print_json
    assert "json" in dict(leaves(Options))


CONFIGURATION = """
names: [b, c]
until: 2.5
json: true
group: {level: 4}
beam: {runner: DirectRunner, direct_num_workers: 3, experiments: [one, two], no_auth: true, update: false}
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    path = tmp_path / "job.yaml"
    path.write_text(CONFIGURATION)
    return path


def test_a_file_gives_options_and_flags_override_it(configuration: Path) -> None:
    ours, beam = parse(Options, "For tests.", ["--config", str(configuration), "--level", "5", "--no-json"])
    assert ours == Options(names=("b", "c"), until=2.5, group=Group(level=5))
    options = beam.get_all_options()
    assert (options["direct_num_workers"], options["no_auth"], options["update"]) == (3, True, False)
    assert options["experiments"] == ["one", "two"]
    assert beam.view_as(StandardOptions).runner == "FnApiRunner"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("names: [a]\ngroup: {level: 0}", "--config: group.level"),
        ("names: [a]\ngroup: {levle: 4}", "--config: group.levle: unknown option; did you mean level?"),
        ("names: [a]\ngroup: {hidden: 4}", "--config: group.hidden: unknown option"),
        ("names: [a]\nmore: {unseen: 4}", "--config: more.unseen: unknown option"),
        ("names: [a]\nmore: {hours: 0}", "--config: more.hours: expected greater than 0"),
        ("names: [a]\ngroup: 4", "--config: group: expected options as NAME: VALUE"),
        ("names: a", "--config: names: expected a list"),
        ("names: []", "--config: names: expected at least one value"),
        ("names: [a]\nnames: [b]", "'names' is given twice"),
        ("names: [a", "not valid YAML at line"),
        ("just text", "as NAME: VALUE"),
        ("names: [a]\nbeam: {runer: DirectRunner}", "did you mean --runner"),
        ("names: [a]\nbeam: 3", "beam"),
        ("until: 2.5", "--names: required"),
        ("!!python/object/apply:os.getcwd []", "not valid YAML"),
        ("names: [2026-13-45]", "not valid YAML at line 1: no such date or number"),
        ("names: [a]\nuntil: !!int abc", "not valid YAML at line 2: no such date or number"),
        ("names: " + "[" * 5000, "nests too deeply"),
        ("names: [a]\nbeam: {experiments: {day: 2026-11-23}, runer: x}", "did you mean --runner"),
    ],
)
def test_a_wrong_file_is_refused_and_the_place_named(
    content: str, message: str, configuration: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configuration.write_text(content)
    with pytest.raises(SystemExit) as ended:
        parse(Options, "For tests.", ["--config", str(configuration)])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_flag_that_is_wrong_is_named_beside_a_file(configuration: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(Options, "For tests.", ["--config", str(configuration), "--level", "0"])
    assert "--level" in capsys.readouterr().err


def test_the_schema_of_the_file_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(Options, "For tests.", ["--print_config_schema"])
    assert ended.value.code == 0
    schema = json.loads(capsys.readouterr().out)
    assert {"names", "json", "group", "beam"} <= set(schema["properties"])
    assert "required" not in schema
    assert set(schema["$defs"]["Group"]["properties"]) == {"level", "loud"}
    assert set(schema["$defs"]["More"]["properties"]) == {"hours"}


def test_help_shows_one_line_of_usage_and_each_flag_once_with_its_placeholder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(Options, "Does it.\n\n    it --names a\n", ["--help"])
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert shown.startswith("usage: ")
    assert shown.split("\n\n")[0].endswith(" --names TEXT [options]")
    assert "Does it.\n\n    it --names a\n" in shown
    for line in ("--names TEXT …", "--hours HOURS", "--[no-]loud", "--level N", "--until NUMBER", "--how {well,badly}"):
        assert line in shown, line
    assert not any(name in shown for name in ("hidden", "unseen", "print_json"))


def test_an_error_comes_first_and_says_where_the_options_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        given("--level", "0")
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith(": --level: expected greater than or equal to 1")
    assert second.endswith(" --help lists the options.")


def test_every_option_of_the_job_has_a_help_text_and_a_name_of_its_own() -> None:
    names = [name for name, _ in leaves(RedactOptions)]
    assert len(names) == len(set(names))
    assert len(names) <= 56


@pytest.mark.parametrize(
    ("name", "said"), [("FlnkRunner", "did you mean FlinkRunner?"), ("no.such.Thing", "it has "), ("../x", "it has ")]
)
def test_a_runner_that_beam_does_not_know_is_an_error_before_anything_runs(
    name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        given("--runner", name)
    assert ended.value.code == 2
    assert f"--runner: Beam has no runner {name!r} here; {said}" in capsys.readouterr().err


def test_a_default_language_that_is_none_is_an_error_before_every_line_has_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(RedactOptions, "", ["--manifest", "calls.jsonl", "--output", "out", "--language_code", "qq"])
    assert ended.value.code == 2
    assert "--language_code: expected one of" in capsys.readouterr().err
