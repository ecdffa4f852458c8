"""The second listening."""

from hushbeam.transforms.verify_audio.settings import VerifySettings
from hushbeam.transforms.verify_audio.transform import VerifyAudio

__all__ = ["VerifyAudio", "VerifySettings"]
