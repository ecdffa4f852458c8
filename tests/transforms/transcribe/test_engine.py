"""The speech engine on real speech: many recordings at once, each with its own result (functions, real models)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

from evaluation.truth import read_truth
from hushbeam.schemas.errors import RecordingError, RunError
from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ
from hushbeam.transforms.transcribe.decoding import DecodedWindow, Doubt, Request, WindowDecoder
from hushbeam.transforms.transcribe.engine import SpeechEngine, SpeechJob, Transcription, TranscriptionError
from hushbeam.transforms.transcribe.settings import TranscriptionSettings

decode = WindowDecoder.decode
TELEPHONE = Path(__file__).parents[3] / "evaluation" / "telephone"


class BrokenFileError(RecordingError):
    """What a decoder raises."""


@cache
def call(number: int) -> np.ndarray:
    return np.concatenate(list(recogniser_blocks(read_truth(TELEPHONE)[number].audio, limits=MediaLimits())), axis=1)


def blocks(samples: np.ndarray, frames: int = RECOGNISER_RATE_HZ) -> Iterator[np.ndarray]:
    for start in range(0, samples.shape[1], frames):
        yield samples[:, start : start + frames]


def job(name: str, samples: np.ndarray, **options: object) -> SpeechJob:
    return SpeechJob(name, partial(blocks, samples), **({"language": "en"} | options))  # type: ignore[arg-type]


def text(transcript: Transcript) -> str:
    return "".join(word.text for word in transcript.words)


@pytest.fixture(scope="module")
def engine() -> Iterator[SpeechEngine]:
    engine = SpeechEngine(TranscriptionSettings(model="tiny.en", profile="fast"))
    engine.load()
    yield engine
    engine.close()


def test_each_channel_is_transcribed_by_itself_in_time_order(engine: SpeechEngine) -> None:
    transcription = engine.submit(job("a", call(0))).result(timeout=60)
    transcript = transcription.transcript
    assert transcript.channels == 2
    assert transcript.language_code == "en"
    assert transcription.transcribed_s == transcript.duration_s == pytest.approx(call(0).shape[1] / RECOGNISER_RATE_HZ)
    starts = [utterance.start_s for utterance in transcript.utterances]
    assert starts == sorted(starts)
    for channel, expected in ((0, "this is sarah speaking"), (1, "daniel whitfield")):
        words = "".join(word.text for word in transcript.words if word.channel == channel)
        assert expected in words.lower()
    for utterance in transcript.utterances:
        assert {word.channel for word in utterance.words} == {utterance.channel}
        assert 0.0 <= utterance.start_s < utterance.end_s <= transcript.duration_s + 0.01
    assert {span.channel for span in transcript.speech} == {0, 1}


def test_a_transcript_does_not_depend_on_other_recordings_or_blocks(engine: SpeechEngine) -> None:
    alone = engine.submit(job("alone", call(2))).result(timeout=60)
    jobs = [job(str(number), call(number)) for number in (0, 2, 4)]
    jobs[1] = SpeechJob("2", partial(blocks, call(2), 777_777), "en")
    together = dict(engine.transcribe(jobs, in_flight=2))
    assert together.keys() == {"0", "2", "4"}
    assert together["2"] == alone


def test_times_of_a_range_count_from_the_start_of_the_recording(engine: SpeechEngine) -> None:
    whole = engine.submit(job("whole", call(0))).result(timeout=60).transcript
    later = engine.submit(job("later", call(0), start_s=3600.0)).result(timeout=60).transcript
    assert later.utterances[0].start_s == pytest.approx(whole.utterances[0].start_s + 3600.0)
    assert later.speech[-1].end_s == pytest.approx(whole.speech[-1].end_s + 3600.0)
    assert later.duration_s == pytest.approx(whole.duration_s + 3600.0)


def test_an_error_of_one_recording_ends_that_one_alone(engine: SpeechEngine) -> None:
    def broken() -> Iterator[np.ndarray]:
        yield from blocks(call(0)[:, : 20 * RECOGNISER_RATE_HZ])
        raise BrokenFileError("the file ends early")

    jobs = [job("good", call(1)), SpeechJob("broken", broken, "en"), job("foreign", call(1), language="de")]
    outcomes = dict(engine.transcribe(jobs))
    assert isinstance(outcomes["good"], Transcription)
    assert isinstance(outcomes["broken"], BrokenFileError)
    assert isinstance(outcomes["foreign"], TranscriptionError)
    assert "'de'" in str(outcomes["foreign"])


@pytest.mark.parametrize(
    "audio",
    [
        [np.full((1, RECOGNISER_RATE_HZ), np.nan, np.float32)],
        [np.zeros((1, RECOGNISER_RATE_HZ), np.float32), np.zeros((2, RECOGNISER_RATE_HZ), np.float32)],
        [np.zeros(RECOGNISER_RATE_HZ, np.float32)],
    ],
    ids=["not a number", "a channel more", "no channels"],
)
def test_invalid_samples_are_refused(engine: SpeechEngine, audio: list[np.ndarray]) -> None:
    with pytest.raises(TranscriptionError):
        engine.submit(SpeechJob("odd", lambda: audio, "en")).result(timeout=60)


def test_silence_gives_a_transcript_without_words(engine: SpeechEngine) -> None:
    transcript = (
        engine.submit(job("silent", np.zeros((2, 5 * RECOGNISER_RATE_HZ), np.float32))).result(timeout=60).transcript
    )
    assert transcript.utterances == transcript.speech == ()
    assert (transcript.channels, transcript.duration_s) == (2, 5.0)
    assert engine.submit(SpeechJob("empty", lambda: [], "en")).result(timeout=60).transcribed_s == 0.0


def test_running_out_of_memory_halves_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def short_of_memory(self: WindowDecoder, requests: list[Request]) -> list[DecodedWindow]:
        sizes.append(len(requests))
        if len(requests) > 1:
            raise RuntimeError("CUDA failed with error out of memory")
        return decode(self, requests)

    monkeypatch.setattr(WindowDecoder, "decode", short_of_memory)
    engine = SpeechEngine(TranscriptionSettings(model="tiny.en", profile="fast"))
    samples = call(0)[:, : 9 * RECOGNISER_RATE_HZ]
    outcomes = dict(engine.transcribe([job(str(number), samples) for number in range(6)]))
    engine.close()
    assert all(isinstance(outcome, Transcription) for outcome in outcomes.values())
    assert max(sizes) > 1
    assert sizes[-1] == 1


def test_an_error_of_the_model_ends_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: WindowDecoder, requests: list[Request]) -> list[DecodedWindow]:
        raise RuntimeError("the device was lost")

    monkeypatch.setattr(WindowDecoder, "decode", fails)
    engine = SpeechEngine(TranscriptionSettings(model="tiny.en", profile="fast"))
    futures = [engine.submit(job(str(number), call(0))) for number in range(3)]
    for future in futures:
        with pytest.raises(RunError, match=r"tiny.en fails with RuntimeError at test_engine.py") as raised:
            future.result(timeout=60)
        assert "device was lost" not in str(raised.value)  # a library's message may quote the transcript
    with pytest.raises(RunError, match="fails with"):
        engine.submit(job("late", call(0)))
    engine.close()


def test_audio_that_the_model_fails_on_ends_its_recording_only(monkeypatch: pytest.MonkeyPatch) -> None:
    together: list[int] = []

    def chokes(self: WindowDecoder, requests: list[Request]) -> list[DecodedWindow]:
        together.append(len(requests))
        if any(request.language == "de" and request.features.any() for request in requests):
            raise RuntimeError("it cannot be decoded")
        return decode(self, requests)

    monkeypatch.setattr(WindowDecoder, "decode", chokes)
    engine = SpeechEngine(TranscriptionSettings(model="tiny.en", profile="fast"))
    engine.load()
    # A mark that the model's own code lets pass: tiny.en knows English alone, whatever it is told.
    monkeypatch.setattr(SpeechEngine, "_check_language", lambda *_: None)
    samples = call(0)[:, : 9 * RECOGNISER_RATE_HZ]
    futures = {name: engine.submit(job(name, samples, language=name[:2])) for name in ("en-1", "de-2", "en-3", "en-4")}
    for name, future in futures.items():
        if name == "de-2":
            with pytest.raises(RuntimeError, match="cannot be decoded"):
                future.result(timeout=60)
        else:
            assert future.result(timeout=60).transcript.words
    engine.close()
    assert max(together) > 1


def test_closing_ends_unfinished_recordings() -> None:
    engine = SpeechEngine(TranscriptionSettings(model="tiny.en", profile="fast"))
    engine.load()
    future = engine.submit(job("a", call(0)))
    engine.close()
    assert future.done()


@pytest.fixture(scope="module")
def default_engine() -> Iterator[SpeechEngine]:
    engine = SpeechEngine(TranscriptionSettings())
    engine.load()
    yield engine
    engine.close()


def test_the_default_model_finds_the_language_and_a_whole_number(default_engine: SpeechEngine) -> None:
    transcription = default_engine.submit(SpeechJob("a", partial(blocks, call(5)))).result(timeout=120)
    assert transcription.transcript.language_code == "en"
    assert transcription.transcript.language_confidence > 0.5
    assert "9021" in text(transcription.transcript)
    assert default_engine.model_identity.startswith("whisper-base@sha256:905e5bf8336b")


@pytest.mark.parametrize("code", ["en_us", "en-GB", "EN"])
def test_a_language_with_a_region_is_known_to_the_model(default_engine: SpeechEngine, code: str) -> None:
    silence = [np.zeros((1, 16_000), np.float32)]
    result = default_engine.submit(SpeechJob("a", lambda: iter(silence), code)).result(timeout=120)
    assert result.transcript.language_code == "en"


def skipping_last_turns(self: WindowDecoder, requests: list[Request]) -> list[DecodedWindow]:
    """What the model makes of whole windows, as if it had passed over the last stretch of speech in each.

    It does so by itself now and then; in which call depends on the processor's arithmetic.
    """
    return [_without_last_turn(request, whole) for request, whole in zip(requests, decode(self, requests), strict=True)]


def _without_last_turn(request: Request, decoded: DecodedWindow) -> DecodedWindow:
    islands = [(start / RECOGNISER_RATE_HZ, stop / RECOGNISER_RATE_HZ) for start, stop in request.window.speech]
    if len(islands) < 2 or request.careful:
        return decoded
    words = tuple(word for word in decoded.words if word.start_s < islands[-1][0] - 0.2)
    return replace(decoded, words=words, untranscribed=(islands[-1],), doubt=Doubt.UNTRANSCRIBED)


def test_speech_that_the_model_skips_is_transcribed_again(
    engine: SpeechEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = engine.submit(job("whole", call(2))).result(timeout=60)
    monkeypatch.setattr(WindowDecoder, "decode", skipping_last_turns)
    once = SpeechEngine(TranscriptionSettings(model="tiny.en", profile="fast", second_look="none"))
    missed = once.submit(job("once", call(2))).result(timeout=60)
    once.close()
    twice = engine.submit(job("twice", call(2))).result(timeout=60)
    assert len(missed.transcript.words) < 0.8 * len(whole.transcript.words)
    assert sum(span.end_s - span.start_s for span in missed.untranscribed) > 3.0
    assert len(twice.transcript.words) > 0.95 * len(whole.transcript.words)
    assert sum(span.end_s - span.start_s for span in twice.untranscribed) < 1.0


def test_a_batch_on_a_cpu_has_fewer_windows_the_more_the_model_is_shown(
    engine: SpeechEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[tuple[int, int]] = []

    def counted(self: WindowDecoder, requests: Sequence[Request]) -> list[DecodedWindow]:
        batches.append((len(requests), max(request.context for request in requests)))
        return decode(self, requests)

    monkeypatch.setattr(WindowDecoder, "decode", counted)
    list(engine.transcribe(job(f"{number}", call(number % 4)[:, : 4 * RECOGNISER_RATE_HZ]) for number in range(8)))
    list(engine.transcribe(job(f"{number}", call(number)) for number in range(2)))
    batch = TranscriptionSettings().batch
    assert len({context for _, context in batches}) > 1
    assert any(count > 1 for count, _ in batches)
    assert all(count == 1 or count * context <= 600 * batch for count, context in batches)


def test_progress_is_told_while_a_recording_is_transcribed_and_reaches_its_end(engine: SpeechEngine) -> None:
    long = np.concatenate([call(number) for number in (0, 2, 4)], axis=1)
    told: list[float] = []
    transcription = engine.submit(job("long", long, progress=told.append)).result(timeout=120)
    assert max(told) == pytest.approx(transcription.transcribed_s, abs=0.01)
    between = [seconds for seconds in told if 0.0 < seconds < 0.9 * transcription.transcribed_s]
    assert len(between) >= 3, "one for each window, not one for each recording"
    highest = np.maximum.accumulate(told)
    assert np.mean(highest == told) > 0.8, "it hardly ever goes back: windows come in their order"


def test_progress_reaches_the_end_when_windows_are_transcribed_again(
    monkeypatch: pytest.MonkeyPatch, engine: SpeechEngine
) -> None:
    seen: set[int] = set()

    def doubtful(recogniser: WindowDecoder, requests: Sequence[Request]) -> list[DecodedWindow]:
        decoded = decode(recogniser, requests)
        for number, request in enumerate(requests):
            if id(request.window) not in seen and not request.careful:
                decoded[number] = replace(decoded[number], doubt=Doubt.REPEATS)
            seen.add(id(request.window))
        return decoded

    monkeypatch.setattr(WindowDecoder, "decode", doubtful)
    told: list[float] = []
    transcription = engine.submit(job("again", call(0), progress=told.append)).result(timeout=120)
    assert max(told) == pytest.approx(transcription.transcribed_s, abs=0.01)
