"""The decoder: it gives all samples of a recording or an error (functions, real files)."""

from __future__ import annotations

import dataclasses
import itertools
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hushbeam.schemas.media import SampleIdentity
from hushbeam.transforms.media.decode import Decoder
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.samples import from_float, to_float
from hushbeam.transforms.storage.errors import MissingFileError, StorageError
from tests.ordinary_user import ROOT, NoOrdinaryUserError, command_of, environment_of, let_others_in
from tests.transforms.media.hostile import elsewhere
from tests.transforms.media.recordings import EXACT, LOSSY, SECONDS, VIDEO, Recipe, speech

LIMITS = MediaLimits()

BY_NAME = {recipe.name: recipe for recipe in [*EXACT, *LOSSY, *VIDEO]}


def decode(path: Path, limits: MediaLimits = LIMITS) -> tuple[np.ndarray[Any, Any], SampleIdentity]:
    with Decoder(path, limits) as decoder:
        return np.concatenate(list(decoder.blocks()), axis=1), decoder.identity


def refusal(path: Path, limits: MediaLimits = LIMITS) -> str:
    with pytest.raises(MediaError) as refused:
        decode(path, limits)
    assert path.name not in str(refused.value)
    return refused.value.reason


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"])
def test_another_decoder_reads_the_same_samples(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, speech(8_000, 2).T, 8_000, subtype=subtype)
    samples, identity = decode(path)
    expected = soundfile.read(path, dtype="float64")[0].T
    np.testing.assert_array_equal(to_float(samples), expected.astype(np.float32))
    assert identity.frames == expected.shape[1]


def test_the_format_of_a_file_is_known(tmp_path: Path) -> None:
    with Decoder(BY_NAME["flac-24.flac"].write(tmp_path), LIMITS) as decoder:
        info = decoder.info
    assert (info.container, info.codec, info.sample_rate_hz, info.channels, info.bits) == (
        "flac",
        "flac",
        48_000,
        1,
        24,
    )
    assert info.duration_s == pytest.approx(SECONDS)
    assert not info.has_video


def test_an_opus_header_names_the_rate_of_its_source(tmp_path: Path) -> None:
    with Decoder(BY_NAME["telephone.opus"].write(tmp_path), LIMITS) as decoder:
        assert (decoder.info.sample_rate_hz, decoder.info.nominal_rate_hz) == (48_000, 8_000)


def test_cover_art_is_not_video(tmp_path: Path) -> None:
    audio = BY_NAME["stereo.mp3"].write(tmp_path)
    path = tmp_path / "with-cover.mp3"
    picture = _frame_id3(b"APIC", b"\x00image/png\x00\x03\x00" + _png())
    path.write_bytes(b"ID3\x03\x00\x00" + _synchsafe(len(picture)) + picture + audio.read_bytes())
    with Decoder(path, LIMITS) as decoder, av.open(str(path)) as container:
        assert len(container.streams.video) == 1
        assert not decoder.info.has_video


def test_the_identity_is_of_the_whole_recording(tmp_path: Path) -> None:
    path = BY_NAME["pcm_mulaw.wav"].write(tmp_path)
    assert decode(path)[1] == decode(path)[1]
    with Decoder(path, LIMITS) as decoder:
        next(decoder.blocks())
        with pytest.raises(RuntimeError):
            _ = decoder.identity


def test_one_changed_sample_changes_the_identity(tmp_path: Path) -> None:
    path = BY_NAME["pcm_s16le.wav"].write(tmp_path)
    before = decode(path)[1]
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    after = decode(path)[1]
    assert after.frames == before.frames
    assert after.sha256 != before.sha256


@pytest.mark.parametrize(
    "name",
    [
        "pcm_s16le.wav",
        "pcm_mulaw.wav",
        "flac-16.flac",
        "stereo.mp3",
        "stereo.opus",
        "stereo.m4a",
        "h264.mp4",
        "gsm.wav",
    ],
)
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, name: str) -> None:
    path = BY_NAME[name].write(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    assert refusal(path) in {"truncated", "corrupt"}


DAMAGED = ["flac-16.flac", "stereo.mp3", "bare.mp3", "stereo.opus", "vorbis.ogg", "stereo.m4a", "bare.aac", "flac.mka"]


@pytest.mark.parametrize(
    ("name", "damage"),
    # ADTS frames have neither numbers nor checksums: nothing in such a file tells that some are gone.
    [pair for pair in itertools.product(DAMAGED, ["noise", "zeros", "hole"]) if pair != ("bare.aac", "hole")],
)
def test_damage_in_the_middle_is_refused(tmp_path: Path, name: str, damage: str) -> None:
    path = BY_NAME[name].write(tmp_path)
    content = bytearray(path.read_bytes())
    middle, length = len(content) // 2, max(6_000, len(content) // 10)
    noise = np.random.default_rng(1).bytes(length)
    content[middle : middle + length] = {"noise": noise, "zeros": bytes(length), "hole": b""}[damage]
    path.write_bytes(content)
    assert refusal(path) in {"corrupt", "truncated", "gap", "length_disagrees"}


def test_a_hole_in_the_timestamps_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hole.mka"
    with (
        av.open(str(BY_NAME["opus.mka"].write(tmp_path))) as source,
        av.open(str(path), "w", format="matroska") as hole,
    ):
        track = source.streams.audio[0]
        copy = hole.add_stream_from_template(track)
        for packet in source.demux(track):
            if packet.size and not 2.0 < float((packet.pts or 0) * packet.time_base) < 2.5:
                packet.stream = copy
                hole.mux_one(packet)
    assert refusal(path) == "gap"


def test_a_header_that_claims_more_than_there_is_is_refused(tmp_path: Path) -> None:
    path = BY_NAME["flac-16.flac"].write(tmp_path)
    content = bytearray(path.read_bytes())
    total_samples = slice(22, 26)
    content[total_samples] = (int.from_bytes(content[total_samples], "big") + 1).to_bytes(4, "big")
    path.write_bytes(content)
    assert refusal(path) == "length_disagrees"


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_recorder_that_wrote_to_a_pipe_claims_no_length(tmp_path: Path, size: int) -> None:
    path = BY_NAME["pcm_mulaw.wav"].write(tmp_path)
    whole, _ = decode(path)
    content = bytearray(path.read_bytes())
    start = content.index(b"data") + 4
    content[start : start + 4] = size.to_bytes(4, "little")
    path.write_bytes(content)
    np.testing.assert_array_equal(decode(path)[0], whole)


@pytest.mark.parametrize("missing", [1, 2, 3, 4000])
def test_pcm_that_lacks_a_single_frame_is_refused(tmp_path: Path, missing: int) -> None:
    path = BY_NAME["pcm_mulaw.wav"].write(tmp_path)
    path.write_bytes(path.read_bytes()[:-missing])
    assert refusal(path) == "truncated"


def test_a_video_without_audio_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    with av.open(str(BY_NAME["h264.mp4"].write(tmp_path))) as source, av.open(str(path), "w") as silent:
        track = source.streams.video[0]
        copy = silent.add_stream_from_template(track)
        for packet in source.demux(track):
            if packet.size:
                packet.stream = copy
                silent.mux_one(packet)
    assert refusal(path) == "no_audio"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (MediaLimits(max_recording_hours=3 / 3600), "too_long"),
        (MediaLimits(max_decoded_bytes=50_000), "too_large"),
        (MediaLimits(max_channels=1), "too_many_channels"),
        (MediaLimits(min_rate_hz=16_000), "sample_rate"),
        (MediaLimits(max_rate_hz=7_999), "sample_rate"),
    ],
)
def test_limits_hold(tmp_path: Path, limits: MediaLimits, reason: str) -> None:
    assert refusal(BY_NAME["pcm_mulaw.wav"].write(tmp_path), limits) == reason


def test_a_script_that_names_another_file_is_never_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    BY_NAME["pcm_mulaw.wav"].write(tmp_path).rename(tmp_path / "secret.wav")
    script = tmp_path / "innocent.wav"
    script.write_text("ffconcat version 1.0\nfile secret.wav\n")
    monkeypatch.chdir(tmp_path)
    with av.open(str(script)) as followed:
        assert followed.streams.audio, "FFmpeg itself follows it, or this test shows nothing"
    assert refusal(script) == "unsupported"


def test_a_movie_that_refers_to_another_file_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = BY_NAME["pcm.mov"].write(tmp_path).rename(tmp_path / "secret.mov")
    content = secret.read_bytes()
    # A data reference whose flag says that the media are elsewhere, under the name that follows.
    own = b"\x00\x00\x00\x0curl \x00\x00\x00\x01"
    assert own in content
    elsewhere = b"\x00\x00\x00\x0curl \x00\x00\x00\x00"
    path = tmp_path / "innocent.mov"
    path.write_bytes(content.replace(own, elsewhere))
    monkeypatch.chdir(tmp_path)
    samples, _ = decode(path)
    np.testing.assert_array_equal(samples, decode(secret)[0])


@pytest.mark.parametrize("kind", ["url", "relative", "alias"])
def test_a_movie_whose_audio_is_in_another_file_gives_none_of_it(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.mov"
    BY_NAME["pcm.mov"].write(tmp_path).rename(secret)
    path = elsewhere(tmp_path, secret)[kind]
    # The bytes in the place where its own audio was are noise: what is not noise comes from the other file.
    content = bytearray(path.read_bytes())
    audio = content.index(b"mdat") + 4
    length = len(secret.read_bytes()) // 2
    content[audio : audio + length] = np.random.default_rng(1).bytes(length)
    path.write_bytes(content)
    monkeypatch.chdir(tmp_path)
    try:
        samples, _ = decode(path)
    except MediaError as refused:
        assert refused.reason in {"unsupported", "no_audio", "corrupt", "truncated", "length_disagrees"}
    else:
        assert not np.array_equal(samples, decode(secret)[0])
        assert np.abs(to_float(samples[:, : samples.shape[1] // 3])).mean() > 0.4, "its own bytes, and no other file's"


@given(
    arrays.arrays(np.float32, (2, 50), elements=st.floats(-1, 1, width=32)), st.sampled_from(["u1", "i2", "i4", "f4"])
)
def test_samples_survive_the_way_to_native_and_back(values: np.ndarray[Any, Any], dtype: str) -> None:
    native = from_float(values, np.dtype(dtype))
    np.testing.assert_array_equal(from_float(to_float(native), native.dtype), native)
    np.testing.assert_allclose(to_float(native), values, atol=1 / 120 if dtype == "u1" else 1 / 30_000)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e30])
def test_samples_that_are_not_audio_are_refused(tmp_path: Path, value: float) -> None:
    path = tmp_path / "x.wav"
    samples = speech(8_000, 1)[0].astype(np.float64)
    samples[9_000] = value
    soundfile.write(path, samples, 8_000, subtype="DOUBLE")
    assert refusal(path) == "corrupt"


@pytest.mark.parametrize("recipe", BY_NAME.values(), ids=lambda recipe: recipe.name)
def test_any_damage_is_decoded_or_refused_and_never_something_else(
    tmp_path: Path, recipe: Recipe, capfd: pytest.CaptureFixture[str]
) -> None:
    path = recipe.write(tmp_path)
    original = path.read_bytes()
    random = np.random.default_rng(7)
    patches = [b"\xff\xff\xff\xff", b"\x80\x00\x00\x00", b"", bytes(8)]
    for _ in range(8):
        content = bytearray(original)
        for _ in range(6):
            place = int(random.integers(min(len(content), 400) if random.random() < 0.7 else len(content)))
            content[place : place + 4] = patches[random.integers(len(patches))]
        path.write_bytes(content)
        try:
            samples, identity = decode(path)
        except MediaError as refused:
            assert path.name not in str(refused)
        else:
            assert samples.shape[1] == identity.frames
    assert capfd.readouterr().err == ""


def test_values_beyond_full_scale_are_limited_not_wrapped() -> None:
    assert from_float(np.array([[2.0, -2.0]]), np.dtype(np.int16)).tolist() == [[32767, -32768]]
    assert from_float(np.array([[2.0, -2.0]]), np.dtype(np.uint8)).tolist() == [[255, 0]]


def test_media_info_holds_plain_values(tmp_path: Path) -> None:
    recipe: Recipe = BY_NAME["stereo.m4a"]
    with Decoder(recipe.write(tmp_path), LIMITS) as decoder:
        values = dataclasses.asdict(decoder.info)
    assert all(isinstance(value, (str, int, float, bool, type(None))) for value in values.values())


def _png() -> bytes:
    context: Any = av.codec.CodecContext.create("png", "w")
    context.width, context.height, context.pix_fmt, context.time_base = 16, 16, "rgb24", Fraction(1)
    return bytes(context.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), "rgb24"))[0])


def _frame_id3(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "big") + b"\x00\x00" + body


def _synchsafe(size: int) -> bytes:
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def test_a_path_that_is_not_a_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "folder.wav").mkdir()
    for name, reason in (("pipe.wav", "not a regular file"), ("folder.wav", "not a regular file")):
        with pytest.raises(StorageError, match=reason), Decoder(tmp_path / name, MediaLimits()):
            pass
    with pytest.raises(StorageError, match="not a regular file"), Decoder("/dev/zero", MediaLimits()):
        pass
    with pytest.raises(MissingFileError), Decoder(tmp_path / "gone.wav", MediaLimits()):
        pass


def test_a_file_that_may_not_be_read_is_one_recordings_failure(tmp_path: Path) -> None:
    secret, home = tmp_path / "secret.wav", tmp_path / "home"
    secret.write_bytes(b"RIFF")
    secret.chmod(0)
    home.mkdir()
    let_others_in(tmp_path)
    code = (
        "import sys\n"
        "from hushbeam.schemas.errors import RecordingError\n"
        "from hushbeam.transforms.media.decode import Decoder\n"
        "from hushbeam.transforms.media.limits import MediaLimits\n"
        "try:\n    Decoder(sys.argv[1], MediaLimits()).__enter__()\n"
        "except RecordingError as error:\n    print(type(error).__name__)\n"
    )
    try:
        command = command_of([sys.executable, "-c", code, str(secret)], home)
    except NoOrdinaryUserError as error:
        pytest.skip(str(error))
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**environment_of(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "AccessDeniedError\n", done.stderr
