"""Cleaners on any bytes: they clean or refuse, and clean output stays as it is (functions, hypothesis)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.hidden_text.codecs import cleaner_of
from tests.few_examples import few
from tests.transforms.media.captioned import CAPTION_UNIT, NOTE

CLEANED = ("h264", "hevc", "av1", "mpeg1video", "mpeg2video", "mpeg4", "vc1", "mjpeg", "prores", "h263")
AVCC = b"\1\x42\0\x0a\xff\xe1\0\4\x67\x42\0\x0a\1\0\2\x68\xce"
MARKS = [
    b"\0\0\1",
    b"\0\0\0\1",
    b"\0",
    b"\0\0\3",
    b"\xff",
    b"\xff\xd8",
    b"\xff\xd9",
    b"\xff\xda\0\4",
    b"\xff\xfe\0\6",
    b"icpf",
]
HEADS = [b"\x06", b"\x65", b"\x4e\x01", b"\xb2", b"\xb3", b"\x00", b"\x80", b"\x12\x00", b"\x2a\x05", b"\x32\x02"]
UNITS = [CAPTION_UNIT, NOTE, b"\0\0\0\x06", b"\x06\x06\x01\xc4\x80"]
PARTS = st.one_of(st.binary(max_size=12), *map(st.sampled_from, (MARKS, HEADS, UNITS)))
CONTENT = st.lists(PARTS, max_size=12).map(b"".join)


@pytest.mark.parametrize("codec", CLEANED)
@few(80)
@given(header=st.one_of(st.just(b""), st.just(AVCC), CONTENT), picture=CONTENT)
def test_the_output_of_a_cleaner_is_clean(codec: str, header: bytes, picture: bytes) -> None:
    try:
        cleaner = cleaner_of(codec, header)
        cleaned = cleaner.clean(picture)
    except MediaError:
        return
    assert cleaner_of(codec, cleaner.header).header == cleaner.header
    if cleaned:
        assert cleaner.clean(cleaned) is cleaned
