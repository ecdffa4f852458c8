"""Baseline script: faster-whisper, presidio with its defaults, and muting, one file after another.

    python -m benchmarks.simple_script --manifest calls.jsonl --output out/

A yardstick, written as well as a page allows and on purpose without anything of this project: models load once,
channels are transcribed by themselves, found text is muted by the times of its words.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import soundfile
from faster_whisper import WhisperModel
from numpy.typing import NDArray
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider

RATE_HZ = 16_000


class Tools(NamedTuple):
    """What is loaded once."""

    whisper: WhisperModel
    analyzer: AnalyzerEngine


class _Word(NamedTuple):
    text: str
    start_s: float
    end_s: float


def load_tools(model: Path, spacy_model: str, device: str = "cpu") -> Tools:
    """Loads the models: `model` is a folder, `spacy_model` an installed package or a folder."""
    compute_type = "float16" if device == "cuda" else "int8"
    whisper = WhisperModel(str(model), device=device, compute_type=compute_type)
    languages = [{"lang_code": "en", "model_name": spacy_model}]
    engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": languages}).create_engine()
    return Tools(whisper, AnalyzerEngine(nlp_engine=engine, supported_languages=["en"]))


def redact_all(tools: Tools, manifest: Path, output: Path) -> None:
    """Redacts every recording of a manifest in JSON Lines."""
    output.mkdir(parents=True, exist_ok=True)
    for line in manifest.read_text(encoding="utf-8").splitlines():
        request = json.loads(line)
        redact(tools, manifest.parent / request["audio_url"], request["recording_id"], output)


def redact(tools: Tools, audio: Path, name: str, output: Path) -> None:
    """Writes the recording without its personal data as WAV, and what was said in it as JSON."""
    recording = _decode(audio)
    texts = []
    for channel, samples in enumerate(recording):
        words = _words(tools.whisper, samples)
        text = "".join(word.text for word in words)
        for found in tools.analyzer.analyze(text, language="en"):
            for word in _said_in(words, found.start, found.end):
                recording[channel, int(word.start_s * RATE_HZ) : int(word.end_s * RATE_HZ)] = 0
            text = text[: found.start] + "#" * (found.end - found.start) + text[found.end :]
        texts.append(text)
    soundfile.write(output / f"{name}.wav", recording.T, RATE_HZ, subtype="PCM_16")
    (output / f"{name}.json").write_text(json.dumps({"recording_id": name, "text": texts}), encoding="utf-8")


def _words(whisper: WhisperModel, samples: NDArray[np.float32]) -> list[_Word]:
    segments, _ = whisper.transcribe(samples, language="en", beam_size=5, word_timestamps=True, vad_filter=True)
    return [_Word(word.word, word.start, word.end) for segment in segments for word in segment.words or ()]


def _said_in(words: list[_Word], start: int, end: int) -> list[_Word]:
    said, position = [], 0
    for word in words:
        if position < end and position + len(word.text) > start:
            said.append(word)
        position += len(word.text)
    return said


def _decode(path: Path) -> NDArray[np.float32]:
    """Samples of shape (channels, frames) at 16 kHz."""
    if path.suffix in (".wav", ".flac"):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        if rate == RATE_HZ:
            return np.ascontiguousarray(samples.T)
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", layout=stream.layout.name, rate=RATE_HZ)
        frames = [frame for packet in container.decode(stream) for frame in resampler.resample(packet)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="folder of a CTranslate2 Whisper model")
    parser.add_argument("--spacy-model", default="en_core_web_lg", help="an installed package, or a folder")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    given = parser.parse_args()
    redact_all(load_tools(given.model, given.spacy_model, given.device), given.manifest, given.output)


if __name__ == "__main__":
    main()
