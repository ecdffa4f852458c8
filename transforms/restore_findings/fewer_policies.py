"""Policies that published recordings were redacted for, and that a rendering would leave out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from hushbeam.schemas.errors import RecordingError
from hushbeam.transforms.archive.ledger import EXPIRED, Status, UnreadableStatusError, read_status_files, status_in
from hushbeam.transforms.archive.reviews import Reviews
from hushbeam.transforms.correct_findings.restore_published import is_to_correct, published_policies


class FewerPoliciesError(RecordingError):
    """Rendered again, the recording would be redacted for fewer policies than it is now."""

    remedy = "Name all its policies in `--policies`, or give `--allow_fewer_policies`."


class LeftOut(NamedTuple):
    """Recordings with policies that are left out, and these policies."""

    recordings: int
    policies: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(self.policies)


def policies_left_out(output: str, policies: Sequence[str], *, corrected: bool, expired: bool) -> LeftOut:
    """What would be left out if all published recordings were redacted for these policies.

    Args:
      corrected: Only those that do not follow the reviewers' decisions are rendered.
      expired: Those whose redacted audio was deleted are rendered too.
    """
    recordings, missing = 0, set[str]()
    reviews = Reviews(output)
    for status in _statuses(output):
        if status.status == EXPIRED and not expired:
            continue
        left_out = without(published_policies(status), policies)
        if left_out and (not corrected or is_to_correct(status.recording_id, status, reviews)):
            recordings += 1
            missing.update(left_out)
    return LeftOut(recordings, tuple(sorted(missing)))


def check_policies(published: Iterable[str], policies: Sequence[str]) -> None:
    """Checks that a recording stays redacted for what it is redacted for.

    Raises:
      FewerPoliciesError: A policy is left out.
    """
    if left_out := without(published, policies):
        raise FewerPoliciesError(f"it would no longer be redacted for {', '.join(left_out)}")


def without(published: Iterable[str], policies: Sequence[str]) -> tuple[str, ...]:
    """The published policies that the others do not contain, sorted."""
    return tuple(sorted(set(published) - set(policies)))


def _statuses(output: str) -> Iterator[Status]:
    for name, content in read_status_files(output):
        try:
            yield status_in(name, content or b"")
        except UnreadableStatusError:
            continue  # such a recording is not rendered
