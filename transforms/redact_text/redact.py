"""Redacted transcript: replaces the words of findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hushbeam.schemas.finding import Finding
from hushbeam.schemas.redacted import PublishedText, RedactedTranscript, RedactedUtterance, RedactedWord
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.base.whole_tokens import spread_over_tokens
from hushbeam.transforms.redact_text.substitution import MASK, Substitution, hashed, split_surroundings
from hushbeam.transforms.redact_text.surrogates import Surrogates


@dataclass(frozen=True)
class _Run:
    """Consecutive words of one utterance that belong to the same finding, or to no finding.

    Attributes:
      finding: Index of the finding.
      first: Index of the first word in the transcript.
    """

    finding: int | None
    first: int
    words: tuple[Word, ...]

    @property
    def texts(self) -> list[str]:
        return [word.text for word in self.words]


def redact(
    transcript: Transcript,
    findings: Sequence[Finding],
    substitution: Substitution,
    recording_id: str = "",
    *,
    written: Mapping[int, PublishedText] | None = None,
) -> RedactedTranscript:
    """Replaces the words of all findings.

    Only whole words are replaced: if the recogniser wrote a word in pieces (` $1` and `,250`) and one is found, all are
    replaced.

    Args:
      findings: Findings in this transcript. Of two with a common word, the first counts.
      recording_id: Surrogates differ between recordings.
      written: Texts that replace words already, by the index of the word. They are kept.

    Raises:
      ValueError: A finding names words that the transcript does not have.
    """
    words, written = transcript.words, written or {}
    owners = _owners(transcript, words, findings)
    replacements = _Replacements(findings, substitution, recording_id)
    replacements.prepare(words, owners)
    utterances: list[RedactedUtterance] = []
    places: dict[int, tuple[int, int]] = {}
    text_length = 0
    position = 0
    for utterance in transcript.utterances:
        redacted: list[RedactedWord] = []
        offset = 0
        spans: list[tuple[int, int, int]] = []
        for run in _runs(utterance, owners, written, position):
            texts = run.texts
            stands = run.first in written
            if stands:
                texts, start, end = _published([written[run.first + number] for number in range(len(run.words))])
            elif run.finding is not None:
                texts, start, end = replacements.of(run)
            if run.finding is not None:
                spans.append((run.finding, offset + start, offset + end))
            redacted += (
                RedactedWord(text, word.start_s, word.end_s, word.confidence, stands or run.finding is not None)
                for text, word in zip(texts, run.words, strict=True)
            )
            offset += sum(map(len, texts))
        joined = "".join(word.text for word in redacted)
        text = joined.strip()
        # Offset of the utterance's text in the whole text, without the white space that was stripped before it.
        shift = text_length - (len(joined) - len(joined.lstrip()))
        for finding, start, end in spans:
            first, last = places.get(finding, (start + shift, end + shift))
            places[finding] = min(first, start + shift), max(last, end + shift)
        utterances.append(
            RedactedUtterance(
                utterance.channel, utterance.speaker, utterance.start_s, utterance.end_s, text, tuple(redacted)
            )
        )
        text_length += len(text) + 1
        position += len(utterance.words)
    return RedactedTranscript(
        transcript.language_code,
        transcript.duration_s,
        transcript.channels,
        "\n".join(utterance.text for utterance in utterances),
        tuple(utterances),
        tuple(places.get(finding) for finding in range(len(findings))),
    )


def _owners(transcript: Transcript, words: Sequence[Word], findings: Sequence[Finding]) -> list[int | None]:
    """Index of the finding that each word belongs to."""
    owners: list[int | None] = [None] * len(words)
    for number, finding in enumerate(findings):
        if finding.first_word is None or finding.last_word is None:
            continue
        if not 0 <= finding.first_word <= finding.last_word < len(words):
            raise ValueError("a finding names words that the transcript does not have")
        for word in range(finding.first_word, finding.last_word + 1):
            if owners[word] is None:
                owners[word] = number
    return spread_over_tokens(owners, transcript.utterances)


def _published(texts: Sequence[PublishedText]) -> tuple[list[str], int, int]:
    """As `_Replacements.of`, for words that are replaced already."""
    places, offset = [], 0
    for text in texts:
        if text.end > text.start:
            places.append((offset + text.start, offset + text.end))
        offset += len(text.text)
    start, end = (places[0][0], places[-1][1]) if places else (0, offset)
    return [text.text for text in texts], start, end


def _runs(
    utterance: Utterance, owners: Sequence[int | None], written: Mapping[int, PublishedText], position: int
) -> Iterator[_Run]:
    first = 0
    for word in range(1, len(utterance.words) + 1):
        if (
            word == len(utterance.words)
            or owners[position + word] != owners[position + first]
            or (position + word in written) != (position + first in written)
        ):
            yield _Run(owners[position + first], position + first, utterance.words[first:word])
            first = word


class _Replacements:
    """Texts that replace the words of a run."""

    def __init__(self, findings: Sequence[Finding], substitution: Substitution, recording_id: str) -> None:
        self._findings = findings
        self._substitution = substitution
        self._numbers = _numbers(findings)
        self._surrogates = Surrogates(substitution.key, recording_id, substitution.locale)

    def prepare(self, words: Sequence[Word], owners: Sequence[int | None]) -> None:
        """Passes all values to the surrogates first, so that a first name alone matches the full name."""
        values: dict[int, list[str]] = {}
        for word, owner in zip(words, owners, strict=True):
            if owner is not None:
                values.setdefault(owner, []).append(word.text)
        for number, texts in values.items():
            self._surrogates.learn(self._findings[number].policy, split_surroundings(texts)[1])

    def of(self, run: _Run) -> tuple[list[str], int, int]:
        """One text for each word of the run, and the start and end of the replacement in the joined texts."""
        assert run.finding is not None
        finding = self._findings[run.finding]
        before, value, after = split_surroundings(run.texts)
        name = self._substitution.of(finding.policy)
        if name == "hash":
            return [hashed(text) for text in run.texts], len(before), len(before) + len(value)
        if name == "entity_name":
            replacement = f"[{finding.label}]"
        elif name == "numbered":
            replacement = f"[{finding.label}_{self._numbers[run.finding]}]"
        elif name == "surrogate":
            replacement = self._surrogates.invent(finding.policy, value) or f"[{finding.label}]"
        else:
            replacement = MASK
        texts = [before + replacement, *[""] * (len(run.words) - 1)]
        texts[-1] += after
        return texts, len(before), len(before) + len(replacement)


def _numbers(findings: Sequence[Finding]) -> list[int]:
    """Number in each finding's label: that of its entity, or a new one if values are not compared."""
    highest: dict[str, int] = {}
    for finding in findings:
        highest[finding.label] = max(highest.get(finding.label, 0), finding.entity)
    numbers: list[int] = []
    for finding in findings:
        if not finding.entity:
            highest[finding.label] += 1
        numbers.append(finding.entity or highest[finding.label])
    return numbers
