"""RedactText: redacted transcripts and captions from findings."""

from hushbeam.transforms.redact_text.substitution import Substitution
from hushbeam.transforms.redact_text.transform import RedactText

__all__ = ["RedactText", "Substitution"]
