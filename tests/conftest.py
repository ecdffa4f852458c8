"""Settings of all tests, made before any test is loaded."""

from __future__ import annotations

import gc

import pytest
from hypothesis import HealthCheck, settings

# Before numpy: words differ a little with the threads of its matrix products, and tests compare this process's outputs
# with those of others.
import hushbeam.pipelines  # noqa: F401
from hushbeam.transforms.transcribe.processor import use_wide_vectors
from tests.few_examples import PROFILE
from tests.kept_between_runs import keep_models, keep_what_beam_reads

# They differ with the instructions that CTranslate2 uses, too, and some tests call it without the job's own code.
use_wide_vectors()
keep_models()
keep_what_beam_reads()

# How long an example takes depends on what else the machine does: no test fails by that.
_ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", _ANY_SPEED, max_examples=50, derandomize=True, database=None)
settings.register_profile("long", _ANY_SPEED, max_examples=1000, print_blob=True)
settings.load_profile(PROFILE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of object stores come first: they wait, and another process computes meanwhile."""
    items.sort(key=lambda item: "stores" not in item.path.stem)


def pytest_collection_finish() -> None:
    """Libraries and tests stay to the end: looking for garbage among them took 0.2 s in every second run of a job."""
    gc.collect()
    gc.freeze()
