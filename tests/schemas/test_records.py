"""Records agree with their Parquet schemas, and survive their coders. Plain functions."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from apache_beam import coders
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.coders import CompressedCoder
from hushbeam.schemas.delivery import NOTIFICATIONS_SCHEMA, Delivery
from hushbeam.schemas.failure import ERRORS_SCHEMA, Failure
from hushbeam.schemas.media import SourceIdentity
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.stages import (
    CommittedRecording,
    MutedRecording,
    PendingRecording,
    SpanToTranscribe,
    StagedAudio,
    TranscribedRecording,
)
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.archive.tables.parquet import as_table, json_of

ROOT = Path(__file__).parents[2]
PROCESSED_AT = "2026-11-29T02:00:00.123456+00:00"
FAILURE = Failure("call", "failed", "Transcribe", "MediaError", "truncated", retryable=False, run_id="run")
DELIVERY = Delivery("call", "msg_1", "example.com:443", 2, 503, "undelivered", "status", "run")
RECORDING = Recording(
    "call", "gs://calls/a.wav", ("date", "person_name"), static_entities={"TOOL": ("Bearclaw",)}, metadata={"a": "b"}
)
PENDING = PendingRecording(RECORDING, SourceIdentity("gs://calls/a.wav", 1, "generation:1"), "c0ffee", replaces=True)
COMMITTED = CommittedRecording("call", "m.jsonl", 1, "c0ffee", "completed", None, "{}", ("{}",), 1.5)
AUDIO = StagedAudio("/tmp/a.wav", ".wav", 1, "00", 1.5, (TimeSpan(0, 0.1, 0.2), TimeSpan(1, 0.0, 0.5)))


@pytest.mark.parametrize(
    ("row", "schema"),
    [(FAILURE.to_row(PROCESSED_AT), ERRORS_SCHEMA), (DELIVERY.to_row(PROCESSED_AT), NOTIFICATIONS_SCHEMA)],
)
def test_rows_have_the_columns_of_their_table(row: dict[str, object], schema: pa.Schema) -> None:
    assert set(row) == set(schema.names)
    (read,) = as_table([json.dumps(row)], schema).to_pylist()
    assert json.loads(json_of(read)) == row


@pytest.mark.parametrize("record", [RECORDING, PENDING, COMMITTED, AUDIO, DELIVERY])
def test_what_travels_comes_back_as_it_was(record: object) -> None:
    coder = coders.registry.get_coder(type(record))
    assert coder.decode(coder.encode(record)) == record


def test_a_transcript_travels_compressed() -> None:
    words = [{"text": f"word{n}", "start_s": n * 0.4, "end_s": n * 0.4 + 0.3, "confidence": 0.9} for n in range(500)]
    recording = dataclasses.replace(COMMITTED, transcript_row=json.dumps(words))
    encoded = coders.registry.get_coder(CommittedRecording).encode(recording)
    assert len(encoded) < len(recording.transcript_row) / 4


@given(st.tuples(st.text(), st.text()))
def test_a_row_arrives_as_it_was_sent(row: tuple[str, str]) -> None:
    coder = CompressedCoder()
    assert coder.decode(coder.encode(row)) == row


def test_a_worker_of_another_process_gets_the_same_records() -> None:
    script = (
        "import base64, pickle, sys; coder, sent = pickle.loads(base64.b64decode(sys.argv[1])); "
        "print(coder.decode(sent))"
    )
    coder = coders.registry.get_coder(PendingRecording)
    sent = base64.b64encode(pickle.dumps((coder, coder.encode(PENDING)))).decode()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    received = subprocess.check_output([sys.executable, "-c", script, sent], env=environment, text=True)
    assert received.strip() == str(PENDING)


@pytest.mark.parametrize("record", [TranscribedRecording, MutedRecording])
def test_records_with_raw_words_have_a_coder_that_refuses(record: type) -> None:
    with pytest.raises(Exception, match="must stay in the worker"):
        coders.registry.get_coder(record).encode(object.__new__(record))


def test_muted_seconds_are_summed_over_channels() -> None:
    assert AUDIO.muted_s == pytest.approx(0.6)


def test_reprs_show_neither_urls_nor_words() -> None:
    word = Word(" quagga", 0.0, 0.5, 0.9, 0)
    records = [RECORDING, PENDING.source, COMMITTED, word, Transcript("en", 1.0, 1.0, 1, (Utterance(0, (word,)),))]
    shown = repr(records)
    assert "quagga" not in shown
    assert "a.wav" not in shown
    assert "Bearclaw" not in shown


def test_a_transcript_survives_json() -> None:
    word = Word(",250", 0.0, 0.5, 0.9, 1)
    transcript = Transcript("en", 0.8, 9.0, 2, (Utterance(1, (word,)),), (TimeSpan(1, 0.0, 0.5),), (0,))
    assert Transcript.from_dict(transcript.to_dict()) == transcript
    older = {name: value for name, value in transcript.to_dict().items() if name != "masked_words"}
    assert Transcript.from_dict(older) == dataclasses.replace(transcript, masked_words=())


def test_every_stage_record_names_its_recording() -> None:
    span = SpanToTranscribe(PENDING, None, 0, 1, 0.0, 1.0)  # type: ignore[arg-type]
    for record in (RECORDING, PENDING, span):
        assert (record.recording_id, record.manifest, record.line) == ("call", "", 0)
    assert dataclasses.is_dataclass(span)
