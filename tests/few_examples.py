"""Settings of property tests whose examples are slow."""

from __future__ import annotations

import os
from collections.abc import Sequence

from hypothesis import HealthCheck, settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "quick")


def few(examples: int, suppress_health_check: Sequence[HealthCheck] = ()) -> settings:
    """So many examples in `make test`, and ten times as many in `make test-all`."""
    times = 10 if PROFILE == "long" else 1
    return settings(max_examples=examples * times, suppress_health_check=[HealthCheck.too_slow, *suppress_health_check])
