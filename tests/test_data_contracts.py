"""Data contracts of the tables. `make test-contracts` checks them against the standard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlglot
import yaml

from docs.reference_pages import TABLES, columns
from hushbeam.schemas.tables import SCHEMA_VERSION

ROOT = Path(__file__).parents[1]


def named(properties: list[dict[str, Any]], place: str = "") -> list[str]:
    """The paths of all properties, as docs/reference/tables.md writes them."""
    found = []
    for one in properties:
        path = f"{place}{one['name']}"
        found.append(path)
        inner, path = (one["items"], f"{path}[]") if one["logicalType"] == "array" else (one, path)
        found += named(inner.get("properties", []), f"{path}.")
    return found


@pytest.mark.parametrize("table", TABLES)
def test_a_contract_names_every_column_and_the_partition(table: str) -> None:
    contract = yaml.safe_load((ROOT / "docs" / "contracts" / f"{table}.odcs.yaml").read_text())
    (schema,) = contract["schema"]
    assert named(schema["properties"]) == [*dict(columns(TABLES[table][1])), "run_date"]
    assert [one["name"] for one in schema["properties"] if one.get("partitioned")] == ["run_date"]
    assert contract["version"].split(".")[0] == str(SCHEMA_VERSION)


@pytest.mark.parametrize("dialect", ["spark", "snowflake", "duckdb"])
def test_the_views_of_a_warehouse_are_valid_in_its_dialect(dialect: str) -> None:
    statements = sqlglot.parse((ROOT / "deploy" / "warehouse" / f"{dialect}.sql").read_text(), dialect=dialect)
    assert all(statements)
    assert "Command" not in {type(statement).__name__ for statement in statements}
    made = {
        str(created.this.find(sqlglot.exp.Table).name) for created in statements if created and created.key == "create"
    }
    assert {"all_transcripts", "recording_runs", "transcripts", "findings", "transcript_history"} <= made
