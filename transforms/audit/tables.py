"""What an output root says about its recordings: status objects and rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.audit import Claim
from schemas.finding import FINDINGS_SCHEMA
from transforms.commit.ledger import list_statuses

TRANSCRIPT_COLUMNS = (
    "recording_id",
    "status",
    "redacted_audio_url",
    "run_id",
    "language_code",
    "duration_s",
    "channels",
    "policies",
    "text",
    "utterances",
)
FINDING_COLUMNS = tuple(name for name in FINDINGS_SCHEMA.names if name != "value_hmac")


def statuses_of(output: str) -> Iterator[tuple[str, str]]:
    """Each status object, as recording and JSON.

    Raises:
      ConfigurationError: The output root belongs to something else.
    """
    for recording_id, status in list_statuses(output).items():
        yield recording_id, status.to_json().decode()


def claim_of(recording_id: str, statuses: Iterable[str], rows: Iterable[str], findings: Iterable[str]) -> Claim:
    """What is said about one recording."""
    return Claim(recording_id, next(iter(statuses), None), tuple(sorted(rows)), tuple(sorted(findings)))
