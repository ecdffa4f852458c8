"""The scorer, on real labelled recordings that are muted here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from evaluation import score
from evaluation.truth import LabelledRecording, SpokenEntity, read_truth

DEV = Path(score.__file__).parent / "dev"
CALLS = {"card-payment", "vehicle-claim", "clinic-intake"}


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the truth of three of the labelled calls, in three formats."""
    folder = tmp_path_factory.mktemp("labelled")
    (folder / "audio").symlink_to(DEV / "audio")
    lines = (DEV / "truth.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if any(f'"recording_id": "{name}"' in line for name in CALLS)]
    (folder / "truth.jsonl").write_text("".join(kept), encoding="utf-8")
    return folder


def publish(output: Path, recordings: list[LabelledRecording], mute: bool, text: dict[str, str]) -> None:
    """Writes a run's outputs: the recordings with every entity silent, or untouched."""
    (output / "audio").mkdir(parents=True)
    rows = []
    for recording in recordings:
        samples = score.decode(recording.audio).copy()
        for entity in recording.entities if mute else ():
            start, end = (int(second * score.RATE_HZ) for second in (entity.start_s - 0.05, entity.end_s + 0.05))
            samples[entity.channel, max(0, start) : end] = 0
        path = output / "audio" / f"{recording.recording_id}.flac"
        soundfile.write(path, samples.T, score.RATE_HZ)
        rows.append(
            {
                "recording_id": recording.recording_id,
                "status": "completed",
                "text": text[recording.recording_id],
                "redacted_audio_url": f"audio/{path.name}",
            }
        )
    (output / "transcripts").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), output / "transcripts" / "part.parquet")


def spoken(recording: LabelledRecording) -> str:
    return " ".join(word.text for word in recording.words)


def test_untouched_recordings_score_nothing(labelled: Path, tmp_path: Path) -> None:
    recordings = read_truth(labelled)
    publish(tmp_path / "out", recordings, mute=False, text={r.recording_id: spoken(r) for r in recordings})
    summary = score.summarise(score.score_run(labelled, tmp_path / "out"))
    assert summary["files"] == len(CALLS)
    assert summary["covered_0.9"] == 0.0
    assert summary["over_redaction"] == 0.0
    assert summary["text_leaks"] >= summary["entities"] - 3


def test_recordings_with_every_entity_muted_score_fully(labelled: Path, tmp_path: Path) -> None:
    recordings = read_truth(labelled)
    publish(tmp_path / "out", recordings, mute=True, text={r.recording_id: "####" for r in recordings})
    scores = score.score_run(labelled, tmp_path / "out")
    summary = score.summarise(scores)
    assert summary["covered_1.0"] == 1.0
    assert summary["zero_leak_files"] == 1.0
    assert summary["text_leaks"] == 0
    assert summary["false_alarms_per_hour"] == 0.0
    assert score.details(scores) == []


def test_muting_of_negative_speech_is_over_redaction_and_a_false_alarm(labelled: Path, tmp_path: Path) -> None:
    recording = next(r for r in read_truth(labelled) if r.recording_id == "card-payment")
    samples = score.decode(recording.audio).copy()
    # "will need your", in the first turn, before anything personal is said.
    samples[0, int(1.4 * score.RATE_HZ) : int(2.2 * score.RATE_HZ)] = 0
    path = tmp_path / "muted.flac"
    soundfile.write(path, samples.T, score.RATE_HZ)
    result = score.score_recording(recording, path, "")
    assert result.other_muted_s > 0.3
    assert result.false_alarms == 1


def test_a_recording_that_was_not_published_is_missing(labelled: Path, tmp_path: Path) -> None:
    recordings = read_truth(labelled)
    publish(tmp_path / "out", recordings[:1], mute=True, text={r.recording_id: "" for r in recordings})
    scores = score.score_run(labelled, tmp_path / "out")
    assert score.summarise(scores)["missing"] == len(CALLS) - 1
    assert any("no redacted audio" in line for line in score.details(scores))


def test_the_latest_row_of_a_recording_counts(labelled: Path, tmp_path: Path) -> None:
    recordings = read_truth(labelled)[:1]
    publish(tmp_path / "out", recordings, mute=True, text={r.recording_id: "####" for r in recordings})
    part = tmp_path / "out" / "transcripts" / "part.parquet"
    (row,) = pq.read_table(part).to_pylist()
    before = {**row, "text": spoken(recordings[0])}
    rows = [{**row, "processed_at": "2026-11-25"}, {**before, "processed_at": "2026-11-24"}]
    pq.write_table(pa.Table.from_pylist(rows), part)
    assert score.summarise(score.score_run(labelled, tmp_path / "out"))["text_leaks"] == 0


def test_a_constant_codec_delay_is_no_change(labelled: Path) -> None:
    original = score.decode(read_truth(labelled)[0].audio)
    delayed = np.pad(original, ((0, 0), (1105, 0)))
    voiced, muted = score.inaudible(original[0], score.align(original, delayed)[0])
    assert voiced.sum() > 100
    assert muted.sum() == 0


def test_a_tone_in_place_of_speech_is_inaudible_speech() -> None:
    noise = np.random.default_rng(1).standard_normal(score.RATE_HZ).astype(np.float32) * 0.1
    tone = (0.2 * np.sin(2 * np.pi * 440 * np.arange(score.RATE_HZ) / score.RATE_HZ)).astype(np.float32)
    voiced, muted = score.inaudible(noise, tone)
    assert (muted == voiced).all()


def entity(value: str) -> SpokenEntity:
    return SpokenEntity("number_sequence", value, value, 0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("text", "value", "readable"),
    [
        ("it's four five three nine, one", "4539148803436467", True),
        ("it's 45, 39", "4539148803436467", True),
        ("forty-five thirty-nine", "4539148803436467", True),
        ("it's #### ####", "4539148803436467", False),
        ("that is 149 dollars", "4539148803436467", False),
        ("double three four", "334", True),
        ("three thousand", "334", False),
        ("Hi Daniel, thanks", "Daniel Whitfield", True),
        ("Hi #####, thanks", "Daniel Whitfield", False),
        ("on the road", "77 Birch Road", False),
        ("Danke, Herr Schlüter", "Torben Schlüter", True),
        ("Öffnen Sie", "Jörg Öztürk", False),
    ],
)
def test_what_can_be_read(text: str, value: str, readable: bool) -> None:
    assert score.is_readable(entity(value), score.tokens(text), ()) is readable


def test_a_name_that_is_also_said_as_a_word_is_not_read() -> None:
    assert not score.is_readable(entity("Grace Okafor"), score.tokens("a grace period"), ["grace"])


@given(st.integers(10, 99), st.integers(0, 9))
def test_numbers_in_words_are_the_digits(number: int, digit: int) -> None:
    names = {value: word for word, value in (score.TEENS | score.TENS | score.ONES).items()}
    ones = {value: word for word, value in score.ONES.items() if len(word) > 2}
    tens = names[number] if number < 20 or number % 10 == 0 else f"{names[number // 10 * 10]}-{ones[number % 10]}"
    assert "".join(score.tokens(f"{tens} triple {ones[digit]}")) == f"{number}{digit}{digit}{digit}"


@given(st.lists(st.booleans(), max_size=300))
def test_regions_are_the_long_runs(frames: list[bool]) -> None:
    mask = np.array(frames, dtype=bool)
    found = score.regions(mask)
    assert all(mask[start:end].all() and end - start >= score.SHORTEST_REGION_FRAMES for start, end in found)
    covered = sum(end - start for start, end in found)
    runs = "".join("x" if frame else " " for frame in frames).split()
    assert covered == sum(len(run) for run in runs if len(run) >= score.SHORTEST_REGION_FRAMES)
