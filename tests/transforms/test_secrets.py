"""Secrets by reference."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.failure import ConfigurationError
from transforms.secrets import is_reference, read_secret


def test_a_secret_is_read_from_the_environment_and_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "from the environment\n")
    (tmp_path / "secret").write_text("from a file\r\n")
    assert read_secret("env:HOOK", "--x") == "from the environment"
    assert read_secret(f"file:{tmp_path}/secret", "--x") == "from a file"


@pytest.mark.parametrize(
    "reference", ["canary", "env:", "env:1-canary", "file:canary", "env:CANARY_NOT_SET", "file:/canary"]
)
def test_a_secret_that_cannot_be_had_names_the_option_and_repeats_nothing(reference: str) -> None:
    with pytest.raises(ConfigurationError, match="--x") as caught:
        read_secret(reference, "--x")
    assert "canary" not in str(caught.value).lower()


def test_an_empty_secret_is_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "\n")
    (tmp_path / "secret").write_text(" ")
    for reference in ("env:HOOK", f"file:{tmp_path}/secret"):
        with pytest.raises(ConfigurationError, match="empty"):
            read_secret(reference, "--x")


def test_references_are_told_from_secrets() -> None:
    assert is_reference("env:HOOK_SECRET")
    assert is_reference("file:/run/secrets/hook")
    assert not is_reference("whsec_c2VjcmV0")
    assert not is_reference("env:HOOK SECRET")
