"""Names and locations of a recording's files inside an output root.

An output root may have been copied or moved, and somebody who can write one file there must not make the job delete,
serve or announce another one. So a URL that is read from an output is never used itself: only its file name counts, it
must be a name of this recording's outputs, and it is joined to the root at hand.
"""

from __future__ import annotations

import re

from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import file_name, join, safe_name

AUDIO, CAPTIONS = "audio", "captions"

_IDENTITY_LETTERS = 12
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")
_OUTPUT = re.compile(r"\.[0-9a-f]{12}(\.[A-Za-z0-9]{1,8})")
_ANY_OUTPUT = re.compile(r"[^/]+\.[0-9a-f]{12}\.[A-Za-z0-9]{1,8}")


def output_stem(recording_id: str, output_identity: str) -> str:
    """The start of the names of an output's files.

    It includes the identity, so that a new output never overwrites one that a status object still names.
    """
    return f"{safe_name(recording_id)}.{output_identity[:_IDENTITY_LETTERS]}"


def json_name(recording_id: str) -> str:
    """The name of a recording's file in `status/` and `runs/RUN_ID/rows/`."""
    return f"{safe_name(recording_id)}.json"


def audio_url(output: str, recording_id: str, output_identity: str, suffix: str) -> str:
    """The location of an output's redacted recording, whether it exists or not."""
    return join(output, AUDIO, output_stem(recording_id, output_identity) + suffix)


def own_audio_name(recording_id: str, output_identity: str, url: str | None) -> str | None:
    """The file name in a URL if it is that of this output's redacted recording; otherwise None."""
    stem = output_stem(recording_id, output_identity)
    name = file_name(url or "")
    return name if name.startswith(stem) and _SUFFIX.fullmatch(name, len(stem)) else None


def own_audio_url(output: str, recording_id: str, output_identity: str, url: str | None) -> str | None:
    """The location in this root of the redacted recording that a URL names; None if it is not this output's."""
    name = own_audio_name(recording_id, output_identity, url)
    return None if name is None else join(output, AUDIO, name)


def relative_audio_url(url: str | None) -> str | None:
    """A redacted recording relative to the output root, as in rows, which so stay right if the root is moved."""
    return None if url is None else join(AUDIO, file_name(url))


def caption_urls(output: str, recording_id: str, output_identity: str) -> tuple[str, str]:
    """The locations of an output's SRT and VTT file."""
    stem = output_stem(recording_id, output_identity)
    return join(output, CAPTIONS, f"{stem}.srt"), join(output, CAPTIONS, f"{stem}.vtt")


def is_output_name(name: str) -> bool:
    """Whether a file in `audio/` has a name that runs give. Other files must not be deleted."""
    return _ANY_OUTPUT.fullmatch(name) is not None


def files_of(output: str, recording_id: str) -> list[str]:
    """All redacted recordings and captions of a recording, whichever output they belong to."""
    stem = safe_name(recording_id)
    return [
        join(output, folder, name)
        for folder in (AUDIO, CAPTIONS)
        for name in (file.name for file in files.iterate_files(join(output, folder)))
        if name.startswith(stem) and _OUTPUT.fullmatch(name, len(stem))
    ]
