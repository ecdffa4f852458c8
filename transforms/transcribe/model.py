"""Speech models: finds, checks and loads them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

import ctranslate2
import faster_whisper
import numpy as np
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.utils import available_models, download_model
from numpy.typing import NDArray

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.checksums import sha256_of_model
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.transcribe.encoder import Encoder, encoder_of
from hushbeam.transforms.transcribe.packaged import BASE, TINY_EN, PackagedWeights
from hushbeam.transforms.transcribe.processor import use_wide_vectors
from hushbeam.transforms.transcribe.settings import TranscriptionSettings

_NEEDED = ("model.bin", "config.json", "tokenizer.json")
_LIKE_A_NAME = 0.7

RECORD = "hushbeam.json"
"""What `add_model` keeps beside the files of a model."""

_NEMO_NETWORKS = {
    "nemo-conformer-ctc": ("model",),
    "nemo-conformer-rnnt": ("encoder-model", "decoder_joint-model"),
    "nemo-conformer-tdt": ("encoder-model", "decoder_joint-model"),
}
"""Names of the ONNX files by `model_type`, without `.onnx` or `.int8.onnx`: the models of onnx-asr that give times."""

_NEMO_TEXTS = ("config.json", "vocab.txt")


@dataclass(frozen=True)
class ModelFolder:
    """A model on this machine: Whisper for CTranslate2, or a NeMo model for onnx-asr.

    Attributes:
      name: As the user gave it.
      path: Holds `model.bin`, `config.json`, `tokenizer.json` and a vocabulary; or `config.json`, `vocab.txt` and
        ONNX files.
      sha256: Of `model.bin`; of all the files of a NeMo model.
      config: The `config.json` of a NeMo model; empty for Whisper.
      quantization: Of the ONNX files, as onnx-asr names it.
    """

    name: str
    path: Path
    sha256: str
    config: Mapping[str, Any] = field(default_factory=dict)
    quantization: str | None = None

    @property
    def is_nemo(self) -> bool:
        return bool(self.config)

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
    if (installed := models_folder() / _as_file_name(model)).is_dir():
        return _installed(model, installed)
    if os.sep in model and not model.count("/") == 1:
        raise ConfigurationError(f"model: the folder {model!r} does not exist")
    return _folder(model, from_hub(model))


class LoadedModel:
    """A model in memory, with its tokenizer.

    Attributes:
      whisper: Generates and aligns; safe to call from several threads.
      encode: Its encoder, or PyTorch's; see `Encoder`.
      identity: See `ModelFolder.identity`.
      device: `cpu` or `cuda`.
      languages: ISO 639-1 codes that the model knows.
    """

    def __init__(self, whisper: faster_whisper.WhisperModel, identity: str, device: str, encode: Encoder) -> None:
        self.whisper: ctranslate2.models.Whisper = whisper.model
        self.encode = encode
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


def require_device(device: str) -> None:
    """Checks that this machine has the device.

    Raises:
      ConfigurationError: It has not.
    """
    if device == "cuda" and ctranslate2.get_cuda_device_count() == 0:
        raise ConfigurationError(
            "--device: cuda needs an NVIDIA GPU, and this machine has none that works; use --device cpu"
        )


def load(settings: TranscriptionSettings, folder: ModelFolder | None = None) -> LoadedModel:
    """Loads the Whisper model of the settings on their device.

    Args:
      folder: The model, if it was resolved before.

    Raises:
      ConfigurationError: The model or the device is missing, or the device does not support the compute type.
    """
    device = settings.device
    if device == "cpu":
        use_wide_vectors()
    require_device(device)
    compute_type = settings.compute_type
    if compute_type == "default":
        compute_type = "float16" if device == "cuda" else "int8"
    supported = ctranslate2.get_supported_compute_types(device)
    if compute_type not in supported:
        raise ConfigurationError(
            f"compute_type: this {device} does not support {compute_type!r}; it supports {', '.join(sorted(supported))}"
        )
    folder = folder or resolve(settings.model)
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
    encode = encoder_of(settings.encoder, whisper.model, folder.path / "model.bin", device, compute_type)
    return LoadedModel(whisper, folder.identity, device, encode)


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


def models_folder() -> Path:
    """Folder of the models that `hushbeam models install` has put on this machine; it may be missing."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "hushbeam" / "models"


def add_model(name: str, source: str, fill: Callable[[Path], None], sha256: str | None = None) -> ModelFolder:
    """Installs a model on this machine, under a name that `resolve` finds.

    Args:
      source: Where it came from, for people; without secrets.
      fill: Writes its files into an empty folder.
      sha256: What `ModelFolder.sha256` must be, if known.

    Raises:
      ConfigurationError: A file is missing, or the checksum differs. Nothing is installed then.
    """
    target = models_folder() / _as_file_name(name)
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as folder:
            making = Path(folder) / "model"
            making.mkdir(mode=0o700)
            fill(making)
            found = _folder(name, making)
            if sha256 is not None and found.sha256 != sha256.lower():
                raise ConfigurationError(
                    f"--sha256: the checksum of the model is {found.sha256}; nothing was installed"
                )
            record = {"name": name, "source": source, "sha256": found.sha256}
            (making / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
            if target.is_dir():
                target.rename(Path(folder) / "before")
            making.rename(target)
    except OSError as error:
        raise ConfigurationError(
            f"XDG_DATA_HOME: the model cannot be written to {target.parent} ({error.strerror}); name another folder"
        ) from None
    return _folder(name, target)


def _installed(name: str, path: Path) -> ModelFolder:
    found = _folder(name, path)
    try:
        expected = json.loads((path / RECORD).read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        expected = None
    if found.sha256 != expected:
        raise ConfigurationError(
            f"model: {path} differs from what was installed (SHA-256); remove it, and install the model again"
        )
    return found


def _as_file_name(name: str) -> str:
    return name.replace("/", "--")


def _packaged_base() -> ModelFolder:
    """The model in one folder: CTranslate2 reads no file in parts. Where it was joined before, it needs no package."""
    digest = BASE.checksums["model.bin"]
    target = cache_folder() / f"{BASE.name}-{digest[:12]}"

    def join(folder: Path) -> None:
        for name, parts in BASE.sources().items():
            with (folder / name).open("wb") as joined:
                for part in parts:
                    with part.open("rb") as piece:
                        shutil.copyfileobj(piece, joined, 1 << 20)

    _once(target, join)
    _check(target, BASE)
    return ModelFolder(BASE.name, target, digest)


def _packaged_tiny() -> ModelFolder:
    ((model,), *_) = TINY_EN.sources().values()
    _check(model.parent, TINY_EN)
    return ModelFolder(TINY_EN.name, model.parent, TINY_EN.checksums["model.bin"])


def _folder(name: str, path: Path) -> ModelFolder:
    """A model of the family that its files tell."""
    if not (path / "model.bin").is_file() and any(path.glob("*.onnx")):
        return _nemo_folder(name, path)
    missing = [file for file in _NEEDED if not (path / file).is_file()]
    if missing:
        raise ConfigurationError(
            f"model: these files are missing in the folder of {name!r}: {', '.join(missing)} (a CTranslate2 Whisper "
            "model; a NeMo model for onnx-asr has config.json, vocab.txt and ONNX files)"
        )
    return ModelFolder(name, path, sha256_of_model(path / "model.bin"))


def _nemo_folder(name: str, path: Path) -> ModelFolder:
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
        networks = _NEMO_NETWORKS[config["model_type"]]
        languages = config.get("languages", ["en"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigurationError(
            f"model: the folder of {name!r} has ONNX files, but no config.json with a model_type of "
            f"{', '.join(_NEMO_NETWORKS)}"
        ) from None
    if not languages or not isinstance(languages, list) or not all(isinstance(each, str) for each in languages):
        raise ConfigurationError(f"model: languages in the config.json of {name!r}: expected a list of ISO 639-1 codes")
    full, int8 = (
        [file for file in ("vocab.txt", *(f"{network}{suffix}" for network in networks)) if not (path / file).is_file()]
        for suffix in (".onnx", ".int8.onnx")
    )
    if full and int8:
        raise ConfigurationError(f"model: these files are missing in the folder of {name!r}: {', '.join(full)}")
    # Weights may lie beside their network, as in `model.onnx.data`.
    files_of_it = sorted(file for file in path.iterdir() if ".onnx" in file.name or file.name in _NEMO_TEXTS)
    known = json.dumps([(file.name, sha256_of_model(file)) for file in files_of_it])
    digest = hashlib.sha256(known.encode()).hexdigest()
    return ModelFolder(name, path, digest, config, "int8" if full else None)


def check_hub_name(name: str) -> None:
    """Raises ConfigurationError for a path: it is no name on the model hub, but a folder that is missing."""
    if name.startswith(("/", ".", "~")) or name.count("/") > 1:
        raise ConfigurationError(
            f"model: {name!r} is not a folder on this machine; give the folder of a model, or a name on the model hub "
            "(owner/name)"
        )


def from_hub(name: str, revision: str | None = None, cache: Path | None = None) -> Path:
    """Downloads a model from the model hub, or finds it in the hub's cache.

    Raises:
      ConfigurationError: The hub does not know it, or cannot be reached.
    """
    if "/" not in name and name not in available_models():
        near = get_close_matches(name, available_models(), n=1, cutoff=_LIKE_A_NAME)
        raise ConfigurationError(
            f"model: {name!r} is not a folder and not a name on the model hub "
            f"({', '.join(available_models())}, or owner/name), and `hushbeam models` does not list it"
            + (f"; did you mean {near[0]}?" if near else "")
        )
    check_hub_name(name)
    try:
        return Path(download_model(name, revision=revision, cache_dir=None if cache is None else str(cache)))
    except Exception as error:
        # The hub's client passes on what its transport raises, such as the error of a proxy.
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


def _check(folder: Path, weights: PackagedWeights) -> None:
    for name, expected in weights.checksums.items():
        path = folder / name
        if not path.is_file() or sha256_of_model(path) != expected:
            raise ConfigurationError(
                f"model: {path} differs from the packaged file (SHA-256); remove its folder, and run: "
                "hushbeam models install"
            )


def _last_part(url: str) -> str:
    return url.rstrip("/").rsplit("/", 1)[-1]
