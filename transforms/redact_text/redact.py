"""Writes a transcript without what was found in it."""

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
    """Consecutive words of one utterance that belong to one finding, or to none.

    Attributes:
      finding: Its place among the findings.
      first: The first word, counted over the transcript.
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

    Whole words only: where the recogniser wrote one word in several pieces (` $1` and `,250`) and one of them is
    found, all are replaced.

    Args:
      transcript: As it was heard.
      findings: Of this transcript. Where two share a word, the first counts.
      substitution: How redacted words read.
      recording_id: Surrogates differ between recordings.
      written: What stands already in the place of words, by their number: it stays as it is.

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
                texts, start, end = _standing([written[run.first + number] for number in range(len(run.words))])
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
        # Where the utterance's text begins in the whole text, less the white space that was stripped before it.
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
    """The finding that each word belongs to, by its place among the findings."""
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


def _standing(texts: Sequence[PublishedText]) -> tuple[list[str], int, int]:
    """As `_Replacements.of`, of what stands there already."""
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
    """Makes the texts that stand in the place of a run's words."""

    def __init__(self, findings: Sequence[Finding], substitution: Substitution, recording_id: str) -> None:
        self._findings = findings
        self._substitution = substitution
        self._numbers = _numbers(findings)
        self._surrogates = Surrogates(substitution.key, recording_id, substitution.locale)

    def prepare(self, words: Sequence[Word], owners: Sequence[int | None]) -> None:
        """Shows the surrogates all values first: a name alone must read like that part of the full name."""
        values: dict[int, list[str]] = {}
        for word, owner in zip(words, owners, strict=True):
            if owner is not None:
                values.setdefault(owner, []).append(word.text)
        for number, texts in values.items():
            self._surrogates.see(self._findings[number].policy, split_surroundings(texts)[1])

    def of(self, run: _Run) -> tuple[list[str], int, int]:
        """As many texts as the run has words, and where in them the replacement itself starts and ends."""
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
    """The number that each finding's label carries: its entity's, or one of its own where values are not compared."""
    highest: dict[str, int] = {}
    for finding in findings:
        highest[finding.label] = max(highest.get(finding.label, 0), finding.entity)
    numbers: list[int] = []
    for finding in findings:
        if not finding.entity:
            highest[finding.label] += 1
        numbers.append(finding.entity or highest[finding.label])
    return numbers
