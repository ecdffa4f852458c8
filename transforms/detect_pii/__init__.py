"""From words to findings."""

from transforms.detect_pii.settings import DetectionSettings
from transforms.detect_pii.transform import DetectPII

__all__ = ["DetectPII", "DetectionSettings"]
