"""The statements for BigQuery, as far as they can be checked without it."""

from __future__ import annotations

import pyarrow as pa
import pytest
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from hushbeam.transforms.archive.tables.layout import SCHEMAS
from tests.deploy.bigquery_statements import PARTITIONED, SQL, external_tables, statements

TYPES = {"string": "STRING", "double": "FLOAT64", "int32": "INT64", "int64": "INT64", "bool": "BOOL"}
CURRENT = ("transcripts", "findings")
"""Tables whose current rows have a view, which reads all nights of `recording_runs`."""


def type_of(kind: pa.DataType) -> str:
    """As BigQuery reads a column with list inference."""
    if pa.types.is_struct(kind):
        fields = [kind.field(n) for n in range(kind.num_fields)]
        return f"STRUCT<{', '.join(f'`{field.name}` {type_of(field.type)}' for field in fields)}>"
    if pa.types.is_list(kind):
        return f"ARRAY<{type_of(kind.value_type)}>"
    if pa.types.is_map(kind):
        entry = f"STRUCT<`key` {type_of(kind.key_type)}, `value` {type_of(kind.item_type)}>"
        return f"STRUCT<key_value ARRAY<{entry}>>"
    return "TIMESTAMP" if pa.types.is_timestamp(kind) else TYPES[str(kind)]


def checked(view: exp.Expression) -> exp.Expression:
    """A view's query with every column looked up in the tables that runs write."""
    columns = {
        table: {field.name: type_of(field.type) for field in schema} | {"run_date": "DATE"}
        for table, schema in SCHEMAS.items()
    }
    columns |= {f"all_{table}": columns[table] for table in CURRENT}
    columns["recording_runs"] = {
        "recording_id": "STRING",
        "run_id": "STRING",
        "processed_at": "TIMESTAMP",
        "superseded_by": "STRING",
    }
    schema: dict[str, object] = {"DATASET": columns}
    query = qualify(view.copy(), schema=schema, dialect="bigquery", validate_qualify_columns=True)
    return annotate_types(query, schema=schema, dialect="bigquery")


def test_every_table_is_partitioned_by_night() -> None:
    assert SQL.read_text().count(PARTITIONED) == len(external_tables()) == len(SCHEMAS)


@pytest.mark.parametrize("table", SCHEMAS)
def test_each_table_reads_its_folder_with_lists_as_arrays_and_asks_for_nights(table: str) -> None:
    (statement,) = [one for one in external_tables() if one.this.name.removeprefix("all_") == table]
    assert statement.this.name.startswith("all_") == (table in CURRENT)
    text = statement.sql("bigquery").lower()
    assert f"uris=['gs://bucket/redacted/{table}/*']" in text
    assert f"hive_partition_uri_prefix='gs://bucket/redacted/{table}'" in text
    assert ("require_hive_partition_filter=true" in text) == (table not in CURRENT)
    assert "enable_list_inference=true" in text


def test_views_name_columns_that_the_tables_have() -> None:
    views = [one for one in statements() if one.kind == "VIEW"]
    assert views
    for view in views:
        checked(view.expression)


def test_the_check_of_views_finds_a_column_that_is_not_there() -> None:
    (words,) = [one for one in statements() if one.kind == "VIEW" and one.this.name == "words"]
    wrong = words.expression.transform(
        lambda node: exp.column("recordingid", "transcripts") if node.name == "recording_id" else node
    )
    with pytest.raises(SqlglotError, match="recordingid"):
        checked(wrong)
