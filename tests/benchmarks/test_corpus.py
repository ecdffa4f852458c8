"""Corpora for benchmarks: repeatable, of the length asked for, and valid input of the job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from benchmarks.corpus import LABELLED, Corpus, labelled_calls, make_long, make_short, make_silent
from hushbeam.transforms.read_manifest.line import ManifestDefaults, read_line


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return make_short(tmp_path_factory.mktemp("short"), 4, seconds=(2.0, 3.0), seed=7)


def test_the_same_seed_gives_the_same_sound(short: Corpus, tmp_path: Path) -> None:
    again = make_short(tmp_path, 4, seconds=(2.0, 3.0), seed=7)
    assert [path.read_bytes() for path in again.recordings] == [path.read_bytes() for path in short.recordings]


def test_fewer_calls_are_the_first_of_more(short: Corpus, tmp_path: Path) -> None:
    fewer = make_short(tmp_path, 2, seconds=(2.0, 3.0), seed=7)
    assert [path.read_bytes() for path in fewer.recordings] == [path.read_bytes() for path in short.recordings[:2]]


def test_another_seed_gives_other_sound(short: Corpus, tmp_path: Path) -> None:
    other = make_short(tmp_path, 4, seconds=(2.0, 3.0), seed=8)
    assert other.recordings[0].read_bytes() != short.recordings[0].read_bytes()


def test_short_calls_are_as_long_as_was_asked(short: Corpus) -> None:
    files = [soundfile.info(path) for path in short.recordings]
    assert all(2.0 <= file.duration <= 3.0 for file in files)
    assert sum(file.duration for file in files) == pytest.approx(short.audio_s)
    assert sum(file.duration * file.channels for file in files) == pytest.approx(short.channel_s)


def test_both_formats_are_there(short: Corpus) -> None:
    assert {soundfile.info(path).format for path in short.recordings} == {"WAV", "FLAC"}


def test_every_line_of_the_manifest_is_valid(short: Corpus) -> None:
    lines = short.manifest.read_text(encoding="utf-8").splitlines()
    recordings = [read_line(json.loads(line), ManifestDefaults(), str(short.manifest), 1) for line in lines]
    assert [Path(recording.audio_url) for recording in recordings] == list(short.recordings)


def test_long_recordings_are_stereo_and_exactly_as_long_as_was_asked(tmp_path: Path) -> None:
    long = make_long(tmp_path, 2, minutes=1.5)
    files = [soundfile.info(path) for path in long.recordings]
    assert [(file.duration, file.channels) for file in files] == [(90.0, 2), (90.0, 2)]
    first, second = (soundfile.read(path)[0] for path in long.recordings)
    assert (first != second).any()


def test_silence_holds_nothing_to_hear(tmp_path: Path) -> None:
    silent = make_silent(tmp_path, seconds=0.5)
    assert not soundfile.read(silent.recordings[0])[0].any()


@pytest.mark.parametrize("folder", LABELLED, ids=lambda folder: folder.name)
def test_labelled_calls_are_those_of_their_manifest(folder: Path) -> None:
    calls = labelled_calls(folder)
    lines = [json.loads(line) for line in calls.manifest.read_text(encoding="utf-8").splitlines()]
    assert [folder / line["audio_url"] for line in lines] == list(calls.recordings)
    assert 300 < calls.audio_s < calls.channel_s <= 2 * calls.audio_s
