"""A cluster loses workers, and does again what they did: outputs are as if nothing had happened."""

from __future__ import annotations

import json
from pathlib import Path

import apache_beam as beam
import pytest

from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.parsing import parse
from hushbeam.pipelines.redact import build
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_USAGE
from hushbeam.pipelines.running.job import prepare
from hushbeam.transforms.transcribe.engine import SpeechEngine
from hushbeam.transforms.write_tables.transform import _WriteShardFn
from tests.pipelines.conftest import FinishedRuns, Redact, Run

CARD = {"recording_id": "card", "audio_url": "card.flac"}
PHONE = {"recording_id": "phone", "audio_url": "phone.wav", "redact_pii_sub": "entity_name"}


@pytest.mark.parametrize("worker", ["new", "as old as the lost one"])
def test_what_a_lost_worker_committed_is_not_missing_and_a_new_worker_does_not_hear_it_again(
    finished: FinishedRuns, redact: Redact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worker: str
) -> None:
    whole, output = finished(CARD, PHONE), tmp_path / "out"
    manifest = whole.output.parent / "manifest.jsonl"

    def attempt() -> None:
        fast = ("--model", "tiny.en", "--verify", "off")
        arguments = ("--manifest", str(manifest), "--output", str(output), "--run_id", "night", *fast)
        options, beam_options = parse(RedactOptions, arguments)
        job = prepare(options, local=True)
        with beam.Pipeline(options=beam_options) as pipeline:
            build(pipeline, job)

    def lost(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as context:
        context.setattr(_WriteShardFn, "process", lost)
        with pytest.raises(RuntimeError, match="ConnectionError"):
            attempt()
    assert len(list(output.glob("status/*.json"))) == 2
    with monkeypatch.context() as context:
        if worker == "new":
            context.setattr(SpeechEngine, "submit", lost)
        else:  # it looked for safety copies before there were any
            context.setattr("hushbeam.transforms.skip_finished.transform.names_of_copies", lambda *_: frozenset())
        attempt()
    run = Run(EXIT_COMPLETED, "", output)
    assert [row["text"] for row in run.rows("transcripts")] == [row["text"] for row in whole.rows("transcripts")]
    assert len(run.rows("findings")) == len(whole.rows("findings"))
    summary = json.loads((output / "runs" / "night" / "summary.json").read_text())
    assert summary["recordings"]["completed"] == 2
    assert summary["recordings"]["skipped"] == 0
    again = redact(CARD, output=output, options=("--run_id", "night"))
    assert again.status == EXIT_USAGE
    assert "--run_id" in again.terminal
