"""Folders of models: which are refused, and what those that are not tell."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.detect_pii.models import conversation_model
from hushbeam.transforms.detect_pii.models.conversation_model import ConversationModel, model_identities
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from tests.own_detectors import blind_detector, detector
from training.passes import FIRST_TOKEN, LABELS, WINDOW_TOKENS

_PACKAGED = conversation_model.PACKAGED


def test_the_identity_names_the_checksum_of_all_files(tmp_path: Path) -> None:
    assert model_identities(DetectionSettings())["detector"].startswith("packaged sha256:")
    own = blind_detector(tmp_path / "own")
    before = ConversationModel(own).identity
    assert before.startswith("own sha256:")
    _change(Path(own), window_tokens=100)
    assert ConversationModel(own).identity != before


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"--detector: .* must hold config\.json, model"):
        ConversationModel(str(tmp_path)).load()
    with pytest.raises(ConfigurationError, match=r"--detector: no such folder on this machine: .*/nowhere$"):
        ConversationModel(str(tmp_path / "nowhere")).load()


def test_a_packaged_model_that_is_not_the_tested_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tmp_path / "packaged"
    shutil.copytree(_PACKAGED, changed)
    monkeypatch.setattr(conversation_model, "PACKAGED", changed)
    ConversationModel().load()
    with (changed / "config.json").open("a") as config:
        config.write(" ")
    with pytest.raises(ConfigurationError, match=r"config\.json is not the file that was tested"):
        ConversationModel().load()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ["person_name", "nothing"]}, "labels must be 'nothing' and then policies"),
        ({"labels": ["nothing", "surname"]}, "not policies: surname"),
        ({"labels": ["nothing", "date", "date"]}, "each once"),
        ({"labels": ["nothing", "date"]}, "a number for each of the 2 labels"),
        ({"languages": []}, "languages"),
        ({"languages": ["english"]}, "languages"),
        ({"languages": ["en", "ja"]}, "languages must be among de, en, es, fr, not ja"),
        ({"window_tokens": 0}, "window_tokens"),
        ({"stride_tokens": 128}, "stride_tokens must be smaller than window_tokens"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(change: dict[str, object], message: str, tmp_path: Path) -> None:
    own = blind_detector(tmp_path / "own")
    _change(Path(own), **change)
    with pytest.raises(ConfigurationError, match=f"--detector: .*{message}"):
        ConversationModel(own).load()


@pytest.mark.parametrize("name", ["config.json", "model.onnx", "tokenizer.json"])
def test_a_file_that_is_something_else_is_refused(name: str, tmp_path: Path) -> None:
    own = blind_detector(tmp_path / "own")
    (Path(own) / name).write_bytes(b"something else")
    with pytest.raises(ConfigurationError, match=f"--detector: {name}"):
        ConversationModel(own).load()


def test_a_model_whose_numbers_are_no_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"--detector: model\.onnx .* not finite"):
        ConversationModel(detector(tmp_path / "own", ("nothing", "date"), [[float("nan"), 0.0]] * 2)).load()


def _change(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


def _model(folder: Path, *rows: list[float]) -> ConversationModel:
    """A model that gives each token the logits of the row of what rules found: nothing, a date, a name."""
    model = ConversationModel(detector(folder, ("nothing", "date", "person_name"), rows))
    model.load()
    return model


def _conversation(*texts: str) -> Conversation:
    return Conversation(Transcript("en", 1.0, 1.0, 1, (Utterance(0, tuple(Word(t, 0.0, 0.1, 0.9, 0) for t in texts)),)))


BELIEVES = ([9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0])


def test_a_word_has_the_mean_of_its_tokens_in_every_window(tmp_path: Path) -> None:
    words = [" Kowalczyk", " unbelievably"] * 200  # several tokens each, several windows
    rules = ["person_name", None] * 200
    found = _model(tmp_path / "own", *BELIEVES).probabilities(_conversation(*words), rules)
    assert found.shape == (400, 3)
    assert np.allclose(found.sum(axis=1), 1.0, atol=1e-5)
    assert (found.argmax(axis=1) == [2, 0] * 200).all()


def test_a_piece_within_a_token_is_what_the_token_is(tmp_path: Path) -> None:
    conversation = _conversation(" 55", "5", " so")
    found = _model(tmp_path / "own", *BELIEVES).probabilities(conversation, ["date", "date", None])
    assert found.argmax(axis=1).tolist() == [1, 1, 0]


def test_what_the_vocabulary_does_not_have_is_nothing(tmp_path: Path) -> None:
    model = _model(tmp_path / "own", *BELIEVES)
    assert model.probabilities(_conversation(" \u200b"), [None]).argmax(axis=1).tolist() == [0]
    assert model.probabilities(Conversation(Transcript("en", 1.0, 1.0, 1, ())), []).shape == (0, 3)


def test_the_packaged_model_is_read_as_it_was_trained() -> None:
    config = json.loads((_PACKAGED / "config.json").read_text())
    tokenizer = Tokenizer.from_file(str(_PACKAGED / "tokenizer.json"))
    assert tuple(config["labels"]) == LABELS
    assert config["window_tokens"] == WINDOW_TOKENS
    assert tokenizer.token_to_id("[CLS]") == FIRST_TOKEN
