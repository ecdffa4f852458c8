"""Audit of one recording: compares what its status object claims with the output root."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hushbeam.schemas.finding import Finding
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.archive.certificate import check_signature, is_signed
from hushbeam.transforms.archive.claims import Claim, Problem
from hushbeam.transforms.archive.ledger import Status, published_audio
from hushbeam.transforms.archive.published_files import caption_urls, relative_audio_url
from hushbeam.transforms.archive.recovery import rows_url
from hushbeam.transforms.archive.signatures import SignatureError
from hushbeam.transforms.archive.tables.digests import (
    certified_outputs,
    content_digest,
    findings_digest,
    transcript_digest,
)
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.relocation import names_elsewhere
from hushbeam.transforms.audit.facts import counts_of
from hushbeam.transforms.audit.muted_ranges import MutedRangeSettings, audible_seconds
from hushbeam.transforms.audit.records import AudiblePlace, AuditedRecording
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.media.decode import inspect
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.media.video.caption_search import hidden_text_in
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.verify_audio.kept_speech import KeptSpeech
from hushbeam.transforms.verify_audio.leaks import Leak, LeakSettings, find_leaks
from hushbeam.transforms.verify_audio.spoken_form import place_of, runs_of_signs

_SAME_LENGTH_S = 0.05
"""Encoders fill up their last frame."""

_MOST_TIMES = 5

_NOT_IN_TABLES_YET = "its run writes its {} to the tables at its end or, if it was killed, the next run"

_CERTIFIED = frozenset({"sha256", "size_bytes", "duration_s", "channels", "method", "muted_s", "muted"})

Transcribe = Callable[[Path, str], Transcript]
"""Transcribes a local file in a language."""

Detect = Callable[[Transcript, Collection[str]], Sequence[Finding]]
"""Finds the personal data of some policies in a transcript."""


@dataclass(frozen=True)
class LeakCheck:
    """Recogniser and detection for the recordings of the sample."""

    transcribe: Transcribe
    detect: Detect
    leaks: LeakSettings


def audit(
    claim: Claim,
    output: str,
    folder: Path,
    public_key: Ed25519PublicKey | None,
    leak_check: LeakCheck | None,
    *,
    limits: MediaLimits,
) -> AuditedRecording:
    """Checks everything that an output root claims about a recording.

    Args:
      folder: For a local copy of the recording, which the caller removes.
      public_key: The key of the certificate's signature; None to ignore the signature.
      leak_check: None if the recording does not belong to the sample.
      limits: Limits on decoding.

    Raises:
      StorageError: The store cannot be reached.
    """
    recording_id = claim.recording_id
    if claim.status is None:
        kind = "row_without_status" if claim.rows else "finding_without_status"
        return AuditedRecording(recording_id, problems=(Problem(kind, recording_id),))
    status = Status.from_json(claim.status.encode())
    facts = counts_of(status, public_key)
    problems = [
        *_place_problems(status, output),
        *_row_problems(claim, status, output),
        *_finding_problems(claim, status, output),
        *_caption_problems(status, output),
        *_signature_problems(status, public_key),
    ]
    if not certified_outputs(status):
        problems.append(Problem("no_certificate", recording_id))
        return AuditedRecording(recording_id, signed=is_signed(status), problems=tuple(problems), facts=facts)
    audited = AuditedRecording(recording_id, signed=is_signed(status), problems=tuple(problems), facts=facts)
    if status.redacted_audio_url is None:
        return audited
    try:
        certificate = _certificate(status)
        path = _certified_audio(status, certificate, output, folder)
        audited = replace(audited, audio_s=certificate["duration_s"], muted_s=certificate["muted_s"])
        problems += _audio_problems(recording_id, path, certificate, limits)
        if leak_check is not None and len(claim.rows) == 1:
            audible, leaks = _audible_data(path, json.loads(claim.rows[0]), leak_check)
            places = tuple(
                AudiblePlace(recording_id, one.channel, round(one.start_s, 2), round(one.end_s, 2), one.policy)
                for one in audible
            )
            counts = Counter(place.policy for place in places)
            audited = replace(audited, verified=True, audible=dict(counts), places=places)
            problems += _audible_numbers(recording_id, leaks)
    except _WrongAudioError as wrong:
        problems.append(Problem(wrong.kind, recording_id, wrong.detail))
    except MediaError as error:
        problems.append(Problem("audio_unreadable", recording_id, error.reason))
    except (KeyError, TypeError, ValueError, AttributeError):
        problems.append(Problem("no_certificate", recording_id, "it is not a certificate of this version"))
    return replace(audited, problems=tuple(problems))


class _WrongAudioError(Exception):
    """The published recording is missing, or is not the one that was certified."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.detail = detail


def _place_problems(status: Status, output: str) -> Iterator[Problem]:
    if names_elsewhere(output, status):
        detail = "its URL is outside this root, which was copied or moved: run the job here once to repair it"
        yield Problem("elsewhere", status.recording_id, detail)


def _row_problems(claim: Claim, status: Status, output: str) -> Iterator[Problem]:
    rows = [json.loads(row) for row in claim.rows]
    if not rows and files.exists(rows_url(output, status.run_id, claim.recording_id)):
        yield Problem("unfinished_run", claim.recording_id, _NOT_IN_TABLES_YET.format("rows"))
        return
    if len(rows) != 1:
        kind = "several_rows" if rows else "status_without_row"
        yield Problem(kind, claim.recording_id, f"{len(rows)} current rows in transcripts/, expected 1")
        return
    (row,) = rows
    differing = [
        name
        for name, claimed in (
            ("status", status.status),
            ("redacted_audio_url", relative_audio_url(status.redacted_audio_url)),
            ("run_id", status.run_id),
            ("processed_at", status.processed_at),
        )
        if row[name] != claimed
    ]
    if differing:
        detail = f"{', '.join(differing)} of the row and the status object differ"
        yield Problem("row_differs", claim.recording_id, detail)
    certified = certified_outputs(status).get("transcript")
    if certified is not None and transcript_digest(claim.rows[0]) != certified:
        yield Problem("row_differs", claim.recording_id, "its row is not the one that was certified")


def _finding_problems(claim: Claim, status: Status, output: str) -> Iterator[Problem]:
    """Checks that `findings/` holds what was certified, each finding once, and within the published text."""
    if len(claim.rows) != 1:
        return
    row, findings = json.loads(claim.rows[0]), [json.loads(finding) for finding in claim.findings]
    found = Counter(finding["policy"] for finding in findings)
    certified = status.certificate.get("findings")
    if not findings and certified and files.exists(rows_url(output, status.run_id, claim.recording_id)):
        yield Problem("unfinished_run", claim.recording_id, _NOT_IN_TABLES_YET.format("findings"))
        return
    if certified is not None and found != Counter(certified):
        yield Problem(
            "findings_differ", claim.recording_id, f"{found.total()} rows, {Counter(certified).total()} certified"
        )
    elif findings_digest(claim.findings) != certified_outputs(status).get("findings", findings_digest(claim.findings)):
        yield Problem("findings_differ", claim.recording_id, "its findings are not those that were certified")
    if len(set(claim.findings)) != len(claim.findings):
        yield Problem("several_findings", claim.recording_id, "equal rows in findings/")
    if any(finding["run_id"] != status.run_id for finding in findings):
        yield Problem("findings_differ", claim.recording_id, "run_id of a finding and the status object differ")
    if any((finding["text_end"] or 0) > len(row["text"]) for finding in findings):
        yield Problem("findings_differ", claim.recording_id, "a finding lies outside the text")


def _caption_problems(status: Status, output: str) -> Iterator[Problem]:
    captions = certified_outputs(status).get("captions")
    if not isinstance(captions, Mapping):
        return
    for kind, url in zip(
        ("srt", "vtt"), caption_urls(output, status.recording_id, status.output_identity), strict=True
    ):
        try:
            if content_digest(files.read_bytes(url)) != captions.get(kind):
                yield Problem("captions_changed", status.recording_id, f"its {kind} file is not the certified one")
        except MissingFileError:
            yield Problem("captions_missing", status.recording_id, f"its {kind} file")


def _signature_problems(status: Status, key: Ed25519PublicKey | None) -> Iterator[Problem]:
    if key is None:
        return
    try:
        check_signature(status, key)
    except SignatureError as error:
        yield Problem("signature", status.recording_id, str(error))


def _certificate(status: Status) -> Mapping[str, Any]:
    certificate = status.certificate.get("audio")
    if not isinstance(certificate, Mapping) or not certificate.keys() >= _CERTIFIED:
        raise _WrongAudioError("no_certificate")
    return certificate


def _certified_audio(status: Status, certificate: Mapping[str, Any], output: str, folder: Path) -> Path:
    """The published recording as a local file; its bytes are those that were certified."""
    url = published_audio(output, status)
    assert url is not None  # a status object with a URL names its own file
    try:
        path = files.fetch(url, folder, None)
    except MissingFileError:
        raise _WrongAudioError("audio_missing") from None
    if FileEntry.of(path) != FileEntry(certificate["size_bytes"], certificate["sha256"]):
        raise _WrongAudioError("audio_changed", "size or checksum differs from the certificate")
    return path


def _audio_problems(
    recording_id: str, path: Path, certificate: Mapping[str, Any], limits: MediaLimits
) -> Iterator[Problem]:
    inspection = inspect(path, limits)
    if inspection.info.channels != certificate["channels"]:
        yield Problem("channels_differ", recording_id, f"{inspection.info.channels} channels")
        return
    late_s = inspection.duration_s - certificate["duration_s"]
    if abs(late_s) > _SAME_LENGTH_S:
        yield Problem("duration_differs", recording_id, f"by {late_s:.3f} s")
    if inspection.info.has_video and (where := hidden_text_in(path, inspection.duration_s, limits)):
        yield Problem("captions_in_pictures", recording_id, where)
    muted = [TimeSpan(channel, start_s, end_s) for channel, start_s, end_s in certificate["muted"]]
    blocks = recogniser_blocks(path, limits=limits)
    audible_s = audible_seconds(blocks, muted, certificate["method"], MutedRangeSettings())
    if audible_s:
        yield Problem("audio_in_muted_range", recording_id, f"{audible_s:.2f} s")


def _audible_numbers(recording_id: str, leaks: Sequence[Leak]) -> Iterator[Problem]:
    for policy in sorted({leak.policy for leak in leaks}):
        places = sorted((leak.place.start_s, leak.place.end_s) for leak in leaks if leak.policy == policy)
        times = ", ".join(f"{start_s:.1f} to {end_s:.1f} s" for start_s, end_s in places[:_MOST_TIMES])
        more = ", ..." if len(places) > _MOST_TIMES else ""
        yield Problem("number_audible", recording_id, f"{len(places)} of policy {policy}, at {times}{more}")


def _audible_data(
    path: Path, row: Mapping[str, Any], leak_check: LeakCheck
) -> tuple[Sequence[Finding], Sequence[Leak]]:
    """Audible personal data that the published text does not have, and leaked numbers.

    Words of the published transcript are not counted: the run knew the whole conversation, and did not redact them.
    """
    transcript = leak_check.transcribe(path, row["language_code"])
    conversation = Conversation(transcript)
    published = KeptSpeech(Conversation(_published_words(row, transcript.language_code)), frozenset())
    leaks = find_leaks((), conversation, published, row["policies"], leak_check.leaks)
    audible = [
        finding
        for finding in leak_check.detect(transcript, row["policies"])
        if not _is_published(finding, conversation, published, leak_check.leaks.same_place_s)
    ]
    return audible, leaks


def _published_words(row: Mapping[str, Any], language_code: str) -> Transcript:
    """The published transcript without its redacted words."""
    utterances = []
    for utterance in row["utterances"]:
        words = tuple(
            Word(word["text"], word["start_s"], word["end_s"], word["confidence"], utterance["channel"])
            for word in utterance["words"]
            if not word["redacted"]
        )
        if words:
            utterances.append(Utterance(utterance["channel"], words))
    return Transcript(language_code, 1.0, row["duration_s"], row["channels"], tuple(utterances))


def _is_published(finding: Finding, second_transcript: Conversation, published: KeptSpeech, within_s: float) -> bool:
    """Whether the published transcript has every word of a finding, near its time."""
    if finding.first_word is None or finding.last_word is None:
        return False
    place = place_of(second_transcript, finding.first_word, finding.last_word)
    own = range(finding.first_word, finding.last_word + 1)
    words = KeptSpeech(second_transcript, frozenset(range(len(second_transcript.words))) - frozenset(own))
    signs = "".join(sign.value for run in runs_of_signs(second_transcript) for sign in run if sign.word in own)
    return all(published.says_word(word.value, place, within_s) for word in words.words) and (
        not signs or published.says_signs(signs, place, within_s)
    )
