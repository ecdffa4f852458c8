"""Given transcripts as the services write them: short documented samples, and any transcript in each format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hushbeam.schemas.transcript import Transcript, Word

Document = dict[str, Any]

AMAZON_CHANNELS: Document = {
    "jobName": "call-4711",
    "accountId": "111122223333",
    "status": "COMPLETED",
    "results": {
        "transcripts": [{"transcript": "My name is Quagga. Thank you."}],
        "language_code": "en-US",
        "channel_labels": {
            "channels": [
                {
                    "channel_label": "ch_0",
                    "items": [
                        {
                            "channel_label": "ch_0",
                            "start_time": "0.5",
                            "end_time": "0.7",
                            "alternatives": [{"confidence": "0.999", "content": "My"}],
                            "type": "pronunciation",
                        },
                        {
                            "channel_label": "ch_0",
                            "start_time": "0.7",
                            "end_time": "1.02",
                            "alternatives": [{"confidence": "0.98", "content": "name"}],
                            "type": "pronunciation",
                        },
                        {
                            "channel_label": "ch_0",
                            "start_time": "1.02",
                            "end_time": "1.2",
                            "alternatives": [{"confidence": "1.0", "content": "is"}],
                            "type": "pronunciation",
                        },
                        {
                            "channel_label": "ch_0",
                            "start_time": "1.2",
                            "end_time": "1.8",
                            "alternatives": [{"confidence": "0.61", "content": "Quagga"}],
                            "type": "pronunciation",
                        },
                        {
                            "channel_label": "ch_0",
                            "alternatives": [{"confidence": "0.0", "content": "."}],
                            "type": "punctuation",
                        },
                    ],
                },
                {
                    "channel_label": "ch_1",
                    "items": [
                        {
                            "channel_label": "ch_1",
                            "start_time": "2.4",
                            "end_time": "2.7",
                            "alternatives": [{"confidence": "0.99", "content": "Thank"}],
                            "type": "pronunciation",
                        },
                        {
                            "channel_label": "ch_1",
                            "start_time": "2.7",
                            "end_time": "2.9",
                            "alternatives": [{"confidence": "0.99", "content": "you"}],
                            "type": "pronunciation",
                        },
                        {
                            "channel_label": "ch_1",
                            "alternatives": [{"confidence": "0.0", "content": "."}],
                            "type": "punctuation",
                        },
                    ],
                },
            ],
            "number_of_channels": 2,
        },
        "items": [],
    },
}

AMAZON_SPEAKERS_REDACTED: Document = {
    "jobName": "call-4712",
    "accountId": "111122223333",
    "isRedacted": True,
    "status": "COMPLETED",
    "results": {
        "language_code": "en-US",
        "transcripts": [{"transcript": "My name is [PII], hello."}],
        "speaker_labels": {
            "speakers": 1,
            "segments": [
                {
                    "start_time": "2.86",
                    "speaker_label": "spk_0",
                    "end_time": "5.1",
                    "items": [{"speaker_label": "spk_0", "start_time": "2.86", "end_time": "3.35"}],
                }
            ],
        },
        "items": [
            {
                "id": 0,
                "speaker_label": "spk_0",
                "start_time": "2.86",
                "end_time": "3.35",
                "alternatives": [{"confidence": "1.0", "content": "My"}],
                "type": "pronunciation",
            },
            {
                "id": 1,
                "speaker_label": "spk_0",
                "start_time": "3.36",
                "end_time": "3.7",
                "alternatives": [
                    {"content": "[PII]", "redactions": [{"confidence": "0.9999", "type": "NAME", "category": "PII"}]}
                ],
                "type": "pronunciation",
            },
            {
                "id": 2,
                "alternatives": [{"confidence": "0.0", "content": ","}],
                "type": "punctuation",
            },
            {
                "id": 3,
                "speaker_label": "spk_0",
                "start_time": "4.4",
                "end_time": "5.1",
                "alternatives": [{"confidence": "0.9", "content": "hello"}],
                "type": "pronunciation",
            },
        ],
    },
}

DEEPGRAM: Document = {
    "metadata": {
        "transaction_key": "deprecated",
        "request_id": "2479c8c8-8185-40ac-9ac6-f0874419f793",
        "sha256": "154e291ecfa8be6ab8343560bcc109008fa7853eb5372533e8efdefc9b504c33",
        "created": "2026-02-06T19:56:16.180Z",
        "duration": 25.933313,
        "channels": 2,
        "models": ["30089e05-99d1-4376-b32e-c263170674af"],
    },
    "results": {
        "channels": [
            {
                "alternatives": [
                    {
                        "transcript": "Thank you, Quagga.",
                        "confidence": 0.99,
                        "words": [
                            {
                                "word": "thank",
                                "start": 0.8799,
                                "end": 1.12,
                                "confidence": 0.996,
                                "punctuated_word": "Thank",
                            },
                            {"word": "you", "start": 1.12, "end": 1.4, "confidence": 0.9, "punctuated_word": "you,"},
                            {
                                "word": "quagga",
                                "start": 1.5,
                                "end": 2.0,
                                "confidence": 0.4,
                                "punctuated_word": "Quagga.",
                            },
                        ],
                    }
                ],
                "detected_language": "en",
                "language_confidence": 0.96,
            },
            {
                "alternatives": [
                    {
                        "transcript": "$1,500",
                        "confidence": 0.9,
                        "words": [
                            {
                                "word": "1500",
                                "start": 3.2,
                                "end": 4.0,
                                "confidence": 0.9,
                                "speaker": 0,
                                "punctuated_word": "$1,500",
                            }
                        ],
                    }
                ],
                "detected_language": "en",
                "language_confidence": 0.9,
            },
        ]
    },
}

ASSEMBLYAI: Document = {
    "id": "9ea68fd3-f953-42c1-9742-976c447fb463",
    "audio_url": "https://example.com/call.mp3",
    "status": "completed",
    "language_code": "en_us",
    "language_confidence": 0.9959,
    "text": "Smoke. Quagga",
    "words": [
        {"text": "Smoke.", "start": 250, "end": 650, "confidence": 0.97465, "speaker": "1", "channel": "1"},
        {"text": "Quagga", "start": 730, "end": 1022, "confidence": 0.99999, "speaker": "2", "channel": "2"},
    ],
    "utterances": [
        {
            "confidence": 0.97,
            "start": 250,
            "end": 650,
            "speaker": "1",
            "channel": "1",
            "text": "Smoke.",
            "words": [
                {"text": "Smoke.", "start": 250, "end": 650, "confidence": 0.97465, "speaker": "1", "channel": "1"}
            ],
        }
    ],
    "confidence": 0.98,
    "audio_duration": 281,
    "punctuate": True,
    "format_text": True,
    "multichannel": True,
    "audio_channels": 2,
    "dual_channel": None,
    "speaker_labels": False,
}

WHISPERX: Document = {
    "segments": [
        {
            "start": 0.454,
            "end": 2.811,
            "text": " Quagga, card 4539 1488 please.",
            "words": [
                {"word": "Quagga,", "start": 0.454, "end": 0.716, "score": 0.715, "speaker": "SPEAKER_00"},
                {"word": "card", "start": 0.8, "end": 1.0, "score": 0.62},
                {"word": "4539"},
                {"word": "1488"},
                {"word": "please.", "start": 2.5, "end": 2.811, "score": 0.9},
            ],
            "speaker": "SPEAKER_00",
        },
        {"start": 3.0, "end": 4.0, "text": " ¿Qué?", "words": [], "chars": None},
    ],
    "word_segments": [{"word": "Quagga,", "start": 0.454, "end": 0.716, "score": 0.715}],
    "language": "en",
}

FASTER_WHISPER: Document = {
    "text": " That is $1,250.",
    "segments": [
        {
            "id": 0,
            "seek": 0,
            "start": 0.0,
            "end": 2.0,
            "text": " That is $1,250.",
            "tokens": [50364, 663, 307],
            "temperature": 0.0,
            "avg_logprob": -0.3,
            "compression_ratio": 0.8,
            "no_speech_prob": 0.01,
            "words": [
                {"word": " That", "start": 0.0, "end": 0.4, "probability": 0.9},
                {"word": " is", "start": 0.4, "end": 0.5, "probability": 0.99},
                {"word": " $1", "start": 0.6, "end": 1.2, "probability": 0.8},
                {"word": ",250.", "start": 1.2, "end": 2.0, "probability": 0.7},
            ],
        }
    ],
    "language": "en",
}

OPENAI: Document = {
    "task": "transcribe",
    "language": "english",
    "duration": 8.47,
    "text": "Quagga speaks.",
    "segments": [{"id": 0, "start": 0.0, "end": 3.3, "text": " Quagga speaks.", "tokens": [50364]}],
    "words": [{"word": "Quagga", "start": 0.0, "end": 0.8}, {"word": "speaks", "start": 0.8, "end": 1.3}],
}

PLAIN: Document = {
    "language_code": "en",
    "words": [
        {"text": "My", "start_s": 0.5, "end_s": 0.7, "channel": 1},
        {"text": "Quagga", "start_s": 0.9, "end_s": 1.5, "channel": 0, "confidence": 0.5},
    ],
}

SAMPLES: Mapping[str, Document] = {
    "amazon_transcribe": AMAZON_CHANNELS,
    "amazon_transcribe, redacted": AMAZON_SPEAKERS_REDACTED,
    "deepgram": DEEPGRAM,
    "assemblyai": ASSEMBLYAI,
    "whisper, of WhisperX": WHISPERX,
    "whisper, of faster-whisper": FASTER_WHISPER,
    "whisper, of OpenAI": OPENAI,
    "plain": PLAIN,
}


def _of_channel(transcript: Transcript, channel: int) -> list[Word]:
    return [word for word in transcript.words if word.channel == channel]


def as_amazon(transcript: Transcript) -> Document:
    """A transcript as Amazon Transcribe writes it with channel identification."""
    channels = []
    for channel in range(transcript.channels):
        items = []
        for word in _of_channel(transcript, channel):
            text = word.text.strip()
            content = text.rstrip(".,?!")
            items.append(
                {
                    "start_time": str(word.start_s),
                    "end_time": str(word.end_s),
                    "alternatives": [{"confidence": str(word.confidence), "content": content or text}],
                    "type": "pronunciation",
                }
            )
            items += [
                {"alternatives": [{"confidence": "0.0", "content": mark}], "type": "punctuation"}
                for mark in (text[len(content) :] if content else "")
            ]
        channels.append({"channel_label": f"ch_{channel}", "items": items})
    return {
        "jobName": "job",
        "status": "COMPLETED",
        "results": {
            "language_code": "en-US",
            "channel_labels": {"channels": channels, "number_of_channels": len(channels)},
            "items": [],
        },
    }


def as_deepgram(transcript: Transcript) -> Document:
    """A transcript as Deepgram answers with `multichannel=true`."""
    return {
        "metadata": {"channels": transcript.channels},
        "results": {
            "channels": [
                {
                    "detected_language": "en",
                    "language_confidence": 0.99,
                    "alternatives": [
                        {
                            "words": [
                                {
                                    "word": word.text.strip().lower(),
                                    "punctuated_word": word.text.strip(),
                                    "start": word.start_s,
                                    "end": word.end_s,
                                    "confidence": word.confidence,
                                }
                                for word in _of_channel(transcript, channel)
                            ]
                        }
                    ],
                }
                for channel in range(transcript.channels)
            ]
        },
    }


def as_assemblyai(transcript: Transcript) -> Document:
    """A transcript as AssemblyAI gives it with `multichannel`."""
    return {
        "status": "completed",
        "language_code": "en_us",
        "multichannel": True,
        "audio_channels": transcript.channels,
        "words": [
            {
                "text": word.text.strip(),
                "start": round(word.start_s * 1000),
                "end": round(word.end_s * 1000),
                "confidence": word.confidence,
                "channel": str(word.channel + 1),
            }
            for word in transcript.words
        ],
    }


def as_plain(transcript: Transcript) -> Document:
    """A transcript in Hushbeam's own form, with the spaces of its words."""
    return {
        "language_code": "en",
        "words": [
            {
                "text": word.text,
                "start_s": word.start_s,
                "end_s": word.end_s,
                "confidence": word.confidence,
                "channel": word.channel,
            }
            for word in transcript.words
        ],
    }


WRITERS: Mapping[str, Callable[[Transcript], Document]] = {
    "amazon_transcribe": as_amazon,
    "deepgram": as_deepgram,
    "assemblyai": as_assemblyai,
    "plain": as_plain,
}
