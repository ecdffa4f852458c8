"""Runs, erasure and expiry of outputs that keep Iceberg or Delta tables, as the command line does them."""

from __future__ import annotations

import io
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from hushbeam.pipelines import audit, erase, expire
from hushbeam.pipelines.running.exit_status import EXIT_BROKEN, EXIT_COMPLETED, EXIT_USAGE
from hushbeam.transforms.archive.runs.table_format import recorded_format, remember_format
from hushbeam.transforms.archive.tables.layout import SCHEMAS
from hushbeam.transforms.table_formats import update
from tests.pipelines.conftest import Run
from tests.transforms.table_formats.published_runs import NAMESPACE, Reader

KINDS = ("iceberg", "delta")


def options_of(kind: str, folder: Path) -> list[str]:
    if kind == "delta":
        return ["--tables", "delta"]
    catalog = f"sqlite:///{folder}/catalogue.db"
    return ["--tables", "iceberg", "--iceberg_catalog", catalog, "--iceberg_namespace", NAMESPACE]


def call(job: Any, output: Path, *arguments: str) -> tuple[int, str]:
    terminal = io.StringIO()
    return job.run(["--output", str(output), *arguments], Console(file=terminal, width=500)), terminal.getvalue()


def one_line(run: Run) -> str:
    return " ".join(run.terminal.split())


def both(name: str) -> list[dict[str, str]]:
    return [{"recording_id": name, "audio_url": "card.flac"}, {"recording_id": "phone", "audio_url": "phone.wav"}]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


QUICK = pytest.mark.parametrize("kind", [pytest.param("iceberg", marks=pytest.mark.long), "delta"], indirect=True)
"""For what the update does alike in both formats: PyIceberg takes three times as long."""


def assert_same_rows(run: Run, reader: Reader) -> None:
    """The table names every row of the Parquet files once."""
    for table in SCHEMAS:
        written = (
            Counter(row["run_id"] for row in run.rows(table)) if any(run.output.glob(f"{table}/**/*.parquet")) else {}
        )
        assert Counter(run_id for _, run_id in reader.recordings(table)) == written


def test_a_recording_that_is_erased_is_in_no_version_of_the_tables(
    redact: Callable[..., Run], tmp_path: Path, kind: str
) -> None:
    run = redact(*both("gone-4711"), options=options_of(kind, tmp_path))
    assert run.status == EXIT_COMPLETED, run.terminal
    reader = Reader(run.output, kind)
    assert {one for one, _ in reader.recordings()} == {"gone-4711", "phone"}
    assert_same_rows(run, reader)
    # The next night does not say again what the output keeps.
    again = redact({"recording_id": "transfer", "audio_url": "transfer.flac"})
    assert again.status == EXIT_COMPLETED, again.terminal
    earlier = {table: reader.versions(table) for table in SCHEMAS}
    assert {one for one, _ in reader.recordings()} == {"gone-4711", "phone", "transfer"}
    assert len(reader.runs_of_snapshots()) == 2
    assert call(audit, run.output)[0] == EXIT_COMPLETED

    status, terminal = call(erase, run.output, "--recording_id", "gone-4711")
    assert status == EXIT_COMPLETED, terminal
    for table in SCHEMAS:
        assert "gone-4711" not in {one for one, _ in reader.recordings(table)}
        for version in earlier[table][:-1]:
            with pytest.raises(Exception, match=r"."):  # each library has an error of its own
                reader.arrow_at(version, table)
    (tmp_path / "manifest.jsonl").unlink()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"gone-4711" in path.read_bytes()]
    assert_same_rows(run, reader)
    assert call(audit, run.output)[0] == EXIT_COMPLETED


@QUICK
def test_expiry_is_seen_in_the_tables(redact: Callable[..., Run], tmp_path: Path, kind: str) -> None:
    run = redact(*both("card"), options=options_of(kind, tmp_path))
    status, terminal = call(expire, run.output, "--older_than", "0m")
    assert status == EXIT_COMPLETED, terminal
    rows = Reader(run.output, kind).arrow().to_pylist()
    assert {row["redacted_audio_url"] for row in rows} == {None}
    assert_same_rows(run, Reader(run.output, kind))


@QUICK
def test_a_run_whose_tables_could_not_be_updated_is_made_good_by_the_next(
    redact: Callable[..., Run], tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(update, "_change", _fails)
        broken = redact(*both("card"), options=options_of(kind, tmp_path))
    assert broken.status == EXIT_BROKEN
    assert f"the update of the {kind} table transcripts failed with OSError" in broken.terminal
    assert "run the same command again to continue" in broken.terminal
    again = redact(*both("card"), options=options_of(kind, tmp_path))
    assert (again.status, "2 skipped" in again.terminal) == (EXIT_COMPLETED, True), again.terminal
    assert {one for one, _ in Reader(again.output, kind).recordings()} == {"card", "phone"}
    assert_same_rows(again, Reader(again.output, kind))


def _fails(*_: Any) -> bool:
    raise OSError("https://user:secret@catalogue.example")


def test_a_copied_output_keeps_delta_tables_and_refuses_another_outputs_iceberg_tables(
    redact: Callable[..., Run], tmp_path: Path, kind: str
) -> None:
    run = redact(*both("card"), options=options_of(kind, tmp_path))
    shutil.copytree(run.output, tmp_path / "copy")
    copied = redact({"recording_id": "transfer", "audio_url": "transfer.flac"}, output=tmp_path / "copy")
    if kind == "iceberg":
        assert copied.status == EXIT_USAGE
        assert f"the table {NAMESPACE}.transcripts there is of another output" in copied.terminal
        assert {one for one, _ in Reader(run.output, kind).recordings()} == {"card", "phone"}
    else:
        assert copied.status == EXIT_COMPLETED, copied.terminal
        assert {one for one, _ in Reader(copied.output, kind).recordings()} == {"card", "phone", "transfer"}


def test_an_output_can_follow_the_advice_to_name_another_namespace(redact: Callable[..., Run], tmp_path: Path) -> None:
    options = options_of("iceberg", tmp_path)
    assert redact(*both("card"), options=options).status == EXIT_COMPLETED
    second = tmp_path / "second"
    refused = redact(*both("card"), options=options, output=second)
    assert refused.status == EXIT_USAGE
    assert "is of another output, or of this one before it was moved; name another namespace" in one_line(refused)
    assert not second.exists()
    followed = redact(*both("card"), options=[*options, "--iceberg_namespace", "of_second"], output=second)
    assert followed.status == EXIT_COMPLETED, followed.terminal


def test_an_output_that_recorded_a_namespace_of_another_is_told_what_to_delete(
    redact: Callable[..., Run], tmp_path: Path
) -> None:
    options = options_of("iceberg", tmp_path)
    assert redact(*both("card"), options=options).status == EXIT_COMPLETED
    second = tmp_path / "second"
    remember_format(str(second), recorded_format(str(tmp_path / "out")))
    refused = redact(*both("card"), output=second)
    assert refused.status == EXIT_USAGE
    assert "; delete runs/table-format.json in the output and name another namespace" in one_line(refused)
    assert not (second / "status").exists()
    (second / "runs" / "table-format.json").unlink()
    followed = redact(*both("card"), options=[*options, "--iceberg_namespace", "of_second"], output=second)
    assert followed.status == EXIT_COMPLETED, followed.terminal


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tables", "iceberg"], "--iceberg_catalog: --tables iceberg needs it"),
        (["--iceberg_catalog", "lake"], "--iceberg_catalog: is only for --tables iceberg"),
        (["--tables", "delta", "--iceberg_namespace", "x"], "--iceberg_namespace: is only for --tables iceberg"),
        (["--tables", "iceberg", "--iceberg_catalog", "no-such"], "--iceberg_catalog: PyIceberg could not open it"),
        (["--tables", "iceberg", "--iceberg_catalog", "postgresql://me:secret@host/lake"], "must hold no password"),
    ],
)
def test_wrong_options_end_the_job_before_it_writes(
    redact: Callable[..., Run], options: list[str], message: str
) -> None:
    run = redact(*both("card"), options=options)
    assert run.status == EXIT_USAGE
    assert message in run.terminal
    assert "secret" not in run.terminal
    assert not run.output.exists()


def test_an_output_keeps_one_format(redact: Callable[..., Run], tmp_path: Path) -> None:
    assert redact(*both("card"), options=options_of("delta", tmp_path)).status == EXIT_COMPLETED
    for other in (["--tables", "parquet"], options_of("iceberg", tmp_path)):
        refused = redact(*both("card"), options=other)
        assert refused.status == EXIT_USAGE
        assert "--tables: earlier runs of this output keep delta tables" in refused.terminal


def test_nothing_is_erased_while_the_record_of_the_format_is_damaged(
    redact: Callable[..., Run], tmp_path: Path
) -> None:
    run = redact(*both("card"), options=options_of("delta", tmp_path))
    (run.output / "runs" / "table-format.json").write_text(json.dumps({"kind": "hudi"}))
    status, terminal = call(erase, run.output, "--recording_id", "card")
    assert status == EXIT_USAGE
    assert "runs/table-format.json there is damaged" in terminal
    assert {row["recording_id"] for row in run.rows("transcripts")} == {"card", "phone"}
