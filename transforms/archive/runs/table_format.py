"""Record of the table format that runs of an output root keep, so that later runs, `erase` and `expire` keep it too."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.urls import join

ICEBERG, DELTA = "iceberg", "delta"
DEFAULT_NAMESPACE = "hushbeam"
FORMAT_RECORD = "runs/table-format.json"
"""Name of the record in an output root."""


@dataclass(frozen=True)
class TableFormat:
    """A table format, and where its catalogue is.

    Attributes:
      kind: `iceberg` or `delta`.
      catalog: Of Iceberg: a name in PyIceberg's configuration, or a URI.
      namespace: Of the Iceberg tables in the catalogue.
    """

    kind: str
    catalog: str = ""
    namespace: str = ""


def decided_format(output: str, kind: str | None, catalog: str | None, namespace: str | None) -> TableFormat | None:
    """The format that a run with these options keeps: that of earlier runs, unless it is the first with a format.

    Returns:
      None for Parquet files alone.

    Raises:
      ConfigurationError: The options disagree with each other or with earlier runs.
    """
    recorded = recorded_format(output)
    if recorded is not None and kind not in (None, recorded.kind):
        raise ConfigurationError(
            f"--tables: earlier runs of this output keep {recorded.kind} tables; leave --tables out. To stop, drop "
            f"them and delete {FORMAT_RECORD} in the output"
        )
    if kind is None and recorded is not None:
        kind = recorded.kind
    if kind != ICEBERG:
        for option, given in (("--iceberg_catalog", catalog), ("--iceberg_namespace", namespace)):
            if given is not None:
                raise ConfigurationError(f"{option}: is only for --tables iceberg; add that, or leave this out")
        return TableFormat(DELTA) if kind == DELTA else None
    if recorded is not None:
        for option, given, before in (
            ("--iceberg_catalog", catalog, recorded.catalog),
            ("--iceberg_namespace", namespace, recorded.namespace),
        ):
            if given not in (None, before):
                raise ConfigurationError(f"{option}: earlier runs of this output used {before}; leave this out")
        return recorded
    if not (urls.is_local(output) or urls.scheme(output) in ("gs", "s3")):
        # Metadata names files by their whole URLs, and readers of Iceberg do not know az://. Tables that an earlier run
        # recorded there are kept up: otherwise nothing could be erased.
        raise ConfigurationError(
            "--tables: iceberg needs an output on a local disk, or at gs:// or s3://; use --tables delta there"
        )
    if not catalog:
        raise ConfigurationError(
            "--iceberg_catalog: --tables iceberg needs it; give the name of a catalogue in PyIceberg's configuration, "
            "or its URI"
        )
    if "://" in catalog and (urlsplit(catalog).password or urlsplit(catalog).query):
        raise ConfigurationError(
            "--iceberg_catalog: a URI must hold no password and no query, because the output records it; put it into "
            "PyIceberg's configuration, and give the name from there"
        )
    return TableFormat(ICEBERG, catalog, namespace or DEFAULT_NAMESPACE)


def remember_format(output: str, decided: TableFormat | None) -> None:
    """Records the format that a run keeps, before it writes tables."""
    if decided is not None and recorded_format(output) != decided:
        files.write_bytes(join(output, FORMAT_RECORD), json.dumps(asdict(decided)).encode())


def recorded_format(output: str) -> TableFormat | None:
    """The format that runs keep; None for Parquet files alone.

    Raises:
      ConfigurationError: The record is damaged.
    """
    try:
        kept = TableFormat(**json.loads(files.read_bytes(join(output, FORMAT_RECORD))))
        if kept.kind in (ICEBERG, DELTA) and isinstance(kept.catalog, str) and isinstance(kept.namespace, str):
            return kept
    except MissingFileError:
        return None
    except (ValueError, TypeError, RecursionError):
        pass
    raise ConfigurationError(
        f"--output: {FORMAT_RECORD} there is damaged. It says which tables an erasure must clear: write it again, as "
        '{"kind": "delta"} or {"kind": "iceberg", "catalog": "NAME", "namespace": "hushbeam"}'
    )
