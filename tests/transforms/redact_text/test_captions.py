"""SRT and VTT captions: functions."""

from __future__ import annotations

from hushbeam.schemas.redacted import RedactedTranscript, RedactedUtterance, RedactedWord
from hushbeam.transforms.redact_text.captions import LONGEST_S, LONGEST_TEXT, cues, to_srt, to_vtt


def transcript_of(words: list[RedactedWord], speaker: str = "A") -> RedactedTranscript:
    text = "".join(word.text for word in words).strip()
    utterance = RedactedUtterance(0, speaker, words[0].start_s, words[-1].end_s, text, tuple(words))
    return RedactedTranscript("en", words[-1].end_s, 1, text, (utterance,), ())


def test_srt_numbers_its_cues_and_names_the_speaker() -> None:
    words = [RedactedWord(" I'm", 3661.5, 3661.8, 1, False), RedactedWord(" ###.", 3661.8, 3662.25, 1, True)]
    assert to_srt(transcript_of(words)) == "1\n01:01:01,500 --> 01:01:02,250\nA: I'm ###.\n\n"


def test_vtt_escapes_what_would_be_markup() -> None:
    words = [RedactedWord(" a", 0, 1, 1, False), RedactedWord(" <b> & c", 1, 2, 1, False)]
    assert to_vtt(transcript_of(words)) == ("WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n<v A>a &lt;b&gt; &amp; c</v>\n\n")


def test_a_long_utterance_becomes_several_cues_that_hold_all_of_its_words() -> None:
    words = [RedactedWord(f" word{number}", number * 0.5, number * 0.5 + 0.4, 1, False) for number in range(60)]
    made = list(cues(transcript_of(words)))
    assert " ".join(cue.text for cue in made) == "".join(word.text for word in words).strip()
    assert all(len(cue.text) <= LONGEST_TEXT and cue.end_s - cue.start_s <= LONGEST_S for cue in made)


def test_a_cue_never_begins_inside_of_a_token() -> None:
    words = [
        RedactedWord(" 555" if number % 2 == 0 else "-867", number * 4, number * 4 + 3, 1, False) for number in range(8)
    ]
    assert all(not cue.text.startswith("-") for cue in cues(transcript_of(words)))


def test_a_label_over_several_words_makes_one_text() -> None:
    words = [
        RedactedWord(" [PERSON_NAME]", 0, 1, 1, True),
        RedactedWord("", 1, 2, 1, True),
        RedactedWord(".", 2, 3, 1, True),
    ]
    assert [cue.text for cue in cues(transcript_of(words))] == ["[PERSON_NAME]."]
