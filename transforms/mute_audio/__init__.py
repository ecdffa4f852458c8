"""From findings to a recording in which they cannot be heard."""

from hushbeam.transforms.mute_audio.settings import MuteSettings
from hushbeam.transforms.mute_audio.transform import MuteAudio

__all__ = ["MuteAudio", "MuteSettings"]
