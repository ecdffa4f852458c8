"""Identities of recordings whose transcript was given: no recogniser of the job wrote their words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

OF_OPTIONS = frozenset({"configuration", "configuration_id"})
"""Identities that name no model."""

CAPTIONS, NO_CAPTIONS = "--captions", "--no-captions"
"""The two in the words of a configuration, which name neither if the job was not asked."""


def asked_captions(configuration: object) -> bool | None:
    """Whether a job was asked for captions, from the `configuration` of a certificate; None if it does not say."""
    words = configuration.split() if isinstance(configuration, str) else []
    return True if CAPTIONS in words else False if NO_CAPTIONS in words else None


def configuration_of(configuration: str, *, given: bool) -> str:
    """The identity of a job's configuration for one recording: another one if its transcript is given."""
    return hashlib.sha256(f"given transcript {configuration}".encode()).hexdigest() if given else configuration


def identities_of(identities: Mapping[str, str], given_by: str | None) -> dict[str, str]:
    """The identities of a job's models and configuration for one recording.

    Args:
      given_by: Format of the given transcript, which replaces the recogniser; None if the recording was transcribed.
    """
    if given_by is None:
        return dict(identities)
    return {
        **identities,
        "recogniser": f"given transcript ({given_by})",
        "configuration_id": configuration_of(identities["configuration_id"], given=True),
    }
