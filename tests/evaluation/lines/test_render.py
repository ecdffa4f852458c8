"""Labelled calls rendered in conditions, and how they are scored: files."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from evaluation import run, score
from evaluation.lines.__main__ import main
from evaluation.lines.render import read_lines, render
from evaluation.truth import read_truth

TELEPHONE = Path(run.__file__).parent / "telephone"
NAMES = ("call-08", "call-09")


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two of the telephone calls."""
    folder = tmp_path_factory.mktemp("calls")
    (folder / "audio").mkdir()
    for name in NAMES:
        shutil.copy(TELEPHONE / f"audio/{name}.wav", folder / "audio")
    for file in ("truth.jsonl", "manifest.jsonl"):
        lines = (TELEPHONE / file).read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if json.loads(line)["recording_id"] in NAMES]
        (folder / file).write_text("".join(kept), encoding="utf-8")
    return folder


def rendered(calls: Path, condition: str, to: Path) -> Path:
    render(calls, read_lines(calls, seed=7), condition, to)
    return to


def checksums(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("condition", ["babble_15db", "opus_8k", "amr_12k", "gsm"])
def test_a_seed_gives_the_same_bytes(calls: Path, tmp_path: Path, condition: str) -> None:
    assert checksums(rendered(calls, condition, tmp_path / "1")) == checksums(
        rendered(calls, condition, tmp_path / "2")
    )


def test_the_truth_and_the_manifest_name_the_new_audio_and_keep_the_rest(calls: Path, tmp_path: Path) -> None:
    before, after = read_truth(calls), read_truth(rendered(calls, "white_10db", tmp_path))
    for old, new in zip(before, after, strict=True):
        assert new.audio.is_file()
        assert new.speech
        assert new.speech.is_file()
        assert (new.entities, new.words, new.neutral, new.policies) == (
            old.entities,
            old.words,
            old.neutral,
            old.policies,
        )
        assert new.duration_s == pytest.approx(old.duration_s, abs=0.001)
        assert soundfile.info(new.audio).samplerate == 8000
    (first, _) = map(json.loads, (tmp_path / "manifest.jsonl").read_text(encoding="utf-8").splitlines())
    assert first["audio_url"] == "audio/call-08.flac"


def test_times_of_a_faster_call_are_its_own(calls: Path, tmp_path: Path) -> None:
    before, after = read_truth(calls)[0], read_truth(rendered(calls, "faster", tmp_path))[0]
    assert after.duration_s == pytest.approx(before.duration_s / 1.1, abs=0.001)
    for old, new in zip(before.entities, after.entities, strict=True):
        assert (new.start_s, new.end_s) == pytest.approx((old.start_s / 1.1, old.end_s / 1.1), abs=0.0001)
    # Slowed down again, the audio is what it was.
    fast, _ = soundfile.read(after.audio, always_2d=True, dtype="float32")
    slow = score.decode(before.audio)[:, ::2]
    at = np.arange(slow.shape[1]) / 1.1
    again = np.interp(at, np.arange(len(fast)), fast[:, 0])
    assert np.corrcoef(again, slow[0][: len(again)])[0, 1] > 0.9


def test_entities_of_a_mono_mix_are_all_in_its_channel(calls: Path, tmp_path: Path) -> None:
    (first, *_) = read_truth(rendered(calls, "one_channel", tmp_path))
    assert first.channels == 1
    assert {entity.channel for entity in first.entities} == {word.channel for word in first.words} == {0}
    assert soundfile.info(first.audio).channels == 1


@pytest.mark.parametrize("condition", ["white_5db", "quiet", "packet_loss", "one_channel", "crosstalk"])
def test_a_condition_by_itself_hides_nothing_and_muting_hides_all(calls: Path, tmp_path: Path, condition: str) -> None:
    clean, hard = (read_truth(rendered(calls, name, tmp_path / name))[1] for name in ("clean", condition))
    untouched = score.score_recording(hard, hard.audio, "")
    assert untouched.pii_s > 0
    assert untouched.pii_muted_s == 0
    assert untouched.other_muted_s == 0
    # Pauses with noise are not speech, and quiet speech is.
    expected = score.score_recording(clean, clean.audio, "")
    assert untouched.other_s == pytest.approx(expected.other_s, rel=0.1)
    samples, rate_hz = soundfile.read(hard.audio, always_2d=True)
    for entity in hard.entities:
        samples[int((entity.start_s - 0.05) * rate_hz) : int((entity.end_s + 0.05) * rate_hz), entity.channel] = 0
    soundfile.write(tmp_path / "muted.flac", samples, rate_hz)
    muted = score.score_recording(hard, tmp_path / "muted.flac", "")
    assert all(left.covered == 1 for left in muted.entities)
    assert muted.other_muted_s == 0


def test_the_command_renders_each_set_in_each_condition(calls: Path, tmp_path: Path) -> None:
    assert main(["render", "--calls", str(calls), "--conditions", "quiet", "ulaw", "--to", str(tmp_path)]) == 0
    assert sorted(path.name for path in (tmp_path / calls.name).iterdir()) == ["quiet", "ulaw"]
    assert len(read_truth(tmp_path / calls.name / "ulaw")) == len(NAMES)


def test_the_command_refuses_what_it_does_not_know(calls: Path, tmp_path: Path) -> None:
    for unknown in (["--conditions", "underwater"], ["--conditions", "quiet", "--caution", "high"]):
        with pytest.raises(SystemExit):
            main(["render", "--calls", str(calls), "--to", str(tmp_path), *unknown])
    assert not any(tmp_path.iterdir())
