"""Configuration files as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.configuration_file import read_configuration
from hushbeam.transforms.verify_audio import VerifySettings


def read(path: Path, text: str) -> tuple[dict[str, object], list[str]]:
    path.write_text(text)
    return read_configuration(str(path))


@pytest.mark.parametrize("word", ["off", "no", "on", "yes", "Off", "y", "n"])
def test_off_and_on_are_words_not_booleans(tmp_path: Path, word: str) -> None:
    assert read(tmp_path / "job.yaml", f"verification:\n  verify: {word}\n")[0] == {"verification": {"verify": word}}


def test_verification_is_turned_off_without_quotes_and_switches_take_both_forms(tmp_path: Path) -> None:
    text = "verification:\n  verify: off\nforce: on\ncaptions: true\n"
    content, _ = read(tmp_path / "job.yaml", text)
    options = RedactOptions.model_validate(content)
    assert isinstance(options.verification, VerifySettings)
    assert (options.verification.enabled, options.force, options.captions) == (False, True, True)


def test_switches_of_beam_are_switches_in_every_form(tmp_path: Path) -> None:
    text = "beam:\n  streaming: off\n  save_main_session: yes\n  update: true\n  region: no-where\n"
    assert read(tmp_path / "job.yaml", text)[1] == ["--save_main_session", "--update", "--region=no-where"]
