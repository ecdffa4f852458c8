"""Damaged recordings are decoded or refused with a reason (functions, hypothesis). The long run: `make fuzz`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.few_examples import few
from tests.fuzz.media import CONTAINED, RECORDINGS, originals, outcome
from tests.fuzz.mutations import mutated

REASONS = {
    *CONTAINED,
    *("read", "unsupported", "no_audio", "corrupt", "truncated", "gap", "length_disagrees", "too_long", "too_large"),
    *("too_many_channels", "sample_rate", "format_changes", "not_encodable", "captions_inside"),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return originals(tmp_path_factory.mktemp("originals"))


@few(120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([recipe.name for recipe in RECORDINGS]), st.integers(0, 2**32), st.booleans())
def test_damaged_recordings_are_read_or_refused(
    files: dict[str, bytes], tmp_path: Path, name: str, seed: int, copy: bool
) -> None:
    path = tmp_path / f"damaged{Path(name).suffix}"
    path.write_bytes(mutated(files[name], list(files.values()), random.Random(seed)))
    assert outcome(path, copy=copy) in REASONS
