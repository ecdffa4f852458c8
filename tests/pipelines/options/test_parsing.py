"""Options from models.

    it --names a

A note.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import apache_beam
import pytest
from apache_beam.options.pipeline_options import StandardOptions
from pydantic import BaseModel, ConfigDict, Field

from hushbeam.pipelines.command_line import COMMANDS, options_of
from hushbeam.pipelines.options import beam_flags
from hushbeam.pipelines.options.arguments import CommandOptions, Positional, leaves
from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.commands.rerender import RerenderOptions
from hushbeam.pipelines.options.parsing import is_local, parse
from hushbeam.transforms.base.metavar import Metavar
from hushbeam.transforms.option_lists import SEPARATED


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


class Options(CommandOptions):
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
    return parse(Options, ["--names", "a", *arguments])[0]


def test_defaults_hold_where_nothing_is_given() -> None:
    assert given() == Options(names=("a",))


def test_groups_lists_switches_and_numbers_are_read() -> None:
    assert given("--names", "b", "--no-loud", "--level=5", "--until", "1.5", "--how", "badly") == Options(
        names=("a", "b"), how="badly", until=1.5, group=Group(level=5, loud=False)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--level", "0"], "--level: expected at least 1"),
        (["--level", "many"], "--level: expected a valid integer\n"),
        (["--hours", "-1"], "--hours: expected more than 0"),
        (["--day", "7"], "--day: expected something like friday"),
        (["--hidden", "3"], "unknown option --hidden"),
        (["--how", "so"], "--how"),
        (["--levle", "3"], "did you mean --level"),
        (["--runer=FlinkRunner"], "did you mean --runner"),
        (["--names"], "--names: expected a value"),
        (["--level"], "--level: expected a value"),
        (["--how", "so"], "--how: expected well or badly"),
        (["--loud=very"], "--loud: takes no value; --no-loud turns it off"),
        (["--parallelism", "many"], "--parallelism: expected an integer, not 'many'"),
        (["--runner"], "--runner: expected a value"),
        (["--environment_type", "EXTERNAL", "--environment_options", "process_command=x"], "Beam: Option"),
        (["-x"], "unknown option -x"),
    ],
)
def test_a_wrong_option_is_named(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        given(*arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def complaints(options: type[CommandOptions], arguments: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What is said of a command line that is wrong, without the line about its help."""
    with pytest.raises(SystemExit) as ended:
        parse(options, arguments)
    assert ended.value.code == 2
    *said, help_line = capsys.readouterr().err.splitlines()
    assert help_line.endswith("--help shows how it is used")
    assert all(line.startswith("error: ") for line in said)
    return [line.removeprefix("error: ") for line in said]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--levle", "3", "--runer=x", "--names", "a"],
            ["unknown option --levle; did you mean --level?", "unknown option --runer; did you mean --runner?"],
        ),
        (
            ["--level", "0", "--hours", "-1", "--day", "7"],
            [
                "--names: required",
                "--level: expected at least 1",
                "--hours: expected more than 0",
                "--day: expected something like friday",
            ],
        ),
        (
            ["--nmaes", "a", "--how", "so", "--level", "--loud=very", "--hours", "0"],
            [
                "unknown option --nmaes; did you mean --names?",
                "--how: expected well or badly",
                "--level: expected a value",
                "--loud: takes no value; --no-loud turns it off",
                "--hours: expected more than 0",
            ],
        ),
        (
            ["--names", "a", "--parallelism", "many", "--num_workers", "few", "--level", "0"],
            [
                "--level: expected at least 1",
                "--parallelism: expected an integer, not 'many'",
                "--num_workers: expected an integer, not 'few'",
            ],
        ),
        (
            ["--names", "a", "--parallelism", "many", "--num_workers", "few"],
            ["--parallelism: expected an integer, not 'many'", "--num_workers: expected an integer, not 'few'"],
        ),
        (
            ["--names", "a", "--runner", "FlnkRunner", "--hours", "0"],
            [
                "--hours: expected more than 0",
                "--runner: Beam has no runner 'FlnkRunner' here; did you mean FlinkRunner?",
            ],
        ),
        (["--wholly", "a", "b", "--names", "c", "-x"], ["unknown option --wholly", "unknown option -x"]),
        (["--names=a", "--level=3", "b"], ["'b' has no option before it"]),
        (
            ["--level=3", "--", "--names", "a"],
            ["hushbeam takes no inputs; what follows -- is read as inputs, so give options before it"],
        ),
        (
            ["--names=a", "--", "-s3cr3t", "--hours"],
            ["hushbeam takes no inputs; what follows -- is read as inputs, so give options before it"],
        ),
    ],
)
def test_all_that_is_wrong_is_told_at_once(
    arguments: list[str], said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sorted(complaints(Options, arguments, capsys)) == sorted(said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--forse", "call.wav", "--polcies", "pcii", "--language_code", "it", "--webhook_url", "nonsense"],
            [
                "unknown option --forse; did you mean --force?",
                "unknown option --polcies; did you mean --policies?",
                "--webhook_url: the URL is not https; give a URL such as https://example.com/done",
                "--language_code: personal data cannot be found in it, only in de, en, es and fr",
            ],
        ),
        (
            ["call.wav", "--caution", "some", "--fail_above", "2", "--webhook_url", "nonsense"],
            [
                "--caution: expected low, standard or high",
                "--fail_above: expected at most 1",
                "--webhook_url: the URL is not https; give a URL such as https://example.com/done",
            ],
        ),
        (["--quite-unlike-any", "call.wav"], ["unknown option --quite-unlike-any"]),
        (["--webhook_url", "http://a.example/", "call.wav", "--webhook_alow_http"], ["unknown option"]),
        (["call.wav", "--webhook_signing_secrets", "plain", "plainer"], ["env:NAME"]),
    ],
)
def test_what_only_follows_from_another_mistake_is_not_told(
    arguments: list[str], said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = complaints(RedactOptions, arguments, capsys)
    assert len(found) == len(said), found
    assert all(any(part in line for line in found) for part in said), found


def test_a_file_and_flags_are_told_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "job.yaml"
    path.write_text("names: [a]\ngroup: {levle: 3, loud: maybe}\nmore: 3\nbeam: {runer: x}\n")
    assert complaints(Options, ["--config", str(path), "--how", "so"], capsys) == [
        "--how: expected well or badly",
        f"--config: {path}: group.levle: unknown option; did you mean level?",
        f"--config: {path}: more: expected options as NAME: VALUE",
        f"--config: {path}: beam: unknown option --runer; did you mean --runner?",
        f"--config: {path}: group.loud: expected true or false",
    ]
    path.write_text("names: [a]\nbeam: {parallelism: many}\n")
    assert complaints(Options, ["--config", str(path), "--num_workers", "few"], capsys) == [
        f"--config: {path}: beam: --parallelism: expected an integer, not 'many'",
        "--num_workers: expected an integer, not 'few'",
    ]
    path.write_text("names: [a]\nbeam: {runner: FlnkRunner}\n")
    unknown_runner = "--runner: Beam has no runner 'FlnkRunner' here; did you mean FlinkRunner?"
    assert complaints(Options, ["--config", str(path)], capsys) == [f"--config: {path}: beam: {unknown_runner}"]
    assert complaints(Options, ["--config", str(path), "--num_workers", "3"], capsys) == [
        f"--config: {path}: beam: {unknown_runner}"
    ]
    assert complaints(Options, ["--config", str(path), "--runner", "FlnkRunner"], capsys) == [unknown_runner]
    path.unlink()
    assert complaints(Options, ["--config", str(path), "--level", "0"], capsys) == [
        f"--config: no such file: {path}",
        "--level: expected at least 1",
    ], "the file may have named what seems to be missing"


@pytest.mark.parametrize(
    ("arguments", "runner"),
    [
        ([], "FnApiRunner"),
        (["--runner=DirectRunner"], "FnApiRunner"),
        (["--runner=direct"], "FnApiRunner"),
        (["--runner=apache_beam.runners.direct.direct_runner.DirectRunner"], "FnApiRunner"),
        (["--runner=SwitchingDirectRunner"], "FnApiRunner"),
        (["--runner=FlinkRunner"], "FlinkRunner"),
        (["--runner=flink"], "FlinkRunner"),
    ],
)
def test_a_local_run_never_tries_prism(arguments: list[str], runner: str) -> None:
    _, beam = parse(Options, ["--names", "a", "--direct_num_workers=3", *arguments])
    assert beam.view_as(StandardOptions).runner == runner
    assert is_local(beam) is (runner == "FnApiRunner")
    assert beam.get_all_options()["direct_num_workers"] == 3


def test_an_option_may_have_a_name_that_its_model_cannot() -> None:
    assert given("--json").print_json
    assert "json" in dict(leaves(Options))


class Copy(CommandOptions):
    """Of a command with values that need no flag."""

    files: Annotated[tuple[Annotated[str, Metavar("INPUT")], ...], Positional()] = Field(
        (), description="what is copied"
    )
    kinds: Annotated[tuple[str, ...], SEPARATED] = Field((), description="which kinds are copied")
    paths: tuple[str, ...] = Field((), description="where copies go")
    loud: bool = Field(False, description="whether it is loud")
    to_there: str = Field("", description="where they go")


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        ([], ()),
        (["a", "b"], ("a", "b")),
        (["a", "--runner", "FlinkRunner", "b"], ("a", "b")),
        (["a", "--runner=FlinkRunner", "b"], ("a", "b")),
        (["--loud", "a"], ("a",)),
        (["a", "--to_there", "x", "b"], ("a", "b")),
        (["-"], ("-",)),
        (["--no_auth", "a"], ("a",)),
        (["--", "--odd", "-"], ("--odd", "-")),
        (["gs://calls/*.wav", "a//b"], ("gs://calls/*.wav", "a//b")),
    ],
)
def test_inputs_need_no_flag_and_stand_anywhere_between_options(arguments: list[str], files: tuple[str, ...]) -> None:
    assert parse(Copy, arguments)[0].files == files


@pytest.mark.parametrize(
    "arguments",
    [["--kinds", "a", "b,c"], ["--kinds", "a,b", "c"], ["--kinds=a,b,c"], ["--kinds", "a", "--kinds", "b,c"]],
)
def test_lists_take_spaces_and_commas_and_may_be_continued(arguments: list[str]) -> None:
    assert parse(Copy, arguments)[0].kinds == ("a", "b", "c")


def test_lists_of_paths_keep_their_commas() -> None:
    assert parse(Copy, ["--paths", "a,b", "c"])[0].paths == ("a,b", "c")


@pytest.mark.parametrize("content", ["files: a\nkinds: b, c", "files: [a]\nkinds: [b, c]"])
def test_a_list_in_a_file_may_be_one_value(content: str, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(content)
    options, _ = parse(Copy, ["--config", str(tmp_path / "job.yaml")])
    assert (options.files, options.kinds) == (("a",), ("b", "c"))


def test_a_dash_is_an_underscore_in_a_flag_and_the_last_of_two_values_counts() -> None:
    assert parse(Copy, ["--to-there", "x", "--to_there", "y"])[0].to_there == "y"


def test_a_key_that_begins_with_dashes_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----"
    for arguments in (
        ["--certificate_key", key],
        [f"--certificate_key={key}"],
        [key],
        ["--certificate_key", *key.split()],
        [f"--certificate_kye={key}", "--output_shards", "many"],
    ):
        with pytest.raises(SystemExit) as ended:
            parse(RedactOptions, ["call.wav", *arguments])
        assert ended.value.code == 2
        said = capsys.readouterr()
        assert "PRIVATE" not in said.out + said.err
        assert "MC4C" not in said.out + said.err


def test_the_options_of_beam_are_those_that_are_listed() -> None:
    # By another process: modules of Beam add options when they are imported, and other tests import more of them.
    done = subprocess.run([sys.executable, "-c", _ASK_BEAM], capture_output=True, text=True, check=True)
    with_value, switches = json.loads(done.stdout)
    assert apache_beam.__version__ == beam_flags.VERSION
    assert set(with_value) == beam_flags.WITH_VALUE
    assert set(switches) == beam_flags.SWITCHES


_ASK_BEAM = """
import json
from hushbeam.pipelines.options.parsing import beam_parser
actions = {flag[2:]: action for action in beam_parser()._actions for flag in action.option_strings}
switches = {name for name, action in actions.items() if action.nargs == 0}
print(json.dumps([sorted({*actions} - switches), sorted(switches)]))
"""


def test_options_of_another_release_of_beam_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beam_flags, "VERSION", "2.0.0")
    monkeypatch.setattr(beam_flags, "WITH_VALUE", frozenset({"runner"}))
    monkeypatch.setattr(beam_flags, "SWITCHES", frozenset())
    options, beam = parse(Copy, ["--direct_num_workers", "3", "a", "--no_auth", "b"])
    assert options.files == ("a", "b")
    assert beam.get_all_options()["direct_num_workers"] == 3


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
    ours, beam = parse(Options, ["--config", str(configuration), "--level", "5", "--no-json"])
    assert ours == Options(names=("b", "c"), until=2.5, group=Group(level=5))
    options = beam.get_all_options()
    assert (options["direct_num_workers"], options["no_auth"], options["update"]) == (3, True, False)
    assert options["experiments"] == ["one", "two"]
    assert beam.view_as(StandardOptions).runner == "FnApiRunner"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("names: [a]\ngroup: {level: 0}", "group.level: expected at least 1"),
        ("names: [a]\ngroup: {levle: 4}", "group.levle: unknown option; did you mean level?"),
        ("names: [a]\ngroup: {hidden: 4}", "group.hidden: unknown option"),
        ("names: [a]\nmore: {unseen: 4}", "more.unseen: unknown option"),
        ("names: [a]\nmore: {hours: 0}", "more.hours: expected more than 0"),
        ("names: [a]\ngroup: 4", "group: expected options as NAME: VALUE"),
        ("names: 3", "names: expected a list"),
        ("names: []", "names: expected at least one value"),
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
        parse(Options, ["--config", str(configuration)])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_flag_that_is_wrong_is_named_beside_a_file(configuration: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(Options, ["--config", str(configuration), "--level", "0"])
    assert "--level" in capsys.readouterr().err


def test_the_schema_of_the_file_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(Options, ["--print_config_schema"])
    assert ended.value.code == 0
    schema = json.loads(capsys.readouterr().out)
    assert {"names", "json", "group", "beam"} <= set(schema["properties"])
    assert "required" not in schema
    assert set(schema["$defs"]["Group"]["properties"]) == {"level", "loud"}
    assert set(schema["$defs"]["More"]["properties"]) == {"hours"}


def shown_help(options: type[CommandOptions], capsys: pytest.CaptureFixture[str], flag: str = "--help") -> str:
    with pytest.raises(SystemExit) as ended:
        parse(options, [flag])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_help_shows_one_line_of_usage_then_examples_then_each_flag_once_with_its_placeholder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = shown_help(Options, capsys)
    assert shown.startswith(
        "Usage: hushbeam --names TEXT [OPTIONS]\n\nOptions from models.\n\nExamples:\n  it --names a\n"
    )
    for line in ("--names TEXT…", "--hours HOURS", "--[no-]loud", "--level N", "--until NUMBER", "--how well|badly"):
        assert len(re.findall(rf"^  {re.escape(line)} ", shown, re.MULTILINE)) == 1, line
    for text in ("(required)", "[default: 3]", "[default: on]", "[default: well]"):
        assert text in shown
    assert not any(name in shown for name in ("hidden", "unseen", "print_json", "--help-all"))
    assert re.findall(r"^(\w[\w ]+:.*)$", shown, re.MULTILINE)[2:] == [
        "Input and output:",
        "Group: what belongs together",
        "More: a group that does not need pydantic",
        "Help and configuration:",
    ]


def test_help_shows_the_options_that_a_person_needs_and_help_all_shows_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    basic, everything = (
        set(re.findall(r"^  (?:--(?:\[no-\])?)?([\w-]+)", shown_help(RedactOptions, capsys, flag), re.MULTILINE))
        for flag in ("--help", "--help-all")
    )
    assert RedactOptions.basic
    assert RedactOptions.basic - {"inputs"} <= basic < everything
    assert 12 <= len(RedactOptions.basic) <= 20
    assert {name for name, _ in leaves(RedactOptions)} - {"inputs"} <= everything
    assert "INPUT" in basic


def test_the_basic_options_of_commands_exist() -> None:
    for name in COMMANDS:
        options = options_of(name)
        assert (options.basic or frozenset()) <= {flag for flag, _ in leaves(options)}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_a_terminal_of_80_columns(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = shown_help(options_of(name), capsys, "--help-all")
    examples = shown.partition("Examples:\n")[2].partition("\n\n")[0].splitlines()
    assert [line for line in shown.splitlines() if len(line) > 80 and line not in examples] == []


def test_an_error_comes_first_and_says_where_the_options_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        given("--level", "0")
    assert capsys.readouterr().err.splitlines() == [
        "error: --level: expected at least 1",
        "hushbeam --help shows how it is used",
    ]


def test_every_option_of_the_job_has_a_help_text_and_a_name_of_its_own() -> None:
    names = [name for name, _ in leaves(RedactOptions)]
    assert len(names) == len(set(names))
    assert len(names) <= 70


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


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("-o", "-o; did you mean --output?"),
        ("-output=out", "-output; did you mean --output?"),
        ("-otput", "-otput; did you mean --output?"),
        ("-exchanges", "-exchanges; did you mean --exchanges?"),
        ("-runner", "-runner; did you mean --runner?"),
        ("-no-redact_audio", "-no-redact_audio; did you mean --no-redact_audio?"),
        ("--web", "--web; did you mean --webhook_url?"),
        ("--verbose", "--verbose"),
        ("-m", "-m"),
        ("-q", "-q"),
    ],
)
def test_an_unknown_option_is_told_with_the_one_that_was_meant(
    argument: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert complaints(RedactOptions, ["call.wav", argument], capsys) == [f"unknown option {told}"]


def test_a_value_that_begins_with_one_dash_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = complaints(RedactOptions, ["call.wav", "--store_key", "-c2VjcmV0/abc"], capsys)
    assert not any("c2VjcmV0" in one for one in told)
    assert "an argument begins with - and is no option; write such a value as --NAME=VALUE" in told


def test_a_default_language_that_is_none_is_an_error_before_every_line_has_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(RedactOptions, ["--manifest", "calls.jsonl", "--output", "out", "--language_code", "qq"])
    assert ended.value.code == 2
    assert "--language_code: expected one of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--language_code", "it"], "--language_code: personal data cannot be found in it, only in de, en, es and fr"),
        (["--language_code", "es", "--model", "tiny.en"], "--language_code: the model tiny.en knows English only"),
        (
            ["--substitution", "surrogate"],
            "--surrogate_key: --substitution surrogate needs a key; give a reference",
        ),
        (["--webhook_url", "nonsense"], "--webhook_url: the URL is not https; give a URL such as https://"),
        (["--webhook_url", "http://example.com/"], "add --webhook_allow_http"),
        (["--webhook_url", "https://me:secret@example.com/"], "--webhook_url: the URL contains credentials"),
        (
            ["--webhook_auth_header_values", "env:A@a.example", "env:B"],
            "--webhook_auth_header_values: env:B names no host, so only that of --webhook_url could get it, which is "
            "not given; name the hosts, as in env:B@example.com",
        ),
        (
            ["--webhook_url", "https://a.example/", "--webhook_auth_header_name", "X-Token"],
            "--webhook_auth_header_name: no value for X-Token is given; add --webhook_auth_header_values env:NAME@HOST",
        ),
        (
            ["http://example.com/call.wav?token=secret"],
            "INPUT: http://example.com/call.wav would be sent in plain text: use https://, or add --allow_http",
        ),
        (["--policies", "pci,person_nmae"], "--policies: Unknown policy 'person_nmae'. Did you mean person_name"),
        (
            ["--policies", "person_nmae,pci,organisaton"],
            "Unknown policy 'person_nmae'. Did you mean person_name or person_age? Unknown policy 'organisaton'. Did",
        ),
        (
            ["--policies", "pci", "https://me:secret@a.example/call.wav?token=secret"],
            "--policies: Unknown policy 'https://…'. See docs/policies.md for the names; give recordings before the",
        ),
        (
            ["--webhook_allowed_networks", "https://me:secret@a.example/?token=secret"],
            "--webhook_allowed_networks: 'https://a.example/' is not a network such as 10.1.0.0/16",
        ),
        (
            ["--allow_private_sources", "https://me:secret@a.example/?token=secret"],
            "--allow_private_sources: 'https://a.example/' is neither a host name nor a network such as 10.1.0.0/16",
        ),
        (["http://[call.wav?token=secret"], "INPUT: http://… would be sent in plain text"),
        (["--policies", ","], "--policies: expected at least one value"),
        (["--muting", "beep"], "--muting: expected silence, tone or noise"),
        (["--verify", "half"], "--verify: expected all, off, or sample:SHARE"),
    ],
)
def test_what_would_fail_for_every_recording_is_an_error_before_anything_is_read(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(RedactOptions, ["call.wav", "--output", "out", *arguments])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.startswith("error: ")
    assert message in said
    assert "secret" not in said


def test_rerender_takes_a_receiver_as_redact_does(capsys: pytest.CaptureFixture[str]) -> None:
    values = ["--webhook_auth_header_values", "env:TOKEN"]
    given = ["--output", "out", "--webhook_auth_header_name", "X-Token", *values, "--webhook_url"]
    defaults = parse(RerenderOptions, [*given, "https://a.example/"])[0].as_redact({}, {}).defaults
    assert (defaults.webhook_url, defaults.webhook_auth_header_name) == ("https://a.example/", "X-Token")
    assert complaints(RerenderOptions, [*given, "nonsense"], capsys) == [
        "--webhook_url: the URL is not https; give a URL such as https://example.com/done"
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--language_code", "en_us"],
        ["--language_code", "it", "--unredacted_output", "private"],
        ["--webhook_url", "http://example.com/", "--webhook_allow_http"],
        ["--webhook_auth_header_name", "X-Token", "--webhook_auth_header_values", "env:A@a.example"],
        ["--webhook_url", "https://a.example/", "--webhook_auth_header_values", "env:A"],
        ["--output", "outer"],
        ["http://example.com/call.wav", "--allow_http"],
    ],
)
def test_what_may_be_right_is_not_refused(arguments: list[str]) -> None:
    assert parse(RedactOptions, ["-", "outlet/call.wav", "--output", "out", *arguments])
