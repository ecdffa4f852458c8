"""Sources of a real web server: looked up, fetched once, and refused once they have changed."""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hushbeam.schemas.media import SourceIdentity
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stages import PendingRecording
from hushbeam.transforms.media.decode import Decoder
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.sources.read import Sources
from hushbeam.transforms.sources.settings import SourceSettings
from hushbeam.transforms.sources.spool import SPOOL
from hushbeam.transforms.storage.errors import AccessDeniedError, SourceChangedError
from tests.web_server import MODIFIED, WebServer, serving

CALL = Path("evaluation/dev/audio/telecom-phone-readback.wav").read_bytes()
SOURCES = Sources(
    SourceSettings(allow_http=True, allow_private_sources=("127.0.0.1",), first_wait_s=0.01, attempts=2), MediaLimits()
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WebServer]:
    (tmp_path / "a.wav").write_bytes(CALL)
    with serving(tmp_path) as server:
        yield server


def pending(server: WebServer, sources: Sources = SOURCES) -> PendingRecording:
    url = server.url("a.wav")
    return PendingRecording(Recording("a", url, ("date",)), sources.look_up(url), "identity")


def test_an_identity_has_the_url_without_its_query_and_the_servers_version(server: WebServer) -> None:
    etag = hashlib.md5(CALL, usedforsecurity=False).hexdigest()
    assert SOURCES.look_up(server.url("a.wav")) == SourceIdentity(server.url("a.wav", ""), len(CALL), f"etag:{etag}")
    assert SOURCES.look_up(server.url("a.wav")) == SOURCES.look_up(server.url("a.wav", "X-Amz-Signature=another"))


def test_a_file_without_a_version_is_known_by_its_content(server: WebServer, tmp_path: Path) -> None:
    server.etags = server.dates = False
    recording = pending(server)
    assert recording.source.version == f"sha256:{hashlib.sha256(CALL).hexdigest()}"
    with SOURCES.opened(recording) as (path, _):
        assert path.read_bytes() == CALL
    (tmp_path / "a.wav").write_bytes(CALL[::-1])
    assert SOURCES.look_up(server.url("a.wav")) != recording.source
    with pytest.raises(SourceChangedError), SOURCES.opened(recording):
        pass


def test_the_version_of_a_transcript_is_no_checksum(server: WebServer) -> None:
    assert SOURCES.look_up_guessable(server.url("a.wav")).version == f"modified:{MODIFIED}"
    server.dates = False
    first, second = (SOURCES.look_up_guessable(server.url("a.wav")) for _ in range(2))
    assert re.fullmatch("unknown:[0-9a-f]{32}", first.version)
    assert first != second
    assert SOURCES.read_transcript(server.url("a.wav"), first, 10**9) == CALL


def test_a_source_is_fetched_once_and_all_stages_read_that_copy(server: WebServer, tmp_path: Path) -> None:
    with SOURCES.opened(pending(server)) as (path, held):
        assert path.read_bytes() == CALL
    (tmp_path / "a.wav").write_bytes(CALL[::-1])
    with SOURCES.opened(held) as (again, same):
        assert (again, again.read_bytes(), same) == (path, CALL, held)
    assert len(server.gets("a.wav")) == 1
    del held, same
    assert not path.exists()
    assert len(SPOOL) == 0


def test_another_worker_fetches_it_again_and_gets_the_same_bytes_or_an_error(server: WebServer, tmp_path: Path) -> None:
    with SOURCES.opened(pending(server)) as (path, held):
        elsewhere = pickle.loads(pickle.dumps(held))
    with SOURCES.opened(elsewhere) as (other_path, held_there):
        assert (other_path == path, other_path.read_bytes()) == (False, CALL)
    server.etags = False  # what follows has the same date and length
    source = SOURCES.look_up(server.url("a.wav"))
    (tmp_path / "a.wav").write_bytes(CALL[::-1])
    with pytest.raises(SourceChangedError) as caught, SOURCES.opened(replace(elsewhere, source=source)):
        pass
    assert caught.value.retryable
    del held, held_there
    assert len(SPOOL) == 0


def test_a_source_that_was_replaced_since_it_was_looked_up_is_not_fetched(server: WebServer, tmp_path: Path) -> None:
    recording = pending(server)
    (tmp_path / "a.wav").write_bytes(CALL[::-1])
    with pytest.raises(SourceChangedError) as caught, SOURCES.opened(recording):
        pass
    assert caught.value.retryable
    assert len(SPOOL) == 0


def test_a_stage_that_fails_leaves_no_copy_even_if_its_error_is_kept(server: WebServer) -> None:
    with pytest.raises(RuntimeError) as caught, SOURCES.opened(pending(server)):
        raise RuntimeError("a decoder failed")
    assert caught.value.__traceback__ is not None
    assert len(SPOOL) == 0


def test_limits_hold_before_and_while_a_source_is_fetched(server: WebServer) -> None:
    small = Sources(SOURCES.settings, MediaLimits(max_recording_gb=1e-6))
    with pytest.raises(MediaError, match="larger than"), small.opened(pending(server)):
        pass
    assert server.gets("a.wav") == []
    server.etags = server.dates = False
    with pytest.raises(MediaError, match="larger than"):
        small.look_up(server.url("a.wav"))


@pytest.mark.parametrize("content", [CALL, Path("evaluation/dev/audio/clinic-intake.m4a").read_bytes()])
def test_a_header_is_read_without_the_rest(server: WebServer, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with SOURCES.header_of(pending(server)) as file, Decoder(file, MediaLimits()) as decoder:
        assert decoder.info.duration_s is not None
        assert decoder.info.size == len(content)


def test_private_addresses_need_an_option(server: WebServer) -> None:
    with pytest.raises(AccessDeniedError, match="--allow_private_sources"):
        Sources(SourceSettings(allow_http=True), MediaLimits()).look_up(server.url("a.wav"))


def test_files_on_disk_are_read_as_before(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(CALL)
    url = str(tmp_path / "a.wav")
    recording = PendingRecording(Recording("a", url, ("date",)), SOURCES.look_up(url), "identity")
    with SOURCES.opened(recording) as (path, same):
        assert (path, same) == (tmp_path / "a.wav", recording)
