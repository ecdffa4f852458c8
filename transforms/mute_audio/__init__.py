"""MuteAudio: the stage that mutes findings in recordings."""

from typing import TYPE_CHECKING

from hushbeam.transforms.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from hushbeam.transforms.mute_audio.settings import MuteSettings
    from hushbeam.transforms.mute_audio.transform import MuteAudio

__all__ = ["MuteAudio", "MuteSettings"]

__getattr__ = lazy_exports(
    __name__,
    settings=("MuteSettings",),
    transform=("MuteAudio",),
)
