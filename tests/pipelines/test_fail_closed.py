"""Failed recordings: nothing of them is published, and the others complete."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hushbeam.pipelines.running.exit_status import EXIT_INCOMPLETE, EXIT_USAGE
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.detect_pii.detector import Detection, DetectionRequest, Detector
from hushbeam.transforms.detect_pii.models import conversation_model
from hushbeam.transforms.detect_pii.recogniser import Candidate, Recogniser
from hushbeam.transforms.media.audio_track import AudioTrack
from tests.kept_between_runs import no_models_in_memory
from tests.pipelines.conftest import SPOKEN, Redact, Run

CARD = {"recording_id": "card", "audio_url": "card.flac"}
PHONE = {"recording_id": "phone", "audio_url": "phone.wav"}

GROUPS = ("4539", "1488", "0343", "6467")
"""Parts of the card's number: too short to look for where checksums and sizes stand."""


def assert_only_phone_is_out(run: Run, stage: str, error_class: str, status: str = "failed") -> None:
    assert run.status == EXIT_INCOMPLETE, run.terminal
    assert run.statuses() == set(run.audio()) == {"phone"}
    assert {row["recording_id"] for row in run.rows("transcripts")} == {"phone"}
    assert {row["recording_id"] for row in run.rows("findings")} == {"phone"}
    (error,) = run.rows("errors")
    assert (error["recording_id"], error["stage"], error["error_class"], error["status"]) == (
        "card",
        stage,
        error_class,
        status,
    )
    assert not list(run.output.glob("runs/*/rows/*"))


def test_a_recording_that_breaks_off_is_not_published(redact: Redact, calls: Path) -> None:
    whole = (calls / "card.flac").read_bytes()
    (calls / "broken.flac").write_bytes(whole[: len(whole) // 2])
    run = redact(CARD | {"audio_url": "broken.flac"}, PHONE)
    assert_only_phone_is_out(run, "Transcribe", "MediaError")


def test_a_recording_that_cannot_be_transcribed_is_not_published(redact: Redact) -> None:
    run = redact(CARD | {"language_code": "fr"}, PHONE)  # tiny.en knows English alone
    assert_only_phone_is_out(run, "Transcribe", "TranscriptionError")


def test_a_finding_without_a_time_is_quarantined(redact: Redact, monkeypatch: pytest.MonkeyPatch) -> None:
    detect = Detector.detect

    def without_times(self: Detector, request: DetectionRequest, *, keep_reports: bool) -> Detection:
        found = detect(self, request, keep_reports=keep_reports)
        if "account_number" in request.policies:
            return found
        return Detection(
            tuple(
                replace(finding, first_word=None, last_word=None, start_s=float("nan"), end_s=float("nan"))
                for finding in found.findings
            )
        )

    monkeypatch.setattr(Detector, "detect", without_times)
    run = redact(CARD | {"redact_pii_policies": ["credit_card_number"]}, PHONE)
    assert_only_phone_is_out(run, "MuteAudio", "SpanTimeError", "quarantined")


def test_a_recogniser_that_raises_fails_its_recording(redact: Redact, monkeypatch: pytest.MonkeyPatch) -> None:
    class Choking(Recogniser):
        name = "choking"
        policies = frozenset({"credit_card_number"})

        def recognise(self, conversation) -> list[Candidate]:
            if "539" in conversation.text or "1488" in conversation.text:
                raise ValueError(f"cannot read {conversation.text}")
            return []

    load = Detector.load

    def with_choking(self: Detector) -> None:
        load(self)
        assert self._recognisers is not None
        self._recognisers = (*self._recognisers, Choking())

    monkeypatch.setattr(Detector, "load", with_choking)
    with no_models_in_memory():
        run = redact(CARD, PHONE)
    assert_only_phone_is_out(run, "DetectPII", "RecogniserError")


def test_an_encoder_that_fails_half_way_leaves_nothing(redact: Redact, monkeypatch: pytest.MonkeyPatch) -> None:
    write, blocks = AudioTrack.write, []

    def choke(self: AudioTrack, block) -> None:
        blocks.append(block.shape)
        if len(blocks) == 3:
            raise OSError(28, "No space left on device")
        write(self, block)

    monkeypatch.setattr(AudioTrack, "write", choke)
    run = redact(CARD, PHONE | {"redact_pii_audio": False})
    assert len(blocks) == 3
    assert run.statuses() == {"phone"}
    assert run.audio() == {}
    (error,) = run.rows("errors")
    assert (error["recording_id"], error["stage"], error["retryable"]) == ("card", "MuteAudio", True)


def test_an_output_that_cannot_be_written_is_a_failure_and_transcripts_alone_complete(
    redact: Redact, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    output.mkdir()
    (output / "audio").write_text("a file where the folder should be")
    run = redact(CARD, PHONE | {"redact_pii_audio": False})
    assert run.status == EXIT_INCOMPLETE
    assert run.statuses() == {"phone"}
    (error,) = run.rows("errors")
    assert (error["recording_id"], error["stage"]) == ("card", "Commit")
    assert {row["recording_id"] for row in run.rows("transcripts")} == {"phone"}


def test_a_recogniser_that_does_not_load_ends_the_job_with_nothing_published(
    redact: Redact, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(self: object) -> None:
        raise ConfigurationError("--detector: model.onnx is missing")

    monkeypatch.setattr(conversation_model.ConversationModel, "load", absent)
    with no_models_in_memory():
        run = redact(CARD, PHONE)
    assert run.status == EXIT_USAGE
    assert "--detector" in run.terminal
    assert not run.statuses()
    assert not run.audio()


def test_what_was_said_appears_nowhere_but_in_the_source(
    redact: Redact,
    calls: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    caplog.set_level(logging.DEBUG)
    whole = (calls / "card.flac").read_bytes()
    (calls / "broken.flac").write_bytes(whole[: len(whole) * 3 // 4])
    run = redact(CARD, PHONE, CARD | {"recording_id": "broken", "audio_url": "broken.flac"})
    assert run.statuses() == {"card", "phone"}
    captured = capfd.readouterr()
    written = {"terminal": run.terminal, "log": caplog.text, "stdout": captured.out, "stderr": captured.err}
    for path in (path for folder in (run.output, scratch) for path in folder.rglob("*") if path.is_file()):
        written[str(path)] = path.read_bytes().decode("latin-1")
        if path.suffix == ".parquet":
            written[f"{path} rows"] = str(pq.read_table(path).to_pylist())
    assert len(written) > 10
    assert "redacted_audio_ready" in str(written), "the search reads what it should"
    found = {(place, canary) for place, text in written.items() for canary in SPOKEN if canary in text.lower()}
    assert not found
    texts = [row["text"] for row in run.rows("transcripts")]
    assert texts
    assert not [group for group in GROUPS if group in " ".join(texts)]
    assert not list(scratch.rglob("source-*"))
