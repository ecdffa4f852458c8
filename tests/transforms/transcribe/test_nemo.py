"""NeMo models in the speech engine: onnx-asr runs networks that know one real call by heart (functions, real audio)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from evaluation.truth import LabelledRecording, SpokenWord
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.transcript import Transcript, Word
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ
from hushbeam.transforms.transcribe.decoding import DecodedWindow, Doubt, Request
from hushbeam.transforms.transcribe.engine import SpeechEngine, SpeechJob, TranscriptionError, load_speech_model
from hushbeam.transforms.transcribe.nemo import NemoRecogniser, timed_words
from hushbeam.transforms.transcribe.settings import TranscriptionSettings
from hushbeam.transforms.transcribe.windows import Piece, Window
from tests.learnt_model import audio_of, write_ctc, write_tdt
from tests.transforms.verify_audio.labelled import labelled

decode = NemoRecogniser.decode


@pytest.fixture(scope="module")
def card() -> LabelledRecording:
    return labelled("card-payment")


@pytest.fixture(scope="module")
def audio(card: LabelledRecording) -> np.ndarray:
    return audio_of(card)


@pytest.fixture(scope="module")
def folder(card: LabelledRecording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ctc(tmp_path_factory.mktemp("models") / "by-heart", card)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[SpeechEngine]:
    engine = SpeechEngine(TranscriptionSettings(model=str(folder)))
    engine.load()
    yield engine
    engine.close()


def transcribed(engine: SpeechEngine, audio: np.ndarray, **options: object) -> Transcript:
    job = SpeechJob("a", lambda: [audio], **options)  # type: ignore[arg-type]
    return engine.submit(job).result(timeout=120).transcript


def bare(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def found(spoken: SpokenWord, words: list[Word]) -> Word | None:
    near = [
        word
        for word in words
        if word.channel == spoken.channel
        and bare(word.text) == bare(spoken.text)
        and abs(word.start_s - spoken.start_s) < 0.5
    ]
    return near[0] if near else None


def test_the_words_of_a_call_have_the_times_at_which_they_were_said(
    engine: SpeechEngine, card: LabelledRecording, audio: np.ndarray
) -> None:
    transcript = transcribed(engine, audio)
    words = list(transcript.words)
    pairs = [(spoken, word) for spoken in card.words if (word := found(spoken, words)) is not None]
    assert len(pairs) > 0.9 * len(card.words)
    assert len(words) < 1.1 * len(card.words)
    # Steps are 80 ms: longer than some words.
    assert sum(-0.2 < word.start_s - spoken.start_s < 0.05 for spoken, word in pairs) > 0.9 * len(pairs)
    assert sum(word.end_s > (spoken.start_s + spoken.end_s) / 2 for spoken, word in pairs) > 0.9 * len(pairs)
    assert all(0.0 < word.confidence <= 1.0 for word in words)
    assert (transcript.language_code, transcript.language_confidence, transcript.channels) == ("en", 1.0, 2)
    assert engine.model_identity.startswith("by-heart@sha256:")


def test_a_transducer_gives_the_same_words_at_the_same_times(
    engine: SpeechEngine, card: LabelledRecording, audio: np.ndarray, tmp_path: Path
) -> None:
    transducer = SpeechEngine(TranscriptionSettings(model=str(write_tdt(tmp_path, card))))
    words, expected = (
        [(word.text, word.channel, word.start_s, word.end_s) for word in transcribed(one, audio).words]
        for one in (transducer, engine)
    )
    transducer.close()
    assert words == expected


def test_words_do_not_depend_on_other_recordings(engine: SpeechEngine, audio: np.ndarray) -> None:
    alone = transcribed(engine, audio)
    others = [audio[:, start * RECOGNISER_RATE_HZ :] for start in (0, 3, 11)]
    jobs = [SpeechJob(str(number), partial(list, [samples])) for number, samples in enumerate(others)]
    together = dict(engine.transcribe(jobs))
    assert together["0"].transcript == alone  # type: ignore[union-attr]


def test_audio_without_speech_has_no_words(engine: SpeechEngine) -> None:
    silence = np.zeros((1, 100), np.float32)
    noise = np.random.default_rng(1).normal(0, 0.1, (1, RECOGNISER_RATE_HZ)).astype(np.float32)
    for samples in (silence, noise, noise[:, :50]):
        assert list(transcribed(engine, samples).words) == []


def test_speech_that_the_model_skips_is_transcribed_again(
    engine: SpeechEngine, audio: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = transcribed(engine, audio)
    asked: list[int] = []

    def skipping_last_turns(self: NemoRecogniser, requests: list[Request]) -> list[DecodedWindow]:
        asked.extend(request.frames for request in requests)
        return [_without_last_turn(*pair) for pair in zip(requests, decode(self, requests), strict=True)]

    monkeypatch.setattr(NemoRecogniser, "decode", skipping_last_turns)
    again = transcribed(engine, audio)
    assert len(asked) > 2
    assert len(list(again.words)) > 0.9 * len(list(whole.words))


def _without_last_turn(request: Request, decoded: DecodedWindow) -> DecodedWindow:
    turns = [(start / RECOGNISER_RATE_HZ, stop / RECOGNISER_RATE_HZ) for start, stop in request.window.speech]
    if len(turns) < 2:
        return decoded
    words = tuple(word for word in decoded.words if word.start_s < turns[-1][0] - 0.2)
    return replace(decoded, words=words, untranscribed=(turns[-1],), doubt=Doubt.UNTRANSCRIBED)


def test_a_model_of_several_languages_must_be_told_which_is_spoken(
    card: LabelledRecording, audio: np.ndarray, engine: SpeechEngine, tmp_path: Path
) -> None:
    folder = write_ctc(tmp_path, card, languages=["en", "de"])
    several = SpeechEngine(TranscriptionSettings(model=str(folder)))
    several.load()
    assert several.languages == {"en", "de"}
    assert transcribed(several, audio, language="de").language_code == "de"
    with pytest.raises(TranscriptionError, match="language_code"):
        transcribed(several, audio)
    several.close()
    with pytest.raises(TranscriptionError, match="'de'"):
        transcribed(engine, audio, language="de")


def test_the_missing_library_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx_asr", None)
    with pytest.raises(ConfigurationError, match=r"model: .*'by-heart'.*\.\[nemo\]"):
        load_speech_model(TranscriptionSettings(model=str(folder)))


def test_a_gpu_that_onnxruntime_cannot_use_is_an_error(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"device: cuda .*onnxruntime-gpu"):
        load_speech_model(TranscriptionSettings(model=str(folder), device="cuda"))


def test_a_damaged_network_does_not_load(card: LabelledRecording, tmp_path: Path) -> None:
    folder = write_ctc(tmp_path, card)
    (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:1000])
    with pytest.raises(ConfigurationError, match=r"model: .*does not load on cpu"):
        load_speech_model(TranscriptionSettings(model=str(folder)))


def words_of(
    tokens: list[str], moments_s: list[float], speech: list[tuple[float, float]]
) -> list[tuple[str, float, float]]:
    length = 10 * RECOGNISER_RATE_HZ
    samples = tuple((round(start * RECOGNISER_RATE_HZ), round(stop * RECOGNISER_RATE_HZ)) for start, stop in speech)
    timed = timed_words(tokens, moments_s, [-0.1] * len(tokens), Window((Piece(0, 0, length),), samples), 0.08)
    return [(word.text, round(word.start_s, 2), round(word.end_s, 2)) for word in timed]


def test_tokens_are_joined_and_punctuation_takes_no_time() -> None:
    tokens = ["<|en|>", " My", " na", "me", " is", " O", "'", "Ne", "il", ".", "<unk>", "?"]
    moments = [0.0, 1.0, 1.24, 1.32, 1.56, 1.8, 1.88, 1.96, 2.04, 2.9, 3.0, 3.0]
    assert words_of(tokens, moments, [(0.9, 2.5)]) == [
        (" My", 0.9, 1.2),
        (" name", 1.2, 1.52),
        (" is", 1.52, 1.76),
        (" O'Neil.?", 1.76, 2.5),
    ]


def test_letters_that_are_tokens_of_their_own_are_joined_too() -> None:
    assert [text for text, _, _ in words_of([" ", "h", "i", " ", "y", "o"], [1, 1.1, 1.2, 1.3, 1.4, 1.5], [])] == [
        " hi",
        " yo",
    ]


def test_a_word_does_not_reach_over_a_pause() -> None:
    spans = words_of([" yes", " no"], [1.0, 3.0], [(0.8, 1.3), (2.8, 3.2)])
    assert spans == [(" yes", 0.8, 1.3), (" no", 2.8, 3.2)]


def test_speech_that_begins_with_its_window_belongs_to_the_first_word() -> None:
    assert words_of([" yes"], [0.4], [(0.0, 0.9)]) == [(" yes", 0.0, 0.9)]


def test_a_number_that_was_said_with_a_long_pause_is_parted() -> None:
    spans = words_of([" 4", "5", "3", "9"], [1.0, 1.4, 3.0, 3.4], [(0.9, 1.8), (2.9, 3.9)])
    assert spans == [(" 45", 0.9, 1.8), ("39", 2.9, 3.9)]
