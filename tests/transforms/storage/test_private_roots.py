"""What is private lies apart from what is public, by whatever name."""

from __future__ import annotations

from pathlib import Path

import pytest

from hushbeam.schemas.failure import ConfigurationError
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
def test_roots_that_hold_each_other_are_refused(private: str, public: str):
    with pytest.raises(ConfigurationError, match="--store"):
        private_root(private, public, "--store")


@pytest.mark.parametrize(
    ("private", "public"),
    [("gs://calls/out-store", "gs://calls/out"), ("gs://kept", "gs://calls"), ("/data/out2", "/data/out")],
)
def test_roots_of_their_own_are_taken(private: str, public: str):
    assert private_root(private, public, "--store") == private


def test_links_are_followed(tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    (tmp_path / "away").symlink_to(tmp_path)
    for private, public in (("link/store", "out"), ("away/out", "out"), ("out", "link"), ("out/store", "link")):
        with pytest.raises(ConfigurationError):
            private_root(str(tmp_path / private), str(tmp_path / public), "--store")


@pytest.mark.parametrize("tables", ["transcripts", "runs"])
def test_the_outputs_of_other_runs_are_no_place_for_it_either(tmp_path: Path, tables: str):
    for name in ("status", tables):
        (tmp_path / "other" / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "other/status")
    for private in ("other", "other/store", "link/store"):
        with pytest.raises(ConfigurationError, match="--store"):
            private_root(str(tmp_path / private), str(tmp_path / "out"), "--store")


def test_a_name_that_no_file_can_have_is_no_output_root():
    assert not lies_in_outputs(f"/tmp/{'x' * 300}/to")
