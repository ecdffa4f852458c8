"""List of recordings to review, worst first, read from the tables of an output root."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow.parquet as pq

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.tables.current import CurrentRuns
from hushbeam.transforms.archive.tables.read import DamagedTableError, damage_named, table_files
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.measure_quality import drawn
from hushbeam.transforms.mute_audio.untranscribed import POLICY as UNTRANSCRIBED
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError

UNCERTAIN = 0.6
"""Findings with a lower score are uncertain (docs/measurements.md)."""

_OF_RUN = ["run_id", "processed_at"]
_SUMMARY = [
    *_OF_RUN,
    "recording_id",
    "duration_s",
    "channels",
    "redacted_audio_url",
    "muted_s_by_policy",
    "verification",
]
_ROWS_AT_ONCE = 4096
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """One recording in the list.

    Attributes:
      findings: Number of findings.
      uncertain: Number of findings with a score below `UNCERTAIN`.
      untranscribed_s: Seconds of speech without recognised words.
      outcome: Outcome of the verification.
      leaks: Number of values that were recognised after the first muting.
      missed_control_words: Number of control words that the second recogniser did not recognise.
      audible: Whether redacted audio was published.
      run_id: Of the run that made its rows.
      place: URL and row number of its transcript.
    """

    recording_id: str
    duration_s: float
    channels: int
    findings: int
    uncertain: int
    untranscribed_s: float
    outcome: str
    leaks: int
    missed_control_words: int
    audible: bool
    run_id: str
    place: tuple[str, int]

    @property
    def concern(self) -> float:
        """Weighted sum of the recording's problems, which orders the list."""
        unverified = self.outcome not in ("passed", "nothing_to_verify")
        per_minute = 60.0 / max(self.duration_s, 60.0)
        return (
            3.0 * self.leaks
            + 1.0 * self.uncertain
            + 0.2 * self.missed_control_words
            + 0.5 * unverified
            + self.untranscribed_s * per_minute
        )

    def reasons(self) -> list[str]:
        """The problems that a person should check, in words."""
        problems = (
            (self.leaks, f"{counted(self.leaks, 'value')} still audible after the first muting"),
            (self.uncertain, f"{counted(self.uncertain, 'uncertain finding')}"),
            (self.untranscribed_s >= 1.0, f"{self.untranscribed_s:.0f} s of speech without words"),
            (
                self.missed_control_words,
                f"{counted(self.missed_control_words, 'control word')} not recognised by the verification",
            ),
            (self.outcome in ("off", "not_sampled"), "not verified"),
        )
        return [words for applies, words in problems if applies]

    def to_json(self) -> dict[str, Any]:
        """The entry as the page shows it."""
        shown = asdict(self) | {"reasons": self.reasons()}
        del shown["place"], shown["run_id"]
        return shown


@dataclass
class _Found:
    count: int = 0
    uncertain: int = 0
    places: list[tuple[str, int]] = field(default_factory=list)


class Catalogue:
    """All published recordings of an output root. It is read again after a run changed the tables.

    It needs some hundred bytes of memory for each recording, independent of the length of its transcript.

    Args:
      sample: Size of a random sample of the recordings with audio; None for all recordings.
      seed: Seed of the sample.
    """

    def __init__(self, output: str, sample: int | None = None, seed: int = 0) -> None:
        self._output = output
        self._sample = sample
        self._seed = seed

    def load(self) -> None:
        """Reads the tables.

        Raises:
          ConfigurationError: The output root has no published recording.
        """
        runs, latest = CurrentRuns(), {}
        for row, place in _rows(self._output, "transcripts", _SUMMARY):
            runs.add(row)
            if runs.has(row):
                latest[row["recording_id"]] = row, place
        found = self._findings(runs)
        entries = [self._entry(row, place, found) for row, place in latest.values()]
        if not entries:
            raise ConfigurationError("--output: it has no published recording")
        if self._sample is not None:
            audible = (entry.recording_id for entry in entries if entry.audible)
            shown = drawn(audible, self._sample, self._seed)
            entries = [entry for entry in entries if entry.recording_id in shown]
        self._entries = {
            entry.recording_id: entry
            for entry in sorted(entries, key=lambda entry: (-entry.concern, entry.recording_id))
        }
        self._found = found

    def entries(self) -> Sequence[Entry]:
        """Worst first."""
        return list(self._entries.values())

    def entry(self, recording_id: str) -> Entry | None:
        """By id."""
        return self._entries.get(recording_id)

    def rows(self, recording_id: str, run_id: str | None = None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The row of `transcripts/`, and the rows of `findings/` in time order.

        Args:
          run_id: Of the run whose rows are current, as the status object has it; None for those that were current
            when the tables were read.

        Raises:
          ConfigurationError: A run is changing the tables.
        """
        rows = self._read(recording_id, run_id)
        if rows is None:
            self.load()
            rows = self._read(recording_id, run_id)
        if rows is None:
            raise ConfigurationError("a run is changing the tables: try again when it has ended")
        return rows

    def _read(self, recording_id: str, run_id: str | None) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
        """The rows; None if a run has moved or replaced them."""
        if recording_id not in self._entries:
            return None
        row = _row(*self._entries[recording_id].place)
        findings = [_row(*place) for place in self._found[recording_id].places]
        if row is None or any(
            one is None or (one["recording_id"], one["run_id"]) != (recording_id, run_id or row["run_id"])
            for one in (row, *findings)
        ):
            return None
        found = [finding for finding in findings if finding is not None]
        return row, sorted(found, key=lambda finding: (finding["start_s"], finding["channel"]))

    def _findings(self, runs: CurrentRuns) -> dict[str, _Found]:
        found: defaultdict[str, _Found] = defaultdict(_Found)
        for row, place in _rows(self._output, "findings", ["recording_id", "run_id", "score"]):
            if not runs.has(row):
                continue
            of = found[row["recording_id"]]
            of.count += 1
            of.uncertain += row["score"] < UNCERTAIN
            of.places.append(place)
        return found

    def _entry(self, row: dict[str, Any], place: tuple[str, int], found: dict[str, _Found]) -> Entry:
        verification = row["verification"]
        own = found[row["recording_id"]]
        return Entry(
            row["recording_id"],
            row["duration_s"],
            row["channels"],
            own.count,
            own.uncertain,
            dict(row["muted_s_by_policy"]).get(UNTRANSCRIBED, 0.0),
            verification["outcome"],
            verification["leaks"],
            verification["control_words"] - verification["control_words_found"],
            row["redacted_audio_url"] is not None,
            row["run_id"],
            place,
        )


def _rows(output: str, table: str, columns: list[str]) -> Iterator[tuple[dict[str, Any], tuple[str, int]]]:
    for url in table_files(output, table):
        number = 0
        try:
            with files.open_read(url) as stream, damage_named(url):
                for batch in pq.ParquetFile(stream).iter_batches(_ROWS_AT_ONCE, columns=columns):
                    for row in batch.to_pylist():
                        yield row, (url, number)
                        number += 1
        except DamagedTableError as error:
            _log.warning("%s", error)


def _row(url: str, number: int) -> dict[str, Any] | None:
    """One row of a Parquet file, reading its row group only; None if the file has changed."""
    try:
        with files.open_read(url) as stream, damage_named(url):
            parquet = pq.ParquetFile(stream)
            for group in range(parquet.num_row_groups):
                rows = parquet.metadata.row_group(group).num_rows
                if number < rows:
                    found: dict[str, Any] = parquet.read_row_group(group).slice(number, 1).to_pylist()[0]
                    return found
                number -= rows
    except (MissingFileError, DamagedTableError):
        return None
    return None
