"""Plain functions: which untranscribed speech may hold personal data."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.truth import read_truth
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.policies import resolve_policies
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.mute_audio.personal_speech import PersonalSpeechSettings, of_failed_channels, personal_speech
from hushbeam.transforms.mute_audio.untranscribed import UntranscribedSettings, find_untranscribed
from tests.transforms.verify_audio.labelled import FOLDER, with_speech

SETTINGS = PersonalSpeechSettings()
DEFAULT = resolve_policies(["default"])
CALM = ("B", 100.0, "well that is all very nice but we have no time for any of this today I am afraid")
"""Keeps a channel from counting as one in which the recogniser failed."""

Turn = tuple[str, float, str]
Spans = Iterable[tuple[int, float, float]]


def call(*turns: Turn, unwritten: Spans, language: str = "en", channels: int = 2) -> Transcript:
    """Turns of `A` and `B` with two words a second, and speech in the words and in `unwritten`."""
    utterances = []
    for speaker, start_s, text in turns:
        times = [start_s + 0.5 * number for number in range(len(text.split()))]
        channel = ord(speaker) - ord("A")
        words = zip(text.split(), times, strict=True)
        utterances.append(Utterance(channel, tuple(Word(f" {word}", s, s + 0.4, 0.9, channel) for word, s in words)))
    spans = [TimeSpan(one.channel, one.start_s, one.end_s) for one in utterances]
    spans += [TimeSpan(*span) for span in unwritten]
    return Transcript(
        language,
        1.0,
        200.0,
        channels,
        tuple(sorted(utterances, key=lambda one: one.start_s)),
        tuple(sorted(spans, key=lambda span: (span.channel, span.start_s))),
    )


def of_word(transcript: Transcript, text: str) -> Finding:
    number, word = next((n, word) for n, word in enumerate(transcript.words) if word.text.strip() == text)
    return Finding("person_name", "NAME", word.channel, word.start_s, word.end_s, 1.0, "test", number, number)


def muted(
    transcript: Transcript, *findings: Finding, policies: Collection[str] = DEFAULT
) -> list[tuple[int, float, float]]:
    """What is muted of the untranscribed speech, by channel and time."""
    untranscribed = find_untranscribed(transcript, UntranscribedSettings())
    assert untranscribed, "there is speech without words"
    found = personal_speech(untranscribed, transcript, findings, policies, SETTINGS)
    return sorted((one.channel, one.start_s, one.end_s) for one in found)


LAUGH = (1, 60.0, 61.2)


def test_a_laugh_between_other_words_is_not_muted() -> None:
    assert muted(call(("A", 55.0, "the weather is lovely"), CALM, unwritten=[LAUGH])) == []


def test_speech_beside_a_finding_is_muted_in_its_channel() -> None:
    near, elsewhere = (1, 13.0, 13.9), (0, 13.0, 13.9)
    said = call(("B", 10.0, "thanks to Anna again"), ("A", 30.0, CALM[2]), CALM, unwritten=[near, elsewhere])
    assert muted(said, of_word(said, "Anna")) == [near]
    assert muted(said) == []


def test_a_value_that_another_says_again_is_muted_and_a_backchannel_is_not() -> None:
    again, backchannel = (0, 13.0, 14.8), (0, 13.0, 13.9)
    for span, expected in ((again, [again]), (backchannel, [])):
        said = call(("B", 10.0, "thanks to Anna again"), ("A", 30.0, CALM[2]), CALM, unwritten=[span])
        assert muted(said, of_word(said, "Anna")) == expected


@pytest.mark.parametrize(
    "question", ["and what is your name please", "may I have the account number", "which street is that"]
)
def test_an_answer_without_words_is_muted_where_personal_data_was_asked_for(question: str) -> None:
    answer = (1, 60.0, 61.2)
    said = call(("A", 55.0, question), CALM, unwritten=[answer])
    assert muted(said) == [answer]
    assert muted(said, policies=["credit_card_cvv"]) == [], "it asks for nothing that is to be redacted"


def test_the_rest_of_an_answer_with_few_words_is_muted() -> None:
    rest = (1, 62.5, 63.5)
    said = call(("A", 55.0, "what is your name please"), ("B", 59.0, "yes it is uh"), CALM, unwritten=[rest])
    assert muted(said) == [rest]


def test_an_answer_ends_with_the_next_thing_that_the_asker_says() -> None:
    asked = ("A", 55.0, "what is your name please")
    late = (1, 65.0, 66.0)
    assert muted(call(asked, ("A", 60.0, "sure"), CALM, unwritten=[late])) == [late]
    assert muted(call(asked, ("A", 60.0, "then let us go on with it"), CALM, unwritten=[late])) == []


def test_who_goes_on_for_long_after_a_question_did_not_wait_for_an_answer() -> None:
    early, late = (1, 45.0, 46.2), (1, 60.5, 61.7)
    before, after = "so stay on the phone", "and press them in and count to ten and see what it does " * 3
    said = call(("A", 40.0, before + " " + after), CALM, unwritten=[early, late])
    assert muted(said) == [early]


def test_an_answer_with_many_words_was_transcribed() -> None:
    asked, answered = ("A", 55.0, "what is your name please"), ("B", 58.0, "oh I am the one from the shop next door")
    assert muted(call(asked, answered, CALM, unwritten=[(1, 64.5, 65.5)])) == []


def test_words_of_low_confidence_are_no_answer() -> None:
    answered = ("B", 58.0, "oh I am the one from the shop next door")
    said = call(("A", 55.0, "what is your name please"), answered, CALM, unwritten=[(1, 64.5, 65.5)])
    doubted = [
        replace(turn, words=tuple(replace(word, confidence=0.01) for word in turn.words)) if turn.channel else turn
        for turn in said.utterances
        if turn.start_s < 90
    ]
    assert (1, 64.5, 65.5) in muted(replace(said, utterances=(*doubted, said.utterances[-1])))


def test_a_value_after_its_name_is_muted() -> None:
    value = (1, 58.0, 59.0)
    said = call(("B", 55.0, "so my name is"), ("A", 30.0, CALM[2]), CALM, unwritten=[value])
    assert muted(said) == [value]


def test_in_one_channel_everybody_may_answer() -> None:
    answer, later = (0, 59.0, 60.0), (0, 70.0, 71.0)
    said = call(("A", 55.0, "what is your name please"), ("A", 100.0, CALM[2]), unwritten=[answer, later], channels=1)
    assert muted(said) == [answer]


def test_long_speech_is_muted_with_all_parts_of_its_turn() -> None:
    parts = [(1, 60.0, 61.5), (1, 62.0, 62.7), (1, 63.0, 64.2)]
    assert muted(call(CALM, unwritten=parts)) == parts
    apart = [
        (channel, start_s + 5 * number, end_s + 5 * number) for number, (channel, start_s, end_s) in enumerate(parts)
    ]
    assert muted(call(CALM, unwritten=apart)) == []


def test_all_parts_of_a_turn_beside_a_finding_are_muted() -> None:
    parts = [(1, 14.0, 14.8), (1, 15.2, 16.0)]
    said = call(("B", 10.0, "thanks to Anna"), CALM, unwritten=parts)
    assert muted(said, of_word(said, "Anna")) == parts


def test_all_speech_of_a_channel_is_muted_where_the_recogniser_wrote_next_to_nothing() -> None:
    spans = [(1, 20.0 + 10 * number, 20.9 + 10 * number) for number in range(6)]
    assert muted(call(("A", 10.0, CALM[2]), unwritten=spans)) == spans
    assert muted(call(("A", 10.0, CALM[2]), CALM, unwritten=spans)) == []
    breaths = [(1, 100.0 + number, 100.4 + number) for number in range(40)]
    assert muted(call(unwritten=[*spans, *breaths])) == spans, "no word in the recording"


def test_all_speech_is_muted_in_a_language_without_a_grammar() -> None:
    assert muted(call(CALM, unwritten=[LAUGH], language="ja")) == [LAUGH]


@pytest.mark.parametrize(
    ("language", "question"),
    [("es", "¿cuál es su apellido?"), ("fr", "quelle est votre adresse"), ("de", "wie ist Ihr Name bitte")],
)
def test_questions_are_known_in_every_language(language: str, question: str) -> None:
    said = call(("A", 57.0, question), CALM, unwritten=[LAUGH], language=language)
    assert muted(said) == [LAUGH]
    other = call(("A", 57.0, "la la la"), CALM, unwritten=[LAUGH], language=language)
    assert muted(other) == []


def test_any_question_may_ask_for_data_that_has_no_words() -> None:
    said = call(("A", 57.0, "so what happened then?"), CALM, unwritten=[LAUGH])
    assert muted(said, policies=[*DEFAULT, "medical_condition"]) == [LAUGH]
    assert muted(said) == []


def test_a_failed_channel_needs_no_words_in_any_language() -> None:
    said = call(unwritten=[LAUGH], language="und")
    found = find_untranscribed(said, UntranscribedSettings())
    assert of_failed_channels(found, said, SETTINGS) == set(found)


_turns = st.lists(
    st.tuples(
        st.sampled_from("AB"),
        st.floats(0, 90),
        st.sampled_from(["what is your name", "Anna it is", "is that so?", "fine thank you very much for all of it"]),
    ),
    max_size=6,
)
_unwritten = st.lists(
    st.tuples(st.integers(0, 1), st.floats(0, 95), st.floats(0.6, 5)).map(
        lambda one: (one[0], one[1], one[1] + one[2])
    ),
    min_size=1,
    max_size=6,
)


@given(_turns, _unwritten)
def test_more_findings_and_policies_never_mute_less(
    turns: list[Turn], unwritten: list[tuple[int, float, float]]
) -> None:
    said = call(*turns, unwritten=unwritten)
    untranscribed = find_untranscribed(said, UntranscribedSettings())
    names = [of_word(said, "Anna")] if "Anna" in {word.text.strip() for word in said.words} else []
    little = personal_speech(untranscribed, said, (), ["person_name"], SETTINGS)
    more = personal_speech(untranscribed, said, names, ["person_name"], SETTINGS)
    most = personal_speech(untranscribed, said, names, DEFAULT, SETTINGS)
    assert little <= more <= most <= set(untranscribed)
    assert of_failed_channels(untranscribed, said, SETTINGS) <= little


def test_labelled_data_that_the_recogniser_passed_over_is_muted() -> None:
    """For each entity in turn its words are taken from the transcript, and all other entities are found."""
    kept, passed_over = 0, 0
    for recording in read_truth(FOLDER):
        whole = with_speech(recording.perfect_transcript())
        for entity in recording.entities:
            lost = {word.start_s for word in recording.words_of(entity)}
            left = [
                Utterance(
                    turn.channel, tuple(w for w in turn.words if w.start_s not in lost or w.channel != entity.channel)
                )
                for turn in whole.utterances
            ]
            transcript = Transcript(
                "en", 1.0, whole.duration_s, whole.channels, tuple(turn for turn in left if turn.words), whole.speech
            )
            numbered = list(enumerate(transcript.iter_words()))
            findings = []
            for other in recording.entities:
                starts = {word.start_s for word in recording.words_of(other)}
                own = [number for number, word in numbered if word.channel == other.channel and word.start_s in starts]
                if other != entity and own:
                    place = other.channel, other.start_s, other.end_s
                    findings.append(Finding(other.policy, "", *place, 1.0, "labels", own[0], own[-1]))
            untranscribed = find_untranscribed(transcript, UntranscribedSettings())
            there = {
                one
                for one in untranscribed
                if one.channel == entity.channel and one.start_s < entity.end_s and one.end_s > entity.start_s
            }
            if there:
                passed_over += 1
                kept += there <= personal_speech(untranscribed, transcript, findings, recording.policies, SETTINGS)
    assert passed_over > 40
    assert kept >= 0.95 * passed_over
