"""The renderer on a full disk: the recording fails, and can be retried."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hushbeam.schemas.errors import RecordingError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio.muting import Muting
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
def test_every_format_reports_a_full_disk_and_leaves_no_file(tmp_path: Path, full: Path, recipe: Recipe) -> None:
    source = recipe.write(tmp_path)
    with pytest.raises(RecordingError) as refused:
        render(source, full / "copy", [], muting=Muting(), quality="source", expected=None, limits=MediaLimits())
    assert refused.value.retryable, refused.value
    assert not list(full.iterdir())
