"""Finding, checking and loading models: every error names its option (functions, real models)."""

import dataclasses
import json
import shutil
import uuid
from pathlib import Path

import ctranslate2
import pytest
from pydantic import ValidationError

from hushbeam.pipelines import models
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import files
from hushbeam.transforms.transcribe import model, packaged
from hushbeam.transforms.transcribe.engine import load_speech_model
from hushbeam.transforms.transcribe.settings import TranscriptionSettings
from tests.learnt_model import write_ctc
from tests.transforms.verify_audio.labelled import labelled


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


def test_a_default_that_was_joined_before_needs_its_packages_no_more(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = {name: (("no_such_package", name),) for name in packaged.BASE.parts}
    without = dataclasses.replace(packaged.BASE, parts=parts)
    found = model.resolve("base")
    for module in (model, models):
        monkeypatch.setattr(module, "BASE", without)
    assert model.resolve("base") == found
    assert models.run(["--json"]) == 0
    listed = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert (listed["whisper-base"]["state"], listed["whisper-base"]["path"]) == ("installed", str(found.path))
    shutil.rmtree(found.path)
    with pytest.raises(ConfigurationError, match="hushbeam models install"):
        model.resolve("base")


def test_a_folder_is_used_where_it_lies(tiny_folder: Path) -> None:
    found = model.resolve(str(tiny_folder))
    assert found.path == tiny_folder
    assert found.sha256 == model.resolve("tiny.en").sha256


def test_a_folder_that_lacks_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({}))
    with pytest.raises(ConfigurationError, match=r"model: .*model\.bin, tokenizer\.json"):
        model.resolve(str(tmp_path))


@pytest.fixture(scope="module")
def nemo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ctc(tmp_path_factory.mktemp("nemo") / "parakeet", labelled("card-payment"))


def test_a_folder_with_a_nemo_model_is_told_by_its_files(nemo: Path, tmp_path: Path) -> None:
    found = model.resolve(str(nemo))
    assert (found.is_nemo, found.path, found.quantization) == (True, nemo, None)
    assert found.identity == f"parakeet@sha256:{found.sha256}"
    copy = shutil.copytree(nemo, tmp_path / "copy")
    assert model.resolve(str(copy)).sha256 == found.sha256
    with (copy / "vocab.txt").open("a") as file:
        file.write("more 99\n")
    assert model.resolve(str(copy)).sha256 != found.sha256
    (copy / "model.onnx").rename(copy / "model.int8.onnx")
    assert model.resolve(str(copy)).quantization == "int8"
    assert load_speech_model(TranscriptionSettings(model=str(copy))).identity == model.resolve(str(copy)).identity


def test_a_nemo_model_in_an_object_store_is_copied(cache: Path, nemo: Path) -> None:
    url = f"memory://{uuid.uuid4().hex}/parakeet"
    for path in nemo.iterdir():
        files.upload_file(path, f"{url}/{path.name}")
    found = model.resolve(url)
    assert found.path.parent == cache
    assert found.sha256 == model.resolve(str(nemo)).sha256


@pytest.mark.parametrize(
    ("missing", "config", "said"),
    [
        ("config.json", None, "no config.json"),
        ("vocab.txt", {"model_type": "nemo-conformer-ctc"}, r"missing in the folder of 'other': vocab\.txt"),
        (
            "README.md",
            {"model_type": "nemo-conformer-tdt"},
            r"missing in the folder of 'other': encoder-model\.onnx, decoder_joint-model\.onnx",
        ),
        ("README.md", {"model_type": "nemo-conformer-aed"}, "model_type of nemo-conformer-ctc, "),
        ("README.md", ["nemo-conformer-ctc"], "model_type of nemo-conformer-ctc, "),
        (
            "README.md",
            {"model_type": "nemo-conformer-ctc", "languages": "en"},
            "languages in the config.json of 'other'",
        ),
        (
            "model.onnx",
            {"model_type": "nemo-conformer-ctc"},
            r"missing .*model\.bin, .*a NeMo model .* has config\.json",
        ),
    ],
)
def test_a_folder_of_neither_family_is_told_what_it_lacks(
    nemo: Path, tmp_path: Path, missing: str, config: object, said: str
) -> None:
    folder = shutil.copytree(nemo, tmp_path / "other")
    (folder / "config.json").write_text(json.dumps(config))
    (folder / missing).unlink(missing_ok=True)
    with pytest.raises(ConfigurationError, match=f"model: .*{said}"):
        model.resolve(str(folder))


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
