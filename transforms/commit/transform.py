"""Commit: publishes a recording's outputs and then its status object.

The order matters: audio, then a safety copy of the rows, then the status object. A recording without a status object
has no output, even if some files exist; a recording with a status object has a complete output.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import apache_beam as beam

from hushbeam.schemas.errors import RecordingError
from hushbeam.schemas.stages import CommittedRecording, MutedRecording
from hushbeam.transforms.archive.certificate import certificate_of, read_private_key, signed
from hushbeam.transforms.archive.ledger import Status, published_audio, read_status, write_status
from hushbeam.transforms.archive.ledger_index import source_facts
from hushbeam.transforms.archive.published_files import audio_url, caption_urls, files_of
from hushbeam.transforms.archive.recovery import copies_of_killed_runs, keep_rows, recover, rows_url
from hushbeam.transforms.archive.rows import finding_rows, status_of, transcript_row
from hushbeam.transforms.archive.run_lock import Hold
from hushbeam.transforms.archive.runs.parts import RunPart, listed_once
from hushbeam.transforms.archive.tables.digests import certified_outputs, output_digests
from hushbeam.transforms.base.each_recording import Outcome, RecordingStage, each_recording
from hushbeam.transforms.base.progress import COMMITTED_AUDIO, Ended
from hushbeam.transforms.base.temporary_files import removed_on_error
from hushbeam.transforms.base.unexpected import place_of
from hushbeam.transforms.redact_text.captions import to_srt, to_vtt
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.storage.urls import file_name

_log = logging.getLogger(__name__)


class NewerOutputError(RecordingError):
    """The recording has an output of a run that started later: of one at the same time, or the clock was set back.

    Of the rows of a recording the latest is current, so that rows of this run would count for nothing.
    """

    remedy = "Check the clocks of the machines that start runs, then run `hushbeam redact` again."


class Commit(beam.PTransform):
    """Publishes each recording independently of the others.

    Committing twice, in a retried bundle, writes the same bytes to the same names. If another run has taken over the
    output, the run ends.

    Args:
      processed_at: Start of the run, ISO 8601.
      hold: This run's hold of the output; None checks nothing, as in tests of this stage.
    """

    def __init__(
        self,
        output: str,
        run_id: str,
        identities: Mapping[str, str],
        *,
        processed_at: str,
        certificate_key: str | None,
        captions: bool | None,
        hold: Hold | None,
    ) -> None:
        super().__init__("Commit")
        self._output = output
        self._run_id = run_id
        self._processed_at = processed_at
        self._identities = dict(identities)
        self._certificate_key = certificate_key
        self._captions = captions
        self._hold = hold

    def expand(self, recordings: beam.PCollection[MutedRecording]) -> Outcome[CommittedRecording]:
        key, captions = self._certificate_key, self._captions
        stage = _CommitStage(
            self._output,
            self._run_id,
            self._identities,
            key,
            captions,
            processed_at=self._processed_at,
            hold=self._hold,
        )
        return recordings | each_recording(stage, CommittedRecording)


class RecoverCommitted(beam.PTransform):
    """Finds recordings that killed runs committed, but did not write into their tables.

    Takes the recordings that this run commits, in order to leave them out.

    Args:
      part: Finds only those that this part of the run recovers.
    """

    def __init__(self, output: str, run_id: str, part: RunPart | None = None) -> None:
        super().__init__("RecoverCommitted")
        self._output = output
        self._run_id = run_id
        self._part = part

    def expand(self, published: beam.PCollection[CommittedRecording]) -> beam.PCollection[CommittedRecording]:
        output, run_id, part = self._output, self._run_id, self._part
        roots = published.pipeline | "Output root" >> beam.Create([output])
        if part is None:
            copies = roots | "Find" >> beam.FlatMap(lambda root: copies_of_killed_runs(root, run_id)).with_output_types(
                list[str]
            )
        else:
            # After the part's recordings, whose ids decide which copies it recovers.
            nothing = published | "After them" >> beam.Filter(lambda _: False)
            copies = roots | "Find" >> beam.FlatMap(
                lambda root, after: _copies_of_part(root, run_id, part), beam.pvalue.AsIter(nothing)
            ).with_output_types(list[str])
        recovered = (
            copies
            | "Spread" >> beam.Reshuffle()
            | "Read" >> beam.FlatMap(lambda copies: recover(output, copies)).with_output_types(CommittedRecording)
        )
        # Pairs, since Beam can look ids up in a dictionary, but would search a whole list.
        ids = recovered | "Their ids" >> beam.Map(_id_twice).with_output_types(tuple[str, str])
        again = (
            published
            | "Ids" >> beam.Map(_id_twice).with_output_types(tuple[str, str])
            | "Done again" >> beam.Filter(lambda ids, recovered: ids[0] in recovered, beam.pvalue.AsDict(ids))
        )
        return recovered | "Not done again" >> beam.Filter(
            lambda recording, again: recording.recording_id not in again, beam.pvalue.AsDict(again)
        ).with_output_types(CommittedRecording)


def _copies_of_part(output: str, run_id: str, part: RunPart) -> Iterator[list[str]]:
    ids = part.ids
    for batch in listed_once(part, "safety copies", copies_of_killed_runs(output, run_id)):
        if own := [url for url in batch if ids.recovered_by(file_name(url), is_last=part.is_last)]:
            yield own
    ids.close()


def _id_twice(recording: CommittedRecording) -> tuple[str, str]:
    return recording.recording_id, recording.recording_id


class _CommitStage(RecordingStage[MutedRecording, CommittedRecording]):
    name = "Commit"
    ends_recordings = True

    def __init__(
        self,
        output: str,
        run_id: str,
        identities: Mapping[str, str],
        certificate_key: str | None,
        captions: bool | None,
        *,
        processed_at: str,
        hold: Hold | None,
    ) -> None:
        self._output = output
        self._run_id = run_id
        self._processed_at = processed_at
        self._identities = identities
        self._certificate_key = certificate_key
        self._captions = captions
        self._hold = hold

    def setup(self) -> None:
        self._key = read_private_key(self._certificate_key)

    def process(self, recording: MutedRecording) -> CommittedRecording:
        with removed_on_error(recording.audio):
            if not recording.recording.redact:
                raise RuntimeError("a recording that is not redacted reached the public outputs")
            if self._hold is not None:
                self._hold.check()
            before = read_status(self._output, recording.recording_id) if recording.pending.replaces else None
            if before is not None and before.is_newer_than(self._processed_at, self._run_id):
                raise NewerOutputError("a run that started later has published it")
            committed, captions, certificate = self._prepared(recording, before)
            try:
                self._publish(recording, committed, captions, certificate)
            except Exception:
                self._withdraw(committed)
                raise
        if recording.audio is not None:
            Path(recording.audio.path).unlink(missing_ok=True)
        try:
            self._delete_replaced(committed, before, has_captions=captions is not None)
        except Exception as error:  # noqa: BLE001 - the recording is public, and an audit names files that stay
            _log.warning("files of an earlier output could not be deleted (%s)", place_of(error))
        return committed

    def measure(self, output: CommittedRecording) -> dict[str, int]:
        return {COMMITTED_AUDIO: round(output.audio_s * 1000)}

    def end_of(self, output: CommittedRecording) -> Ended:
        row = json.loads(output.transcript_row)
        return Ended(
            output.recording_id,
            "completed",
            row["verification"]["outcome"],
            output.audio_s,
            len(output.finding_rows),
            row["muted_s"],
        )

    def _prepared(
        self, recording: MutedRecording, before: Status | None
    ) -> tuple[CommittedRecording, dict[str, bytes] | None, dict[str, Any]]:
        """All that is published beside the audio: rows, optional captions, and the certificate."""
        request, pending = recording.recording, recording.pending
        redacted_audio_url = self._audio_url(recording)
        certificate = certificate_of(recording, pending.identities or self._identities)
        of_run = {"run_id": self._run_id, "processed_at": self._processed_at}
        row = transcript_row(recording, redacted_audio_url, **of_run, certificate=certificate)
        findings, captions = finding_rows(recording, **of_run), self._captions_of(recording, before)
        certificate["outputs"] = output_digests(row, findings, captions)
        committed = CommittedRecording(
            recording_id=request.recording_id,
            manifest=request.manifest,
            line=request.line,
            output_identity=pending.output_identity,
            status=status_of(recording),
            redacted_audio_url=redacted_audio_url,
            transcript_row=row,
            finding_rows=findings,
            audio_s=recording.redacted_transcript.duration_s,
            replaces=pending.replaces,
            webhook_url=request.webhook_url,
            webhook_auth_header_name=request.webhook_auth_header_name,
            webhook_auth_header_value=request.webhook_auth_header_value,
            webhook_asked=request.webhook_url is not None,
            source=source_facts(pending.source),
            configuration=certificate["configuration_id"],
        )
        return committed, captions, certificate

    def _audio_url(self, recording: MutedRecording) -> str | None:
        if recording.audio is None:
            return None
        identity = recording.pending.output_identity
        return audio_url(self._output, recording.recording_id, identity, recording.audio.suffix)

    def _captions_of(self, recording: MutedRecording, before: Status | None) -> dict[str, bytes] | None:
        # Those of an earlier output are renewed: they are deleted with it, and would be missed by who uses them.
        wanted = self._captions
        if wanted is None:
            wanted = before is not None and bool(certified_outputs(before).get("captions"))
        redacted = recording.redacted_transcript
        return {"srt": to_srt(redacted).encode(), "vtt": to_vtt(redacted).encode()} if wanted else None

    def _publish(
        self,
        recording: MutedRecording,
        committed: CommittedRecording,
        captions: Mapping[str, bytes] | None,
        certificate: Mapping[str, Any],
    ) -> None:
        if recording.audio is not None and committed.redacted_audio_url is not None:
            files.upload_file(recording.audio.path, committed.redacted_audio_url)
        if captions is not None:
            srt, vtt = caption_urls(self._output, committed.recording_id, committed.output_identity)
            files.write_bytes(srt, captions["srt"])
            files.write_bytes(vtt, captions["vtt"])
        keep_rows(self._output, self._run_id, committed)
        status = Status(
            status=committed.status,
            recording_id=committed.recording_id,
            redacted_audio_url=committed.redacted_audio_url,
            output_identity=committed.output_identity,
            run_id=self._run_id,
            certificate=certificate,
            processed_at=self._processed_at,
        )
        write_status(self._output, status if self._key is None else signed(status, self._key))

    def _delete_replaced(self, committed: CommittedRecording, before: Status | None, *, has_captions: bool) -> None:
        """Deletes the recording's earlier files by their names in this root, never by a URL that was read from it."""
        if before is not None and before.output_identity == committed.output_identity:
            return
        replaced: set[str | None] = set()
        if before is not None:
            # Captions also if this run writes none: the old ones may show words that are redacted now.
            captions = caption_urls(self._output, before.recording_id, before.output_identity)
            replaced = {published_audio(self._output, before), *captions}
        elif committed.replaces:  # without a status object, the names of its files are unknown
            with suppress(StorageError):
                replaced = set(files_of(self._output, committed.recording_id))
        own = caption_urls(self._output, committed.recording_id, committed.output_identity) if has_captions else ()
        for url in replaced - {committed.redacted_audio_url, *own}:
            _delete_if_possible(url)

    def _withdraw(self, committed: CommittedRecording) -> None:
        """Deletes the files of an output whose status object could not be written.

        If the status object exists, an earlier attempt of this bundle wrote it, and the files stay.
        """
        with suppress(StorageError):
            status = read_status(self._output, committed.recording_id)
            if status is not None and status.output_identity == committed.output_identity:
                return
        _delete_if_possible(committed.redacted_audio_url)
        if self._captions is not False:
            _delete_captions(self._output, committed.recording_id, committed.output_identity)
        _delete_if_possible(rows_url(self._output, self._run_id, committed.recording_id))


def _delete_captions(output: str, recording_id: str, output_identity: str) -> None:
    for url in caption_urls(output, recording_id, output_identity):
        _delete_if_possible(url)


def _delete_if_possible(url: str | None) -> None:
    """Deletes a file if the store allows it. An error here must not hide why the recording failed."""
    if url is not None:
        with suppress(StorageError):
            files.delete(url)
