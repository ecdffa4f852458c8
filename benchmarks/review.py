"""Waiting times of a reviewer: for the list of many recordings, and for a call of an hour with 350 muted spans.

    python -m benchmarks.review [--output demo-out] [--recordings 1000] [--minutes 60]

The long call repeats one of `make demo`; the other recordings of the list are made up. The command, its page and the
browser (Debian's Chromium) are real. "First time" includes the outline of the waveform, which the page otherwise
computes beside its work, worst recordings first.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.long_call import NAME, write_long_call
from benchmarks.made_up_night import made_up_findings, made_up_transcripts

_PLAYED_S = 6
_FRAMES = """seconds => new Promise((resolve) => {
  let frames = 0;
  const start = performance.now();
  const count = (now) => {
    frames += 1;
    if (now - start < 1000 * seconds) requestAnimationFrame(count);
    else resolve(frames / (now - start) * 1000);
  };
  requestAnimationFrame(count);
})"""


def main() -> None:
    """Makes an output root, opens the page on it, and prints how long things took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="demo-out", help="output root of `make demo`")
    parser.add_argument("--recordings", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=60.0, help="length of the long recording, in stereo")
    options = parser.parse_args()
    random.seed(7)
    table = Table("what", "")
    with TemporaryDirectory(prefix="hushbeam-") as folder:
        output = Path(folder) / "out"
        others = range(1, options.recordings)
        rows = list(made_up_transcripts(others)), list(made_up_findings(others))
        write_long_call(options.output, output, options.minutes, rows)
        cache = Path(folder) / "cache"
        for when in ("first time", "outline made before"):
            with _served(output, cache) as address, _browser() as page:
                table.add_row(f"list of {options.recordings:,} recordings", f"{_open_list(page, address):.2f} s")
                for what, seconds in _open(page).items():
                    table.add_row(f"{what}, {when}", f"{seconds:.2f} s")
                table.add_row("frames each second, playing, whole recording", f"{_frame_rate(page):.0f}")
                page.locator("#zoom-span").click()
                table.add_row("frames each second, playing, zoomed to a span", f"{_frame_rate(page):.0f}")
    Console().print(table)


@contextmanager
def _served(output: Path, cache: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "hushbeam", "review", "--output", str(output), "--cache", str(cache)]
    with subprocess.Popen([*command, "--reviewer", "anna"], stdout=subprocess.PIPE, text=True) as process:
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
        yield browser.new_page(viewport={"width": 1280, "height": 860})
        browser.close()


def _open_list(page: Page, address: str) -> float:
    before = time.perf_counter()
    page.goto(address)
    page.locator("#recordings button").first.wait_for(state="attached")
    return time.perf_counter() - before


def _open(page: Page) -> dict[str, float]:
    """Seconds until the long call shows its spans, plays, and shows its waveform."""
    page.locator("#search").fill(NAME)
    before = time.perf_counter()
    page.locator(f"[data-id='{NAME}']").click()
    page.locator(".finding").first.wait_for(timeout=120_000)
    listed_s = time.perf_counter() - before
    page.locator("#play").click()
    page.locator("#clock", has_not_text=re.compile(r"^0:00\.0")).wait_for(timeout=120_000)
    plays_s = time.perf_counter() - before
    page.locator("#play").click()
    page.locator("#waveform canvas").first.wait_for(timeout=120_000)
    drawn_s = time.perf_counter() - before
    page.keyboard.press("n")
    return {
        "transcript and spans shown": listed_s,
        "playing": plays_s,
        "waveform drawn": drawn_s,
    }


def _frame_rate(page: Page) -> float:
    page.locator("#play").click()
    rate: float = page.evaluate(_FRAMES, _PLAYED_S)
    page.locator("#play").click()
    return rate


if __name__ == "__main__":
    main()
