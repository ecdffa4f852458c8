"""Each test runs with each table format."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.transforms.table_formats.published_runs import Reader, keep


@pytest.fixture
def output(tmp_path: Path) -> Path:
    root = tmp_path / "out put"
    root.mkdir()
    return root


@pytest.fixture(params=["iceberg", "delta"])
def tables(request: pytest.FixtureRequest, output: Path) -> Reader:
    """A reader of an output that keeps tables of one format."""
    keep(output, request.param)
    return Reader(output, request.param)
