"""Settings of the detector, and two option groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hushbeam.schemas.policies import Caution, UnknownPolicyError, resolve_policies
from hushbeam.transforms.base.metavar import Metavar, Model
from hushbeam.transforms.option_lists import SEPARATED


def _resolved(names: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return resolve_policies(names)
    except UnknownPolicyError as error:
        raise ValueError(str(error)) from None


Policies = Annotated[tuple[str, ...], AfterValidator(_resolved), SEPARATED, Metavar("POLICY")]
"""Names of policies and presets, as policies of the catalogue."""


class DecisionSettings(BaseModel):
    """How much is redacted of what may be personal data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    caution: Caution = Field(
        "standard",
        description="how doubtful words are treated: `low` redacts only what is sure; `high` redacts doubtful words, "
        "whole answers to questions for personal data, and all speech that got no words",
    )
    exchanges: Policies = Field(
        (), description="policies of which the whole exchange is redacted, from the question to the confirmation"
    )


class DetectionSettings(DecisionSettings):
    """Which model looks for personal data, and how much is redacted.

    Fields without a description are not options: most come from the file that `--rules` names.

    Attributes:
      allow_list: Terms that are never redacted where they are the whole of what was found, compared without case
        and punctuation.
      patterns: Regular expressions by policy, searched in the text of every utterance.
      pattern_timeout_s: How long one pattern may search one conversation before the recording fails.
    """

    detector: Model | None = Field(None, description="folder with a detection model, instead of the packaged one")
    recognisers: tuple[Annotated[str, Metavar("MODULE:CLASS")], ...] = Field(
        (),
        description="recognisers of your own, as ours:StaffNumbers; the module is needed here and on each worker",
    )
    allow_list: tuple[str, ...] = ()
    patterns: Mapping[str, tuple[str, ...]] = {}
    pattern_timeout_s: float = 2.0
