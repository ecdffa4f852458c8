"""Labels from reviewed recordings: `truth.jsonl` and `manifest.jsonl`, as `evaluation.truth` reads them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from hushbeam.schemas.stored import StoredRecording
from hushbeam.schemas.transcript import Word
from hushbeam.transforms.archive.reviews import NotedSpan, ShownFinding
from hushbeam.transforms.measure_quality.judged import Judged
from hushbeam.transforms.mute_audio.untranscribed import POLICY as UNTRANSCRIBED

_WORD_END_S = 0.05

ReadWords = Callable[[str], StoredRecording | None]
"""Reads a recording from the store; returns None without a store, or if the store does not have it."""


Write = Callable[[str, bytes], None]
"""Writes a file: name, content."""


def write_labels(write: Write, all_judged: Iterable[tuple[Judged, str]], read_words: ReadWords) -> int:
    """Writes the labels of reviewed recordings, and returns their number.

    With a store, labels contain raw words; without one, only times and policies.

    Args:
      write: Writes to a folder outside of the public outputs.
      all_judged: Judged recordings with the URLs of their sources.
    """
    truth, manifest = [], []
    for one, audio_url in all_judged:
        recording_id = one.review.reviewed.recording_id
        truth.append(label_of(one, audio_url, read_words(recording_id)))
        policies = sorted({entity["policy"] for entity in truth[-1]["entities"]})
        line = {"audio_url": audio_url, "recording_id": recording_id}
        manifest.append(line | ({"redact_pii_policies": policies} if policies else {}))
    for name, lines in (("truth.jsonl", truth), ("manifest.jsonl", manifest)):
        content = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        write(name, content.encode())
    return len(truth)


def label_of(one: Judged, audio_url: str, stored: StoredRecording | None) -> dict[str, Any]:
    """A line of `truth.jsonl`."""
    reviewed = one.review.reviewed
    words = stored.transcribed.transcript.words if stored else ()
    places: Sequence[ShownFinding | NotedSpan] = (*one.real, *one.missed)
    labelled = [_entity(place, words, channel) for place in places for channel in _channels(place.channel, one)]
    return {
        "recording_id": reviewed.recording_id,
        "audio": audio_url.removeprefix("file://"),
        "duration_s": reviewed.duration_s,
        "channels": reviewed.channels,
        "entities": [entity for entity in labelled if entity["policy"] != UNTRANSCRIBED],
        "neutral": [entity for entity in labelled if entity["policy"] == UNTRANSCRIBED],
        "words": [
            {"word": word.text.strip(), "channel": channel, "start_s": word.start_s, "end_s": word.end_s}
            for word in words
            for channel in _channels(word.channel, one)
        ],
    }


def _entity(place: ShownFinding | NotedSpan, words: Sequence[Word], channel: int) -> dict[str, Any]:
    said = "".join(
        word.text
        for word in words
        if word.channel == place.channel and place.start_s - _WORD_END_S <= word.start_s < place.end_s - _WORD_END_S
    ).strip()
    times = {"start_s": place.start_s, "end_s": place.end_s}
    return {"policy": place.policy, "value": said, "said": said, "channel": channel} | times


def _channels(channel: int, one: Judged) -> Iterator[int]:
    """All channels for mixed audio, where the channel of a word is unknown."""
    yield from range(one.review.reviewed.channels) if one.review.reviewed.mixed else (channel,)
