"""VerifyAudio: the stage that verifies redacted recordings with a second recogniser."""

from hushbeam.transforms.verify_audio.settings import VerifySettings
from hushbeam.transforms.verify_audio.transform import VerifyAudio

__all__ = ["VerifyAudio", "VerifySettings"]
