"""A recording in which nobody speaks is complete: nothing is said, nothing is redacted, and it is no error."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from rich.console import Console

from hushbeam.pipelines import audit, rerender
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.schemas.errors import QuarantineError
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.detect_pii import DetectionSettings
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from tests.pipelines.conftest import Redact

RATE_HZ = 8000
SECONDS = 12


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Silence, the noise of a line, and the hum of the mains, as locations by name."""
    folder = tmp_path_factory.mktemp("quiet")
    generator = np.random.default_rng(1)
    times = np.arange(SECONDS * RATE_HZ) / RATE_HZ
    hum = 0.01 * np.sin(2 * np.pi * 50 * times)
    sounds = {
        "silence": np.zeros((len(times), 2)),
        "line": generator.normal(0, 0.001, (len(times), 2)),
        "hum": np.stack([hum, np.zeros_like(hum)], axis=1),
    }
    for name, sound in sounds.items():
        soundfile.write(folder / f"{name}.flac", sound, RATE_HZ, subtype="PCM_16")
    return {name: str(folder / f"{name}.flac") for name in sounds}


def samples(path: Path | str) -> np.ndarray:
    return soundfile.read(path, dtype="int16")[0]


def test_it_completes_and_its_sound_is_published_where_that_is_asked_for(
    redact: Redact, quiet: dict[str, str], key: str, tmp_path: Path
) -> None:
    asked = {"redact_pii_audio_options": {"return_redacted_no_speech_audio": True}}
    lines: list[dict[str, Any]] = [
        *({"recording_id": name, "audio_url": url} for name, url in quiet.items()),
        *({"recording_id": f"{name}-audio", "audio_url": url, **asked} for name, url in quiet.items()),
        {"recording_id": "card", "audio_url": "card.flac"},
    ]
    kept = ("--store", str(tmp_path / "store"), "--store_key", key)
    private = ("--unredacted_output", str(tmp_path / "private"), "--unredacted_key", key)
    run = redact(*lines, options=(*kept, *private, "--verify", "all", "--captions"))
    assert run.status == EXIT_COMPLETED, [(row["stage"], row["message"]) for row in run.rows("errors")]
    rows = {row["recording_id"]: row for row in run.rows("transcripts")}
    assert run.statuses() == set(rows) == {line["recording_id"] for line in lines}
    assert set(run.audio()) == {*(f"{name}-audio" for name in quiet), "card"}
    for name, url in quiet.items():
        for row in (rows[name], rows[f"{name}-audio"]):
            assert (row["text"], row["utterances"], row["language_code"]) == ("", [], "und")
            assert row["duration_s"] == SECONDS
        np.testing.assert_array_equal(samples(run.audio()[f"{name}-audio"]), samples(url))
    assert {row["recording_id"] for row in run.rows("findings")} == {"card"}

    terminal = io.StringIO()
    status = audit.run(["--output", str(run.output), "--sample", "1", "--json"], Console(file=terminal, width=500))
    assert (status, json.loads(terminal.getvalue())["problems"]) == (EXIT_COMPLETED, {})
    again = ["--output", str(run.output), *kept, "--substitution", "mask", "--return_no_speech_audio"]
    assert rerender.run([*again, "--verify", "off"], Console(file=terminal)) == EXIT_COMPLETED, terminal.getvalue()
    assert {path.name.partition(".")[0] for path in run.output.glob("audio/*")} == set(rows)


def test_a_file_without_any_sound_is_not_complete(redact: Redact, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "none.wav", np.zeros((0, 1)), RATE_HZ, subtype="PCM_16")
    run = redact({"recording_id": "none", "audio_url": str(tmp_path / "none.wav")})
    assert run.status == EXIT_INCOMPLETE
    assert run.statuses() == set()


WORD = Word(" hello", 1.0, 1.5, 0.9, 0)


@pytest.mark.parametrize(
    "transcript",
    [
        Transcript("und", 0.0, 9.0, 1, (Utterance(0, (WORD,)),)),
        Transcript("und", 0.0, 9.0, 1, (), (TimeSpan(0, 1.0, 2.0),)),
        Transcript("ja", 0.9, 9.0, 1, (), (TimeSpan(0, 1.0, 2.0),)),
        Transcript("und", 0.0, 0.0, 0, ()),
    ],
    ids=["words", "speech", "speech in a language", "no sound"],
)
def test_what_was_said_and_not_understood_is_refused(transcript: Transcript) -> None:
    detector = Detector(DetectionSettings())
    detector.load()
    for keep_reports in (False, True):
        with pytest.raises(QuarantineError, match="language"):
            detector.detect(DetectionRequest(transcript, ("person_name",)), keep_reports=keep_reports)
