"""Options from models."""

from __future__ import annotations

from typing import Literal

import pytest
from apache_beam.options.pipeline_options import StandardOptions
from pydantic import BaseModel, ConfigDict, Field

from pipelines.options import leaves, parse
from pipelines.redact import RedactOptions


class Group(BaseModel):
    """What belongs together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: int = Field(3, ge=1, description="how much")
    loud: bool = True


class Options(BaseModel):
    """Of a job for these tests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: tuple[str, ...] = Field(min_length=1, description="who")
    how: Literal["well", "badly"] = "well"
    until: float | None = None
    group: Group = Group()


def given(*arguments: str) -> Options:
    return parse(Options, "For tests.", ["--names", "a", *arguments])[0]


def test_defaults_hold_where_nothing_is_given():
    assert given() == Options(names=("a",))


def test_groups_lists_switches_and_numbers_are_read():
    assert given("--names", "a", "b", "--no-loud", "--level=5", "--until", "1.5", "--how", "badly") == Options(
        names=("a", "b"), how="badly", until=1.5, group=Group(level=5, loud=False)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--level", "0"], "--level"),
        (["--level", "many"], "--level"),
        (["--how", "so"], "--how"),
        (["--levle", "3"], "did you mean --level"),
        (["--runer=FlinkRunner"], "did you mean --runner"),
    ],
)
def test_a_wrong_option_is_named(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        given(*arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "runner"),
    [([], "FnApiRunner"), (["--runner=DirectRunner"], "FnApiRunner"), (["--runner=FlinkRunner"], "FlinkRunner")],
)
def test_a_local_run_never_tries_prism(arguments: list[str], runner: str):
    _, beam = parse(Options, "For tests.", ["--names", "a", "--direct_num_workers=3", *arguments])
    assert beam.view_as(StandardOptions).runner == runner
    assert beam.get_all_options()["direct_num_workers"] == 3


def test_every_option_of_the_job_has_a_help_text_and_a_name_of_its_own():
    names = [name for name, _ in leaves(RedactOptions)]
    assert len(names) == len(set(names))
    assert all(field.description for _, field in leaves(RedactOptions))
