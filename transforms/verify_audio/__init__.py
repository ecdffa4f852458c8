"""VerifyAudio: the stage that verifies redacted recordings with a second recogniser."""

from typing import TYPE_CHECKING

from hushbeam.transforms.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from hushbeam.transforms.verify_audio.settings import VerifySettings
    from hushbeam.transforms.verify_audio.transform import VerifyAudio

__all__ = ["VerifyAudio", "VerifySettings"]

__getattr__ = lazy_exports(
    __name__,
    settings=("VerifySettings",),
    transform=("VerifyAudio",),
)
