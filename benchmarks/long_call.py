"""A published call of an hour, made by repeating one of `make demo`: for the review page's benchmark and picture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset
import soundfile
from numpy.typing import NDArray

from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.transforms.archive.ledger import Status, list_statuses, published_audio, write_status
from hushbeam.transforms.archive.published_files import audio_url
from hushbeam.transforms.archive.tables.layout import TableFile
from hushbeam.transforms.archive.tables.parquet import json_of, write_parquet
from hushbeam.transforms.media.decode import Decoder
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.samples import to_float

NAME = "support-call-of-an-hour"
SPANS = 350
_REPEATED = "card-payment"
_IDENTITY = "0123456789ab"


def write_long_call(demo: str, output: Path, minutes: float, others: tuple[list[str], list[str]] = ([], [])) -> None:
    """Writes an output root with one long call of two channels.

    Args:
      demo: Output root of `make demo`.
      others: Rows, as JSON, of transcripts and findings of other recordings without audio.
    """
    statuses = list_statuses(demo)
    status = next(status for one, status in statuses.items() if one.startswith(_REPEATED))
    row = _rows(demo, "transcripts", status.recording_id)[0]
    findings = _rows(demo, "findings", status.recording_id)
    samples, rate_hz = _samples(published_audio(demo, status) or "")
    length_s = samples.shape[1] / rate_hz
    starts = [number * length_s for number in range(int(60 * minutes / length_s))]
    url = audio_url(str(output), NAME, _IDENTITY, ".flac")
    Path(url).parent.mkdir(parents=True)
    _encode(Path(url), samples, rate_hz, len(starts))
    long_row, long_findings = _repeated(row | {"redacted_audio_url": url}, findings, starts, length_s)
    for name, schema, rows in (
        ("transcripts", TRANSCRIPTS_SCHEMA, [long_row, *others[0]]),
        ("findings", FINDINGS_SCHEMA, [*long_findings, *others[1]]),
    ):
        path = output / name / TableFile(str(row["processed_at"])[:10], status.run_id, 0).name
        path.parent.mkdir(parents=True)
        write_parquet(path, schema, rows)
    audio = status.certificate["audio"]
    muted = [_shifted_span(span, start_s) for start_s in starts for span in audio["muted"]][:SPANS]
    certificate = json.loads(json.dumps(status.certificate)) | {"audio": audio | {"muted": muted}}
    write_status(str(output), _named(status, url, certificate))


def _repeated(
    row: dict[str, Any], findings: list[dict[str, Any]], starts: list[float], length_s: float
) -> tuple[str, list[str]]:
    duration_s = length_s * len(starts)
    utterances = [_shifted_utterance(utterance, start_s) for start_s in starts for utterance in row["utterances"]]
    long_row = row | {"recording_id": NAME, "duration_s": duration_s, "utterances": utterances}
    long_findings = [
        finding
        | {
            "recording_id": NAME,
            "start_s": finding["start_s"] + start_s,
            "end_s": finding["end_s"] + start_s,
            "score": finding["score"] if number % 9 else 0.4,
        }
        for number, (start_s, finding) in enumerate((start, finding) for start in starts for finding in findings)
    ]
    return json.dumps(long_row), [json.dumps(finding) for finding in long_findings]


def _named(status: Status, url: str, certificate: dict[str, Any]) -> Status:
    return replace(
        status, recording_id=NAME, redacted_audio_url=url, output_identity=_IDENTITY, certificate=certificate
    )


def _rows(output: str, table: str, recording_id: str) -> list[dict[str, Any]]:
    dataset = pyarrow.dataset.dataset(f"{output}/{table}", format="parquet")
    rows = dataset.to_table(filter=pyarrow.dataset.field("recording_id") == recording_id).to_pylist()
    return [json.loads(json_of(row)) for row in rows]


def _samples(url: str) -> tuple[NDArray[np.float32], int]:
    with Decoder(Path(url), MediaLimits()) as decoder:
        samples = np.concatenate([to_float(block) for block in decoder.blocks()], axis=1)
        return np.ascontiguousarray(samples), decoder.info.sample_rate_hz


def _encode(path: Path, samples: NDArray[np.float32], rate_hz: int, times: int) -> None:
    with soundfile.SoundFile(path, "w", rate_hz, len(samples)) as written:
        for _ in range(times):
            written.write(samples.T)


def _shifted_span(span: list[float], start_s: float) -> list[float]:
    channel, first_s, last_s = span
    return [channel, round(first_s + start_s, 3), round(last_s + start_s, 3)]


def _shifted_utterance(utterance: dict[str, Any], start_s: float) -> dict[str, Any]:
    words = [
        word | {"start_s": word["start_s"] + start_s, "end_s": word["end_s"] + start_s} for word in utterance["words"]
    ]
    return utterance | {
        "start_s": utterance["start_s"] + start_s,
        "end_s": utterance["end_s"] + start_s,
        "words": words,
    }
