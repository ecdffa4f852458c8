"""Formats of given transcripts, recognised by their content."""

from __future__ import annotations

import threading

from hushbeam.transforms.base.strict_json import UnusableJsonError, parsed_json
from hushbeam.transforms.transcribe.given import amazon_transcribe, assemblyai, deepgram, plain, whisper
from hushbeam.transforms.transcribe.given.entry import Entry
from hushbeam.transforms.transcribe.given.errors import UnusableTranscriptError
from hushbeam.transforms.transcribe.given.records import GivenTranscript

LARGEST_BYTES = 32 << 20
"""Limit for the file of a transcript.

Ten hours of speech without a pause (160 words a minute) take 17 MiB as WhisperX writes them, 22 MiB as AssemblyAI does,
which transcribes no longer recordings, and 30 MiB as Deepgram does; the four hours that Amazon transcribes at once take
18 MiB. Reading takes up to seven times the size of such a file in memory, 240 MiB at this limit. A file of 32 MiB that
was made to take as much as possible takes 1.1 GiB.
"""

_FORMATS = (amazon_transcribe, deepgram, assemblyai, whisper, plain)

_PARSING = threading.Lock()
"""A file takes up to 35 times its size in memory while it is parsed, so only one is parsed at a time."""


def check_size(size_bytes: int) -> None:
    """Raises `UnusableTranscriptError` if a file is too large to be read."""
    if size_bytes > LARGEST_BYTES:
        raise UnusableTranscriptError(f"the file is larger than {LARGEST_BYTES} bytes; is it a transcript?")


def parsed(content: bytes) -> GivenTranscript:
    """The transcript in a JSON file of any known format.

    Raises:
      UnusableTranscriptError: The file is too large, damaged or of an unknown format.
    """
    check_size(len(content))
    with _PARSING:
        try:
            document = Entry(parsed_json(content.decode("utf-8-sig")))
        except UnicodeDecodeError:
            raise UnusableTranscriptError("the file is not UTF-8 text") from None
        except UnusableJsonError as error:
            raise UnusableTranscriptError(f"the file: {error}") from None
        for known in _FORMATS:
            if known.matches(document):
                return known.read(document)
    raise UnusableTranscriptError(
        "unknown format; give the JSON of Amazon Transcribe, Deepgram, AssemblyAI or WhisperX, or the plain form of "
        "docs/data.md"
    )
