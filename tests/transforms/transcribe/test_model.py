"""Finding, checking and loading models: every error names its option (functions, real models)."""

import json
import uuid
from pathlib import Path

import ctranslate2
import pytest
from pydantic import ValidationError

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import files
from hushbeam.transforms.transcribe import model
from hushbeam.transforms.transcribe.settings import TranscriptionSettings


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "hushbeam" / "models"


@pytest.fixture(scope="module")
def tiny_folder() -> Path:
    return model.resolve("tiny.en").path


def test_the_packaged_default_is_joined_once_and_checked_at_every_load(cache: Path) -> None:
    found = model.resolve("base")
    assert found.identity == f"whisper-base@sha256:{found.sha256}"
    assert (found.path.stat().st_mode & 0o777) == 0o700
    changed = (found.path / "model.bin").stat().st_mtime_ns
    assert model.resolve("base") == found
    assert (found.path / "model.bin").stat().st_mtime_ns == changed
    with (found.path / "tokenizer.json").open("a") as file:
        file.write(" ")
    with pytest.raises(ConfigurationError, match=r"model: .*SHA-256"):
        model.resolve("base")
    assert [path.name for path in cache.iterdir()] == [found.path.name]


def test_a_folder_is_used_where_it_lies(tiny_folder: Path) -> None:
    found = model.resolve(str(tiny_folder))
    assert found.path == tiny_folder
    assert found.sha256 == model.resolve("tiny.en").sha256


def test_a_folder_that_lacks_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({}))
    with pytest.raises(ConfigurationError, match=r"model: .*model\.bin, tokenizer\.json"):
        model.resolve(str(tmp_path))


def test_a_model_in_an_object_store_is_copied_once_for_each_version(cache: Path, tiny_folder: Path) -> None:
    url = f"memory://{uuid.uuid4().hex}/tiny"
    for path in tiny_folder.iterdir():
        files.upload_file(path, f"{url}/{path.name}")
    found = model.resolve(url)
    assert found.path.parent == cache
    assert found.sha256 == model.resolve("tiny.en").sha256
    assert model.resolve(url) == found
    assert len(list(cache.iterdir())) == 1
    files.write_bytes(f"{url}/config.json", b"{}")
    assert (model.resolve(url).path / "config.json").read_bytes() == b"{}"


def test_an_object_store_without_the_model_is_a_mistake_of_the_configuration(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="model: "):
        model.resolve((tmp_path / "absent").as_uri())
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("name", ["large-v3-turbo", "someone/some-model", "no-such-model", "/no/such/folder"])
def test_a_model_that_cannot_be_had_is_named(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ConfigurationError, match=rf"model: .*{name}"):
        model.resolve(name)


@pytest.mark.skipif(ctranslate2.get_cuda_device_count() > 0, reason="this machine has a GPU")
def test_a_missing_gpu_is_an_error_and_not_replaced_by_the_cpu() -> None:
    with pytest.raises(ConfigurationError, match="device: cuda"):
        model.load(TranscriptionSettings(model="tiny.en", device="cuda"))


def test_a_type_that_the_device_cannot_compute_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"compute_type: .*'float64'"):
        model.load(TranscriptionSettings(model="tiny.en", compute_type="float64"))


def test_a_folder_without_a_whisper_model_does_not_load(tmp_path: Path, tiny_folder: Path) -> None:
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / name).write_bytes((tiny_folder / name).read_bytes())
    (tmp_path / "model.bin").write_bytes((tiny_folder / "model.bin").read_bytes()[:1000])
    with pytest.raises(ConfigurationError, match="model: "):
        model.load(TranscriptionSettings(model=str(tmp_path)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"device": "tpu"},
        {"profile": "sloppy"},
        {"workers": -1},
        {"batch_windows": -1},
    ],
)
def test_settings_are_checked_when_they_are_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        TranscriptionSettings.model_validate(wrong)
