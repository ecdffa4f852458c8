"""What a reviewer decided of a recording: `reviews/ID.json` under the output root. Times and policies, no values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.policies import CATALOGUE
from transforms.review_output.catalogue import Entry
from transforms.storage import files
from transforms.storage.errors import MissingFileError
from transforms.storage.urls import join, safe_name

_FOLDER = "reviews"
Decision = Literal["confirmed", "corrected"]


class NoteError(ValueError):
    """What the page sent is no note on this recording."""


class NotedSpan(BaseModel):
    """A stretch of one channel that should be muted, or should not have been."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: int = Field(ge=0)
    start_s: float = Field(ge=0, allow_inf_nan=False)
    end_s: float = Field(gt=0, allow_inf_nan=False)
    policy: str = ""


class Note(BaseModel):
    """One review.

    Attributes:
      decision: `confirmed` where nothing was wrong.
      missed: What can be heard and should not be, each with its policy.
      needless: What is muted and need not be.
      recording_id, output_identity: What was listened to: a later run may have put another output in its place.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    decision: Decision
    missed: tuple[NotedSpan, ...] = ()
    needless: tuple[NotedSpan, ...] = ()
    recording_id: str = ""
    output_identity: str = ""
    reviewed_at: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def from_request(cls, body: str, entry: Entry, output_identity: str) -> Self:
        """Checks what the page sent.

        Raises:
          NoteError: It does not fit the recording. The message holds nothing of the body.
        """
        try:
            note = cls.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            raise NoteError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        for span in (*note.missed, *note.needless):
            if span.channel >= entry.channels or not span.start_s < span.end_s <= entry.duration_s + 1.0:
                raise NoteError("a span lies outside the recording")
        if any(span.policy not in CATALOGUE for span in note.missed):
            raise NoteError("missed: each span needs a policy of the catalogue")
        if (note.decision == "confirmed") == bool(note.missed or note.needless):
            raise NoteError("decision: `corrected` where there are spans, `confirmed` where there are none")
        about = {"recording_id": entry.recording_id, "output_identity": output_identity}
        return note.model_copy(update=about | {"reviewed_at": datetime.now(UTC)})

    @classmethod
    def read(cls, output: str, recording_id: str) -> Self | None:
        """The note on a recording, if there is one."""
        try:
            return cls.model_validate_json(files.read_bytes(_url(output, recording_id)))
        except MissingFileError:
            return None


def write_note(output: str, note: Note) -> None:
    """Keeps a note, in the place of an earlier one on the same recording."""
    files.write_bytes(_url(output, note.recording_id), note.model_dump_json(indent=1).encode())


def read_notes(output: str) -> dict[str, Note]:
    """All notes, by recording."""
    folder = join(output, _FOLDER)
    contents = files.read_many([join(folder, name) for name in files.list_names(folder) if name.endswith(".json")])
    notes = [Note.model_validate_json(content) for content in contents.values()]
    return {note.recording_id: note for note in notes}


def _url(output: str, recording_id: str) -> str:
    return join(output, _FOLDER, f"{safe_name(recording_id)}.json")
