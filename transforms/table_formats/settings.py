"""Settings of table formats: a group of options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hushbeam.transforms.base.metavar import Metavar

if TYPE_CHECKING:
    from hushbeam.transforms.archive.runs.table_format import TableFormat


class TableSettings(BaseModel):
    """Tables of a table format over the Parquet files (docs/table_formats.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tables: Literal["parquet", "iceberg", "delta"] | None = Field(
        None,
        description="parquet writes Parquet files; iceberg and delta also register them in a table, one snapshot a "
        "run; by default as earlier runs of this output, at first parquet",
    )
    iceberg_catalog: Annotated[str, Metavar("NAME")] | None = Field(
        None,
        min_length=1,
        examples=["lake"],
        description="catalogue of the Iceberg tables: its name in PyIceberg's configuration, or its URI",
    )
    iceberg_namespace: Annotated[str, Metavar("NAME")] | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$",
        examples=["calls"],
        description="namespace of the Iceberg tables, of its own for each output; by default hushbeam",
    )

    def decided(self, output: str) -> TableFormat | None:
        """The format to keep in this output root; None for Parquet files alone.

        Raises:
          ConfigurationError: The options disagree with each other or with earlier runs.
        """
        # Only now: reading options needs no client of a store, which takes a fifth of its time to import.
        from hushbeam.transforms.archive.runs.table_format import decided_format  # noqa: PLC0415

        return decided_format(output, self.tables, self.iceberg_catalog, self.iceberg_namespace)
