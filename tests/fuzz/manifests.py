"""Damaged manifests of every kind, and what comes of them."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hushbeam.schemas.errors import RecordingError
from hushbeam.transforms.read_manifest.files import read_lines
from hushbeam.transforms.read_manifest.line import ManifestDefaults, ManifestLineError, read_line
from hushbeam.transforms.read_manifest.parquet import fork_server
from tests.fuzz.mutations import mutated

LINES: list[dict[str, Any]] = [
    {"audio_url": "calls/a.wav", "recording_id": "a", "redact_pii_policies": ["person_name", "credit_card_number"]},
    {"audio_url": "gs://bucket/b.mp3", "multichannel": True, "metadata": {"agent": "7", "ünïcode": "\u2028"}},
    {"audio_url": "c.flac", "redact_static_entities": {"PROJECT": ["Blue Falcon"]}, "language_code": "en"},
    {"audio_url": "d.opus", "webhook_url": "https://example.com/hook", "redact_pii_sub": "entity_name"},
]
_WORDS = (
    b'"',
    b"\\ud800",
    b"\\u0000",
    b"1" * 5000,
    b"[" * 3000,
    b"-1e999",
    b"NaN",
    b"\xff",
    b",",
    b"\n",
    b"=cmd",
    b"../",
)


def originals() -> dict[str, bytes]:
    """A manifest of each kind, by suffix."""
    table = io.StringIO(newline="")
    columns = sorted({key for line in LINES for key in line})
    writer = csv.DictWriter(table, columns)
    writer.writeheader()
    for line in LINES:
        writer.writerow(
            {key: json.dumps(value) if isinstance(value, list | dict) else value for key, value in line.items()}
        )
    parquet = io.BytesIO()
    flat = [{key: value for key, value in line.items() if not isinstance(value, dict)} for line in LINES]
    pq.write_table(pa.Table.from_pylist(flat), parquet)
    return {
        ".jsonl": "".join(json.dumps(line) + "\n" for line in LINES).encode(),
        ".csv": table.getvalue().encode(),
        ".parquet": parquet.getvalue(),
    }


def outcomes(manifest: Path) -> Iterator[str]:
    """What becomes of each line: `recording` or `rejected`. Anything else raises: the job would have ended."""
    for number, values in read_lines(str(manifest)):
        try:
            if isinstance(values, ManifestLineError):
                raise values
            recording = read_line(values, ManifestDefaults(), str(manifest), number)
        except RecordingError:
            yield "rejected"
        else:
            # What becomes of a recording's request: rows, names and notifications.
            json.dumps(asdict(recording), ensure_ascii=False).encode()
            yield "recording"


def attempts(folder: Path, seed: int) -> Iterator[Counter[str]]:
    """Damages manifests without end, and yields what became of the lines of each."""
    chance = random.Random(seed)
    files = originals()
    suffixes, contents = list(files), list(files.values())
    with fork_server():
        while True:
            suffix = chance.choice(suffixes)
            path = folder / f"damaged{suffix}"
            path.write_bytes(damaged(files[suffix], contents, chance))
            yield Counter(outcomes(path))


def damaged(original: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """A manifest with damage to its bytes, or with what texts should not hold."""
    if chance.random() < 0.5:
        return mutated(original, others, chance)
    content = bytearray(original)
    for _ in range(chance.choice((1, 2, 5))):
        place = chance.randrange(len(content))
        content[place : place + chance.choice((0, 1, 6))] = chance.choice(_WORDS)
    return bytes(content)
