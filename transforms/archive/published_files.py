"""The files that an output root has of a recording: names inside the root, whatever a status object or a row says.

An output root may have been copied or moved since it was written, and who can write one file there must not have the
job delete, serve or announce another one. So nothing is done with a URL that was read back from an output: only the
name at its end counts, it must be a name that this recording's own outputs have, and it is joined to the root at hand.
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
    """What the names of an output's files begin with.

    The identity is a part of it: a new output never overwrites one that a status object still speaks of.
    """
    return f"{safe_name(recording_id)}.{output_identity[:_IDENTITY_LETTERS]}"


def json_name(recording_id: str) -> str:
    """The name of a recording's file in `status/`, `reviews/` and `runs/RUN_ID/rows/`."""
    return f"{safe_name(recording_id)}.json"


def audio_url(output: str, recording_id: str, output_identity: str, suffix: str) -> str:
    """Where the redacted recording of an output is, or will be."""
    return join(output, AUDIO, output_stem(recording_id, output_identity) + suffix)


def own_audio_name(recording_id: str, output_identity: str, url: str | None) -> str | None:
    """The name at the end of a URL, where it is that of this very output's redacted recording; otherwise None."""
    stem = output_stem(recording_id, output_identity)
    name = file_name(url or "")
    return name if name.startswith(stem) and _SUFFIX.fullmatch(name, len(stem)) else None


def own_audio_url(output: str, recording_id: str, output_identity: str, url: str | None) -> str | None:
    """The redacted recording inside this root that a URL stands for, by its name; None where it stands for none."""
    name = own_audio_name(recording_id, output_identity, url)
    return None if name is None else join(output, AUDIO, name)


def relocated_audio_url(output: str, recording_id: str, url: str) -> str | None:
    """As `own_audio_url`, of any output of the recording: for rows, which do not say which output they are of."""
    name, stem = file_name(url), safe_name(recording_id)
    return join(output, AUDIO, name) if name.startswith(stem) and _OUTPUT.fullmatch(name, len(stem)) else None


def caption_urls(output: str, recording_id: str, output_identity: str) -> tuple[str, str]:
    """Where the SRT and the VTT file of an output are."""
    stem = output_stem(recording_id, output_identity)
    return join(output, CAPTIONS, f"{stem}.srt"), join(output, CAPTIONS, f"{stem}.vtt")


def is_output_name(name: str) -> bool:
    """Whether a name in `audio/` is one that a run can have given. Others are not the job's to delete."""
    return _ANY_OUTPUT.fullmatch(name) is not None


def files_of(output: str, recording_id: str) -> list[str]:
    """All redacted recordings and captions of a recording, of whatever output: where no status object names them."""
    stem = safe_name(recording_id)
    return [
        join(output, folder, name)
        for folder in (AUDIO, CAPTIONS)
        for name in (file.name for file in files.iterate_files(join(output, folder)))
        if name.startswith(stem) and _OUTPUT.fullmatch(name, len(stem))
    ]
