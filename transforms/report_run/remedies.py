"""What to do about a class of errors that ended recordings: the sentence that docs/reference/failures.md has too."""

from __future__ import annotations

import importlib

from hushbeam.schemas.errors import RecordingError
from hushbeam.schemas.failure import UNEXPECTED
from hushbeam.transforms.media.errors import REASONS

_MODULES = {
    "AccessDeniedError": "storage.errors",
    "AudibleLeakError": "verify_audio.verify",
    "CorrectionError": "correct_findings.transform",
    "CustomPatternTimeoutError": "detect_pii.patterns.custom",
    "DamagedTableError": "archive.tables.read",
    "DuplicateRecordingIdError": "read_manifest.transform",
    "FewerPoliciesError": "restore_findings.fewer_policies",
    "IncompleteTranscriptError": "assemble_transcript.join",
    "ManifestLineError": "read_manifest.line",
    "MediaError": "media.errors",
    "MissingFileError": "storage.errors",
    "NewerOutputError": "commit.transform",
    "NoRangesError": "storage.web.client",
    "NotStoredError": "archive.findings_store",
    "OtherVersionError": "archive.findings_store",
    "PublishedOutputError": "correct_findings.further_muting",
    "RecogniserError": "detect_pii.detector",
    "SealedFileError": "base.sealing",
    "SourceChangedError": "storage.errors",
    "SpanTimeError": "mute_audio.edges",
    "StorageError": "storage.errors",
    "TemporaryFilesError": "base.temporary_files",
    "TranscriptionError": "transcribe.spoken_audio",
    "UnknownKeyError": "read_manifest.line",
    "UnknownPolicyInLineError": "read_manifest.line",
    "UnreadableReviewError": "archive.reviews",
    "UnreliableVerificationError": "verify_audio.verify",
    "UnsupportedKeyError": "read_manifest.line",
    "UnsupportedLanguageError": "detect_pii.languages",
    "UnsupportedPolicyError": "detect_pii.languages",
    "UnusableTranscriptError": "transcribe.given.errors",
    "WrongTranscriptError": "transcribe.given.errors",
    UNEXPECTED: "base.unexpected",
}
"""Where each class of errors is defined, by its name in `errors/`. Read when it is needed: some load much."""


def remedy_of(error_class: str, message: str) -> str:
    """What to do about failures of one class; empty if it is not one of Hushbeam's.

    Args:
      error_class: As in `errors/`.
      message: As in `errors/`. For a `MediaError` it begins with the reason.
    """
    reason = message.partition(":")[0]
    if error_class == "MediaError" and reason in REASONS:
        return f"{REASONS[reason][1]}."
    module = _MODULES.get(error_class)
    if module is None:
        return ""
    defined = importlib.import_module(f"hushbeam.transforms.{module}")
    name = "UnexpectedError" if error_class == UNEXPECTED else error_class
    error: type[RecordingError] = getattr(defined, name)
    return error.remedy
