"""The page on security speaks of files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "security.md").read_text()
_FILES = sorted(set(re.findall(r"`((?:pipelines|transforms|schemas|tests)/[\w/]+\.py)`", _PAGE)))
_LINKS = sorted(set(re.findall(r"\]\(([\w./-]+)\)", _PAGE)))
_ROWS = [line.split(" | ") for line in _PAGE.splitlines() if line.startswith("| ")]


@pytest.mark.parametrize("name", _FILES)
def test_a_file_that_is_named_is_there(name: str):
    assert (_ROOT / name).is_file()


@pytest.mark.parametrize("link", _LINKS)
def test_a_link_leads_somewhere(link: str):
    assert (_ROOT / "docs" / link).exists()


@pytest.mark.parametrize("heading", ["promise", "rule"])
def test_each_promise_and_each_rule_names_a_test(heading: str):
    start = next(number for number, row in enumerate(_ROWS) if row[0] == f"| {heading}")
    table = []
    for row in _ROWS[start + 2 :]:
        if set(row[-1]) <= set("- |") or len(row) != len(_ROWS[start]):
            break
        table.append(row)
    assert len(table) >= 8
    assert [row[0] for row in table if "`tests/" not in row[-1]] == []
