"""Private roots must lie apart from public outputs, links followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage.private_roots import lies_in_outputs, private_root

pytestmark = pytest.mark.permissions


@pytest.mark.parametrize(
    ("private", "public"),
    [
        ("gs://calls/out", "gs://calls/out"),
        ("gs://calls/out/store/", "gs://calls/out"),
        ("gcs://calls/out//store", "gs://calls/out/"),
        ("gs://calls", "gs://calls/out"),
        ("s3://calls/a/../out/store", "s3a://calls/out"),
        ("/data/out/store", "/data/out"),
        ("file:///data/out/store", "/data/./out"),
        ("/data", "/data/out"),
        ("ftp://calls/store", "/data/out"),
        ("", "/data/out"),
    ],
)
def test_roots_within_each_other_are_refused(private: str, public: str) -> None:
    with pytest.raises(ConfigurationError, match="--store"):
        private_root(private, public, "--store")


@pytest.mark.parametrize(
    ("private", "public"),
    [("gs://calls/out-store", "gs://calls/out"), ("gs://kept", "gs://calls"), ("/data/out2", "/data/out")],
)
def test_separate_roots_are_accepted(private: str, public: str) -> None:
    assert private_root(private, public, "--store") == private


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    (tmp_path / "away").symlink_to(tmp_path)
    for private, public in (("link/store", "out"), ("away/out", "out"), ("out", "link"), ("out/store", "link")):
        with pytest.raises(ConfigurationError):
            private_root(str(tmp_path / private), str(tmp_path / public), "--store")


@pytest.mark.parametrize("tables", ["transcripts", "runs"])
def test_a_root_within_the_outputs_of_other_runs_is_refused(tmp_path: Path, tables: str) -> None:
    for name in ("status", tables):
        (tmp_path / "other" / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "other/status")
    for private in ("other", "other/store", "link/store"):
        with pytest.raises(ConfigurationError, match="--store"):
            private_root(str(tmp_path / private), str(tmp_path / "out"), "--store")


def test_an_impossible_file_name_is_not_an_output_root() -> None:
    assert not lies_in_outputs(f"/tmp/{'x' * 300}/to")
