"""Reviews of expired recordings: those that may mark ranges stay."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hushbeam.transforms.archive.ledger import EXPIRED, Status, write_status
from hushbeam.transforms.archive.reviews import write_review
from hushbeam.transforms.retention.expire import expire
from tests.transforms.archive.test_reviews import review


def test_a_review_that_cannot_be_read_stays_beside_one_that_confirms(tmp_path: Path) -> None:
    output = str(tmp_path)
    for recording_id in ("call", "other"):
        write_status(output, Status(EXPIRED, recording_id, None, "identity", "run"))
        write_review(output, review("ben", recording_id=recording_id))
    (tmp_path / "reviews" / "call@anna.json").write_text("{")
    expire(output, datetime.now(UTC), None)
    assert {path.name for path in (tmp_path / "reviews").iterdir()} == {"call@anna.json", "call@ben.json"}
