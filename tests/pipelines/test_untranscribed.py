"""Speech without words is muted where it may hold personal data, and otherwise reported."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from rich.console import Console

from evaluation.run import PEOPLE
from evaluation.score import score_run
from hushbeam.pipelines import rerender
from hushbeam.pipelines.redact import run as redact_job
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.schemas.finding import FLAGGED
from hushbeam.transforms.mute_audio.untranscribed import MUTED, POLICY
from tests.pipelines.conftest import FAST, LABELLED, Redact, Run
from tests.transforms.transcribe.given.samples import as_plain
from tests.transforms.verify_audio.labelled import labelled

ANSWER = (1, 5.6, 9.4)
"""After "What number are you calling about?"."""
REMARK = (0, 23.2, 25.3)
"""Within "Please hold the reset button for ten seconds"."""
MIDDLE = (0, 24.0, 24.8)
"""Of the remark: what is near its other words is theirs."""


@pytest.fixture
def line(tmp_path: Path) -> dict[str, Any]:
    """A labelled call with a given transcript, in which the words of an answer and of a remark are missing."""
    document = as_plain(labelled("telecom-phone-readback").perfect_transcript())
    document["words"] = [
        word
        for word in document["words"]
        if not any(
            word["channel"] == channel and start_s <= word["start_s"] < end_s
            for channel, start_s, end_s in (ANSWER, REMARK)
        )
    ]
    path = tmp_path / "words.json"
    path.write_text(json.dumps(document))
    audio = str(LABELLED / "telecom-phone-readback.wav")
    return {"recording_id": "call", "audio_url": audio, "transcript_url": str(path)}


def untranscribed(run: Run, detector: str) -> list[dict[str, Any]]:
    return [row for row in run.rows("findings") if (row["policy"], row["detector"]) == (POLICY, detector)]


def is_inside(row: dict[str, Any], place: tuple[int, float, float]) -> bool:
    channel, start_s, end_s = place
    return row["channel"] == channel and start_s < (row["start_s"] + row["end_s"]) / 2 < end_s


def audible_share(run: Run, place: tuple[int, float, float]) -> float:
    """How much of the energy of a place is left in the published audio."""
    channel, start_s, end_s = place
    energies = []
    for path in (run.audio()["call"], LABELLED / "telecom-phone-readback.wav"):
        samples, rate = soundfile.read(path)
        energies.append(float(np.square(samples[int(start_s * rate) : int(end_s * rate), channel]).sum()))
    return energies[0] / energies[1]


def render(run: Run, *options: str) -> None:
    assert rerender.run(["--output", str(run.output), "--verify", "off", *options], Console(file=io.StringIO())) == 0


def test_an_answer_without_words_is_muted_and_a_remark_is_reported(
    redact: Redact, line: dict[str, Any], key: str, tmp_path: Path
) -> None:
    store = ("--store", str(tmp_path / "store"), "--store_key", key)
    run = redact(line, options=store)
    assert run.status == EXIT_COMPLETED, run.terminal
    assert audible_share(run, ANSWER) < 0.001
    assert audible_share(run, MIDDLE) > 0.99
    assert any(is_inside(row, ANSWER) for row in untranscribed(run, MUTED))
    (reported,) = untranscribed(run, FLAGGED)
    assert is_inside(reported, REMARK)
    (row,) = run.rows("transcripts")
    assert dict(row["muted_s_by_policy"])[POLICY] > 2.0

    rendered = run.audio()["call"].read_bytes()
    render(run, *store, "--force")
    assert run.audio()["call"].read_bytes() == rendered
    render(run, *store, "--untranscribed", "mute")
    assert audible_share(run, MIDDLE) < 0.001
    assert untranscribed(run, FLAGGED) == []


@pytest.mark.parametrize(("caution", "answer", "remark"), [("high", False, False), ("low", True, True)])
def test_caution_decides_what_is_muted_also_when_a_recording_is_rendered_again(
    redact: Redact, line: dict[str, Any], key: str, tmp_path: Path, caution: str, answer: bool, remark: bool
) -> None:
    store = ("--store", str(tmp_path / "store"), "--store_key", key)
    run = redact(line, options=(*store, "--caution", caution))
    assert run.status == EXIT_COMPLETED, run.terminal
    assert (audible_share(run, ANSWER) > 0.5, audible_share(run, MIDDLE) > 0.5) == (answer, remark)
    rendered = run.audio()["call"].read_bytes()
    render(run, *store, "--force")
    assert run.audio()["call"].read_bytes() == rendered, "its own caution"


def test_in_recordings_of_people_no_data_is_lost_and_backchannels_stay(tmp_path: Path) -> None:
    folder = PEOPLE / "people"
    if not (folder / "truth.jsonl").is_file():
        pytest.skip(f"no recordings of people in {folder}")
    chosen = {"form-1wb3pj", "ami-transcribers"}
    """A name and a number that are written in part, and a meeting in which several people speak at once."""
    picked = tmp_path / "picked"
    picked.mkdir()
    for name in ("manifest.jsonl", "truth.jsonl"):
        lines = [json.loads(each) for each in (folder / name).read_text().splitlines()]
        for each in lines:
            for place in {"audio", "audio_url"} & each.keys():
                each[place] = str(folder / each[place])
        (picked / name).write_text("".join(json.dumps(each) + "\n" for each in lines if each["recording_id"] in chosen))
    output = tmp_path / "out"
    arguments = ["--manifest", str(picked / "manifest.jsonl"), "--output", str(output), *FAST, "--model", "base"]
    assert redact_job(arguments, Console(file=io.StringIO())) == EXIT_COMPLETED
    run = Run(EXIT_COMPLETED, "", output)
    scores = {score.recording.recording_id: score for score in score_run(picked, output)}
    assert all(left.covered >= 0.9 for score in scores.values() for left in score.entities)
    assert {row["recording_id"] for row in untranscribed(run, MUTED)} == {"form-1wb3pj"}
    assert {row["recording_id"] for row in untranscribed(run, FLAGGED)} == {"ami-transcribers"}
