"""Canaries are planted wherever personal data may stand, and everything that runs write is searched for them."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from rich.console import Console

from hushbeam.pipelines.redact import run
from hushbeam.pipelines.running.exit_status import EXIT_INCOMPLETE
from tests.pipelines.conftest import SPOKEN
from tests.transforms.notify.receiver import Receiver, running

WRITTEN = ("gonzalez", "canary", "07911234567")
"""Planted in file names, ids, tags, and all keys of the manifest but `metadata`, which is passed through."""

PASSED_THROUGH = "metadata-of-the-line"

_ROOT = Path(__file__).parents[2]
_KEY = base64.b64encode(b"canary-of-the-key-of-identities").decode()
_FILE = "Maria-Gonzalez-07911234567"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running(Receiver()) as receiver:
        yield receiver


@pytest.fixture
def arguments(
    calls: Path, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[str], Path]:
    """A command line over calls with canaries everywhere, one of them broken; and the scratch folder of the job."""
    sources, scratch = tmp_path / "sources", tmp_path / "scratch"
    sources.mkdir()
    scratch.mkdir()
    _tag(calls / "card.flac", sources / f"{_FILE}.flac")
    (sources / f"{_FILE}.wav").write_bytes((calls / "phone.wav").read_bytes())
    whole = (calls / "card.flac").read_bytes()
    (sources / f"{_FILE}-broken.flac").write_bytes(whole[: len(whole) * 3 // 4])
    shared = {
        "webhook_url": f"http://127.0.0.1:{receiver.server_port}/hook?token=canary-of-the-url",
        "webhook_auth_header_name": "X-Auth",
        "redact_static_entities": {"PROJECT": ["canary of the term"]},
        "metadata": {"team": PASSED_THROUGH},
    }
    lines = [
        {"recording_id": "gonzalez/card", "audio_url": f"{_FILE}.flac"} | shared,
        {"audio_url": f"{_FILE}.wav"} | shared,
        {"recording_id": "broken-gonzalez", "audio_url": f"{_FILE}-broken.flac"} | shared,
        {"recording_id": "gone-gonzalez", "audio_url": "canary-gone.wav"} | shared,
        *(
            {"recording_id": f"gonzalez-{name}", "audio_url": f"{_FILE}.flac", "transcript_url": f"canary-{name}.json"}
            for name in ("late", "damaged", "gone")
        ),
        {"recording_id": "gonzalez/card", "audio_url": "canary-twice.wav"},
        {"recording_id": "canary-of-a-bad-line", "audio_url": "canary.wav", "language_code": "canary " * 9, "x": 1},
    ]
    late = {"text": "canary-of-a-word", "start_s": 900, "end_s": 901}
    (sources / "canary-late.json").write_text(json.dumps({"language_code": "en", "words": [late]}))
    (sources / "canary-damaged.json").write_text('{"words": [{"text": "canary-of-a-word"')
    manifest = sources / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"audio_url": "canary not closed\n')
    for name, value in (("AUTH", "Bearer canary"), ("IDENTITIES", _KEY)):
        monkeypatch.setenv(name, value)
    return [
        *("--manifest", str(manifest), "--model", "tiny.en", "--verify", "off", "--captions"),
        *(
            "--hash_identities",
            "env:IDENTITIES",
            "--webhook_auth_header_values",
            f"env:AUTH@127.0.0.1:{receiver.server_port}",
        ),
        *("--webhook_allow_http", "--webhook_allowed_networks", "127.0.0.0/8"),
    ], scratch


def _tag(source: Path, target: Path) -> None:
    with av.open(str(source)) as read, av.open(str(target), "w") as write:
        write.metadata.update({"TITLE": "canary of a tag", "ARTIST": "Maria Gonzalez", "COMMENT": "07911234567"})
        stream = write.add_stream_from_template(read.streams.audio[0])
        for packet in read.demux(read.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                write.mux(packet)


def _written(folders: Iterable[Path]) -> dict[str, str]:
    """Everything in the folders, as text: names and bytes, and of Parquet files also what is compressed in them."""
    found = {}
    for path in sorted(path for folder in folders for path in folder.rglob("*")):
        found[f"name of {path.name}"] = str(path.relative_to(next(f for f in folders if path.is_relative_to(f))))
        if not path.is_file():
            continue
        content = path.read_bytes()
        found[str(path)] = content.decode("latin-1")
        if path.suffix == ".parquet":
            found[f"{path}: rows"] = str(pq.read_table(path).to_pylist())
            found[f"{path}: statistics"] = str(pq.ParquetFile(path).metadata.to_dict()) + str(
                pq.read_schema(path).metadata
            )
            found[f"{path}: pages"] = _pages(content)
    return found


def _pages(content: bytes) -> str:
    """All that is compressed in a file: data pages, dictionaries, statistics, whether rows refer to them or not."""
    pages = []
    start = content.find(zstandard.FRAME_HEADER)
    while start >= 0:
        try:
            pages.append(zstandard.ZstdDecompressor().decompressobj().decompress(content[start:]))
        except zstandard.ZstdError:
            pages.append(b"")  # the four bytes stood there by chance
        start = content.find(zstandard.FRAME_HEADER, start + 4)
    return b"\n".join(pages).decode("latin-1")


def _found(written: dict[str, str]) -> set[tuple[str, str]]:
    return {
        (place, canary) for place, text in written.items() for canary in (*SPOKEN, *WRITTEN) if canary in text.lower()
    }


def test_a_run_with_good_and_bad_recordings_leaves_no_canary_anywhere(
    arguments: tuple[list[str], Path],
    receiver: Receiver,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options, scratch = arguments
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    caplog.set_level(logging.DEBUG)
    terminal, output = io.StringIO(), tmp_path / "out"
    assert run([*options, "--output", str(output)], Console(file=terminal, width=200)) == EXIT_INCOMPLETE
    assert len(list(output.glob("status/*.json"))) == 2
    assert len(receiver.received) == 2
    captured = capfd.readouterr()
    written = _written([output, scratch]) | {
        "terminal": terminal.getvalue(),
        "log": caplog.text,
        "arguments of the log": "".join(str(record.args) for record in caplog.records),
        "stdout": captured.out,
        "stderr": captured.err,
        "notifications": "".join(request.body.decode() for request in receiver.received),
    }
    places = {place for place, text in written.items() if PASSED_THROUGH in text}
    assert any("transcripts" in place and place.endswith("pages") for place in places), (
        "the search reads what it should"
    )
    assert all("transcripts" in place for place in places)
    assert len(caplog.records) > 50
    assert not _found(written)


def test_a_killed_run_leaves_no_canary_anywhere(arguments: tuple[list[str], Path], tmp_path: Path) -> None:
    options, scratch = arguments
    output = tmp_path / "out"
    killed = subprocess.run(
        [
            *(sys.executable, "-m", "tests.faults.driver", "log_everything", "kill_after_write,/status/,1", "--"),
            *(*options, "--output", str(output)),
        ],
        cwd=_ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert killed.returncode == -9, killed.stderr[-2000:]
    assert "DEBUG" in killed.stderr
    written = _written([output, scratch]) | {"stdout": killed.stdout, "stderr": killed.stderr}
    assert any("redacted_audio_ready" in text for text in written.values()), "the search reads what it should"
    assert any("/rows/" in place for place in written)
    assert not _found(written)


def test_the_search_finds_what_is_hidden_in_pages(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    values = pa.array(["a canary" if number == 700 else str(number) for number in range(2000)])
    pq.write_table(pa.table({"text": values}), path, compression="zstd", write_statistics=False)
    assert b"canary" not in path.read_bytes()
    assert {place.rpartition(": ")[2] for place, _ in _found(_written([tmp_path]))} == {"rows", "pages"}
