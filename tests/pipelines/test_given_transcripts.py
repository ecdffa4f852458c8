"""Recordings with given transcripts are redacted like transcribed ones, without the recogniser."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from hushbeam.pipelines import rerender
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.archive.unredacted import UnredactedOutput
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.media.decode import inspect
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.transcribe.engine import SpeechEngine
from tests.pipelines.conftest import SPOKEN, Redact, Run, redact_in
from tests.transforms.transcribe.given.samples import Document, as_amazon, as_assemblyai, as_deepgram, as_plain

CARD = {"recording_id": "card", "audio_url": "card.flac"}
FOUND_NOWHERE = {"redact_pii_policies": ["zodiac_sign"]}
"""So that a mask is nothing else: the detection model takes `[PII]` for a name or a number, as its surroundings say."""


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models that engines load, which is all that a job does with a recogniser before it submits recordings."""
    models: list[str] = []
    load = SpeechEngine.load

    def noted(engine: SpeechEngine) -> None:
        models.append(engine._settings.model)
        load(engine)

    monkeypatch.setattr(SpeechEngine, "load", noted)
    return models


@pytest.fixture(scope="module")
def recognised(calls: Path, key: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Transcript]:
    """A run that transcribes the call, and what it recognised."""
    folder = tmp_path_factory.mktemp("recognised")
    root = folder / "private"
    run = redact_in(folder, calls, [CARD], ("--unredacted_output", str(root), "--unredacted_key", key))
    assert run.status == EXIT_COMPLETED, run.terminal
    values = json.loads(UnredactedOutput(SealedRoot(str(root), (key,))).read("card"))
    utterances = tuple(
        Utterance(utterance["channel"], tuple(Word(**word) for word in utterance["words"]))
        for utterance in values["utterances"]
    )
    return run, Transcript("en", 1.0, values["duration_s"], values["channels"], utterances)


def in_whole_words(transcript: Transcript) -> Transcript:
    """The transcript with pieces of words joined, as services write them: `$1` and `,250` are one word."""
    utterances = []
    for utterance in transcript.utterances:
        words: list[Word] = []
        for word in utterance.words:
            if words and not word.text.startswith(" "):
                words[-1] = replace(words[-1], text=words[-1].text + word.text, end_s=word.end_s)
            else:
                words.append(word)
        utterances.append(Utterance(utterance.channel, tuple(words)))
    return replace(transcript, utterances=tuple(utterances))


def findings(run: Run, recording_id: str) -> list[tuple[Any, ...]]:
    return [
        (row["policy"], row["channel"], row["start_s"], row["end_s"])
        for row in run.rows("findings")
        if row["recording_id"] == recording_id
    ]


def muted(run: Run, recording_id: str) -> list[list[float]]:
    status = json.loads((run.output / "status" / f"{recording_id}.json").read_text())
    spans: list[list[float]] = status["certificate"]["audio"]["muted"]
    return spans


def written(folder: Path, document: Document) -> str:
    path = folder / f"given-{len(list(folder.glob('given-*')))}.json"
    path.write_text(json.dumps(document))
    return str(path)


def test_the_words_of_services_are_redacted_as_recognised_ones_and_only_verification_loads_a_model(
    redact: Redact, recognised: tuple[Run, Transcript], loaded: list[str], tmp_path: Path
) -> None:
    before, transcript = recognised
    whole = in_whole_words(transcript)
    documents = {
        "plain": as_plain(transcript),
        "amazon_transcribe": as_amazon(whole),
        "deepgram": as_deepgram(whole),
        "assemblyai": as_assemblyai(whole),
    }
    loaded.clear()
    lines = [
        {"recording_id": name, "audio_url": "card.flac", "transcript_url": written(tmp_path, document)}
        for name, document in documents.items()
    ]
    run = redact(*lines, options=("--model", "base", "--verify", "all"))
    assert run.status == EXIT_COMPLETED, run.terminal
    assert set(loaded) == {"tiny.en"}, "the model of the verification"

    rows = {row["recording_id"]: row for row in run.rows("transcripts")}
    (recognised_row,) = before.rows("transcripts")
    for name in documents:
        row = rows[name]
        assert row["text"] == recognised_row["text"]
        assert not any(spoken in json.dumps(row, default=str) for spoken in SPOKEN)
        assert (row["language_code"], row["channels"]) == ("en", recognised_row["channels"])
        assert row["verification"]["outcome"] == "passed"
        assert dict(row["models"])["recogniser"] == f"given transcript ({name})"
        assert row["configuration_id"] != run_configuration(run)
        assert [found[:2] for found in findings(run, name)] == [found[:2] for found in findings(before, "card")]
        for span, reference in zip(muted(run, name), muted(before, "card"), strict=True):
            assert span == pytest.approx(reference, abs=0.01)

    assert "4 skipped" in redact(*lines, options=("--model", "base", "--verify", "all")).terminal
    Path(lines[0]["transcript_url"]).write_text(json.dumps(documents["plain"]) + "\n")
    again = redact(*lines, options=("--model", "base", "--verify", "all"))
    assert "1 completed" in again.terminal, "a transcript that changed is read again"


def run_configuration(run: Run) -> str:
    """The configuration of the job, as it applies to recordings that are transcribed."""
    (summary,) = run.output.glob("runs/*/summary.json")
    configuration: str = json.loads(summary.read_text())["identities"]["configuration_id"]
    return configuration


def test_a_transcript_that_is_damaged_missing_or_of_another_call_fails_its_recording_alone(
    redact: Redact, recognised: tuple[Run, Transcript], tmp_path: Path
) -> None:
    _, transcript = recognised
    card = as_deepgram(transcript)
    (tmp_path / "Quagga.json").write_text('{"words": [{"text": "Quagga"')
    urls = {
        "good": written(tmp_path, card),
        "damaged": str(tmp_path / "Quagga.json"),
        "missing": str(tmp_path / "no.json"),
        "no-language": written(tmp_path, {"words": as_plain(transcript)["words"]}),
    }
    lines: list[dict[str, Any]] = [
        {"recording_id": name, "audio_url": "card.flac", "transcript_url": url} for name, url in urls.items()
    ]
    lines.append({"recording_id": "other", "audio_url": "phone.wav", "transcript_url": urls["good"]})
    lines.append(lines[0] | {"recording_id": "mixed", "multichannel": False})
    run = redact(*lines)
    assert run.status == EXIT_INCOMPLETE, run.terminal
    assert run.statuses() == {"good"}
    errors = {row["recording_id"]: row for row in run.rows("errors")}
    assert {name: row["error_class"] for name, row in errors.items()} == {
        "damaged": "UnusableTranscriptError",
        "missing": "MissingFileError",
        "no-language": "UnusableTranscriptError",
        "other": "WrongTranscriptError",
        "mixed": "WrongTranscriptError",
    }
    assert errors["missing"]["message"].startswith("transcript_url: ")
    assert not any("uagga" in json.dumps(row, default=str) for row in errors.values())
    assert not any(spoken in json.dumps(list(errors.values()), default=str) for spoken in SPOKEN)


def test_a_mono_transcript_of_a_stereo_call_mutes_both_channels_and_masks_are_muted(
    redact: Redact, recognised: tuple[Run, Transcript], calls: Path, tmp_path: Path
) -> None:
    _, transcript = recognised
    channels = inspect(calls / "card.flac", MediaLimits()).info.channels
    assert channels == transcript.channels == 2
    words = sorted(in_whole_words(transcript).words, key=lambda word: word.start_s)
    entries = [{"word": word.text.strip(), "start": word.start_s, "end": word.end_s, "score": 0.9} for word in words]
    for entry in entries:
        if any(character.isdigit() for character in str(entry["word"])):
            entry["word"] = "[PII]"
    document = {"segments": [{"words": entries}], "language": "en"}
    run = redact(CARD | FOUND_NOWHERE | {"transcript_url": written(tmp_path, document)})
    assert run.status == EXIT_COMPLETED, run.terminal
    (row,) = run.rows("transcripts")
    assert row["channels"] == 1
    assert "[PII]" in row["text"]
    assert {found["detector"] for found in run.rows("findings")} >= {"masked_word"}
    masked = [entry for entry in entries if entry["word"] == "[PII]"]
    for channel in range(channels):
        spans = [(start_s, end_s) for number, start_s, end_s in muted(run, "card") if number == channel]
        for entry in masked:
            assert any(start_s <= entry["start"] and entry["end"] <= end_s for start_s, end_s in spans)  # type: ignore[operator]


def test_what_is_masked_in_part_is_redacted_and_muted_and_a_mask_of_two_words_stays(
    redact: Redact, recognised: tuple[Run, Transcript], key: str, tmp_path: Path
) -> None:
    _, transcript = recognised
    document = as_plain(in_whole_words(transcript))
    plain = [entry for entry in document["words"] if not any(map(str.isdigit, entry["text"]))]
    part = [entry for entry in plain if entry["channel"] == 0][1]
    mask = [entry for entry in plain if entry["channel"] == 1][:2]
    for entry, text in zip([part, *mask], [" qua***ga,", " [PHONE", " NUMBER]"], strict=True):
        entry["text"] = text
    line = CARD | FOUND_NOWHERE | {"transcript_url": written(tmp_path, document)}
    kept = ("--store", str(tmp_path / "store"), "--store_key", key)
    run = redact(line, options=kept)
    assert run.status == EXIT_COMPLETED, run.terminal
    (row,) = run.rows("transcripts")
    assert "[PHONE NUMBER]" in row["text"]
    assert "###***##," in row["text"]
    assert "qua" not in json.dumps(row, default=str)
    found = [found for found in run.rows("findings") if found["detector"] == "masked_word"]
    shown = [
        None if each["text_start"] is None else row["text"][each["text_start"] : each["text_end"]] for each in found
    ]
    assert sorted(shown, key=str) == ["###***##", None]
    for entry in (part, *mask):
        assert any(
            channel == entry["channel"] and start_s <= entry["start_s"] and entry["end_s"] <= end_s
            for channel, start_s, end_s in muted(run, "card")
        )

    options = (*kept, "--verify", "off", "--substitution", "entity_name")
    assert rerender.run(["--output", str(run.output), *options], Console(file=io.StringIO())) == EXIT_COMPLETED
    (after,) = run.rows("transcripts")
    assert "[PHONE NUMBER]" in after["text"]
    assert "[UNTRANSCRIBED_SPEECH]," in after["text"]


def test_lines_that_are_not_redacted_take_given_words_too(
    redact: Redact, recognised: tuple[Run, Transcript], key: str, loaded: list[str], tmp_path: Path
) -> None:
    _, transcript = recognised
    loaded.clear()
    line = CARD | {"transcript_url": written(tmp_path, as_plain(transcript)), "redact_pii": False}
    root = tmp_path / "as-said"
    run = redact(line, options=("--unredacted_output", str(root), "--unredacted_key", key))
    assert run.status == EXIT_COMPLETED, run.terminal
    assert loaded == []
    values = json.loads(UnredactedOutput(SealedRoot(str(root), (key,))).read("card"))
    words = [word["text"] for utterance in values["utterances"] for word in utterance["words"]]
    assert words == [word.text for word in transcript.words]


def test_stored_words_of_a_given_transcript_are_rendered_again_and_stay_up_to_date(
    redact: Redact, recognised: tuple[Run, Transcript], key: str, tmp_path: Path
) -> None:
    _, transcript = recognised
    line = CARD | {"transcript_url": written(tmp_path, as_plain(transcript))}
    kept = ("--store", str(tmp_path / "store"), "--store_key", key)
    run = redact(line, options=kept)
    assert run.status == EXIT_COMPLETED, run.terminal
    (before,) = run.rows("transcripts")
    options = (*kept, "--verify", "off", "--substitution", "entity_name")
    terminal = Console(file=io.StringIO(), width=200)
    assert rerender.run(["--output", str(run.output), *options], terminal) == EXIT_COMPLETED
    (after,) = run.rows("transcripts")
    assert after["text"] != before["text"]
    assert dict(after["models"])["recogniser"] == "given transcript (plain)"
    assert after["configuration_id"] == before["configuration_id"]
    assert "1 skipped" in redact(line | {"redact_pii_sub": "entity_name"}, options=kept).terminal
