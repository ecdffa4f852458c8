"""MPEG-1, MPEG-2, MPEG-4 and VC-1: user data are removed at every level (functions)."""

from __future__ import annotations

import pytest

from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.hidden_text.start_codes import mpeg4_cleaner, mpeg12_cleaner, vc1_cleaner
from tests.transforms.media.captioned import NOTE, SAID, caption_data

SEQUENCE = b"\xb3\x06\x00\x40\x13\xff\xff\xe0\x18"
SEQUENCE_EXTENSION = b"\xb5\x14\x8a\x00\x01\x00\x00"
GROUP = b"\xb8\x00\x08\x00\x40"
INTRA = b"\x00\x00\x0f\xff\xf8"
PREDICTED = b"\x00\x00\x57\xff\xfb\x80"
PICTURE_EXTENSION = b"\xb5\x8f\xff\xf3\x41\x80"
SLICES = (b"\x01\x13\xf8\x7d\x29\x48\x88", b"\x02\x13\xf8\x7d\x29\x48\x88")
PICTURE = (SEQUENCE, SEQUENCE_EXTENSION, GROUP, INTRA, PICTURE_EXTENSION, *SLICES)


def units(*content: bytes) -> bytes:
    return b"".join(b"\0\0\1" + unit for unit in content)


@pytest.mark.parametrize("codec", ["mpeg1video", "mpeg2video"])
def test_a_picture_without_hidden_text_is_passed_on_as_it_is(codec: str) -> None:
    for picture in (units(*PICTURE), units(PREDICTED, PICTURE_EXTENSION, *SLICES) + b"\0\0\0"):
        assert mpeg12_cleaner(codec, units(SEQUENCE)).clean(picture) is picture


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param(b"\xb2" + caption_data(), id="ATSC A/53"),
        pytest.param(b"\xb2\x03" + SAID, id="SCTE 20"),
        pytest.param(b"\xb2CC\x01\xf8" + SAID, id="DVD"),
        pytest.param(b"\xb2DTG1\x41\xf8" + SAID, id="DVB"),
        pytest.param(b"\xb2" + NOTE, id="a note"),
        pytest.param(b"\xb0" + SAID, id="a reserved unit"),
        pytest.param(b"\xbe" + SAID, id="a stream's padding"),
        pytest.param(b"\xb5\xf0" + SAID, id="an extension of no kind"),
    ],
)
@pytest.mark.parametrize("level", [2, 3, 5, 7], ids=["sequence", "group", "picture", "end"])
@pytest.mark.parametrize("codec", ["mpeg1video", "mpeg2video"])
def test_text_goes_at_every_level(codec: str, level: int, hidden: bytes) -> None:
    content = [*PICTURE]
    content.insert(level, hidden)
    assert mpeg12_cleaner(codec, b"").clean(units(*content)) == units(*PICTURE)
    header = units(SEQUENCE, SEQUENCE_EXTENSION)
    assert mpeg12_cleaner(codec, header + units(hidden)).header == header


@pytest.mark.parametrize("place", range(5))
def test_text_after_a_units_end_goes(place: int) -> None:
    content = [*PICTURE]
    content[place] += bytes(136 - len(content[place])) * (place == 0) + SAID
    cleaned = mpeg12_cleaner("mpeg2video", b"").clean(units(*content))
    assert SAID[:12] not in cleaned
    assert all(unit in cleaned for unit in PICTURE)


def test_text_after_the_sequences_end_goes() -> None:
    assert mpeg12_cleaner("mpeg2video", b"").clean(units(*PICTURE, b"\xb7" + SAID)) == units(*PICTURE, b"\xb7")


@pytest.mark.parametrize(
    ("codec", "marked"),
    [
        pytest.param("mpeg1video", b"\x00\x00\x0f\xff\xfc" + SAID, id="picture"),
        pytest.param("mpeg2video", b"\x00\x00\x57\xff\xfb\xc0" + SAID, id="predicted picture"),
        pytest.param("mpeg1video", b"\x01\x16" + SAID, id="slice of MPEG-1"),
        pytest.param("mpeg2video", b"\x01\x16\x02" + SAID, id="slice of MPEG-2"),
    ],
)
def test_information_that_the_standard_leaves_open_is_refused(codec: str, marked: bytes) -> None:
    with pytest.raises(MediaError, match="captions_inside"):
        mpeg12_cleaner(codec, b"").clean(units(INTRA, marked))


def test_the_flags_of_an_mpeg2_slice_are_not_text() -> None:
    picture = units(INTRA, b"\x01\x16\x00\x7d\x29\x48")
    assert mpeg12_cleaner("mpeg2video", b"").clean(picture) is picture


@pytest.mark.parametrize("picture", [SAID, b"\0\0\1\0\0"])
def test_a_packet_without_a_picture_is_damaged(picture: bytes) -> None:
    with pytest.raises(MediaError, match="corrupt"):
        mpeg12_cleaner("mpeg2video", b"").clean(picture)


LAYER = b"\x20\x00\xc4\x8d\x88"
FRAME = b"\xb6\x10\x60\x91\x82\x3d"


@pytest.mark.parametrize(
    "name",
    [
        b"XviD0046",
        b"Lavc62.28.102",
        b"DivX503b1393p",
        b"DivX501Build413",
        b"ffmpeg",
        b"FFmpeg0.4.6b4600",
    ],
)
def test_an_mpeg4_encoders_name_stays_since_decoders_go_by_it(name: bytes) -> None:
    picture = units(LAYER, b"\xb2" + name, FRAME)
    assert mpeg4_cleaner(picture).clean(picture) is picture
    assert mpeg4_cleaner(picture).header == picture


@pytest.mark.parametrize("text", [SAID, NOTE, b"XviD0046 " + SAID, b"Lavc" + SAID, b"XviD078051120", b"DivX\n" + SAID])
def test_other_user_data_of_mpeg4_go(text: bytes) -> None:
    cleaner = mpeg4_cleaner(units(LAYER, b"\xb2" + text))
    assert cleaner.header == units(LAYER)
    assert cleaner.clean(units(b"\xb2" + text, FRAME, b"\xb2" + text, b"\xc3" + text)) == units(FRAME)
    assert cleaner.clean(units(b"\xb0\x01" + text, FRAME, b"\xb1" + text)) == units(b"\xb0\x01", FRAME, b"\xb1")


def test_an_mpeg4_packet_of_one_byte_stays() -> None:
    assert mpeg4_cleaner(b"").clean(b"\x7f") == b"\x7f"
    with pytest.raises(MediaError, match="corrupt"):
        mpeg4_cleaner(b"").clean(SAID)


@pytest.mark.parametrize("kind", range(0x1B, 0x20))
def test_user_data_of_vc1_go(kind: int) -> None:
    sequence, entry, frame = b"\x0f\xdb\xfe\x0a", b"\x0e\x5a\xc0", b"\x0d\x76\x91\x82"
    text = bytes([kind]) + SAID
    cleaner = vc1_cleaner(b"\x25" + units(sequence, entry, text))
    assert cleaner.header == b"\x25" + units(sequence, entry)
    assert cleaner.clean(units(sequence, text, entry, frame, text)) == units(sequence, entry, frame)
    assert cleaner.clean(frame + units(text)) == frame
    assert cleaner.clean(frame) is frame
    assert cleaner.clean(frame + units(b"\x0a" + SAID)) == frame + units(b"\x0a")
