"""DetectPII: finds personal data in transcripts."""

from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.detect_pii.transform import DetectPII

__all__ = ["DetectPII", "DetectionSettings"]
