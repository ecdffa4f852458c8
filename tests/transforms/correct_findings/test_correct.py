"""Corrections by reviewers on labelled calls, and further muting of what is published."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from hushbeam.schemas.correction import REVIEWER, Corrections, MarkedSpan, corrected_identity
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.redacted import utterance_row
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.stages import DetectedRecording, PublishedOutput, Verification
from hushbeam.schemas.transcript import Word
from hushbeam.transforms.correct_findings.further_muting import PublishedWords
from hushbeam.transforms.correct_findings.transform import correct
from hushbeam.transforms.redact_text.redact import redact
from hushbeam.transforms.redact_text.substitution import Substitution
from tests.transforms.verify_audio.labelled import labelled, redacted

CALL = redacted(labelled("card-payment")).detected


def decided(
    detected: DetectedRecording, *, mixed: bool = False, samples: str = "", **spans: object
) -> DetectedRecording:
    transcribed = detected.transcribed
    corrections = Corrections(samples or transcribed.samples.sha256, **spans)  # type: ignore[arg-type]
    pending = replace(transcribed.pending, corrections=corrections)
    return replace(detected, transcribed=replace(transcribed, pending=pending, mixed=mixed))


def unmarked_words(detected: DetectedRecording) -> list[tuple[int, Word]]:
    found = {n for one in detected.findings for n in range(one.first_word or 0, (one.last_word or -1) + 1)}
    return [(n, word) for n, word in enumerate(detected.transcribed.transcript.words) if n not in found]


def mark_on(first: Word, last: Word) -> MarkedSpan:
    return MarkedSpan(first.channel, first.start_s, last.end_s, "occupation")


def around(finding: Finding, by_s: float) -> TimeSpan:
    return TimeSpan(finding.channel, finding.start_s - by_s, finding.end_s + by_s)


def test_a_mark_takes_the_words_that_it_covers_and_keeps_its_own_times() -> None:
    number, word = unmarked_words(CALL)[3]
    mark = mark_on(word, word)
    (added,) = (one for one in correct(decided(CALL, missed=(mark,))).findings if one.detector == REVIEWER)
    assert (added.first_word, added.last_word) == (number, number)
    assert (added.start_s, added.end_s, added.policy) == (mark.start_s, mark.end_s, "occupation")


def test_a_mark_over_findings_takes_only_other_words() -> None:
    found = CALL.findings[0]
    assert found.first_word is not None
    words = CALL.transcribed.transcript.words
    before = found.first_word - 1
    mark = MarkedSpan(found.channel, words[before].start_s, words[found.first_word].end_s, "person_name")
    added = [one for one in correct(decided(CALL, missed=(mark,))).findings if one.detector == REVIEWER]
    assert [(one.first_word, one.last_word) for one in added] == [(before, before)]


def test_a_mark_without_words_mutes_the_audio_alone() -> None:
    mark = MarkedSpan(0, CALL.transcribed.transcript.duration_s - 0.02, CALL.transcribed.transcript.duration_s, "date")
    (added,) = (one for one in correct(decided(CALL, missed=(mark,))).findings if one.detector == REVIEWER)
    assert added.first_word is None


def test_a_finding_is_dropped_only_if_most_of_it_is_a_false_positive() -> None:
    found = max(CALL.findings, key=lambda one: one.end_s - one.start_s)
    length_s = found.end_s - found.start_s
    whole, less = around(found, 0.2), replace(around(found, 0.0), end_s=found.start_s + length_s * 0.45)
    assert found not in correct(decided(CALL, false_positives=(whole,))).findings
    assert found in correct(decided(CALL, false_positives=(less,))).findings
    assert found in correct(decided(CALL, false_positives=(replace(whole, channel=1 - found.channel),))).findings


def test_in_a_mix_a_false_positive_of_one_channel_drops_nothing() -> None:
    spans = tuple(TimeSpan(channel, 1.0, 2.0) for channel in range(2))
    assert decided(CALL, mixed=True, false_positives=spans[:1]).transcribed.false_positive_spans == ()
    assert decided(CALL, mixed=True, false_positives=spans).transcribed.false_positive_spans == spans[:1]


def test_decisions_about_other_samples_change_nothing() -> None:
    _number, word = unmarked_words(CALL)[3]
    other = decided(CALL, samples="of another recording", missed=(mark_on(word, word),))
    assert correct(other) is other


def test_a_published_recording_keeps_all_findings() -> None:
    detected = decided(CALL, false_positives=tuple(around(one, 0.2) for one in CALL.findings))
    published = PublishedOutput(CALL.transcribed.pending.source, (), {}, "", Verification())
    detected = replace(detected, transcribed=replace(detected.transcribed, published=published))
    assert correct(detected).findings == CALL.findings


def test_identities_tell_corrections_and_how_they_were_rendered_apart() -> None:
    corrections = Corrections("samples", (MarkedSpan(0, 1.0, 2.0, "date"),))
    other = replace(corrections, false_positives=(TimeSpan(0, 1.0, 2.0),))
    identities = {
        corrected_identity("base", None),
        corrected_identity("base", corrections),
        corrected_identity("base", other),
        corrected_identity("base", corrections, of_published=True),
    }
    assert len(identities) == 4
    assert "base" in identities


@pytest.mark.parametrize("call", ["card-payment", "wire-transfer", "telecom-phone-readback"])
@pytest.mark.parametrize("substitution", ["hash", "entity_name", "mask", "numbered"])
def test_published_words_stay_when_more_is_redacted(call: str, substitution: str) -> None:
    detected = redacted(labelled(call)).detected
    reads = Substitution(substitution)
    before = redact(detected.transcribed.transcript, detected.findings, reads)
    rows = [
        asdict(finding) | {"text_start": place[0] if place else None, "text_end": place[1] if place else None}
        for finding, place in zip(detected.findings, before.offsets, strict=True)
    ]
    words = PublishedWords(
        {
            "utterances": [utterance_row(utterance) for utterance in before.utterances],
            "text": before.text,
            "language_code": "en",
            "duration_s": before.duration_s,
            "channels": before.channels,
        },
        rows,
    )
    findings = words.findings
    again = redact(words.transcript(), findings, reads, written=words.texts)
    assert (again.text, again.offsets) == (before.text, before.offsets)
    assert [utterance_row(one) for one in again.utterances] == [utterance_row(one) for one in before.utterances]

    number, _word = unmarked_words(detected)[5]
    more = replace(findings[0], first_word=number, last_word=number, policy="occupation", label="OCCUPATION")
    further = redact(words.transcript(), [*findings, more], reads, written=words.texts)
    flat = [word for utterance in further.utterances for word in utterance_row(utterance)["words"]]
    was = [word for utterance in before.utterances for word in utterance_row(utterance)["words"]]
    assert [n for n, (new, old) in enumerate(zip(flat, was, strict=True)) if new != old] == [number]
    assert flat[number]["redacted"]
    for place, earlier in zip(further.offsets, before.offsets, strict=False):
        assert (place is None) == (earlier is None)
        if place and earlier:
            assert further.text[slice(*place)] == before.text[slice(*earlier)]
