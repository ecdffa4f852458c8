"""AV1, JPEG, ProRes, H.263 and codecs without text; other codecs are refused (functions)."""

from __future__ import annotations

import pytest

from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.hidden_text.codecs import cleaner_of
from tests.transforms.media.captioned import NOTE, SAID, caption_data


def obu(kind: int, content: bytes, *, sized: bool = True, layer: bytes = b"") -> bytes:
    head = kind << 3 | (2 if sized else 0) | (4 if layer else 0)
    return bytes([head]) + layer + (bytes([len(content)]) if sized else b"") + content


DELIMITER, SEQUENCE, FRAME = obu(2, b""), obu(1, b"\x00\x00\x00\x24\xcf"), obu(6, b"\x32\x9a\x10\x22")
BRIGHTNESS = obu(5, b"\x01\x03\xe8\x01\x90\x80")
CAPTIONS = b"\x04\xb5\x00\x31" + caption_data() + b"\x80"
CONFIGURATION = b"\x81\x00\x0c\x00"


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param(obu(5, CAPTIONS), id="captions"),
        pytest.param(obu(5, CAPTIONS, layer=b"\x08"), id="captions of a layer"),
        pytest.param(obu(5, b"\x1f" + NOTE + b"\x80"), id="metadata of a private kind"),
        pytest.param(obu(5, b"\x01" + SAID), id="too long for its kind"),
        pytest.param(obu(15, SAID), id="padding"),
        pytest.param(obu(2, SAID), id="a delimiter with content"),
        pytest.param(obu(9, SAID), id="a reserved unit"),
    ],
)
def test_text_goes_from_av1(hidden: bytes) -> None:
    header = CONFIGURATION + SEQUENCE
    cleaner = cleaner_of("av1", header + hidden)
    assert cleaner.header == header
    picture = DELIMITER + SEQUENCE + BRIGHTNESS + FRAME
    assert cleaner.clean(picture) is picture
    assert cleaner.clean(DELIMITER + SEQUENCE + hidden + BRIGHTNESS + FRAME + hidden) == picture
    assert cleaner.clean(DELIMITER + obu(6, b"\x32\x9a", sized=False)) == DELIMITER + obu(6, b"\x32\x9a", sized=False)


@pytest.mark.parametrize("picture", [b"\x32\x7f\x00", b"\x32", b"\x32" + b"\xff" * 9, b"\x80\x00"])
def test_av1_whose_sizes_are_wrong_is_damaged(picture: bytes) -> None:
    with pytest.raises(MediaError, match="corrupt"):
        cleaner_of("av1", b"").clean(picture)


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


JFIF = segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1\0\0")
TABLES = segment(0xDB, bytes(65)) + segment(0xC4, bytes(20))
SCAN = segment(0xC0, bytes(15)) + segment(0xDA, bytes(10)) + b"\x12\xff\x00\x34\xff\xd0\x56"
JPEG = b"\xff\xd8" + JFIF + TABLES + SCAN + b"\xff\xd9"


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param(segment(0xFE, SAID), id="a comment"),
        pytest.param(segment(0xFE, b"CS=ITU601 " + SAID), id="a comment that begins as one that stays"),
        pytest.param(segment(0xE1, b"Exif\0\0" + SAID), id="Exif"),
        pytest.param(segment(0xE2, b"ICC_PROFILE\0" + SAID), id="a colour profile"),
        pytest.param(segment(0xED, b"Photoshop 3.0\0" + SAID), id="IPTC"),
        pytest.param(segment(0xE0, b"JFXX\0" + SAID), id="another application's segment"),
        pytest.param(segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1\5\5" + SAID), id="a thumbnail"),
        pytest.param(segment(0xF7, SAID), id="a reserved segment"),
        pytest.param(SAID, id="bytes between segments"),
    ],
)
def test_text_goes_from_jpeg(hidden: bytes) -> None:
    cleaner = cleaner_of("mjpeg", SAID)
    assert cleaner.header == b""
    assert cleaner.clean(JPEG) is JPEG
    picture = b"\xff\xd8" + JFIF + hidden + TABLES + SCAN + hidden * (hidden != SAID) + b"\xff\xd9"
    assert cleaner.clean(picture) == JPEG
    assert cleaner.clean(SAID + picture + SAID + picture + SAID) == JPEG + JPEG


@pytest.mark.parametrize("comment", [b"CS=ITU601\0", b"Intel(R) JPEG Library, version [1.51.12.44]\0"])
def test_a_comment_by_which_decoders_go_stays(comment: bytes) -> None:
    picture = b"\xff\xd8" + segment(0xFE, comment) + JPEG[2:]
    assert cleaner_of("mjpeg", b"").clean(picture) is picture


@pytest.mark.parametrize("picture", [SAID, b"\xff\xd8\xff\xdb\x10\x00\x01", b"\xff\xd8\xff\xe0\x00\x00"])
def test_a_damaged_jpeg_is_refused(picture: bytes) -> None:
    with pytest.raises(MediaError, match="corrupt"):
        cleaner_of("mjpeg", b"").clean(picture)


def test_the_order_of_fields_stays_in_a_jpeg_header() -> None:
    order = b"\0\0\0\x0afiel\2\6"
    assert cleaner_of("mjpeg", order).header == order
    assert cleaner_of("mjpeg", order + SAID).header == b""


def test_bytes_after_a_prores_picture_are_removed() -> None:
    picture = (40).to_bytes(4, "big") + b"icpf" + (20).to_bytes(2, "big") + bytes(30)
    cleaner = cleaner_of("prores", SAID)
    assert cleaner.header == b""
    assert cleaner.clean(picture) is picture
    assert cleaner.clean(picture + SAID) == picture
    with pytest.raises(MediaError, match="captions_inside"):
        cleaner.clean((400).to_bytes(4, "big") + picture[4:8] + b"\x01\x00" + bytes(390))
    for damaged in (picture[:-1], picture[4:], b"\0\0\0\x01icpf" + picture[8:]):
        with pytest.raises(MediaError, match="corrupt"):
            cleaner.clean(damaged)


def h263(*fields: tuple[int, int]) -> bytes:
    """Fields as (value, bits), after the start code and the time."""
    number = size = 0
    for value, bits in ((0x20, 22), (0, 8), *fields, (0, 24)):
        number, size = number << bits | value, size + bits
    return (number << -size % 8).to_bytes((size + 7) // 8, "big")


SHORT = ((0b10000, 5), (2, 3), (0, 4), (0, 1), (8, 5))


def test_h263_with_supplemental_information_is_refused() -> None:
    cleaner = cleaner_of("h263", SAID)
    assert cleaner.header == b""
    for plain in (h263(*SHORT, (0, 1), (0, 1)), h263(*SHORT, (1, 1), (0, 2), (0, 1))):
        assert cleaner.clean(plain) is plain
    for hidden in (
        h263(*SHORT, (0, 1), (1, 1)),
        h263(*SHORT, (1, 1), (3, 2), (1, 1)),
        h263(*SHORT[:3], (1, 1), (8, 5), (0, 1), (0, 5), (1, 1)),
        h263((0b10000, 5), (7, 3), (0, 14)),
    ):
        with pytest.raises(MediaError, match="captions_inside"):
            cleaner.clean(hidden)
    for damaged in (SAID, b"\0\0\x80"):
        with pytest.raises(MediaError, match="corrupt"):
            cleaner.clean(damaged)


@pytest.mark.parametrize(
    ("codec", "size"),
    [
        ("vp8", 0),
        ("vp9", 0),
        ("msmpeg4v1", 0),
        ("msmpeg4v2", 0),
        ("msmpeg4v3", 0),
        ("wmv1", 4),
        ("wmv2", 4),
        ("wmv3", 5),
    ],
)
def test_codecs_without_room_for_text_are_passed_on(codec: str, size: int) -> None:
    picture = bytes(range(100))
    cleaner = cleaner_of(codec, SAID)
    assert cleaner.header == SAID[:size]
    assert cleaner.clean(picture) is picture


@pytest.mark.parametrize("codec", ["theora", "dvvideo", "dnxhd", "ffv1", "vvc", "h261", "jpeg2000", "rawvideo", "none"])
def test_a_codec_that_is_not_on_the_list_is_refused(codec: str) -> None:
    with pytest.raises(
        MediaError, match=r"captions_inside: .*convert the video, or request audio without video"
    ) as raised:
        cleaner_of(codec, b"")
    # What a child says is cut off after 200 characters.
    assert len(raised.value.message) < 200
