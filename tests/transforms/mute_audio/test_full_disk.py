"""A disk that has no room for the redacted copy ends one recording, which may pass on another night."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hushbeam.schemas.errors import RecordingError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio.render import render
from tests.transforms.media.recordings import EXACT, LOSSY, VIDEO, Recipe


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("full")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("recipe", [*EXACT, *LOSSY, *VIDEO], ids=lambda recipe: recipe.name)
def test_every_format_says_that_the_disk_is_full_and_leaves_nothing(tmp_path: Path, full: Path, recipe: Recipe) -> None:
    source = recipe.write(tmp_path)
    with pytest.raises(RecordingError) as refused:
        render(source, full / "copy", [], limits=MediaLimits())
    assert refused.value.retryable, refused.value
    assert not list(full.iterdir())
