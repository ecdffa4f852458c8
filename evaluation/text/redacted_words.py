"""Sources of redacted words: the detector, or a file that another program wrote.

A line of such a file is JSON: `{"author": "hazel", "name": "auto_quote", "form": "written", "policies": ["default"],
"words": [4, 5, 17]}`. `policies` holds names as a user writes them, `words` the numbers of the redacted words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TextIO

from hushbeam.schemas.finding import RecogniserReport
from hushbeam.schemas.policies import resolve_policies
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from training.conversations import CONVERSATIONS, Form, read_conversation
from training.examples import PLAIN, Example, Style, example
from training.sparse import is_innocent, spliced

FORMS: tuple[Form, ...] = ("spoken", "written")
_STYLES = {"spoken": PLAIN, "written": Style(pieces=True)}


@dataclass(frozen=True)
class Sample:
    """A conversation in one form, as a transcript of which every word is known."""

    form: Form
    example: Example


Request = tuple[str, ...]
"""Policies and presets, as a user writes them."""

RedactedWords = Callable[[Sample, Request], frozenset[int]]
"""Numbers of the words that are redacted under a request. Raises UnknownWordsError if that is not known."""


class UnknownWordsError(ValueError):
    """A file does not say which words are redacted, or names words that are not there. Names the conversation."""


def samples(authors: Sequence[str] = (), folder: Path = CONVERSATIONS) -> Iterator[Sample]:
    """The conversations of these authors, or of all, each in both forms."""
    for author in authors or authors_in(folder):
        for path in sorted((folder / author).glob("*.txt")):
            for form in FORMS:
                yield Sample(form, example(read_conversation(path, form), _STYLES[form], Random(0)))


def sparse_samples(authors: Sequence[str] = (), folder: Path = CONVERSATIONS, each: int = 5) -> Iterator[Sample]:
    """Conversations of these authors without personal data, with a few turns of others, each `each` times."""
    pairs = [
        (read_conversation(path, "spoken"), read_conversation(path, "written"))
        for author in authors or authors_in(folder)
        for path in sorted((folder / author).glob("*.txt"))
    ]
    random = Random(0)
    for innocent in filter(lambda pair: is_innocent(pair[0]), pairs):
        full = [pair for pair in pairs if pair[0].language == innocent[0].language and not is_innocent(pair[0])]
        for guest in random.choices(full, k=each):
            for form, made in zip(FORMS, spliced(innocent, guest, random), strict=True):
                yield Sample(form, example(made, _STYLES[form], Random(0)))


def authors_in(folder: Path = CONVERSATIONS) -> list[str]:
    """Names of the authors, sorted."""
    return sorted({path.parent.name for path in folder.glob("*/*.txt")})


class DetectorsWords:
    """Words that the detector redacts. Runs its recognisers once for all requests about the same sample."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._sample: Sample | None = None
        self._reports: tuple[RecogniserReport, ...] = ()

    def __call__(self, sample: Sample, request: Request) -> frozenset[int]:
        transcript = sample.example.transcript
        if sample is not self._sample:
            self._sample, self._reports = sample, self._detector.report(transcript)
        found = self._detector.select(DetectionRequest(transcript, resolve_policies(request)), self._reports)
        return frozenset(
            word
            for finding in found
            if finding.first_word is not None and finding.last_word is not None
            for word in range(finding.first_word, finding.last_word + 1)
        )


def from_lines(lines: Iterable[str]) -> RedactedWords:
    """Words that the lines of a file name."""
    known: dict[tuple[str, str, str, Request], frozenset[int]] = {}
    for line in filter(str.strip, lines):
        row = json.loads(line)
        known[row["author"], row["name"], row["form"], tuple(row["policies"])] = frozenset(row["words"])

    def words(sample: Sample, request: Request) -> frozenset[int]:
        author, name, form = key = _key(sample)
        found = known.get((*key, request))
        if found is None:
            raise UnknownWordsError(f"{author}/{name}, {form}: no redacted words under {', '.join(request)}")
        if found and max(found) >= len(sample.example.transcript.words):
            raise UnknownWordsError(f"{author}/{name}, {form}: the text has no word {max(found)}")
        return found

    return words


def kept(redacted: RedactedWords, file: TextIO) -> RedactedWords:
    """The same words, which are also written to a file that `from_lines` reads."""

    def words(sample: Sample, request: Request) -> frozenset[int]:
        found = redacted(sample, request)
        author, name, form = _key(sample)
        row = {"author": author, "name": name, "form": form, "policies": request, "words": sorted(found)}
        file.write(json.dumps(row) + "\n")
        return found

    return words


def _key(sample: Sample) -> tuple[str, str, str]:
    return sample.example.author, sample.example.name, sample.form
