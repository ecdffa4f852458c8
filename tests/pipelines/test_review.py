"""The review page, as its server answers and as a person uses it in a browser."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect, sync_playwright
from rich.console import Console

from hushbeam.pipelines.redact import run as redact
from hushbeam.pipelines.rerender import run as rerender
from hushbeam.pipelines.review import run
from hushbeam.pipelines.running.exit_status import EXIT_USAGE
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.review_output.peaks import PeakStore
from hushbeam.transforms.review_output.server import listen
from tests.pipelines.review_page import Served

CHROMIUM = shutil.which("chromium")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def output(calls: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings: one with audio, and one that was asked for as a transcript alone."""
    folder = tmp_path_factory.mktemp("review")
    lines = [
        {"audio_url": str(calls / "card.flac"), "recording_id": "card"},
        {"audio_url": str(calls / "transfer.flac"), "recording_id": "transfer", "redact_pii_audio": False},
    ]
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    arguments = ["--manifest", str(folder / "manifest.jsonl"), "--output", str(folder / "out")]
    assert redact([*arguments, "--model", "tiny.en", "--verify", "off"], Console(file=io.StringIO())) == 0
    return folder / "out"


@pytest.fixture
def served(output: Path, tmp_path: Path) -> Iterator[Served]:
    with Served(output, tmp_path / "peaks") as served:
        yield served
    shutil.rmtree(output / "reviews", ignore_errors=True)


def test_without_the_token_nothing_is_told(served: Served) -> None:
    for path in ("/", "/api/recordings", "/api/recordings/card", "/api/recordings/card/audio", "/static/app.js"):
        assert served.ask(path, cookie=False)[0] == 403
    assert served.ask("/?token=guessed", cookie=False)[0] == 403


def test_a_name_of_somebody_elses_dns_leads_nowhere(served: Served) -> None:
    assert served.ask("/api/recordings", host="rebound.example:80")[0] == 421


def test_nothing_outside_the_pages_own_files_is_served(served: Served) -> None:
    for path in ("/static/../server.py", "/static/..%2fserver.py", "/static/vendor/../../server.py", "/static/vendor"):
        assert served.ask(path)[0] == 404


def test_the_list_tells_what_to_look_at(served: Served, output: Path) -> None:
    listed = json.loads(served.ask("/api/recordings")[1])["recordings"]
    assert {one["recording_id"]: one["audible"] for one in listed} == {"card": True, "transfer": False}
    assert all(one["reasons"] for one in listed)  # the run did not listen again


def test_the_recording_is_served_in_ranges_and_only_redacted(served: Served, output: Path) -> None:
    published = next((output / "audio").glob("card.*")).read_bytes()
    assert served.ask("/api/recordings/card/audio") == (200, published)
    request = urllib.request.Request(f"{served.base}/api/recordings/card/audio")
    request.add_header("Cookie", f"hushbeam-review={served.token}")
    request.add_header("Range", "bytes=10-19")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert (answer.status, answer.read()) == (206, published[10:20])
    assert served.ask("/api/recordings/transfer/audio")[0] == 404


@pytest.mark.parametrize("place", ["../../../../etc/passwd", "audio/../../../../../etc/passwd", "audio/other.wav"])
def test_what_a_forged_status_object_names_is_not_served(served: Served, output: Path, place: str) -> None:
    path = output / "status" / "card.json"
    before = path.read_bytes()
    forged = json.loads(before) | {"redacted_audio_url": f"{output}/audio/{place}"}
    path.write_text(json.dumps(forged))
    try:
        assert served.ask("/api/recordings/card/audio")[0] == 404
        assert served.ask("/api/recordings/card/peaks")[0] == 404
    finally:
        path.write_bytes(before)


def test_peaks_are_silent_where_the_recording_is_muted(served: Served) -> None:
    detail = json.loads(served.ask("/api/recordings/card")[1])
    outline = json.loads(served.ask("/api/recordings/card/peaks")[1])
    rate = outline["points_each_second"]
    assert detail["muted"]
    for channel, start_s, end_s in detail["muted"]:
        assert max(outline["peaks"][channel][int(start_s * rate) + 1 : int(end_s * rate) - 1], default=0) == 0
    assert max(map(max, outline["peaks"])) > 0.05


def test_peaks_asked_for_many_times_at_once_are_whole(output: Path, tmp_path: Path) -> None:
    card = str(next((output / "audio").glob("card.*")))
    store = PeakStore(tmp_path / "peaks", MediaLimits())
    for _ in range(5):
        with ThreadPoolExecutor(8) as threads:
            answers = set(threads.map(store.peaks, [card] * 8))
        (kept,) = (tmp_path / "peaks").iterdir()
        assert answers == {kept.read_bytes()}
        kept.unlink()


def test_peaks_are_made_within_the_limits_that_are_given(output: Path, tmp_path: Path) -> None:
    card = str(next((output / "audio").glob("card.*")))
    with pytest.raises(MediaError, match="too_long"):
        PeakStore(tmp_path / "peaks", MediaLimits(max_recording_hours=1 / 3600)).peaks(card)


@pytest.mark.parametrize(
    "review",
    [
        {"decision": "fine"},
        {"decision": "corrected"},
        {"decision": "confirmed", "false_positives": [{"channel": 0, "start_s": 1, "end_s": 2}]},
        {"decision": "corrected", "missed": [{"channel": 9, "start_s": 1, "end_s": 2, "policy": "person_name"}]},
        {"decision": "corrected", "missed": [{"channel": 0, "start_s": 1, "end_s": 9e9, "policy": "person_name"}]},
        {"decision": "corrected", "missed": [{"channel": 0, "start_s": 2, "end_s": 1, "policy": "person_name"}]},
        {"decision": "corrected", "missed": [{"channel": 0, "start_s": 1, "end_s": 2, "policy": "Jane Doe"}]},
        {"decision": "confirmed", "comment": "said by Jane Doe"},
    ],
)
def test_a_review_that_does_not_fit_the_recording_is_refused(served: Served, output: Path, review: object) -> None:
    status, answer = served.ask("/api/recordings/card/review", body=review)
    assert status == 422
    assert b"Jane" not in answer
    assert not (output / "reviews").exists()


def test_an_output_without_recordings_is_a_usage_error(tmp_path: Path) -> None:
    assert run(["--output", str(tmp_path)]) == EXIT_USAGE


@pytest.mark.permissions
@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every port")
def test_a_port_that_this_user_may_not_open_is_a_usage_error() -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if first <= 1:
        pytest.skip("here every user may open every port")
    with pytest.raises(ConfigurationError, match=r"^--port: this user may not open port 1; choose 1024 or"):
        listen(1)


def test_a_port_that_is_taken_is_a_usage_error(output: Path) -> None:
    with listen(0) as taken:
        taken.listen()
        assert run(["--output", str(output), "--port", str(taken.getsockname()[1])]) == EXIT_USAGE


@pytest.fixture
def page(served: Served) -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium (Debian's package chromium)")
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        page = browser.new_page()
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.goto(served.address)
        yield page
        browser.close()
    assert troubles == []  # a refused style or script would be told here


def test_a_person_looks_through_recordings_with_the_keyboard_alone(page: Page, output: Path) -> None:
    expect(page.locator("#recordings button")).to_have_count(2)
    assert "token" not in page.url
    page.keyboard.press("j")
    title = page.locator("#title")
    if title.inner_text() != "card":
        page.keyboard.press("j")
    expect(title).to_have_text("card")
    expect(page.locator(".word.redacted").first).to_be_visible()
    expect(page.locator("#clock")).to_contain_text("0:00 /")

    page.keyboard.press("n")  # the first muted span
    expect(page.locator(".word.now")).to_have_count(1)
    page.keyboard.press("u")  # need not be muted
    page.keyboard.press("m")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("m")  # two seconds that should be
    expect(page.locator("#save")).to_contain_text("Save corrections")
    page.keyboard.press("Enter")
    expect(page.locator("#progress")).to_have_text("1 of 2 reviewed")

    note = json.loads((output / "reviews" / "card.json").read_text())
    assert note["decision"] == "corrected"
    assert len(note["false_positives"]) == 1
    assert {span["policy"] for span in note["missed"]} == {"person_name"}
    assert all(span["end_s"] - span["start_s"] == pytest.approx(2.0, abs=0.05) for span in note["missed"])


def test_a_decision_is_there_when_the_page_is_opened_again(page: Page, served: Served) -> None:
    page.get_by_role("button", name="transfer").click()
    expect(page.locator("#error")).to_contain_text("no audio to play")
    page.keyboard.press("Enter")
    expect(page.locator("#progress")).to_have_text("1 of 2 reviewed")
    page.reload()
    expect(page.locator("#progress")).to_have_text("1 of 2 reviewed")
    page.get_by_label("not reviewed yet").check()
    expect(page.locator("#recordings button")).to_have_count(1)


def _open_card(page: Page) -> None:
    page.get_by_role("button", name="card").click()
    expect(page.locator("#clock")).to_contain_text("0:00 /")


def _saved(page: Page, output: Path) -> dict[str, list[dict[str, float]]]:
    page.keyboard.press("Enter")
    expect(page.locator("#progress")).to_have_text("1 of 2 reviewed")
    review: dict[str, list[dict[str, float]]] = json.loads((output / "reviews" / "card.json").read_text())
    return review


def test_a_mute_is_moved_and_made_shorter_with_the_keyboard(page: Page, served: Served, output: Path) -> None:
    ((channel, start_s, end_s),) = json.loads(served.ask("/api/recordings/card")[1])["muted"]
    _open_card(page)
    page.keyboard.press("n")
    for key in ("Shift+ArrowRight", "Shift+ArrowRight", "q", "o", "o", "o"):
        page.keyboard.press(key)
    expect(page.locator("#consequence")).to_contain_text("No run of this output kept a store")
    expect(page.locator(".word.marked").first).to_be_visible()
    review = _saved(page, output)
    (false_positives,), (missed,) = review["false_positives"], review["missed"]
    assert (false_positives["channel"], false_positives["start_s"], false_positives["end_s"]) == (
        channel,
        start_s,
        end_s,
    )
    assert missed["start_s"] == pytest.approx(start_s + 0.05, abs=0.002)
    assert missed["end_s"] == pytest.approx(end_s - 0.05, abs=0.002)
    assert (missed["channel"], missed["policy"]) == (channel, "credit_card_number")


def test_a_mute_that_is_dragged_wider_gives_nothing_up(page: Page, served: Served, output: Path) -> None:
    ((_, start_s, end_s),) = json.loads(served.ask("/api/recordings/card")[1])["muted"]
    _open_card(page)
    handle = page.locator("#waveform [part*=region-handle-left]").first
    box = handle.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 1, y)
    page.mouse.down()
    page.mouse.move(box["x"] - 30, y, steps=5)
    page.mouse.up()
    expect(page.locator("#save")).to_contain_text("Save corrections")
    expect(page.locator("#consequence")).to_be_empty()
    review = _saved(page, output)
    assert review["false_positives"] == []
    assert review["missed"][0]["start_s"] < start_s - 0.1
    assert review["missed"][0]["end_s"] == pytest.approx(end_s, abs=0.002)


def test_what_was_moved_is_taken_back(page: Page) -> None:
    _open_card(page)
    for key in ("n", "p", "p"):
        page.keyboard.press(key)
    expect(page.locator("#save")).to_contain_text("Save corrections")
    page.keyboard.press("Delete")
    expect(page.locator("#save")).to_contain_text("Confirm")
    page.keyboard.press("Delete")
    expect(page.locator("#remove")).to_contain_text("Undo this change")
    expect(page.locator("#save")).to_contain_text("Save corrections")


def _list_twelve_more(page: Page) -> None:
    """Lists the call twelve more times, as other recordings."""

    def with_more(route: Route) -> None:
        answer = route.fetch()
        listed = answer.json()
        card = next(one for one in listed["recordings"] if one["recording_id"] == "card")
        listed["recordings"] += [card | {"recording_id": f"more-{number}"} for number in range(12)]
        route.fulfill(response=answer, json=listed)

    page.route("**/api/recordings", with_more)
    of_card = re.compile(r"/api/recordings/more-\d+")
    page.route(of_card, lambda route: route.continue_(url=of_card.sub("/api/recordings/card", route.request.url)))
    page.reload()


def test_on_a_phone_every_entry_of_the_list_can_be_opened_after_a_correction(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    _list_twelve_more(page)
    entries = page.locator("#recordings button")
    expect(entries).to_have_count(14)
    entries.filter(has_text=re.compile("^card")).click()
    expect(page.locator("#clock")).to_contain_text("0:00 /")
    for key in ("n", "u", "m", "ArrowRight", "m", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#to-do")).to_contain_text("Corrected but not rendered yet")
    for entry in entries.all():
        entry.click()  # scrolls to it, and waits until nothing covers it
        expect(entry).to_have_attribute("aria-current", "true")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, "nothing is wider than the screen"


def test_the_page_shows_keys_only_where_there_may_be_a_keyboard(page: Page, served: Served) -> None:
    _open_card(page)
    expect(page.locator("#keys")).to_be_visible()
    expect(page.locator("#remove kbd")).to_have_text(page.locator("#keys kbd").first.inner_text())
    browser = page.context.browser
    assert browser
    touched = browser.new_context(has_touch=True, is_mobile=True).new_page()
    touched.goto(served.address)
    _open_card(touched)
    expect(touched.locator("#hint")).to_be_visible()
    expect(touched.locator("#keys")).to_be_hidden()
    expect(touched.locator("#save kbd")).to_be_hidden()


@pytest.mark.parametrize("key", ["u", "Delete", "Backspace"])
def test_a_mark_is_removed_with_the_key_that_the_button_shows_or_with_delete(page: Page, key: str) -> None:
    _open_card(page)
    for pressed in ("m", "ArrowRight", "m"):
        page.keyboard.press(pressed)
    expect(page.locator("#remove")).to_contain_text("Remove the mark")
    page.keyboard.press(key)
    expect(page.locator("#remove")).to_be_disabled()


def test_the_page_says_how_corrections_are_rendered_and_shows_them(page: Page, output: Path, tmp_path: Path) -> None:
    copy = tmp_path / "out"
    shutil.copytree(output, copy)
    for status in copy.glob("status/*.json"):
        status.write_text(status.read_text().replace(str(output), str(copy)))
    with Served(copy, tmp_path / "other-peaks") as served:
        page.goto(served.address)
        _open_card(page)
        for key in ("m", "ArrowRight", "m", "Enter"):
            page.keyboard.press(key)
        expect(page.locator("#to-do code")).to_have_text(f"hushbeam rerender --output {copy} --corrections")
        arguments = ["--output", str(copy), "--corrections", "--verify", "off"]
        assert rerender(arguments, Console(file=io.StringIO())) == 0
        page.reload()
        expect(page.get_by_role("button", name="card")).to_contain_text("corrected, rendered")
        expect(page.locator("#to-do")).to_be_hidden()
        _open_card(page)
        expect(page.locator(".word.redacted.marked").first).to_be_visible()
        expect(page.locator("#error")).to_be_hidden()
        before = json.loads((copy / "reviews" / "card.json").read_text())
        with page.expect_response("**/review"):
            page.keyboard.press("Enter")  # nothing was changed: the same corrections, which are rendered
        expect(page.locator("#to-do")).to_be_hidden()
        expect(page.get_by_role("button", name="card")).to_contain_text("corrected, rendered")
        after = json.loads((copy / "reviews" / "card.json").read_text())
        assert after["reviewed_at"] > before["reviewed_at"]
        for part in ("missed", "false_positives"):
            assert after[part] == before[part]
        assert after["reviewed"]["found"] == before["reviewed"]["found"], "not what the reviewer added"
        page.goto("about:blank")  # the server goes before the page does
