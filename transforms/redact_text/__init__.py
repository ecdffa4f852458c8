"""From findings to the transcript that may be read."""

from transforms.redact_text.substitution import Substitution
from transforms.redact_text.transform import RedactText

__all__ = ["RedactText", "Substitution"]
