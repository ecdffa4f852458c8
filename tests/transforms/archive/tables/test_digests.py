"""Checksums of rows: every field counts, before and after its table."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.transforms.archive.ledger import Status
from hushbeam.transforms.archive.tables.digests import as_json, findings_digest, holds_certified_rows, transcript_digest
from hushbeam.transforms.archive.tables.parquet import write_parquet
from hushbeam.transforms.archive.tables.read import read_rows
from tests.transforms.archive.committed_rows import certificate_for, made_up_finding, made_up_transcript

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(text=TEXTS, seconds=NUMBERS, metadata=st.dictionaries(TEXTS, TEXTS, max_size=3))
def test_a_row_has_the_same_digest_before_and_after_its_table(
    tmp_path_factory: pytest.TempPathFactory, text: str, seconds: float, metadata: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("tables") / "transcripts" / "run-0000.parquet"
    path.parent.mkdir()
    row = made_up_transcript("call", text=text, duration_s=seconds, metadata=sorted(metadata.items()))
    write_parquet(path, TRANSCRIPTS_SCHEMA, [row])
    ((_, back),) = read_rows(str(path), TRANSCRIPTS_SCHEMA.names)
    assert transcript_digest(back) == transcript_digest(row)


def test_whole_numbers_and_fractions_are_the_same_seconds() -> None:
    assert transcript_digest(made_up_transcript("a", duration_s=2)) == transcript_digest(made_up_transcript("a"))


def _changed(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("2026", "2027") if "+00:00" in value else value + "!"
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, dict):
        return {name: _changed(inner) for name, inner in value.items()}
    return [*value, value[-1]] if value else value


def test_every_field_of_a_transcript_counts_but_what_the_status_object_says() -> None:
    row = json.loads(made_up_transcript("a"))
    assert set(row) == set(TRANSCRIPTS_SCHEMA.names)
    for name in TRANSCRIPTS_SCHEMA.names:
        changed = row | {name: "x" if row[name] is None else _changed(row[name])}
        same = transcript_digest(as_json(changed)) == transcript_digest(as_json(row))
        assert same == (name in ("status", "redacted_audio_url", "run_id", "processed_at")), name


def test_every_field_of_a_finding_counts() -> None:
    row = json.loads(made_up_finding("a"))
    assert set(row) == set(FINDINGS_SCHEMA.names)
    for name in FINDINGS_SCHEMA.names:
        same = findings_digest([as_json(row | {name: _changed(row[name])})]) == findings_digest([as_json(row)])
        assert same == (name in ("run_id", "processed_at")), name


@given(st.lists(st.floats(0, 100), unique=True, max_size=6), st.randoms())
def test_the_order_of_findings_does_not_count_and_their_number_does(starts: list[float], random: Any) -> None:
    rows = [made_up_finding("a", start_s=start) for start in starts]
    digest = findings_digest(rows)
    random.shuffle(rows)
    assert findings_digest([*rows, *rows]) == digest
    if rows:
        assert findings_digest(rows[1:]) != digest


def test_invalid_rows_are_not_certified(tmp_path: Path) -> None:
    row, finding = made_up_transcript("a"), made_up_finding("a")
    status = Status("completed", "a", None, "i", "killed", certificate_for(row, finding))
    assert holds_certified_rows(status, row, [finding])
    for other in (
        "{}",
        "[]",
        "",
        "null",
        made_up_transcript("a", duration_s="long"),
        made_up_transcript("a", text=None),
    ):
        assert not holds_certified_rows(status, other, [finding])
    assert not holds_certified_rows(status, row, [])
    assert not holds_certified_rows(status, made_up_transcript("a", run_id="other"), [finding])
    assert not holds_certified_rows(status, row, [made_up_finding("a", run_id="other")])
    assert not holds_certified_rows(Status("completed", "a", None, "i", "run"), row, [finding])


def test_a_score_of_nan_has_a_digest() -> None:
    assert findings_digest([made_up_finding("a", score=math.inf)]) != findings_digest([made_up_finding("a")])


def test_a_table_reads_back_with_the_schema_of_its_rows(tmp_path: Path) -> None:
    write_parquet(tmp_path / "t.parquet", TRANSCRIPTS_SCHEMA, [made_up_transcript("a")])
    assert pq.read_schema(tmp_path / "t.parquet").equals(TRANSCRIPTS_SCHEMA)
