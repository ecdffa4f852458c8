"""Table of the video codecs whose pictures may be copied, with their cleaners. Others are refused.

Missing on purpose, although containers can hold them: codecs that were not examined (VVC, codecs of screen recorders),
and codecs that mix text with pictures in ways that are not parsed here (DV, DNxHD, Theora, JPEG 2000, H.261).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from hushbeam.transforms.media.hidden_text.cleaner import Cleaner, not_cleanable
from hushbeam.transforms.media.hidden_text.nal_units import h264_cleaner, hevc_cleaner
from hushbeam.transforms.media.hidden_text.obus import ObuCleaner
from hushbeam.transforms.media.hidden_text.picture_headers import H263Cleaner, NoTextCleaner, ProResCleaner
from hushbeam.transforms.media.hidden_text.segments import SegmentCleaner
from hushbeam.transforms.media.hidden_text.start_codes import mpeg4_cleaner, mpeg12_cleaner, vc1_cleaner

_CLEANERS: Mapping[str, Callable[[bytes], Cleaner]] = {
    "h264": h264_cleaner,
    "hevc": hevc_cleaner,
    "av1": ObuCleaner,
    "mpeg1video": partial(mpeg12_cleaner, "mpeg1video"),
    "mpeg2video": partial(mpeg12_cleaner, "mpeg2video"),
    "mpeg4": mpeg4_cleaner,
    "vc1": vc1_cleaner,
    "mjpeg": SegmentCleaner,
    "prores": lambda _: ProResCleaner(),
    "h263": lambda _: H263Cleaner(),
    "vp8": lambda header: NoTextCleaner(header, 0),
    "vp9": lambda header: NoTextCleaner(header, 0),
    "wmv3": lambda header: NoTextCleaner(header, 5),
    **{name: lambda header: NoTextCleaner(header, 4) for name in ("wmv1", "wmv2")},
    **{name: lambda header: NoTextCleaner(header, 0) for name in ("msmpeg4v1", "msmpeg4v2", "msmpeg4v3")},
}


def cleaner_of(codec: str, header: bytes) -> Cleaner:
    """The cleaner of a track.

    Args:
      codec: FFmpeg's name.
      header: The track's codec header (FFmpeg's extradata).

    Raises:
      MediaError: `captions_inside` for a codec that is not on the list, `corrupt` for a damaged header.
    """
    make = _CLEANERS.get(codec)
    if make is None:
        raise not_cleanable(codec)
    return make(header)
