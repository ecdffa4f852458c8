"""Damaged recordings of every kind that is read, and what comes of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from hushbeam.transforms.media.decode import inspect
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio.muting import Muting
from hushbeam.transforms.mute_audio.render import render
from tests.fuzz.mutations import mutated
from tests.transforms.media.recordings import EXACT, LOSSY, UNWRITABLE, VIDEO, VIDEO_ELSEWHERE

RECORDINGS = [*EXACT, *LOSSY, *UNWRITABLE, *VIDEO, *VIDEO_ELSEWHERE]
SHORT = MediaLimits(max_recording_hours=600 / 3600, decode_s=10.0, decode_s_per_hour=600.0)
CONTAINED = ("decoder_crashed", "decoder_memory", "decoder_time")


def originals(folder: Path) -> dict[str, bytes]:
    """Every kind of recording, by name."""
    return {recipe.name: recipe.write(folder).read_bytes() for recipe in RECORDINGS}


def outcome(path: Path, *, copy: bool) -> str:
    """What reading a file to its end, or writing its redacted copy, comes to.

    Returns:
      `read`, or the reason for which it is refused. Anything else raises: the job would have ended.
    """
    try:
        if copy:
            render(path, path.with_name("copy"), [], muting=Muting(), quality="source", expected=None, limits=SHORT)
        else:
            inspect(path, SHORT)
    except MediaError as refused:
        return refused.reason
    return "read"


def attempts(folder: Path, seed: int) -> Iterator[Counter[str]]:
    """Damages recordings without end, and yields the outcome of each attempt."""
    chance = random.Random(seed)
    files = originals(folder)
    names, contents = list(files), list(files.values())
    while True:
        name = chance.choice(names)
        path = folder / f"damaged{Path(name).suffix}"
        path.write_bytes(mutated(files[name], contents, chance))
        yield Counter((outcome(path, copy=chance.random() < 0.2),))
        for written in folder.glob("copy*"):
            written.unlink()


def summary(outcomes: Counter[str]) -> str:
    """One line: how many, and what became of them."""
    contained = ", ".join(f"{reason} {outcomes[reason]}" for reason in CONTAINED)
    refused = sum(outcomes.values()) - outcomes["read"] - sum(outcomes[reason] for reason in CONTAINED)
    return f"{sum(outcomes.values())} recordings: {outcomes['read']} read, {refused} refused, contained: {contained}"
