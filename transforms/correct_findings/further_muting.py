"""FurtherMuting: corrections without the store, which mute more in the published recording."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hushbeam.schemas.correction import Corrections, corrected_identity
from hushbeam.schemas.errors import RecordingError
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.media import SampleIdentity, SourceIdentity
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.redacted import PublishedText, spaced_words
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.stages import (
    DetectedRecording,
    PendingRecording,
    PublishedOutput,
    TranscribedRecording,
    Verification,
)
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.archive.claims import Claim
from hushbeam.transforms.archive.ledger import Status, published_audio
from hushbeam.transforms.archive.tables.digests import holds_certified_rows
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.media.decode import Decoder
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.storage import files

_BLANK = " "


class PublishedOutputError(RecordingError):
    """The published files or rows of a recording do not match its status object."""

    remedy = "Run `hushbeam redact` again."


@dataclass(frozen=True)
class FurtherMuting:
    """How published recordings are muted further.

    Attributes:
      output: Normalised root.
      substitution: How newly redacted words read.
      identities: Of the models of this job.
      limits: Of decoding.
    """

    output: str
    substitution: str
    identities: Mapping[str, str]
    limits: MediaLimits

    def restore(self, claim: Claim, corrections: Corrections | None) -> DetectedRecording:
        """The published recording with its earlier findings.

        Raises:
          PublishedOutputError: It is incomplete, or differs from its certificate.
          RecordingError: It cannot be read.
        """
        if claim.status is None or len(claim.rows) != 1:
            raise PublishedOutputError("it does not have exactly one row in transcripts/: run the job again")
        try:
            return self._restore(claim.recording_id, Status.from_json(claim.status.encode()), claim, corrections)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise PublishedOutputError("its certificate is not of this version: run the job again") from None

    def _restore(
        self, recording_id: str, status: Status, claim: Claim, corrections: Corrections | None
    ) -> DetectedRecording:
        # Rows of an earlier run, whose words may be redacted now, are the newest ones if a table file is damaged.
        if not holds_certified_rows(status, claim.rows[0], claim.findings):
            raise PublishedOutputError("its rows in transcripts/ and findings/ are not those of its certificate")
        row, findings = json.loads(claim.rows[0]), [json.loads(finding) for finding in claim.findings]
        certificate, url = status.certificate, published_audio(self.output, status)
        audio = certificate["audio"]
        if url is None:
            raise PublishedOutputError("its status object does not name its own redacted recording")
        published = files.stat(url)
        with TemporaryFolder() as folder:
            path = files.fetch(url, folder, expected=published)
            if FileEntry.of(path).sha256 != audio["sha256"]:
                raise PublishedOutputError("its redacted recording differs from its certificate")
            with Decoder(path, self.limits) as decoder:
                info = decoder.info
        words = PublishedWords(row, findings)
        pending = PendingRecording(
            Recording(
                recording_id,
                row["audio_url"],
                tuple(row["policies"]),
                substitution=self.substitution,
                muting=audio["method"],
                return_no_speech_audio=True,
                language_code=row["language_code"],
                metadata=dict(row["metadata"]),
                published_url=row["audio_url"],
            ),
            SourceIdentity(**certificate["source"]),
            corrected_identity(status.output_identity, corrections, of_published=True),
            replaces=True,
            identities={
                **certificate["models"],
                **self.identities,
                "configuration": certificate.get("configuration", ""),
                "configuration_id": certificate["configuration_id"],
            },
            corrections=corrections,
        )
        transcribed = TranscribedRecording(
            pending,
            words.transcript(),
            info,
            SampleIdentity(**certificate["samples"]),
            mixed=row["channels"] < info.channels,
            published=PublishedOutput(
                published,
                tuple(TimeSpan(*span) for span in audio["muted"]),
                words.texts,
                audio["note"],
                Verification(**certificate["verification"]),
            ),
        )
        return DetectedRecording(transcribed, words.findings)


class PublishedWords:
    """The words of a row of `transcripts/`, and the findings of its recording.

    Attributes:
      texts: The published texts of redacted words, by word number.
      findings: In the order of their rows, with the words that they cover.
    """

    def __init__(self, row: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> None:
        self._row = row
        self._places: list[tuple[int, int]] = []
        self._ends: set[int] = set()
        self.texts: dict[int, PublishedText] = {}
        text_start = 0
        for utterance in row["utterances"]:
            start = text_start
            for word, text in zip(utterance["words"], spaced_words(utterance), strict=True):
                if word["redacted"]:
                    self.texts[len(self._places)] = PublishedText(text, 0, len(text))
                self._places.append((start, start + len(text)))
                start += len(text)
            self._ends.add(len(self._places))
            text_start += len(utterance["text"]) + 1
        self.findings = tuple(self._finding(finding) for finding in findings)

    def transcript(self) -> Transcript:
        """The published transcript, in which redacted words are blank: nobody said the text in their place."""
        return Transcript(
            self._row["language_code"], 1.0, self._row["duration_s"], self._row["channels"], tuple(self._utterances())
        )

    def _finding(self, row: Mapping[str, Any]) -> Finding:
        own = self._words_between(row["text_start"], row["text_end"])
        return Finding(
            row["policy"],
            row["label"],
            row["channel"],
            row["start_s"],
            row["end_s"],
            row["score"],
            row["detector"],
            own[0] if own else None,
            own[-1] if own else None,
        )

    def _words_between(self, start: int | None, end: int | None) -> Sequence[int]:
        if start is None or end is None:
            return ()
        first = next((n for n in self.texts if self._places[n][0] < end and start < self._places[n][1]), None)
        if first is None:
            return ()
        last = first
        while last + 1 in self.texts and last + 1 not in self._ends and self._places[last + 1][0] < end:
            last += 1
        own = range(first, last + 1)
        for number in own:
            word_start, word_end = self._places[number]
            text = self.texts[number]
            self.texts[number] = replace(
                text, start=max(start, word_start) - word_start, end=min(end, word_end) - word_start
            )
        return own

    def _utterances(self) -> Iterator[Utterance]:
        number = 0
        for utterance in self._row["utterances"]:
            words = []
            for word, spaced in zip(utterance["words"], spaced_words(utterance), strict=True):
                text = _BLANK if number in self.texts else spaced
                confidence = word["confidence"] or 0.0  # none for what is redacted
                words.append(Word(text, word["start_s"], word["end_s"], confidence, utterance["channel"]))
                number += 1
            if words:
                yield Utterance(utterance["channel"], tuple(words))
