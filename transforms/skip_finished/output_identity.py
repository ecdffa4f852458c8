"""Identity of an output: the hash of everything that the output is made from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from hushbeam.schemas.media import SourceIdentity
from hushbeam.schemas.recording import Recording

# Fields of a recording about its line and its notification do not change its output. A given transcript is counted by
# its identity.
_NOT_OF_THE_OUTPUT = frozenset(
    {
        "manifest",
        "line",
        "ignored_keys",
        "webhook_url",
        "webhook_auth_header_name",
        "webhook_auth_header_value",
        "published_url",
        "transcript_url",
    }
)


def output_identity(
    recording: Recording, source: SourceIdentity, configuration: str, transcript: SourceIdentity | None = None
) -> str:
    """Hash of everything that an output is made from: equal identities give equal bytes.

    Args:
      configuration: Identity of the job's options and models.
      transcript: The given transcript, if there is one. Its version must not be a checksum: the identity is public, and
        redacted values could be guessed from it.
    """
    request = {name: value for name, value in asdict(recording).items() if name not in _NOT_OF_THE_OUTPUT}
    origin = source.to_dict()
    request["audio_url"] = recording.public_url  # the query of a presigned URL is another one each night
    if recording.published_url is not None:
        origin["url"] = recording.published_url  # not the real URL: guesses of it could be tested against the hash
    parts = [request, origin, configuration]
    if transcript is not None:
        parts.append({"size_bytes": transcript.size_bytes, "version": transcript.version})
        if recording.published_url is None:
            parts.append(transcript.url)
    known = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(known.encode()).hexdigest()
