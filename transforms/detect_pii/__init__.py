"""DetectPII: finds personal data in transcripts."""

from typing import TYPE_CHECKING

from hushbeam.transforms.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from hushbeam.transforms.detect_pii.recogniser import Candidate, Recogniser
    from hushbeam.transforms.detect_pii.settings import DetectionSettings
    from hushbeam.transforms.detect_pii.transform import DetectPII

__all__ = ["Candidate", "DetectPII", "DetectionSettings", "Recogniser"]

__getattr__ = lazy_exports(
    __name__,
    recogniser=(
        "Candidate",
        "Recogniser",
    ),
    settings=("DetectionSettings",),
    transform=("DetectPII",),
)
