"""Pictures of the pages that people look at: `python -m docs.pictures`.

The report is that of a made-up night (`benchmarks/made_up_night.py`); the rest is from the output of `make demo`. Needs
Chromium. Renew them after a change to a page, and look at them.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from benchmarks import made_up_night
from benchmarks.long_call import write_long_call
from docs.page_pictures import audit_pictures, quality_pictures
from hushbeam.transforms.report_run import read_figures, write_report

_IMAGES = Path(__file__).with_name("images")
_RECORDING = "password-reset"
_WIDTH = 1280
_REPORTS: tuple[tuple[str, int, int, Literal["light", "dark"]], ...] = (
    ("report.png", _WIDTH, 1150, "light"),
    ("report-dark.png", _WIDTH, 1150, "dark"),
    ("report-phone.png", 390, 844, "light"),
)
_LIGHT: dict[str, Any] = {"color_scheme": "light"}
_DARK: dict[str, Any] = {"color_scheme": "dark"}
_DESK: dict[str, Any] = {"viewport": {"width": _WIDTH, "height": 860}}
_PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def main() -> int:
    """Writes `docs/images/*.png`."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--output", default="demo-out", help="output root of `make demo`")
    output = str(Path(parser.parse_args().output).absolute())
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("needs Chromium: apt-get install chromium")
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        _report(browser)
        _review(browser, output)
        audit_pictures(browser, output)
        quality_pictures(browser)
        browser.close()
    return 0


def _report(browser: Browser) -> None:
    """`report.png`, `report-dark.png` and `report-phone.png`."""
    with TemporaryDirectory() as folder:
        output = Path(folder) / "redacted"
        made_up_night.make(output, 806, failures=made_up_night.FAILURES, earlier=12)
        # As if it were the output of a person who reads the page.
        figures = replace(read_figures(str(output), made_up_night.RUN), output="gs://calls/redacted")
        address = Path(write_report(str(output), figures)).as_uri()
        for name, width, height, scheme in _REPORTS:
            size = ViewportSize(width=width, height=height)
            page = browser.new_page(viewport=size, color_scheme=scheme)
            page.goto(address)
            page.screenshot(path=_IMAGES / name)
            _shrink(_IMAGES / name)
            page.close()


def _shrink(picture: Path) -> None:
    """Keeps 256 colours: a third of the bytes. The rarest are kept too, which mark what matters."""
    with Image.open(picture) as whole:
        few = whole.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(picture, optimize=True)


def _review(browser: Browser, output: str) -> None:
    with _served(output) as address:
        for name, scheme, device in (
            ("review", _LIGHT, _DESK),
            ("review-dark", _DARK, _DESK),
            ("review-phone", _LIGHT, _PHONE),
        ):
            page = browser.new_page(**device, **scheme)
            page.goto(address)
            _open(page, _RECORDING)
            _picture(page, name)
    with TemporaryDirectory() as folder:
        write_long_call(output, Path(folder) / "out", minutes=60.0)
        with _served(str(Path(folder) / "out")) as address:
            page = browser.new_page(**_DESK, **_LIGHT)
            page.goto(address)
            _picture(page, "review-hour")


def _open(page: Page, recording: str) -> None:
    page.wait_for_selector("#save:enabled")
    if page.locator("#list-toggle").is_visible():
        page.locator("#list-toggle").click()
    page.locator("#recordings button", has_text=recording).click()
    page.wait_for_selector(f"#title:has-text('{recording}')")


def _picture(page: Page, name: str) -> None:
    page.wait_for_selector("#waveform canvas", timeout=120_000)
    page.wait_for_selector("#waveform [part~=region]")
    page.wait_for_timeout(1000)  # the audio loads
    page.locator("#span-after").click()
    page.wait_for_timeout(500)
    page.screenshot(path=_IMAGES / f"{name}.png")
    page.close()


@contextmanager
def _served(output: str) -> Iterator[str]:
    command = [sys.executable, "-m", "hushbeam", "review", "--output", output, "--reviewer", "Anna"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout is not None
            address = next(word for word in served.stdout.readline().split() if word.startswith("http"))
            _wait_for(urlsplit(address).port or 0)
            yield address
        finally:
            served.terminate()


def _wait_for(port: int) -> None:
    """Returns when something listens on a port: the command names the address a moment before it does."""
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
