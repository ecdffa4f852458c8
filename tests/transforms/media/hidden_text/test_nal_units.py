"""H.264 and HEVC: captions and notes are removed in every form; decoders' data stay byte for byte (functions)."""

from __future__ import annotations

import pytest

from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.hidden_text.nal_units import h264_cleaner, hevc_cleaner
from tests.transforms.media.captioned import CAPTION_UNIT, NOTE, NOTE_UNIT, SAID, caption_data, supplemental

SETS = (b"\x67\x64\x00\x0a\xac\xd9", b"\x68\xeb\xe3\xcb\x22\xc0")
SLICE = b"\x65\x88\x84\x00\x33\xff"
RECOVERY_POINT = supplemental(6, b"\xc4")
AVCC = b"\1\x64\0\x0a\xff\xe1\0\6" + SETS[0] + b"\1\0\6" + SETS[1] + b"\xfd\xf8\xf8\0"
HEVC_CAPTIONS = supplemental(4, b"\xb5\x00\x31" + caption_data(), head=b"\x4e\x01")
HEVC_SETS = {32: b"\x40\x01\x0c\x01", 33: b"\x42\x01\x01\x01", 34: b"\x44\x01\xc1\x72"}
HEVC_SLICE = b"\x26\x01\xaf\x09"


def with_lengths(*units: bytes, size: int = 4) -> bytes:
    return b"".join(len(unit).to_bytes(size, "big") + unit for unit in units)


def with_start_codes(*units: bytes) -> bytes:
    return b"".join(b"\0\0\0\1" + unit for unit in units)


def hvcc(*arrays: tuple[int, bytes]) -> bytes:
    listed = b"".join(bytes([kind]) + b"\0\1" + with_lengths(unit, size=2) for kind, unit in arrays)
    return b"\1" + bytes(20) + b"\xff" + bytes([len(arrays)]) + listed


@pytest.mark.parametrize("header", [AVCC, b"", with_start_codes(*SETS)], ids=["avcC", "no header", "start codes"])
def test_a_picture_without_hidden_text_is_passed_on_as_it_is(header: bytes) -> None:
    join = with_lengths if header == AVCC else with_start_codes
    picture = join(b"\x09\xf0", *SETS, RECOVERY_POINT, SLICE)
    cleaner = h264_cleaner(header)
    assert cleaner.clean(picture) is picture
    assert cleaner.header == header


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param(CAPTION_UNIT, id="captions"),
        pytest.param(NOTE_UNIT, id="a note"),
        pytest.param(supplemental(100, SAID), id="a payload that nobody knows"),
        pytest.param(supplemental(1, SAID * 3), id="a payload that is larger than its kind"),
        pytest.param(supplemental(137, SAID + b"!"), id="of brightness, a byte too long"),
        pytest.param(supplemental(37, b"\x06" + bytes([len(SAID)]) + SAID), id="a payload within a payload"),
        pytest.param(b"\x06\xff\x04\x05" + b"SMITH" + b"\x80", id="a type beyond a byte"),
        pytest.param(b"\x06" + SAID, id="no payload at all"),
        pytest.param(b"\x06\x04\xf0" + SAID, id="a payload that is cut off"),
        pytest.param(b"\x06\x06\x01\xc4" + SAID, id="after a payload that stays"),
        pytest.param(b"\x06\x06\x01\xc4\x80" + SAID, id="after the end"),
        pytest.param(b"\x09\xf0" + SAID, id="after a delimiter"),
        pytest.param(b"\x0b" + SAID, id="after the stream's end"),
        pytest.param(b"\x0c" + SAID, id="a unit of padding"),
        pytest.param(b"\x1e" + SAID, id="a unit of no kind"),
        pytest.param(b"\x18\x00\x05" + CAPTION_UNIT, id="a unit of units"),
        pytest.param(b"\x66" + CAPTION_UNIT[1:], id="with another importance"),
    ],
)
@pytest.mark.parametrize("join", [with_lengths, with_start_codes])
def test_text_goes_and_pictures_stay(join, hidden: bytes) -> None:
    cleaner = h264_cleaner(AVCC if join is with_lengths else b"")
    cleaned = cleaner.clean(join(*SETS, hidden, SLICE))
    assert b"SMITH" not in cleaned
    assert SAID[:6] not in cleaned
    assert all(unit in cleaned for unit in (*SETS, SLICE))
    assert cleaner.clean(cleaned) is cleaned


def test_of_a_unit_with_several_payloads_those_without_text_stay() -> None:
    payloads = b"\x06\x01\xc4" + CAPTION_UNIT[1:-1] + b"\x2f\x03\x12\x34\x56" + NOTE_UNIT[1:-1]
    cleaned = h264_cleaner(AVCC).clean(with_lengths(b"\x06" + payloads + b"\x80", SLICE))
    assert cleaned == with_lengths(b"\x06\x06\x01\xc4\x2f\x03\x12\x34\x56\x80", SLICE)


def test_a_payload_that_stays_is_escaped_again() -> None:
    brightness = bytes(12) + b"\0\0\1\0\0\0\0\2\0\0\3\0"
    escaped = b"\x89\x18" + b"\0\0\3" * 6 + b"\0\0\3\1\0\0\3\0\0\3\2\0\0\3\3\0"
    unit = b"\x06" + escaped + CAPTION_UNIT[1:]
    cleaned = h264_cleaner(b"").clean(with_start_codes(unit, SLICE))
    kept, _ = cleaned.removeprefix(b"\0\0\0\1").split(b"\0\0\0\1")
    assert kept.replace(b"\0\0\3", b"\0\0") == b"\x06\x89\x18" + brightness + b"\x80"


def test_a_start_code_within_a_unit_with_a_length_begins_a_unit() -> None:
    # FFmpeg's decoder goes on there, and finds captions.
    inside = SLICE + b"\0\0\1" + CAPTION_UNIT
    assert h264_cleaner(AVCC).clean(with_lengths(inside)) == with_lengths(SLICE)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_lengths_are_as_long_as_the_header_says(size: int) -> None:
    header = AVCC[:4] + bytes([0xFC | size - 1]) + AVCC[5:]
    picture = with_lengths(CAPTION_UNIT, SLICE, size=size)
    assert h264_cleaner(header).clean(picture) == with_lengths(SLICE, size=size)


@pytest.mark.parametrize("picture", [b"\0\0\0\xff" + SLICE, with_lengths(SLICE) + b"\0x", with_lengths(SLICE)[:-1]])
def test_a_picture_whose_lengths_are_wrong_is_damaged(picture: bytes) -> None:
    with pytest.raises(MediaError, match="corrupt"):
        h264_cleaner(AVCC).clean(picture)


@pytest.mark.parametrize("padding", [1, 3, 4, 11])
def test_zeros_at_the_end_are_not_damage(padding: int) -> None:
    cleaner = h264_cleaner(AVCC)
    assert cleaner.clean(with_lengths(SLICE) + bytes(padding)).startswith(with_lengths(SLICE))
    assert cleaner.clean(with_lengths(CAPTION_UNIT, SLICE) + bytes(padding)) == with_lengths(SLICE)


def test_a_picture_without_any_start_code_is_damaged() -> None:
    with pytest.raises(MediaError, match="corrupt"):
        h264_cleaner(b"").clean(with_lengths(CAPTION_UNIT, SLICE))


def test_bytes_before_the_first_start_code_are_removed() -> None:
    assert h264_cleaner(b"").clean(SAID + with_start_codes(SLICE)) == with_start_codes(SLICE)


def test_nothing_stays_of_a_packet_of_captions_alone() -> None:
    assert h264_cleaner(b"").clean(with_start_codes(CAPTION_UNIT)) == b""
    assert h264_cleaner(AVCC).clean(with_lengths(CAPTION_UNIT)) == b""


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(AVCC + SAID, id="after its end"),
        pytest.param(AVCC[:5] + b"\xe2" + with_lengths(CAPTION_UNIT, SETS[0], size=2) + AVCC[14:], id="among sets"),
        pytest.param(AVCC[:-1] + b"\1" + with_lengths(CAPTION_UNIT, size=2), id="as an extension"),
        pytest.param(
            AVCC[:6] + with_lengths(SETS[0] + b"\0\0\1" + CAPTION_UNIT, size=2) + AVCC[14:], id="within a set"
        ),
    ],
)
def test_the_header_is_cleaned(header: bytes) -> None:
    assert h264_cleaner(header).header == AVCC


def test_a_header_of_a_plain_profile_ends_with_its_sets() -> None:
    plain = AVCC[:1] + b"\x42" + AVCC[2:-4]
    assert h264_cleaner(plain).header == plain
    assert h264_cleaner(plain + SAID).header == plain


@pytest.mark.parametrize("header", [AVCC[:5], AVCC[:9], AVCC[:14], AVCC[:15]])
def test_a_header_that_is_cut_off_is_damaged(header: bytes) -> None:
    with pytest.raises(MediaError, match="corrupt"):
        h264_cleaner(header)


def test_hevc_loses_captions_before_and_after_pictures() -> None:
    after = b"\x50\x01" + HEVC_CAPTIONS[2:]
    header = hvcc(*((0x80 | kind, unit) for kind, unit in HEVC_SETS.items()))
    cleaner = hevc_cleaner(header)
    assert cleaner.header == header
    notes = (b"\x7c\x01" + NOTE, b"\x4c\x01" + NOTE)
    picture = with_lengths(*HEVC_SETS.values(), HEVC_CAPTIONS, HEVC_SLICE, after, *notes)
    assert cleaner.clean(picture) == with_lengths(*HEVC_SETS.values(), HEVC_SLICE)
    hidden = with_start_codes(HEVC_CAPTIONS, HEVC_SLICE, after)
    assert hevc_cleaner(b"").clean(hidden) == with_start_codes(HEVC_SLICE)


def test_hevc_keeps_checksums_of_pictures_and_times() -> None:
    kept = [supplemental(132, bytes(range(1, 18)), b"\x50\x01"), supplemental(136, b"\x60\x12\x34", b"\x4e\x01")]
    picture = with_start_codes(HEVC_SLICE, *kept)
    assert hevc_cleaner(b"").clean(picture) is picture


def test_an_hevc_header_keeps_sets_alone() -> None:
    arrays = [(0x80 | kind, unit) for kind, unit in HEVC_SETS.items()]
    note = supplemental(5, bytes(16) + NOTE, b"\x4e\x01").replace(bytes(16), bytes(range(1, 17)))
    hidden = hvcc(*arrays, (0xA7, HEVC_CAPTIONS), (0x27, note), (0xB0, b"\x60\x01" + SAID), (0xA1, HEVC_CAPTIONS))
    assert hevc_cleaner(hidden + SAID).header == hvcc(*arrays)


@pytest.mark.parametrize("size", [10, 22, 24, 27])
def test_an_hevc_header_that_is_cut_off_is_damaged(size: int) -> None:
    with pytest.raises(MediaError, match="corrupt"):
        hevc_cleaner(hvcc(*HEVC_SETS.items())[:size])
