"""Children that hang, die or send invalid messages fail their own recording only (processes)."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hushbeam.pipelines import doctor
from hushbeam.pipelines.running.exit_status import EXIT_PROBLEMS
from hushbeam.schemas.errors import RunError
from hushbeam.transforms.media.decode import Decoder, inspect
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.isolation import children
from hushbeam.transforms.media.isolation.children import ForkServer, locks
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio.muting import Muting
from hushbeam.transforms.mute_audio.render import render
from tests.transforms.media.hostile import with_large_attachments
from tests.transforms.media.isolation.processes import decoders, fork_server, wait_until_gone
from tests.transforms.media.recordings import EXACT, LOSSY, VIDEO

pytestmark = pytest.mark.permissions

ROOT_ALONE_SEES = pytest.mark.skipif(os.geteuid() != 0, reason="what a decoder has open is not for its own user to see")
LIMITS = MediaLimits()

BY_NAME = {recipe.name: recipe for recipe in [*EXACT, *LOSSY, *VIDEO]}
PATIENT_FOR_SECONDS = MediaLimits(decode_s=4.0, decode_s_per_hour=0.0)


@pytest.fixture(autouse=True)
def no_decoder_of_an_earlier_test() -> None:
    """Decoders end a moment after their readers."""
    locks()  # starts the fork server
    for child in decoders():
        wait_until_gone(child)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Long enough that a child waits for its worker when a block has been read."""
    return BY_NAME["flac-16.flac"].write(tmp_path)


def read_on(decoder: Decoder) -> MediaError:
    with pytest.raises(MediaError) as ended:
        for _ in decoder.blocks():
            pass
    return ended.value


def test_readers_that_leave_while_their_decoders_end_harm_no_others(recording: Path) -> None:
    def read(number: int) -> None:
        with Decoder(recording, LIMITS) as decoder:
            for position, _ in enumerate(decoder.blocks()):
                if position > number % 8:
                    break

    inspect(recording, LIMITS)
    server = fork_server()
    with ThreadPoolExecutor(8) as readers:
        for _ in readers.map(read, range(160)):
            pass
    assert fork_server() == server


def test_a_decoder_that_hangs_is_killed_when_its_time_is_over(recording: Path) -> None:
    with Decoder(recording, PATIENT_FOR_SECONDS) as decoder:
        (child,) = decoders()
        os.kill(child, signal.SIGSTOP)
        assert read_on(decoder).reason == "decoder_time"
    wait_until_gone(child)
    assert inspect(recording, LIMITS).identity.frames


@pytest.mark.parametrize(("deadly", "retryable"), [(signal.SIGSEGV, False), (signal.SIGKILL, True)])
def test_a_decoder_that_dies_ends_its_recording_alone(
    recording: Path, tmp_path: Path, deadly: signal.Signals, retryable: bool
) -> None:
    whole = inspect(recording, LIMITS).identity
    with Decoder(recording, LIMITS) as dying:
        (child,) = decoders()
        with Decoder(recording, LIMITS) as other:
            os.kill(child, deadly)
            ended = read_on(dying)
            assert (ended.reason, ended.retryable) == ("decoder_crashed", retryable)
            assert sum(block.shape[1] for block in other.blocks()) == whole.frames
            assert other.identity == whole


def test_a_decoder_that_is_not_wanted_any_more_ends(recording: Path) -> None:
    with Decoder(recording, LIMITS) as decoder:
        next(decoder.blocks())
        (child,) = decoders()
    wait_until_gone(child)


def test_a_worker_that_ends_leaves_nothing_behind(recording: Path) -> None:
    script = (
        "import sys, time\n"
        "from hushbeam.transforms.media.decode import Decoder\n"
        "from hushbeam.transforms.media.limits import MediaLimits\n"
        "with Decoder(sys.argv[1], MediaLimits()) as decoder:\n"
        "    print(flush=True)\n"
        "    time.sleep(600)\n"
    )
    worker = subprocess.Popen([sys.executable, "-c", script, str(recording)], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    with worker.stdout:
        worker.stdout.readline()
        server = fork_server(worker.pid)
        worker.kill()
        worker.wait()
    wait_until_gone(server)


def test_a_fork_server_that_is_gone_is_started_again(recording: Path) -> None:
    inspect(recording, LIMITS)
    server = fork_server()
    os.kill(server, signal.SIGKILL)
    wait_until_gone(server)
    assert inspect(recording, LIMITS).identity.frames
    assert fork_server() != server


def test_a_fork_server_that_ends_takes_its_decoders_along(recording: Path) -> None:
    with Decoder(recording, LIMITS) as decoder:
        (child,) = decoders()
        os.kill(fork_server(), signal.SIGKILL)
        wait_until_gone(child)
        ended = read_on(decoder)
        assert (ended.reason, ended.retryable) == ("decoder_crashed", True)


def test_a_file_that_asks_for_much_memory_does_not_get_it(tmp_path: Path) -> None:
    path = with_large_attachments(tmp_path)
    assert inspect(path, LIMITS).identity.frames, "the file is a recording, for who has the memory"
    with pytest.raises(MediaError) as refused:
        inspect(path, MediaLimits(decoder_memory_mb=100))
    assert refused.value.reason == "decoder_memory"


def test_several_recordings_are_decoded_at_once(recording: Path) -> None:
    whole = inspect(recording, LIMITS).identity
    found = []
    threads = [threading.Thread(target=lambda: found.append(inspect(recording, LIMITS).identity)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [whole] * 8


@pytest.mark.parametrize("name", ["flac-16.flac", "stereo.m4a", "telephone.oga", "h264.mp4"])
def test_a_source_that_the_worker_reads_gives_the_same_samples(tmp_path: Path, name: str) -> None:
    path = BY_NAME[name].write(tmp_path)
    with Decoder(io.BytesIO(path.read_bytes()), LIMITS) as decoder:
        samples = np.concatenate(list(decoder.blocks()), axis=1)
    assert samples.shape[1] == decoder.identity.frames
    assert decoder.identity == inspect(path, LIMITS).identity


def test_a_source_that_the_worker_cannot_read_is_the_workers_error(recording: Path) -> None:
    class Unreachable(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise TimeoutError("the store does not answer")

    with pytest.raises(TimeoutError), Decoder(Unreachable(recording.read_bytes()), LIMITS):
        pass


@ROOT_ALONE_SEES
def test_a_child_has_no_secrets_and_no_files_but_its_own(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "words.txt").open("wb") as another, Decoder(recording, LIMITS):
        (child,) = decoders()
        files = {str(file.readlink()) for file in Path(f"/proc/{child}/fd").iterdir()}
        assert str(recording) in files
        assert another.name not in files
        assert len([file for file in files if file.startswith("socket:")]) == 1
        assert files <= {str(recording), "/dev/null", *(file for file in files if file.startswith("socket:"))}
        environment = Path(f"/proc/{fork_server()}/environ").read_bytes()
    names = {entry.split(b"=")[0] for entry in environment.split(b"\0") if entry}
    assert names <= {b"LC_ALL", b"OPENBLAS_NUM_THREADS", b"LD_LIBRARY_PATH"}


@ROOT_ALONE_SEES
def test_a_video_whose_child_hangs_is_not_written(tmp_path: Path) -> None:
    source = BY_NAME["h264.mp4"].write(tmp_path)
    server_of_now = inspect(source, LIMITS) and fork_server()
    stopped = threading.Event()

    def stop_the_second() -> None:
        while not stopped.is_set():
            writing = [child for child in decoders() if writes(child, tmp_path)]
            for child in writing:
                os.kill(child, signal.SIGSTOP)
                stopped.set()
            time.sleep(0.001)

    watcher = threading.Thread(target=stop_the_second)
    watcher.start()
    try:
        with pytest.raises(MediaError) as ended:
            render(
                source,
                tmp_path / "copy",
                [],
                muting=Muting(),
                quality="source",
                expected=None,
                limits=PATIENT_FOR_SECONDS,
            )
    finally:
        stopped.set()
        watcher.join()
    assert ended.value.reason == "decoder_time"
    assert not list(tmp_path.glob("copy*"))
    assert fork_server() == server_of_now


def writes(child: int, folder: Path) -> bool:
    try:
        return any(str(file.readlink()).startswith(f"{folder}/copy") for file in Path(f"/proc/{child}/fd").iterdir())
    except OSError:
        return False


@pytest.mark.parametrize(
    ("jobs", "executable", "said"),
    [
        ("no.such.module", sys.executable, "ModuleNotFoundError: No module named 'no'"),
        ("hushbeam", sys.executable, "AttributeError: .*'rehearse'"),
        ("hushbeam", "/bin/false", "ended with status 1"),
        ("hushbeam", "/no/such/python", "/no/such/python: No such file or directory"),
    ],
)
def test_a_server_that_cannot_start_says_why(
    jobs: str, executable: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    server = ForkServer(jobs)
    with pytest.raises(RunError, match=f"cannot be started: {said}; check the installation with `{executable}"):
        server.locks()
    monkeypatch.undo()
    server.close()


def test_a_server_that_cannot_start_is_a_problem_that_doctor_explains(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(children, "_SERVER", ForkServer("no.such.module"))
    assert doctor.run(["--json", "--model", "tiny.en", "--verify", "off"]) == EXIT_PROBLEMS
    (check,) = [check for check in json.loads(capsys.readouterr().out)["checks"] if check["subject"] == "decoders"]
    assert check["outcome"] == "problem"
    assert "No module named 'no'" in check["detail"]
    assert "pip check" in check["remedy"]


def test_a_server_writes_nothing_to_standard_error_once_it_runs() -> None:
    locks()
    assert Path(f"/proc/{fork_server()}/fd/2").readlink() == Path(os.devnull)
