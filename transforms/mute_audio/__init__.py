"""MuteAudio: the stage that mutes findings in recordings."""

from hushbeam.transforms.mute_audio.settings import MuteSettings
from hushbeam.transforms.mute_audio.transform import MuteAudio

__all__ = ["MuteAudio", "MuteSettings"]
