"""Waiting times of a reviewer: for the list of many recordings, and for the waveform of a long one.

    python -m benchmarks.review [--recordings 1000] [--minutes 60]

Tables and audio are made up (seeded); the command, its page and the browser (Debian's Chromium) are real. The waveform
is computed before: the page computes it beside its work, worst recordings first.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.report import made_up_findings, made_up_transcripts
from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.transforms.archive.ledger import Status, write_status
from hushbeam.transforms.archive.tables.parquet import write_parquet

_RATE_HZ = 16_000
_LONG = "call-0"


def main() -> None:
    """Makes an output root, opens the page on it, and prints how long things took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=60.0, help="length of the long recording, in stereo")
    options = parser.parse_args()
    random.seed(7)
    with TemporaryDirectory(prefix="hushbeam-") as folder:
        output = Path(folder) / "out"
        _make(output, options.recordings, options.minutes)
        with _served(output, Path(folder) / "cache") as address, _browser() as page:
            list_s = _open_list(page, address, options.recordings)
            outline_s, waveform_s = _open(page)
    table = Table("what", "seconds")
    table.add_row(f"list of {options.recordings:,} recordings, from opening the address", f"{list_s:.2f}")
    table.add_row(f"outline of {options.minutes:.0f} stereo minutes made and drawn, first time", f"{outline_s:.2f}")
    table.add_row("the same, outline made before", f"{waveform_s:.2f}")
    Console().print(table)


def _make(output: Path, recordings: int, minutes: float) -> None:
    for table, schema, rows in (
        ("transcripts", TRANSCRIPTS_SCHEMA, made_up_transcripts(range(recordings))),
        ("findings", FINDINGS_SCHEMA, made_up_findings(range(recordings))),
    ):
        (output / table).mkdir(parents=True)
        write_parquet(output / table / "night-0000.parquet", schema, rows)
    (output / "audio").mkdir()
    audio = output / "audio" / f"{_LONG}.0123456789ab.m4a"
    _write_noise(audio, minutes)
    muted = [[0, float(start), start + 2.0] for start in range(10, int(60 * minutes) - 10, 60)]
    write_status(
        str(output),
        Status("redacted_audio_ready", _LONG, str(audio), "0123456789ab", "night", {"audio": {"muted": muted}}),
    )


def _write_noise(path: Path, minutes: float) -> None:
    noise = np.random.default_rng(7)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=_RATE_HZ)
        stream.layout = "stereo"
        for _ in range(int(minutes * 60)):
            samples = (noise.standard_normal((2, _RATE_HZ)) * noise.uniform(0, 0.2)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
            frame.sample_rate = _RATE_HZ
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@contextmanager
def _served(output: Path, cache: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "hushbeam", "review", "--output", str(output), "--cache", str(cache)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = next(word for line in process.stdout for word in line.split() if word.startswith("http://"))
        time.sleep(1)
        yield address
        process.terminate()


@contextmanager
def _browser() -> Iterator[Page]:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("needs Chromium (Debian's package chromium)")
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser.new_page()
        browser.close()


def _open_list(page: Page, address: str, recordings: int) -> float:
    before = time.perf_counter()
    page.goto(address)
    page.locator("#recordings button").nth(recordings - 1).wait_for(state="attached")
    return time.perf_counter() - before


def _open(page: Page) -> tuple[float, float]:
    page.get_by_label("Find by id").fill(_LONG)
    times = []
    for _ in range(2):
        before = time.perf_counter()
        page.locator(f"[data-id='{_LONG}']").click()
        page.locator("#waveform canvas").first.wait_for(timeout=120_000)
        times.append(time.perf_counter() - before)
        page.locator("#waveform").evaluate("shown => shown.replaceChildren()")
    return times[0], times[1]


if __name__ == "__main__":
    main()
