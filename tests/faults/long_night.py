"""A night of 1,000 recordings with one of each bad kind among them: `make long-night`.

All good ones complete, each bad one has its row, nothing else is there, and the exit status says so. The run is done
once more after it, which has nothing left to do but the bad ones.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import soundfile
from rich.console import Console

from hushbeam.pipelines.running.exit_status import EXIT_INCOMPLETE
from tests.faults.scenarios import poisons, problems, published, rows, run_job, write_manifest
from tests.pipelines.conftest import LABELLED, cut
from tests.transforms.media.hostile import with_large_attachments

_LENGTH_S = 1.2


def main(arguments: Sequence[str], console: Console) -> int:
    """Gives 0 where the night went as it must. Raises `AssertionError` where it did not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=1000, help="lines of the manifest, bad ones included")
    count = parser.parse_args(arguments).recordings
    with tempfile.TemporaryDirectory(prefix="long-night-") as folder:
        calls = Path(folder) / "calls"
        calls.mkdir()
        bad = _bad(Path(folder) / "bad")
        # The line that is no JSON counts as well.
        good = _short_calls(calls, count - len(bad) - 1)
        manifest, output = Path(folder) / "manifest.jsonl", Path(folder) / "out"
        _mix(manifest, good, bad)
        wall_s, processor_s = time.monotonic(), _processor_s()
        status = run_job(manifest, output)
        wall_s, processor_s = time.monotonic() - wall_s, _processor_s() - processor_s
        kinds = check(status, output, {line["recording_id"] for line in good}, bad)
        summary = _last_summary(output)
        assert summary["recordings"]["completed"] == len(good), summary["recordings"]
        again = run_job(manifest, output)
        assert again == EXIT_INCOMPLETE, again
        assert _last_summary(output)["recordings"]["skipped"] == len(good)
        assert problems(output) == {}
    console.print(
        f"{count} lines: {len(good)} completed, {len(bad) + 1} did not, each with its row ({kinds} kinds of error), "
        f"exit {status}, nothing against the output; {processor_s:.0f} s of processor time, {wall_s:.0f} s of wall "
        f"time. Run again: {len(good)} skipped",
        highlight=False,
    )
    return 0


def check(status: int, output: Path, good: set[str], bad: Sequence[dict[str, Any]]) -> int:
    """Looks at what a run left. Gives how many kinds of error there were."""
    assert status == EXIT_INCOMPLETE, status
    assert problems(output) == {}
    lost = {row["recording_id"]: row["message"] for row in rows(output, "errors") if row["recording_id"] in good}
    assert set(published(output)) == good, f"{len(lost)} good ones are lost: {sorted(set(lost.values()))}"
    assert {row["recording_id"] for row in rows(output, "transcripts")} == good
    errors = rows(output, "errors")
    assert len(errors) == len(bad) + 1
    named = Counter(row["recording_id"] for row in errors if row["recording_id"])
    assert set(named.values()) == {1}, named
    assert not set(named) & good
    assert any(row["message"].startswith("decoder_memory: ") for row in errors)
    return len({(row["stage"], row["error_class"], row["message"].split(":")[0]) for row in errors})


def _short_calls(folder: Path, count: int) -> list[dict[str, Any]]:
    """So many different stretches of the labelled calls."""
    lines: list[dict[str, Any]] = []
    names = sorted(path.name for path in LABELLED.iterdir())
    starts_s = (start * 0.25 for start in range(10_000))
    for start_s in starts_s:
        for name in names:
            if len(lines) == count:
                return lines
            samples, rate = _audio(name)
            stretch = samples[int(start_s * rate) : int((start_s + _LENGTH_S) * rate)]
            if len(stretch) == int(_LENGTH_S * rate):
                path = folder / f"{len(lines):04}.flac"
                soundfile.write(path, stretch, rate)
                # Named: a second of sound does not always tell its language, and what tells none is not redacted.
                lines.append({"recording_id": path.stem, "audio_url": str(path), "language_code": "en"})
    raise ValueError(f"the labelled calls do not give {count} stretches")


_SOUNDS: dict[str, Any] = {}


def _audio(name: str) -> Any:
    if name not in _SOUNDS:
        _SOUNDS[name] = cut(name, 0.0, 3600.0)
    return _SOUNDS[name]


def _bad(folder: Path) -> list[dict[str, Any]]:
    folder.mkdir()
    soundfile.write(folder / "card.flac", *cut("card-payment.mp3", 3.0, 13.5))
    soundfile.write(folder / "phone.wav", *cut("telecom-phone-readback.wav", 3.5, 12.0), subtype="ULAW")
    large = with_large_attachments(folder, count=10)
    return [*poisons(folder, folder), {"recording_id": large.name, "audio_url": str(large)}]


def _mix(manifest: Path, good: Sequence[dict[str, Any]], bad: Sequence[dict[str, Any]]) -> None:
    """Bad lines stand all through the night, the one that is no JSON last."""
    lines, every = list(good), len(good) // len(bad)
    for number, line in enumerate(bad):
        lines.insert(number * (every + 1), line)
    write_manifest(manifest, lines)
    with manifest.open("a") as file:
        file.write('{"audio_url": "not closed\n')


def _last_summary(output: Path) -> dict[str, Any]:
    newest = max(output.glob("runs/*/summary.json"), key=lambda path: path.stat().st_mtime)
    summary: dict[str, Any] = json.loads(newest.read_text())
    return summary


def _processor_s() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Console(width=160)))
