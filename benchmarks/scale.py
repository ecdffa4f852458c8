"""Cost of a large manifest without the audio stages: reading, comparing with the ledger, tables, closing.

    python -m benchmarks.scale --rows 10000 100000 1000000 [--only parts|whole]

Half of the recordings are finished by an earlier run. From transcription to commit everything is a stub, here and
nowhere else: a row of `--words` words and three findings for each recording. One recording on the local disk stands for
all, so a look-up costs what a local one costs; docs/scaling.md says what a store's adds. Each number of rows has its
own process, and each part is also measured by itself.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import apache_beam as beam
import numpy as np
import soundfile
from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console
from rich.table import Table

from benchmarks.measure import Clock, Cost, in_new_process
from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.parsing import is_local
from hushbeam.pipelines.publishing import finish
from hushbeam.pipelines.running.job import Job, prepare
from hushbeam.pipelines.running.parts import parts_of_run
from hushbeam.schemas.failure import Failure
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.schemas.stages import CommittedRecording, PendingRecording, Verification
from hushbeam.transforms.archive.ledger import Status, committed_entries, save_snapshot
from hushbeam.transforms.archive.ledger_index import LedgerIndex, pack, source_facts
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.archive.runs.summary import summary_url
from hushbeam.transforms.archive.tables.parquet import write_shard
from hushbeam.transforms.read_manifest import ManifestDefaults, ReadManifest
from hushbeam.transforms.read_manifest.files import read_lines
from hushbeam.transforms.read_manifest.line import read_line
from hushbeam.transforms.skip_finished import SkipFinished
from hushbeam.transforms.skip_finished.output_identity import output_identity
from hushbeam.transforms.storage import files

_FINDINGS = 3
_EARLIER = "20260101T000000Z-earlier"


@dataclass(frozen=True)
class Archive:
    """A manifest and the output of an earlier run, on the local disk."""

    folder: str
    rows: int
    words: int

    @property
    def manifest(self) -> str:
        return f"{self.folder}/manifest.jsonl"

    @property
    def output(self) -> str:
        return f"{self.folder}/out"


def make(_: Clock, archive: Archive) -> None:
    """Writes the manifest, a recording, and the status objects and index of its first half."""
    folder = Path(archive.folder)
    soundfile.write(folder / "call.wav", np.zeros(8000, np.int16), 8000)
    with Path(archive.manifest).open("w", encoding="utf-8") as manifest:
        for number in range(archive.rows):
            line = {"audio_url": "call.wav", "recording_id": f"call-{number:09}", "metadata": {"queue": "support"}}
            manifest.write(json.dumps(line) + "\n")
    job = _job(archive)
    source = files.stat(f"{archive.folder}/call.wav")
    certificate = {
        "source": {"size_bytes": source.size_bytes, "version": source.version},
        "configuration_id": job.identities["configuration"],
        "muted": [[0, second * 1.25, second * 1.25 + 0.8] for second in range(40)],
    }
    (Path(archive.output) / "status").mkdir(parents=True)
    for number, values in read_lines(archive.manifest):
        if number > archive.rows // 2:
            break
        assert isinstance(values, dict)
        recording = read_line(values, ManifestDefaults(), archive.manifest, number)
        identity = output_identity(recording, source, job.identities["configuration"])
        status = Status("completed", recording.recording_id, None, identity, _EARLIER, certificate)
        # Without the durability of the real thing, which takes the disk hours.
        (Path(archive.output) / "status" / json_name(recording.recording_id)).write_bytes(status.to_json())
    save_snapshot(archive.output)


def whole(
    clock: Clock, archive: Archive, shards: int, runner: Sequence[str] = ("--runner=FnApiRunner",)
) -> dict[str, int]:
    """The job with a stub instead of everything between SkipFinished and the tables."""
    job = _job(archive, shards)
    clock.ready()
    options = PipelineOptions(list(runner))
    for part in parts_of_run(job, in_parts=is_local(options)):
        _run(part, archive, options)
    summary = json.loads(files.read_bytes(summary_url(job.output, job.run_id)))
    counted: dict[str, int] = summary["recordings"]
    assert (counted["completed"], counted["skipped"]) == (archive.rows - archive.rows // 2, archive.rows // 2)
    return counted


def _run(job: Job, archive: Archive, options: PipelineOptions) -> None:
    pipeline = beam.Pipeline(options=options)
    recordings, rejected = pipeline | ReadManifest(job.manifests, job.options.defaults, packs=job.packs, part=job.part)
    unfinished = recordings | SkipFinished(
        job.output,
        job.run_id,
        job.identities["configuration"],
        tombstones=job.output,
        force=False,
        sources=job.sources,
        part=job.part,
    )
    published = unfinished.recordings | "Stub" >> beam.Map(_published, archive.words).with_output_types(
        CommittedRecording
    )
    failures: Sequence[beam.PCollection[Failure]] = [rejected, unfinished.failures]
    finish(
        job,
        published,
        failures=failures,
        skipped=unfinished.skipped,
        recordings=recordings,
        erased=[unfinished.erased],
    )
    pipeline.run().wait_until_finish()


def reading(clock: Clock, archive: Archive) -> int:
    """The manifest alone, line by line."""
    clock.ready()
    return sum(1 for number, values in read_lines(archive.manifest) if _recording(archive, number, values))


def comparing(clock: Clock, archive: Archive) -> int:
    """The ledger: one listing, and every recording looked up in it."""
    clock.ready()
    index = LedgerIndex.unpacked(pack(entries) for entries in committed_entries(archive.output, None))
    return sum(bool(index.find([f"call-{number:09}.json"])[0] >= 0) for number in range(archive.rows))


def indexing(clock: Clock, archive: Archive) -> int:
    """The index, written anew."""
    clock.ready()
    save_snapshot(archive.output)
    return archive.rows // 2


def writing(clock: Clock, archive: Archive) -> int:
    """One shard of `transcripts/` with every row in it."""
    clock.ready()

    def rows() -> Iterator[tuple[str, str]]:
        for number in range(archive.rows, 0, -1):
            recording_id = f"call-{number:09}"
            yield recording_id, _transcript_row(recording_id, archive.words)

    return write_shard(f"{archive.folder}/shard.parquet", TRANSCRIPTS_SCHEMA, rows())[0]


_PARTS: dict[str, Callable[[Clock, Archive], int]] = {
    "read the manifest": reading,
    "list the ledger and look up": comparing,
    "write the ledger's index": indexing,
    "write one shard of transcripts": writing,
}


def measure(rows: int, words: int, rows_in_a_shard: int, only: str | None = None) -> Iterator[tuple[str, Cost]]:
    """Names and costs of what was measured, in the order in which it was done. `only`: `parts` or `whole`."""
    with tempfile.TemporaryDirectory(prefix="hushbeam-scale-") as folder:
        archive = Archive(folder, rows, words)
        in_new_process(make, archive)
        if only != "whole":
            for name, part in _PARTS.items():
                yield name, in_new_process(part, archive)[1]
        if only != "parts":
            yield "the whole job, stubbed", in_new_process(whole, archive, max(1, rows // rows_in_a_shard))[1]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--words", type=int, default=20, help="words of a transcript")
    parser.add_argument("--rows_in_a_shard", type=int, default=20_000)
    parser.add_argument("--only", choices=["parts", "whole"], help="leave out the whole job, or all but that")
    given = parser.parse_args(arguments)
    console = Console(width=120)
    table = Table("rows", "what", "minutes", "processor minutes", "µs a row", "peak MiB", box=None, pad_edge=False)
    for rows in given.rows:
        for name, cost in measure(rows, given.words, given.rows_in_a_shard, given.only):
            table.add_row(
                f"{rows:,}",
                name,
                f"{cost.work_s / 60:.2f}",
                f"{cost.work_cpu_s / 60:.2f}",
                f"{cost.work_cpu_s / rows * 1e6:.0f}",
                f"{cost.peak_mib:,.0f}",
            )
            console.print(f"{rows:,} {name}: {json.dumps(asdict(cost))}", highlight=False)
    console.print(table)
    return 0


def _job(archive: Archive, shards: int = 1) -> Job:
    options = RedactOptions.model_validate(
        {
            "manifest": (archive.manifest,),
            "output": archive.output,
            "output_shards": shards,
            "recognition": {"model": "tiny.en"},
            "verification": {"verify": "off"},
        }
    )
    return prepare(options, local=True)


def _recording(archive: Archive, number: int, values: object) -> bool:
    assert isinstance(values, dict)
    return read_line(values, ManifestDefaults(), archive.manifest, number).line == number


def _published(pending: PendingRecording, words: int) -> CommittedRecording:
    recording_id = pending.recording_id
    return CommittedRecording(
        recording_id=recording_id,
        manifest=pending.manifest,
        line=pending.line,
        output_identity=pending.output_identity,
        status="completed",
        redacted_audio_url=None,
        transcript_row=_transcript_row(recording_id, words),
        finding_rows=tuple(_finding_row(recording_id, number) for number in range(_FINDINGS)),
        audio_s=60.0,
        source=source_facts(pending.source),
    )


def _transcript_row(recording_id: str, words: int) -> str:
    said = [
        {"text": "####", "start_s": number * 0.4, "end_s": number * 0.4 + 0.3, "confidence": None, "redacted": True}
        for number in range(words)
    ]
    text = " ".join("####" for _ in said)
    turn = {"channel": 0, "speaker": "A", "start_s": 0.0, "end_s": 60.0, "text": text, "words": said}
    row = {
        "recording_id": recording_id,
        "status": "completed",
        "audio_url": f"gs://calls/{recording_id}.wav",
        "redacted_audio_url": None,
        "language_code": "en",
        "duration_s": 60.0,
        "channels": 1,
        "text": text,
        "utterances": [turn],
        "policies": ["person_name", "phone_number"],
        "metadata": [["queue", "support"]],
        "run_id": "benchmark",
        "processed_at": "2026-11-29T02:00:00+00:00",
        "models": [["recogniser", "whisper-base"]],
        "configuration": "",
        "configuration_id": "benchmark",
        "muted_s": 1.0,
        "muted_s_by_policy": [["phone_number", 1.0]],
        "verification": asdict(Verification()),
    }
    return json.dumps(row)


def _finding_row(recording_id: str, number: int) -> str:
    row = {
        "recording_id": recording_id,
        "policy": "phone_number",
        "label": "PHONE_NUMBER",
        "channel": 0,
        "start_s": number * 1.5,
        "end_s": number * 1.5 + 1.0,
        "text_start": 0,
        "text_end": 4,
        "score": 0.9,
        "detector": "benchmark",
        "run_id": "benchmark",
        "processed_at": "2026-11-29T02:00:00+00:00",
    }
    return json.dumps(row)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
