"""Search of a published video for hidden text, such as closed captions. Runs in a child process."""

from __future__ import annotations

from pathlib import Path

from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.isolation.children import Child
from hushbeam.transforms.media.isolation.wire import MessageKind
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.storage import files

_PLACES = {
    "packets": "packets of pictures",
    "headers": "headers of tracks",
    "tracks": "further tracks",
    "profiles": "colour profiles",
}


def hidden_text_in(path: Path, duration_s: float, limits: MediaLimits) -> str:
    """Describes where a video file holds hidden text; empty if it holds none.

    Args:
      duration_s: Of the recording: the search of a longer one may take longer.

    Raises:
      MediaError: The file cannot be read to its end.
    """
    with files.open_local(path) as file, Child({"do": "search_video"}, limits, files=[file]) as child:
        child.allow_for(duration_s)
        try:
            message = child.receive()
        except MediaError as error:
            if error.reason == "captions_inside":
                return error.message
            raise
        counts = {place: message.fields.get(place) for place in _PLACES}
        if message.kind is not MessageKind.FOUND or not all(
            type(count) is int and count >= 0 for count in counts.values()
        ):
            raise child.invalid_reply()
    return ", ".join(f"{count} {_PLACES[place]}" for place, count in counts.items() if count)
