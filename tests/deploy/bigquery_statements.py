"""The statements of deploy/warehouse/bigquery.sql, parsed."""

from __future__ import annotations

from pathlib import Path

import sqlglot
from sqlglot import exp

SQL = Path(__file__).parents[2] / "deploy" / "warehouse" / "bigquery.sql"
PARTITIONED = "WITH PARTITION COLUMNS (run_date DATE)\n"
"""sqlglot does not know this clause, which each external table has."""


def statements() -> list[exp.Create]:
    """All statements. sqlglot gives one that it does not understand as a `Command`, which is an error here."""
    parsed = [one for one in sqlglot.parse(SQL.read_text().replace(PARTITIONED, ""), dialect="bigquery") if one]
    unknown = [one.sql() for one in parsed if not isinstance(one, exp.Create)]
    assert unknown == []
    return [one for one in parsed if isinstance(one, exp.Create)]


def external_tables() -> list[exp.Create]:
    """The statements that define tables over files."""
    return [one for one in statements() if one.find(exp.ExternalProperty)]
