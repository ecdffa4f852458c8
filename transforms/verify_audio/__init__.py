"""The second listening."""

from transforms.verify_audio.settings import VerifySettings
from transforms.verify_audio.transform import VerifyAudio

__all__ = ["VerifyAudio", "VerifySettings"]
