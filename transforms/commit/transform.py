"""Commit: makes a recording's outputs durable, and then, with its status object, public.

The order is the promise: audio, then a safety copy of the rows, then the status object. A recording without a status
object has no output, whatever lies beside it; one with a status object has all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import apache_beam as beam

from schemas.stages import CommittedRecording, MutedRecording
from transforms.commit.certificate import certificate_of, read_private_key, signed
from transforms.commit.ledger import Status, read_status, write_status
from transforms.commit.ledger_index import source_facts
from transforms.commit.recovery import copies_of_killed_runs, keep_rows, recover, rows_url
from transforms.commit.rows import finding_rows, status_of, transcript_row
from transforms.commit.run_lock import Hold
from transforms.each_recording import Outcome, RecordingStage, each_recording
from transforms.redact_text.captions import to_srt, to_vtt
from transforms.staged_audio import removed_on_error
from transforms.storage import files
from transforms.storage.errors import StorageError
from transforms.storage.urls import join, safe_name


class Commit(beam.PTransform):
    """Publishes each recording by itself: what was committed stays, whatever becomes of the others.

    Committing twice (a bundle that is retried) writes the same bytes to the same names. Where another run holds the
    output by now, the run ends instead.

    Args:
      hold: Of the output by this run; None where nobody waits for the run, and so nobody holds it.
    """

    def __init__(
        self,
        output: str,
        run_id: str,
        identities: Mapping[str, str],
        *,
        certificate_key: str | None = None,
        captions: bool = False,
        hold: Hold | None = None,
    ) -> None:
        super().__init__("Commit")
        self._output = output
        self._run_id = run_id
        self._identities = dict(identities)
        self._certificate_key = certificate_key
        self._captions = captions
        self._hold = hold

    def expand(self, recordings: beam.PCollection[MutedRecording]) -> Outcome[CommittedRecording]:
        key, captions = self._certificate_key, self._captions
        stage = _CommitStage(self._output, self._run_id, self._identities, key, captions, hold=self._hold)
        return recordings | each_recording(stage, CommittedRecording)


class RecoverCommitted(beam.PTransform):
    """What runs that were killed committed, but did not write into their tables.

    Takes what this run commits: a recording that it does again is not recovered as well.
    """

    def __init__(self, output: str, run_id: str) -> None:
        super().__init__("RecoverCommitted")
        self._output = output
        self._run_id = run_id

    def expand(self, published: beam.PCollection[CommittedRecording]) -> beam.PCollection[CommittedRecording]:
        output, run_id = self._output, self._run_id
        recovered = (
            published.pipeline
            | "Output root" >> beam.Create([output])
            | "Find" >> beam.FlatMap(lambda root: copies_of_killed_runs(root, run_id)).with_output_types(list[str])
            | "Spread" >> beam.Reshuffle()
            | "Read" >> beam.FlatMap(lambda copies: recover(output, copies)).with_output_types(CommittedRecording)
        )
        # In pairs: in a dictionary Beam looks ids up, in a list it would look through all of them.
        ids = recovered | "Their ids" >> beam.Map(_id_twice).with_output_types(tuple[str, str])
        again = (
            published
            | "Ids" >> beam.Map(_id_twice).with_output_types(tuple[str, str])
            | "Done again" >> beam.Filter(lambda ids, recovered: ids[0] in recovered, beam.pvalue.AsDict(ids))
        )
        return recovered | "Not done again" >> beam.Filter(
            lambda recording, again: recording.recording_id not in again, beam.pvalue.AsDict(again)
        ).with_output_types(CommittedRecording)


def _id_twice(recording: CommittedRecording) -> tuple[str, str]:
    return recording.recording_id, recording.recording_id


class _CommitStage(RecordingStage[MutedRecording, CommittedRecording]):
    name = "Commit"

    def __init__(
        self,
        output: str,
        run_id: str,
        identities: Mapping[str, str],
        certificate_key: str | None,
        captions: bool,
        *,
        hold: Hold | None,
    ) -> None:
        self._output = output
        self._run_id = run_id
        self._identities = identities
        self._certificate_key = certificate_key
        self._captions = captions
        self._hold = hold

    def setup(self) -> None:
        self._key = read_private_key(self._certificate_key) if self._certificate_key else None

    def process(self, recording: MutedRecording) -> CommittedRecording:
        asked = recording.recording
        if not asked.redact:
            raise RuntimeError("a recording that is not redacted came near the public outputs")
        if self._hold is not None:
            with removed_on_error(recording):
                self._hold.check()
        pending = recording.redacted.detected.heard.pending
        before = read_status(self._output, asked.recording_id) if pending.replaces else None
        audio_url = self._audio_url(recording)
        certificate = certificate_of(recording, pending.identities or self._identities)
        committed = CommittedRecording(
            recording_id=asked.recording_id,
            manifest=asked.manifest,
            line=asked.line,
            output_identity=pending.output_identity,
            status=status_of(recording),
            redacted_audio_url=audio_url,
            transcript_row=transcript_row(recording, audio_url, self._run_id, certificate),
            finding_rows=finding_rows(recording, self._run_id),
            audio_s=recording.redacted.redacted.duration_s,
            replaces=pending.replaces,
            webhook_url=asked.webhook_url,
            webhook_auth_header_name=asked.webhook_auth_header_name,
            webhook_auth_header_value=asked.webhook_auth_header_value,
            webhook_asked=asked.webhook_url is not None,
            source=source_facts(pending.source),
            configuration=certificate["configuration"],
        )
        try:
            self._publish(recording, committed, certificate)
        except StorageError:
            self._withdraw(committed)
            raise
        finally:
            if recording.audio is not None:
                Path(recording.audio.path).unlink(missing_ok=True)
        if before is not None and before.output_identity != committed.output_identity:
            _delete_if_possible(before.redacted_audio_url)
            # Also where this run writes none: they would say what is redacted now.
            _delete_captions(self._output, before.recording_id, before.output_identity)
        return committed

    def _audio_url(self, recording: MutedRecording) -> str | None:
        if recording.audio is None:
            return None
        identity = recording.redacted.detected.heard.pending.output_identity
        # The identity in the name: a new output never overwrites one that a status object still speaks of.
        name = f"{safe_name(recording.recording_id)}.{identity[:12]}{recording.audio.suffix}"
        return join(self._output, "audio", name)

    def _publish(
        self, recording: MutedRecording, committed: CommittedRecording, certificate: Mapping[str, Any]
    ) -> None:
        if recording.audio is not None and committed.redacted_audio_url is not None:
            files.upload_file(recording.audio.path, committed.redacted_audio_url)
        if self._captions:
            redacted = recording.redacted.redacted
            for url, text in zip(
                caption_urls(self._output, committed.recording_id, committed.output_identity),
                (to_srt(redacted), to_vtt(redacted)),
                strict=True,
            ):
                files.write_bytes(url, text.encode())
        keep_rows(self._output, self._run_id, committed)
        status = Status(
            status=committed.status,
            recording_id=committed.recording_id,
            redacted_audio_url=committed.redacted_audio_url,
            output_identity=committed.output_identity,
            run_id=self._run_id,
            certificate=certificate,
        )
        write_status(self._output, status if self._key is None else signed(status, self._key))

    def _withdraw(self, committed: CommittedRecording) -> None:
        """Takes back what was written before the status object could be.

        Nothing is taken back where the status object stands: an earlier attempt of this bundle wrote the same.
        """
        with suppress(StorageError):
            status = read_status(self._output, committed.recording_id)
            if status is not None and status.output_identity == committed.output_identity:
                return
        _delete_if_possible(committed.redacted_audio_url)
        if self._captions:
            _delete_captions(self._output, committed.recording_id, committed.output_identity)
        _delete_if_possible(rows_url(self._output, self._run_id, committed.recording_id))


def caption_urls(output: str, recording_id: str, output_identity: str) -> tuple[str, str]:
    """Where the SRT and the VTT file of an output are."""
    name = f"{safe_name(recording_id)}.{output_identity[:12]}"
    return join(output, "captions", f"{name}.srt"), join(output, "captions", f"{name}.vtt")


def _delete_captions(output: str, recording_id: str, output_identity: str) -> None:
    for url in caption_urls(output, recording_id, output_identity):
        _delete_if_possible(url)


def _delete_if_possible(url: str | None) -> None:
    """A store that is gone keeps a redacted file that nothing names; that must not hide why the recording failed."""
    if url is not None:
        with suppress(StorageError):
            files.delete(url)
