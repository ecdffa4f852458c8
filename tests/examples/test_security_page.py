"""The page on security speaks of files that are there."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

import pytest

from tests.faults.every import SCENARIOS

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "security.md").read_text()
_FILES = sorted(set(re.findall(r"`((?:pipelines|transforms|schemas|tests)/[\w/]+\.py)`", _PAGE)))
_LINKS = sorted(set(re.findall(r"\]\(([\w./-]+)\)", _PAGE)))


@pytest.mark.parametrize("name", _FILES)
def test_a_file_that_is_named_is_there(name: str) -> None:
    assert (_ROOT / name).is_file()


@pytest.mark.parametrize("link", _LINKS)
def test_a_link_leads_somewhere(link: str) -> None:
    assert (_ROOT / "docs" / link).exists()


def rows_below(heading: str) -> list[list[str]]:
    """The rows of the table whose first column has a heading, as cells."""
    lines = _PAGE.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = takewhile(lambda line: line.startswith("| "), lines[start + 2 :])
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


@pytest.mark.parametrize(("heading", "column"), [("promise", 2), ("rule", -1)])
def test_each_promise_and_each_rule_names_a_test(heading: str, column: int) -> None:
    table = rows_below(heading)
    assert len(table) >= 8
    assert [row[0] for row in table if "`tests/" not in row[column]] == []


def test_each_promise_names_a_fault_that_is_done_for_real() -> None:
    done = {scenario.name for scenario in SCENARIOS} | {
        "the test itself counts requests",
        "each fault of `make faults` is followed by a search of all that it left",
    }
    for row in rows_below("promise"):
        assert set(row[3].split("; ")) <= done, (row[0], set(row[3].split("; ")) - done)
