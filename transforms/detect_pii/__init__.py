"""DetectPII: finds personal data in transcripts."""

from hushbeam.transforms.detect_pii.recogniser import Candidate, Recogniser
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.detect_pii.transform import DetectPII

__all__ = ["Candidate", "DetectPII", "DetectionSettings", "Recogniser"]
