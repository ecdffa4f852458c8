"""The whole job on object stores: manifest, recordings, model and every output, while the store misbehaves."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from hushbeam.pipelines.command_line import main
from hushbeam.pipelines.redact import run
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE, EXIT_USAGE
from hushbeam.transforms.archive.runs.table_format import recorded_format
from hushbeam.transforms.archive.tables.layout import SCHEMAS
from hushbeam.transforms.storage import files
from hushbeam.transforms.table_formats import update
from hushbeam.transforms.transcribe.model import resolve
from tests.pipelines.conftest import Run
from tests.transforms.storage.fake_stores import (
    MAKE_BUCKET,
    S3_CREDENTIALS,
    FaultyProxy,
    all_servers,
    azure_credentials,
    faulty_proxy,
)

_OVERLOAD = (429, 503, "short", "dropped")


class Store:
    """A bucket with a manifest of relative locations, three recordings' sounds and a speech model."""

    def __init__(self, bucket: str, proxy: FaultyProxy, calls: Path, folder: Path) -> None:
        self.bucket = bucket
        self.proxy = proxy
        self._folder = folder
        self._runs = 0
        for name in ("card.flac", "phone.wav"):
            files.upload_file(calls / name, f"{bucket}/calls/2026/{name}")
        for path in resolve("tiny.en").path.iterdir():
            files.upload_file(path, f"{bucket}/models/tiny/{path.name}")

    def redact(self, *lines: dict[str, str], options: Sequence[str] = ()) -> Run:
        manifest = "".join(json.dumps(line) + "\n" for line in lines)
        files.write_bytes(f"{self.bucket}/manifests/night.jsonl", manifest.encode())
        terminal = io.StringIO()
        arguments = ["--manifest", f"{self.bucket}/manifests/*.jsonl", "--output", f"{self.bucket}/out"]
        arguments += [
            "--model",
            f"{self.bucket}/models/tiny",
            "--verify",
            "off",
            "--language_code",
            "en",
            "--fail_above",
            "0",
            *options,
        ]
        status = run(arguments, Console(file=terminal, width=200))
        self.proxy.rate = 0.0
        self._runs += 1
        copy = files.fetch_folder(f"{self.bucket}/out", self._folder / f"copy-{self._runs}")
        return Run(status, terminal.getvalue(), copy)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with all_servers(tmp_path_factory.mktemp("azurite")) as urls:
        yield urls


@pytest.fixture(params=["gs", "s3", "az"])
def store(
    request: pytest.FixtureRequest,
    servers: dict[str, str],
    calls: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Store]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if request.param not in servers:
        pytest.skip("needs Azurite (make azurite)")
    with faulty_proxy(servers[request.param]) as proxy:
        for name, value in {**azure_credentials(proxy.url), **S3_CREDENTIALS, "AWS_ENDPOINT_URL_S3": proxy.url}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
        bucket = MAKE_BUCKET[request.param](servers[request.param])
        yield Store(bucket, proxy, calls, tmp_path)


CARD = {"recording_id": "card", "audio_url": "../calls/2026/card.flac"}
PHONE = {"recording_id": "phone", "audio_url": "../calls/2026/phone.wav"}
GONE = {"recording_id": "gone", "audio_url": "../calls/2026/gone.wav"}


@pytest.mark.parametrize("store", ["s3", "az", pytest.param("gs", marks=pytest.mark.long)], indirect=True)
def test_an_overloaded_store_is_waited_out_and_what_is_done_is_skipped(store: Store) -> None:
    store.proxy.random_faults, store.proxy.rate = _OVERLOAD, 0.1
    first = store.redact(CARD, PHONE, GONE)
    assert store.proxy.failed > 3
    assert first.status == EXIT_INCOMPLETE, first.terminal
    assert first.statuses() == set(first.audio()) == {"card", "phone"}
    assert {row["recording_id"] for row in first.rows("transcripts")} == {"card", "phone"}
    names = {row["redacted_audio_url"] for row in first.rows("transcripts")}
    assert all(name.startswith("audio/") and files.exists(f"{store.bucket}/out/{name}") for name in names)
    (error,) = first.rows("errors")
    assert (error["recording_id"], error["error_class"]) == ("gone", "MissingFileError")
    left = [
        path for path in first.output.rglob("*") if path.is_file() and ("LOCK" in path.name or "rows" in path.parts)
    ]
    assert not left

    again = store.redact(CARD, PHONE)
    assert again.status == EXIT_COMPLETED, again.terminal
    assert "0 completed" in again.terminal
    assert "2 skipped" in again.terminal


@pytest.mark.long
@pytest.mark.parametrize(("store", "kind"), [("s3", "iceberg"), ("az", "delta")], indirect=["store"])
def test_a_job_keeps_the_tables_of_a_format_in_its_store_and_an_erasure_clears_them(
    store: Store, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--tables", kind]
    if kind == "iceberg":
        options += ["--iceberg_catalog", f"sqlite:///{tmp_path}/catalogue.db"]
    store.proxy.random_faults, store.proxy.rate = _OVERLOAD, 0.05
    first = store.redact(CARD, PHONE, options=options)
    assert first.status == EXIT_COMPLETED, first.terminal
    kept = recorded_format(f"{store.bucket}/out")
    assert kept is not None

    def named() -> set[str]:
        return set(update._tables(f"{store.bucket}/out", kept).open("transcripts", SCHEMAS["transcripts"]).names)

    assert named() == {str(path.relative_to(first.output)) for path in first.output.glob("transcripts/run_date=*/*")}
    assert main(["erase", "--output", f"{store.bucket}/out", "--recording_id", "card"]) == EXIT_COMPLETED
    left = files.fetch_folder(f"{store.bucket}/out", tmp_path / "left")
    assert named() == {str(path.relative_to(left)) for path in left.glob("transcripts/run_date=*/*")}
    assert main(["audit", "--output", f"{store.bucket}/out"]) == EXIT_COMPLETED, capsys.readouterr().out


@pytest.mark.parametrize(
    ("store", "reading", "stage"),
    [
        ("gs", 1, "Transcribe"),
        ("s3", 2, "MuteAudio"),
        pytest.param("gs", 2, "MuteAudio", marks=pytest.mark.long),
        pytest.param("s3", 1, "Transcribe", marks=pytest.mark.long),
    ],
    indirect=["store"],
)
def test_a_recording_that_is_replaced_during_the_run_is_not_published(store: Store, reading: int, stage: str) -> None:
    other = files.read_bytes(f"{store.bucket}/calls/2026/phone.wav")
    downloads = []

    def replace(path: str) -> None:
        if "card.flac" in path:
            downloads.append(path)
            if len(downloads) == reading:
                files.write_bytes(f"{store.bucket}/calls/2026/card.flac", other)

    store.proxy.after_download = replace
    run = store.redact(CARD, PHONE)
    assert run.status == EXIT_INCOMPLETE, run.terminal
    assert run.statuses() == set(run.audio()) == {"phone"}
    assert {row["recording_id"] for row in run.rows("transcripts")} == {"phone"}
    (error,) = run.rows("errors")
    assert (error["recording_id"], error["stage"], error["error_class"]) == ("card", stage, "SourceChangedError")
    assert error["retryable"]


@pytest.mark.parametrize("store_scheme", ["gs", "s3", "az"])
@pytest.mark.parametrize(
    ("command", "option"),
    [
        (("redact", "calls.jsonl"), "--output"),
        (("redact", "calls.jsonl", "--output", "out", "--store_key", "env:KEY"), "--store"),
        (("plan", "calls.jsonl"), "--output"),
        (("audit",), "--output"),
        (("erase", "--recording_id", "call"), "--output"),
    ],
)
def test_a_bucket_that_does_not_exist_is_a_wrong_option_and_is_told_before_anything_begins(
    store_scheme: str,
    command: tuple[str, ...],
    option: str,
    servers: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if store_scheme not in servers:
        pytest.skip("needs Azurite (make azurite)")
    credentials = {**azure_credentials(servers.get("az", "")), **S3_CREDENTIALS}
    for name, value in {**credentials, "AWS_ENDPOINT_URL_S3": servers["s3"]}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", servers["gs"])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.jsonl").write_text('{"audio_url": "call.wav"}\n')
    # No such model: its check comes later.
    model = ("--model", "nosuch") if command[0] in {"redact", "plan"} else ()
    assert main([*command, *model, option, f"{store_scheme}://mistyped-bucket/out"]) == EXIT_USAGE
    said = capsys.readouterr()
    noun = "container" if store_scheme == "az" else "bucket"
    told = f"error: {option}: there is no {noun} {store_scheme}://mistyped-bucket; make it, or correct the name"
    assert told in said.out + said.err
    assert list(tmp_path.iterdir()) == [tmp_path / "calls.jsonl"]


def test_doctor_tells_a_bucket_that_does_not_exist_from_one_that_cannot_be_written(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--model", f"{store.bucket}/models/tiny", "--verify", "off", "--json"]
    main(["doctor", *options, "--output", f"{store.bucket}-mistyped/out"])
    (output,) = [check for check in json.loads(capsys.readouterr().out)["checks"] if check["subject"] == "output"]
    assert output["outcome"] == "problem"
    assert output["detail"].startswith("there is no ")
    assert output["remedy"] == "make it, or correct the name"
