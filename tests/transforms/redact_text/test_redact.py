"""Redacted text of a conversation: functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.redacted import SUBSTITUTIONS, TRANSCRIPTS_SCHEMA
from hushbeam.schemas.stages import Verification
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.archive.tables.digests import as_json
from hushbeam.transforms.archive.tables.parquet import as_table
from hushbeam.transforms.redact_text.redact import redact
from hushbeam.transforms.redact_text.substitution import Substitution

KEY = b"a key for tests"


def transcript_of(*utterances: Sequence[str]) -> Transcript:
    """One second a word; the speakers take turns."""
    made: list[Utterance] = []
    second = 0
    for turn, texts in enumerate(utterances):
        words = [Word(text, second + at, second + at + 0.9, 0.9, turn % 2) for at, text in enumerate(texts)]
        second += len(texts)
        made.append(Utterance(turn % 2, tuple(words)))
    return Transcript("en", 1.0, float(second), 2, tuple(made))


def finding(policy: str, first: int, last: int, entity: int = 0) -> Finding:
    return Finding(policy, policy.upper(), 0, float(first), last + 0.9, 0.9, "test", first, last, entity)


def test_hash_keeps_punctuation_and_spacing() -> None:
    redacted = redact(
        transcript_of([" Call", " 412", "-412", "-4124."]), [finding("phone_number", 1, 3)], Substitution("hash")
    )
    assert redacted.text == "Call ###-###-####."
    assert [word.text for word in redacted.utterances[0].words] == [" Call", " ###", "-###", "-####."]
    assert [word.redacted for word in redacted.utterances[0].words] == [False, True, True, True]
    start, end = redacted.offsets[0] or (0, 0)
    assert redacted.text[start:end] == "###-###-####"


def test_a_label_stands_once_for_all_words_of_a_finding_and_keeps_the_punctuation_after_it() -> None:
    redacted = redact(
        transcript_of([" Hi,", " I'm", " Ana", " Maria", " Lopez."], [" Hello", " Ana."]),
        [finding("person_name", 2, 4), finding("person_name", 6, 6)],
        Substitution("entity_name"),
    )
    assert redacted.text == "Hi, I'm [PERSON_NAME].\nHello [PERSON_NAME]."
    assert [word.text for word in redacted.utterances[0].words] == [" Hi,", " I'm", " [PERSON_NAME]", "", "."]
    assert [redacted.text[start:end] for start, end in filter(None, redacted.offsets)] == ["[PERSON_NAME]"] * 2


def test_pieces_glued_to_a_found_piece_are_redacted_with_it() -> None:
    conversation = transcript_of([" It", " is", " $1", ",250", ".", " 555", "-867", "-5309", " ok"])
    findings = [finding("money_amount", 3, 3), finding("phone_number", 5, 5)]
    assert redact(conversation, findings, Substitution("hash")).text == "It is $#,###. ###-###-#### ok"
    labelled = redact(conversation, findings, Substitution("entity_name")).text
    assert labelled == "It is [MONEY_AMOUNT]. [PHONE_NUMBER] ok"


def test_a_mask_does_not_show_the_length() -> None:
    for name in ("Jo", "Bartholomew"):
        redacted = redact(transcript_of([" I'm", f" {name}."]), [finding("person_name", 1, 1)], Substitution("mask"))
        assert redacted.text == "I'm ****."


def test_numbered_labels_follow_the_entities_and_never_share_a_number_by_accident() -> None:
    redacted = redact(
        transcript_of([" Ana", " Bo", " Ana", " Cy", " Di"]),
        [
            finding("person_name", 0, 0, entity=1),
            finding("person_name", 1, 1, entity=2),
            finding("person_name", 2, 2, entity=1),
            finding("person_name", 3, 3),
            finding("person_name", 4, 4),
        ],
        Substitution("numbered"),
    )
    assert redacted.text == "[PERSON_NAME_1] [PERSON_NAME_2] [PERSON_NAME_1] [PERSON_NAME_3] [PERSON_NAME_4]"


def test_policies_can_read_differently() -> None:
    redacted = redact(
        transcript_of([" Ana", " paid", " $5"]),
        [finding("person_name", 0, 0), finding("money_amount", 2, 2)],
        Substitution("hash", {"person_name": "entity_name"}),
    )
    assert redacted.text == "[PERSON_NAME] paid $#"


def test_a_surrogate_is_the_same_for_the_same_name_alone_or_in_full() -> None:
    redacted = redact(
        transcript_of([" Whitfield?"], [" Daniel", " Whitfield."], [" Daniel", " again."]),
        [finding("person_name", 0, 0), finding("person_name", 1, 2), finding("person_name", 3, 3)],
        Substitution("surrogate", key=KEY),
        "call-1",
    )
    alone, full, first = redacted.text.splitlines()
    assert full == f"{first.split()[0]} {alone.removesuffix('?')}."
    assert "Daniel" not in redacted.text
    assert "Whitfield" not in redacted.text


def test_surrogates_depend_on_the_key_and_the_recording_and_keep_the_form_of_numbers() -> None:
    conversation = transcript_of([" 412", "-555", "-0199", " nine", " K"])
    found = [finding("phone_number", 0, 2), finding("number_sequence", 3, 4)]

    def text(key: bytes, recording: str) -> str:
        return redact(conversation, found, Substitution("surrogate", key=key), recording).text

    assert re.fullmatch(r"\d{3}-\d{3}-\d{4} \w+ [A-Z]", text(KEY, "a"))
    assert text(KEY, "a") == text(KEY, "a")
    assert len({text(KEY, "a"), text(KEY, "b"), text(b"another", "a")}) == 3


def test_surrogates_without_a_key_are_a_configuration_error_that_names_the_option() -> None:
    with pytest.raises(ConfigurationError, match="surrogate_key"):
        Substitution("surrogate")
    with pytest.raises(ConfigurationError, match="redact_pii_sub"):
        Substitution("hide")


def test_the_key_is_in_no_repr() -> None:
    assert "a key" not in repr(Substitution("surrogate", key=KEY))


def test_a_finding_without_words_has_no_offsets() -> None:
    tones = Finding("dtmf", "DTMF", 0, 0.0, 1.0, 1.0, "tones")
    redacted = redact(transcript_of([" one", " word"]), [tones, finding("person_name", 1, 1)], Substitution())
    assert redacted.offsets == (None, (4, 8))


def test_a_finding_outside_of_the_transcript_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not have"):
        redact(transcript_of([" one"]), [finding("person_name", 0, 1)], Substitution())


def test_a_row_fits_the_schema() -> None:
    redacted = redact(transcript_of([" Ana", " called."]), [finding("person_name", 0, 0)], Substitution())
    recording = Recording("call-1", "/calls/1.wav", ("person_name",), metadata={"team": "a"})
    row = redacted.to_row(
        recording,
        status="completed",
        redacted_audio_url=None,
        run_id="r",
        processed_at="2026-11-29T02:00:00.123456+00:00",
        models={"recogniser": "base"},
        configuration="",
        configuration_id="c",
        muted_s=1.5,
        muted_s_by_policy={"person_name": 1.5},
        verification=asdict(Verification("passed")),
    )
    assert set(row) == set(TRANSCRIPTS_SCHEMA.names)
    table = as_table([as_json(row)], TRANSCRIPTS_SCHEMA)
    ana, called = table.column("utterances")[0].as_py()[0]["words"]
    assert (ana["text"], ana["redacted"], ana["confidence"]) == ("###", True, None)
    assert (called["text"], called["redacted"]) == ("called.", False)
    assert called["confidence"] is not None


PIECES = st.tuples(st.booleans(), st.text(min_size=1, max_size=8)).map(
    lambda piece: (" " if piece[0] else "") + (piece[1].strip() or "x")
)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Transcript, list[Finding]]:
    """Utterances of any pieces, with findings that lie within one utterance each and may overlap."""
    texts = draw(st.lists(st.lists(PIECES, min_size=1, max_size=6), min_size=1, max_size=4))
    findings: list[Finding] = []
    position = 0
    for utterance in texts:
        for _ in range(draw(st.integers(0, 2))):
            first = draw(st.integers(0, len(utterance) - 1))
            last = draw(st.integers(first, len(utterance) - 1))
            policy = draw(st.sampled_from(["person_name", "phone_number", "drug", "email_address"]))
            findings.append(finding(policy, position + first, position + last))
        position += len(utterance)
    return transcript_of(*texts), findings


def letters(text: str) -> list[str]:
    return [character for character in text if unicodedata.category(character)[0] in "LMN"]


@given(conversations(), st.sampled_from(SUBSTITUTIONS))
def test_words_join_to_texts_and_offsets_point_at_replacements(
    drawn: tuple[Transcript, list[Finding]], name: str
) -> None:
    transcript, findings = drawn
    redacted = redact(transcript, findings, Substitution(name, key=KEY), "call")
    assert redacted.text == "\n".join(utterance.text for utterance in redacted.utterances)
    for utterance in redacted.utterances:
        assert utterance.text == "".join(word.text for word in utterance.words).strip()
    assert sum(len(utterance.words) for utterance in redacted.utterances) == len(transcript.words)
    for offsets in filter(None, redacted.offsets):
        assert 0 <= offsets[0] <= offsets[1] <= len(redacted.text)


def tokens(transcript: Transcript) -> Iterator[list[int]]:
    """The numbers of the words that were written without a space between them."""
    number = 0
    for utterance in transcript.utterances:
        token: list[int] = []
        for word in utterance.words:
            if token and word.text.startswith(" "):
                yield token
                token = []
            token.append(number)
            number += 1
        yield token


@given(conversations())
def test_no_letter_or_digit_of_a_found_word_or_of_a_piece_glued_to_it_remains(
    drawn: tuple[Transcript, list[Finding]],
) -> None:
    transcript, findings = drawn
    found = {word for one in findings for word in range(one.first_word or 0, (one.last_word or 0) + 1)}
    for name in ("hash", "mask"):
        redacted = redact(transcript, findings, Substitution(name))
        words = [word for utterance in redacted.utterances for word in utterance.words]
        for token in tokens(transcript):
            for number in token:
                if found.isdisjoint(token):
                    assert words[number].text == transcript.words[number].text
                    assert not words[number].redacted
                else:
                    assert not letters(words[number].text)
                    assert words[number].redacted or not letters(transcript.words[number].text)


@given(conversations())
def test_hashed_words_are_as_long_as_they_were(drawn: tuple[Transcript, list[Finding]]) -> None:
    transcript, findings = drawn
    redacted = redact(transcript, findings, Substitution("hash"))
    words = [word for utterance in redacted.utterances for word in utterance.words]
    assert [len(word.text) for word in words] == [len(word.text) for word in transcript.words]
