"""Changes of an output root that no job makes, and the problems that an audit must report for them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hushbeam.transforms.archive import tombstones
from hushbeam.transforms.archive.tables.digests import findings_digest, transcript_digest
from hushbeam.transforms.archive.tables.parquet import json_of


@dataclass(frozen=True)
class Tampering:
    """One thing that somebody does.

    Attributes:
      do: Does it, in an output root with the recordings `card` and `phone`, captions, and an error of `gone`.
      kind, subject: Of a problem that the audit must list. In the subject, `RUN` stands for the run's id, and `DATE`
        for the folder of its date.
    """

    name: str
    do: Callable[[Path], object]
    kind: str
    subject: str


def run_of(output: Path) -> str:
    """The id of the one run of an output root."""
    (summary,) = output.glob("runs/*/summary.json")
    return summary.parent.name


def date_of(output: Path) -> str:
    """The folder of the run's date in each table."""
    return next(output.glob("*/run_date=*")).name


def without_date(name: str) -> str:
    """A name with `DATE` for the folder of a date."""
    return re.sub(r"run_date=[0-9-]+", "DATE", name)


def change_json(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes a JSON file as a careful forger would: written as the job writes it."""
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values, ensure_ascii=False, indent=1))


def change_status(output: Path, recording_id: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes a status object."""
    change_json(output / "status" / f"{recording_id}.json", change)


def change_rows(
    output: Path, table: str, change: Callable[[dict[str, Any]], object], *, relist: bool = True
) -> list[dict[str, Any]]:
    """Changes every row of a table, keeps its schema, and lists the file anew in the list of its run."""
    (path,) = output.glob(f"{table}/*/*.parquet")
    found = pq.read_table(path)
    rows = found.to_pylist()
    for row in rows:
        change(row)
    pq.write_table(pa.Table.from_pylist(rows, schema=found.schema), path)
    if relist:
        list_anew(output, path)
    return rows


def list_anew(output: Path, path: Path) -> None:
    """Puts a file's new size and checksum into the list of the run, without the key."""
    name, listed = str(path.relative_to(output)), output / "runs" / run_of(output) / "files.json"
    entry = {"size_bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    change_json(listed, lambda values: values["files"].update({name: entry}))


def certify_anew(output: Path, recording_id: str) -> None:
    """Puts what a recording's rows and files have become into its certificate, without the key."""
    rows = {
        table: [
            row
            for path in output.glob(f"{table}/*/*.parquet")
            for row in pq.read_table(path).to_pylist()
            if row["recording_id"] == recording_id
        ]
        for table in ("transcripts", "findings")
    }
    (audio,) = output.glob(f"audio/{recording_id}.*")
    captions = {path.suffix[1:]: digest(path) for path in output.glob(f"captions/{recording_id}.*")}

    def certify(status: dict[str, Any]) -> None:
        certificate = status["certificate"]
        certificate["outputs"] = {
            "transcript": transcript_digest(json_of(rows["transcripts"][0])),
            "findings": findings_digest(map(json_of, rows["findings"])),
            "captions": captions,
        }
        certificate["audio"] |= {"sha256": digest(audio), "size_bytes": audio.stat().st_size}

    change_status(output, recording_id, certify)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _of_card(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], object]:
    return lambda row: change(row) if row["recording_id"] == "card" else None


def _say(row: dict[str, Any]) -> None:
    row["text"] += " Mary Smith"
    row["utterances"][0]["words"][0]["text"] = " Mary"


def _in_rows(table: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def do(output: Path) -> None:
        change_rows(output, table, _of_card(change))

    return do


def _in_list(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    return lambda output: change_json(output / "runs" / run_of(output) / "files.json", change)


def _of_run(name: str, do: Callable[[Path], object]) -> Callable[[Path], None]:
    def on_it(output: Path) -> None:
        do(output / name.replace("RUN", run_of(output)).replace("DATE", date_of(output)))

    return on_it


def _write(name: str, content: bytes = b"x") -> Callable[[Path], None]:
    def do(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return _of_run(name, do)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _append(content: bytes) -> Callable[[Path], None]:
    def do(path: Path) -> None:
        path.write_bytes(path.read_bytes() + content)

    return do


def _swap(output: Path, *, ids_too: bool) -> None:
    card, phone = (output / "status" / f"{name}.json" for name in ("card", "phone"))
    contents = card.read_bytes(), phone.read_bytes()
    phone.write_bytes(contents[0])
    card.write_bytes(contents[1])
    if ids_too:
        change_status(output, "card", lambda status: status.update(recording_id="card"))
        change_status(output, "phone", lambda status: status.update(recording_id="phone"))


def _link(name: str, target: str) -> Callable[[Path], None]:
    def do(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    return _of_run(name, do)


def _add_column(output: Path) -> None:
    (path,) = output.glob("transcripts/*/*.parquet")
    found = pq.read_table(path)
    pq.write_table(found.append_column("raw", pa.array(["Mary Smith"] * len(found))), path)
    list_anew(output, path)


def _note_in_footer(output: Path) -> None:
    (path,) = output.glob("findings/*/*.parquet")
    found = pq.read_table(path)
    pq.write_table(found.replace_schema_metadata({"note": "Mary Smith"}), path)
    list_anew(output, path)


def _another_table(output: Path) -> None:
    (path,) = output.glob("errors/*/*.parquet")
    shutil.copy(path, path.with_name(f"{run_of(output)}-0001.parquet"))


def _take_away_the_run(output: Path) -> None:
    run_id = run_of(output)
    shutil.rmtree(output / "runs" / run_id)
    for path in (*output.glob(f"errors/*/{run_id}-*"), *output.glob(f"notifications/*/{run_id}-*")):
        path.unlink()


def _double_key(output: Path) -> None:
    path = output / "status" / "card.json"
    path.write_text(
        path.read_text().replace("{\n", '{\n "redacted_audio_url": "https://elsewhere.example/x.wav",\n', 1)
    )


def _url_elsewhere(output: Path) -> None:
    def change(status: dict[str, Any]) -> None:
        status["redacted_audio_url"] = "https://elsewhere.example/" + status["redacted_audio_url"].rsplit("/", 1)[-1]

    change_status(output, "card", change)


def _as_in_index(output: Path) -> None:
    """The object says something else than the index of its version."""
    path = output / "status" / "card.json"
    before = path.stat()
    change_status(output, "card", lambda status: status["certificate"]["source"].update(size_bytes=1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _record_of_a_list(output: Path) -> None:
    """The record says of the last run that it named earlier ones, which then nobody would miss."""
    (path,) = output.glob("runs/*/files.json")
    details = path.stat()
    claim = {
        "size_bytes": details.st_size,
        "version": f"mtime_ns:{details.st_mtime_ns}",
        "has_summary": True,
        "before": ["night"],
    }
    record = {"version": 1, "runs": {path.parent.name: claim}, "signature": {}}
    (output / "runs" / "file-lists.json").write_text(json.dumps(record))


_TRANSCRIPTS, _FINDINGS, _ERRORS = (f"{table}/DATE/RUN-0000.parquet" for table in ("transcripts", "findings", "errors"))
_LIST, _SUMMARY, _CANARIES = "runs/RUN/files.json", "runs/RUN/summary.json", "runs/RUN/canaries.json"

REPORTED: Sequence[Tampering] = (
    Tampering("text of a row", _in_rows("transcripts", _say), "row_differs", "card"),
    Tampering(
        "duration and policies of a row",
        _in_rows("transcripts", lambda row: row.update(duration_s=99999.0, policies=[], audio_url="elsewhere")),
        "row_differs",
        "card",
    ),
    Tampering(
        "finding moved",
        _in_rows("findings", lambda row: row.update(start_s=0.0, end_s=0.1, score=0.1, channel=1)),
        "findings_differ",
        "card",
    ),
    Tampering("status bodies swapped", lambda output: _swap(output, ids_too=False), "unreadable", "status/card.json"),
    Tampering(
        "captions edited",
        lambda output: (
            [
                _append(b"\n9\n00:00:01,000 --> 00:00:02,000\n078-05-1120\n")(p)
                for p in output.glob("captions/card.*.srt")
            ]
        ),
        "captions_changed",
        "card",
    ),
    Tampering("errors deleted", lambda output: shutil.rmtree(output / "errors"), "file_missing", _ERRORS),
    Tampering("unknown file in runs", _write("runs/notes.txt"), "unknown_file", "runs/notes.txt"),
    Tampering("unknown file in a run", _write("runs/RUN/notes.txt"), "unknown_file", "runs/RUN/notes.txt"),
    Tampering("unknown file in erased", _write("erased/notes.txt"), "unknown_file", "erased/notes.txt"),
    Tampering("hidden file", _write("audio/.hushbeam-x"), "unknown_file", "audio/.hushbeam-x"),
)
"""What the red team did."""

MORE: Sequence[Tampering] = (
    Tampering(
        "metadata of a row", _in_rows("transcripts", lambda r: r.update(metadata=[("a", "b")])), "row_differs", "card"
    ),
    Tampering(
        "confidence of a word",
        _in_rows("transcripts", lambda r: r["utterances"][0]["words"][0].update(confidence=0.123)),
        "row_differs",
        "card",
    ),
    Tampering(
        "verification of a row",
        _in_rows("transcripts", lambda r: r["verification"].update(outcome="passed")),
        "row_differs",
        "card",
    ),
    Tampering("label of a finding", _in_rows("findings", lambda r: r.update(label="X")), "findings_differ", "card"),
    Tampering("offset of a finding", _in_rows("findings", lambda r: r.update(text_start=0)), "findings_differ", "card"),
    Tampering("a column more", _add_column, "table_differs", _TRANSCRIPTS),
    Tampering("a note in a footer", _note_in_footer, "table_differs", _FINDINGS),
    Tampering("bytes after a table", _of_run(_ERRORS, _append(b"PAR1")), "file_changed", _ERRORS),
    Tampering("another file of a table", _another_table, "unknown_file", "errors/DATE/RUN-0001.parquet"),
    Tampering(
        "message of an error",
        lambda output: change_rows(output, "errors", lambda r: r.update(message="all is well"), relist=False),
        "file_changed",
        _ERRORS,
    ),
    Tampering(
        "host of a notification",
        lambda output: change_rows(output, "notifications", lambda r: r.update(outcome="delivered"), relist=False),
        "file_changed",
        "notifications/DATE/RUN-0000.parquet",
    ),
    Tampering(
        "notifications deleted",
        lambda o: shutil.rmtree(o / "notifications"),
        "file_missing",
        "notifications/DATE/RUN-0000.parquet",
    ),
    Tampering("facts edited", _of_run("runs/RUN/report.json", _append(b" ")), "file_changed", "runs/RUN/report.json"),
    Tampering(
        "report edited", _of_run("runs/RUN/report.html", _append(b"<!-- -->")), "file_changed", "runs/RUN/report.html"
    ),
    Tampering(
        "timings edited", _of_run("runs/RUN/timings.json", _append(b" ")), "file_changed", "runs/RUN/timings.json"
    ),
    Tampering("summary edited", _of_run(_SUMMARY, _append(b" ")), "file_changed", _SUMMARY),
    Tampering("list deleted", _of_run(_LIST, Path.unlink), "file_missing", _LIST),
    Tampering("list of another run", _in_list(lambda values: values.update(run_id="other")), "unreadable", _LIST),
    Tampering(
        "list names what is elsewhere",
        _in_list(
            lambda values: values["files"].update(
                {"../../x": values["files"]["runs/" + values["run_id"] + "/summary.json"]}
            )
        ),
        "unreadable",
        _LIST,
    ),
    Tampering("run taken away", _take_away_the_run, "unfinished_run", "RUN"),
    Tampering("captions deleted", lambda o: shutil.rmtree(o / "captions"), "captions_missing", "card"),
    Tampering("statuses swapped, ids kept", lambda o: _swap(o, ids_too=True), "unreadable", "status/card.json"),
    Tampering(
        "status copied to another name",
        lambda o: shutil.copy(o / "status/card.json", o / "status/other.json"),
        "unreadable",
        "status/other.json",
    ),
    Tampering(
        "status in a folder",
        lambda o: shutil.copytree(o / "status", o / "status" / "more"),
        "unknown_file",
        "status/more/card.json",
    ),
    Tampering("a key twice in a status object", _double_key, "status_differs", "card"),
    Tampering("status names another host", _url_elsewhere, "elsewhere", "card"),
    Tampering("status behind the index", _as_in_index, "index_differs", "runs/ledger.parquet"),
    Tampering("record of other file lists", _record_of_a_list, "index_differs", "runs/file-lists.json"),
    Tampering("empty folder", lambda o: (o / "audio" / "more").mkdir(), "unknown_file", "audio/more"),
    Tampering("link to a file", _link("audio/link.wav", "/etc/hostname"), "unknown_file", "audio/link.wav"),
    Tampering("link to a folder", _link("runs/link", ".."), "unknown_file", "runs/link"),
    Tampering("link to itself", _link("status/loop.json", "loop.json"), "unknown_file", "status/loop.json"),
    Tampering("named pipe", lambda o: os.mkfifo(o / "audio" / "pipe"), "unknown_file", "audio/pipe"),
    Tampering(
        "a tombstone with words in it",
        _write(f"erased/recording-{'0' * 64}", b"Mary"),
        "unknown_file",
        f"erased/recording-{'0' * 64}",
    ),
    Tampering("review of nobody", _write("reviews/nobody@anna.json", b"{}"), "orphan", "reviews/nobody@anna.json"),
)
"""Others of the same kinds."""


def _foreign_table(output: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), output / "errors" / date_of(output) / "mine-0000.parquet")


def _tombstone(recording_id: str) -> Callable[[Path], None]:
    return lambda output: tombstones.lay(str(output), recording_id, ())


def _pipe(name: str) -> Callable[[Path], None]:
    def do(path: Path) -> None:
        path.unlink()
        os.mkfifo(path)

    return _of_run(name, do)


DAMAGED: Sequence[Tampering] = (
    *(
        Tampering(
            f"truncated {table}",
            _of_run(f"{table}/DATE/RUN-0000.parquet", _cut),
            "unreadable",
            f"{table}/DATE/RUN-0000.parquet",
        )
        for table in ("transcripts", "findings", "errors", "notifications")
    ),
    Tampering("empty table", _write(_TRANSCRIPTS, b""), "unreadable", _TRANSCRIPTS),
    Tampering("truncated status object", _of_run("status/card.json", _cut), "unreadable", "status/card.json"),
    Tampering("empty status object", _write("status/card.json", b""), "unreadable", "status/card.json"),
    Tampering("binary status object", _write("status/card.json", bytes(range(256))), "unreadable", "status/card.json"),
    Tampering(
        "deeply nested status object", _write("status/card.json", b"[" * 100_000), "unreadable", "status/card.json"
    ),
    Tampering(
        "status object of other types",
        lambda o: change_status(o, "card", lambda s: s.update(certificate=[1], output_identity=7)),
        "unreadable",
        "status/card.json",
    ),
    Tampering(
        "certificate of other types",
        lambda o: change_status(o, "card", lambda s: s["certificate"]["audio"].update(muted=[[0]], method="x")),
        "no_certificate",
        "card",
    ),
    Tampering("truncated summary", _of_run(_SUMMARY, _cut), "unreadable", _SUMMARY),
    Tampering("summary of other types", _write(_SUMMARY, b'{"recordings": []}'), "unreadable", _SUMMARY),
    Tampering("truncated list", _of_run(_LIST, _cut), "unreadable", _LIST),
    Tampering("truncated timings", _of_run("runs/RUN/timings.json", _cut), "unreadable", "runs/RUN/timings.json"),
    Tampering("damaged review", _write("reviews/card@anna.json", b"{"), "unreadable", "reviews/card@anna.json"),
    Tampering("damaged index", _write("runs/ledger.parquet", b"PAR1"), "unreadable", "runs/ledger.parquet"),
    Tampering("damaged record of lists", _write("runs/file-lists.json", b"{"), "unreadable", "runs/file-lists.json"),
    Tampering(
        "damaged note of other roots",
        _write("runs/private-roots.json", b"{"),
        "unreadable",
        "runs/private-roots.json",
    ),
    Tampering(
        "damaged record of the key of identities",
        _write("runs/identity-key.json", b'{"check_value": "Mary Smith"}'),
        "unreadable",
        "runs/identity-key.json",
    ),
    Tampering("table that nobody may take for one", _foreign_table, "table_differs", "errors/DATE/mine-0000.parquet"),
    Tampering("canaries of other types", _write(_CANARIES, b'"Mary Smith"'), "unreadable", _CANARIES),
    Tampering(
        "canaries that say more",
        _write(_CANARIES, b'{"items": 1, "recall": 1, "floor": 1, "missed": {"Mary": 1}}'),
        "unreadable",
        _CANARIES,
    ),
    Tampering("facts of no run", _write("runs/x/report.json", b"Mary"), "unknown_file", "runs/x/report.json"),
    Tampering("page of no run", _write("runs/x/report.html", b"Mary"), "unknown_file", "runs/x/report.html"),
    Tampering("timings of no run", _write("runs/x/timings.json", b"{}"), "unknown_file", "runs/x/timings.json"),
    Tampering("audit of a run", _write("runs/RUN/audit.json", b"Mary"), "unknown_file", "runs/RUN/audit.json"),
    Tampering(
        "no report of an audit", _write("runs/audit-1/audit.json", b"Mary"), "unreadable", "runs/audit-1/audit.json"
    ),
    Tampering(
        "list with names of other places",
        lambda o: change_json(
            o / "runs" / run_of(o) / "files.json", lambda v: v["changing"].update({"../x": None, "a\0b": None})
        ),
        "unreadable",
        _LIST,
    ),
    Tampering("status object of an erased recording", _tombstone("card"), "erased_in_part", "card"),
    Tampering("row of an erased recording", _tombstone("gone"), "erased_in_part", "errors/DATE/RUN-0000.parquet"),
    Tampering("pipe in a file's place", _pipe("runs/RUN/summary.json"), "unknown_file", "runs/RUN/summary.json"),
    Tampering("damaged safety copy", _write("runs/RUN/rows/card.json", b"{"), "unreadable", "runs/RUN/rows/card.json"),
)
"""What disks and people break."""


def _rehash_row(output: Path) -> None:
    change_rows(output, "transcripts", _of_card(_say))
    certify_anew(output, "card")


def _rehash_finding(output: Path) -> None:
    change_rows(output, "findings", _of_card(lambda row: row.update(start_s=0.0)))
    certify_anew(output, "card")


def _rehash_captions(output: Path) -> None:
    (path,) = output.glob("captions/card.*.vtt")
    _append(b"\nMary")(path)
    certify_anew(output, "card")


def _rehash_errors(output: Path) -> None:
    change_rows(output, "errors", lambda row: row.update(message="all is well"))


def _unlist_errors(output: Path) -> None:
    (path,) = output.glob("errors/*/*.parquet")
    name = str(path.relative_to(output))
    path.unlink()
    change_json(output / "runs" / run_of(output) / "files.json", lambda values: values["files"].pop(name))


def _unlist_report(output: Path) -> None:
    name = f"runs/{run_of(output)}/report.html"
    _append(b"<!-- -->")(output / name)
    change_json(output / "runs" / run_of(output) / "files.json", lambda values: values["files"].pop(name))


REHASHED: Sequence[Tampering] = (
    Tampering("row and its checksums", _rehash_row, "signature", "card"),
    Tampering("finding and its checksums", _rehash_finding, "signature", "card"),
    Tampering("captions and their checksums", _rehash_captions, "signature", "card"),
    Tampering("errors and their checksum", _rehash_errors, "signature", _LIST),
    Tampering("errors and their entry", _unlist_errors, "signature", _LIST),
    Tampering("report and its entry", _unlist_report, "signature", _LIST),
    Tampering("signature of the list", _in_list(lambda values: values.update(signature={})), "signature", _LIST),
)
"""By somebody who mends every checksum, but has no key: the audit has the public one."""


def problems_of(report: Mapping[str, Any], run_id: str) -> Iterator[tuple[str, str]]:
    """Kind and subject of all that an audit lists, the run's id left out of names."""
    for problem in report["list"]:
        yield problem["kind"], without_date(problem["subject"]).replace(run_id, "RUN")
