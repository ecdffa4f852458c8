"""The report of a large night in a real browser: accessible, on a phone, in print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from benchmarks import made_up_night
from hushbeam.transforms.report_run import read_figures, write_report
from tests.accessibility import DESK, PHONE, chromium, is_wider_than_its_window, violations

_MOST_SHEETS = 2


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the report of 812 recordings, of which 6 did not complete, after 12 other nights."""
    output = tmp_path_factory.mktemp("night")
    made_up_night.make(output, 806, failures=made_up_night.FAILURES, earlier=12)
    return Path(write_report(str(output), read_figures(str(output), made_up_night.RUN))).as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def _opened(browser: Browser, report: str, size: ViewportSize, scheme: str = "light") -> Page:
    page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(report)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE])
def test_it_is_accessible_and_as_wide_as_its_window(
    browser: Browser, report: str, size: ViewportSize, scheme: str
) -> None:
    page = _opened(browser, report, size, scheme)
    page.locator("summary").click()
    assert violations(page) == []
    assert not is_wider_than_its_window(page)


def test_it_begins_with_the_verdict_and_folds_the_identities_away(browser: Browser, report: str) -> None:
    page = _opened(browser, report, DESK)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "806 of 812 recordings were redacted and verified; 6 need you and 21 are worth listening to."
    )
    headings = page.get_by_role("heading", level=2).all_inner_texts()
    assert headings[:3] == ["What needs you", "Worth listening to", "In numbers"]
    expect(page.get_by_text("whisper-base@sha256")).to_be_hidden()
    page.locator("summary").press("Enter")
    expect(page.get_by_text("whisper-base@sha256")).to_be_visible()


def test_every_picture_has_a_text_and_earlier_runs_are_pictures(browser: Browser, report: str) -> None:
    page = _opened(browser, report, DESK)
    images = page.locator("svg")
    expect(images).to_have_count(5 + 1 + 2)  # rates of earlier runs, throughput, lengths and scores
    for image in images.all():
        assert re.search(r"\d", image.get_attribute("aria-label") or "")
    expect(page.get_by_role("img", name=re.compile("^Findings of earlier runs, oldest first: "))).to_be_visible()


def test_it_prints_on_two_sheets(browser: Browser, report: str) -> None:
    sheets = _opened(browser, report, DESK).pdf(prefer_css_page_size=True, print_background=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", sheets)) <= _MOST_SHEETS
