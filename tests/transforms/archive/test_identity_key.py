"""The record of the key that hashes ids: made once, compared by all others. Plain functions on real files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.runs.identity_key import (
    IDENTITY_KEY_RECORD,
    check_identity_key,
    recorded_check_value,
    remember_identity_key,
)

ONE, OTHER = "0123456789abcdef", "fedcba9876543210"


def test_the_first_key_is_recorded_and_another_one_refused(tmp_path: Path) -> None:
    output = str(tmp_path)
    check_identity_key(output, OTHER)  # nothing is recorded, and nothing is by a check
    assert recorded_check_value(output) is None
    remember_identity_key(output, ONE)
    remember_identity_key(output, ONE)
    check_identity_key(output, ONE)
    for refuses in (remember_identity_key, check_identity_key):
        with pytest.raises(ConfigurationError, match=r"^--hash_identities: earlier runs .* used another key"):
            refuses(output, OTHER)
    assert recorded_check_value(output) == ONE


def test_of_runs_with_different_keys_that_begin_at_once_one_goes_on(tmp_path: Path) -> None:
    def goes_on(number: int) -> bool:
        try:
            remember_identity_key(str(tmp_path), f"{number:016x}")
        except ConfigurationError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(goes_on, range(8))) == 1


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '"0123456789abcdef"', '{"check_value": 7}', '{"check_value": "0123"}', "[" * 100_000],
)
def test_a_damaged_record_is_an_error_that_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / IDENTITY_KEY_RECORD).write_text(content)
    for reads in (remember_identity_key, check_identity_key):
        with pytest.raises(ConfigurationError, match=r"runs/identity-key.json there is damaged.*delete it"):
            reads(str(tmp_path), ONE)
