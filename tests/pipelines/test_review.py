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
from typing import Any

import pyarrow.dataset as ds
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright
from rich.console import Console

from hushbeam.pipelines.redact import run as redact
from hushbeam.pipelines.rerender import run as rerender
from hushbeam.pipelines.review import run
from hushbeam.pipelines.running.exit_status import EXIT_USAGE
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.pages import page_environment
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.review_output.peaks import PeakStore
from hushbeam.transforms.review_output.server import listen
from tests.accessibility import CHROMIUM, DESK, PHONE, is_wider_than_its_window, violations
from tests.pipelines.review_page import Served

expect.set_options(timeout=30_000)  # machines of tests are slow; nothing here depends on how slow
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


def test_the_page_has_the_style_sheet_of_all_pages(served: Served) -> None:
    status, sheet = served.ask("/static/base.css")
    assert status == 200
    assert (
        sheet.decode().strip()
        in page_environment("hushbeam.transforms.report_run").get_template("base.html.j2").render()
    )


def test_the_list_tells_what_to_look_at(served: Served, output: Path) -> None:
    listed = json.loads(served.ask("/api/recordings")[1])["recordings"]
    assert {one["recording_id"]: one["audible"] for one in listed} == {"card": True, "transfer": False}
    assert all(one["reasons"] for one in listed)  # the run did not listen again


def test_the_recording_is_served_in_ranges_and_only_redacted(served: Served, output: Path) -> None:
    published = next((output / "audio").glob("card.*")).read_bytes()
    assert served.ask("/api/recordings/card/audio") == (200, published)
    request = urllib.request.Request(f"{served.base}/api/recordings/card/audio")
    request.add_header("Cookie", served.cookie)
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests of the module: a start takes 1.5 s of processor time."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium (Debian's package chromium)")
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """The page as somebody opens it who was never there: each context has cookies and drafts of its own."""
    page = browser.new_context().new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.goto(served.address)
    yield page
    for context in browser.contexts:
        context.close()
    assert troubles == []  # a refused style or script would be told here


def _entry(page: Page, recording_id: str) -> Locator:
    return page.locator(f"#recordings button[data-id='{recording_id}']")


def _press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def _is_open(page: Page, recording_id: str) -> None:
    expect(page.locator("#title")).to_have_text(recording_id)
    expect(page.locator("#save")).to_be_enabled()


def _open_card(page: Page) -> None:
    """Opens the call with audio, and returns when its spans are drawn."""
    expect(page.locator("#save")).to_be_enabled()  # the first recording is open
    if page.locator("#title").inner_text() != "card":
        _entry(page, "card").click()
    _is_open(page, "card")
    expect(page.locator("#waveform [part~=region]").first).to_be_attached()


def _review_of(output: Path, recording_id: str = "card", reviewer: str = "anna") -> dict[str, Any]:
    review: dict[str, Any] = json.loads((output / "reviews" / f"{recording_id}@{reviewer}.json").read_text())
    return review


def _decide_unplayed(page: Page) -> None:
    """Saves the decision on a recording of which nothing was played."""
    _press(page, "Enter")
    expect(_question(page)).to_be_visible()
    _press(page, "Tab", "Enter")


def _question(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Nothing of this recording was played.")


def _saved(page: Page, output: Path) -> dict[str, Any]:
    _decide_unplayed(page)
    expect(page.locator("#progress")).to_have_text("1 of 2 reviewed")
    return _review_of(output)


def _rows_of(output: Path, table: str) -> int:
    """Number of the newest rows of the call with audio."""
    rows = ds.dataset(output / table, format="parquet").to_table().to_pylist()
    of_card = [row for row in rows if row["recording_id"] == "card"]
    return sum(row["run_id"] == max(row["run_id"] for row in of_card) for row in of_card)


def _drafts(page: Page) -> list[str]:
    drafts: list[str] = page.evaluate("Object.values(localStorage)")
    return drafts


def test_the_worst_recording_is_open_at_once_and_says_why(page: Page) -> None:
    first = page.locator("#recordings button").first
    _is_open(page, str(first.get_attribute("data-id")))
    expect(first).to_have_attribute("aria-current", "true")
    expect(page.locator("#reasons")).to_contain_text("not verified")
    assert "token" not in page.url


def test_a_person_looks_through_recordings_with_the_keyboard_alone(page: Page, output: Path) -> None:
    expect(page.locator("#recordings button")).to_have_count(2)
    expect(page.locator("#save")).to_be_enabled()
    if page.locator("#title").inner_text() != "card":
        _press(page, "j")
    _open_card(page)
    expect(page.locator(".word.redacted").first).to_be_visible()
    expect(page.locator("#clock")).to_contain_text("0:00.0 /")
    _press(page, "n")  # the first muted span
    expect(page.locator(".word.now")).to_have_count(1)
    _press(page, "u", "m", "ArrowRight", "m")  # a false positive, and two seconds that should be muted
    expect(page.locator("#save")).to_contain_text("Save corrections")
    review = _saved(page, output)
    assert (review["decision"], review["reviewer"]) == ("corrected", "anna")
    assert len(review["false_positives"]) == 1
    assert {span["policy"] for span in review["missed"]} == {"person_name"}
    assert all(span["end_s"] - span["start_s"] == pytest.approx(2.0, abs=0.002) for span in review["missed"])


def test_a_key_acts_on_the_focused_button_and_not_on_the_open_recording(page: Page, output: Path) -> None:
    _open_card(page)
    _entry(page, "transfer").focus()
    _press(page, "Delete", "u", "m")
    expect(page.locator("#mark")).to_contain_text("Mark speech to mute")
    _press(page, "Enter")  # opens what has the focus
    _is_open(page, "transfer")
    assert not (output / "reviews").exists(), "nobody confirmed anything"
    _open_card(page)
    page.locator("#span-after").focus()
    _press(page, " ")
    expect(page.locator("#selected")).to_contain_text("credit_card_number")
    expect(page.locator("#play")).to_contain_text("Play")
    _press(page, "Enter")
    assert not (output / "reviews").exists()


def test_a_recording_that_was_not_played_is_confirmed_only_after_a_question(page: Page, output: Path) -> None:
    _open_card(page)
    _press(page, "Enter")
    expect(_question(page)).to_contain_text("Confirm anyway?")
    expect(_question(page).get_by_role("button", name="Play it")).to_be_focused()
    _press(page, "m", "j")  # keys of the page wait
    _press(page, "Escape")
    expect(_question(page)).to_be_hidden()
    _is_open(page, "card")
    page.locator("#save").click()
    expect(_question(page)).to_be_visible()
    page.get_by_role("button", name=re.compile("^Back")).click()
    expect(_question(page)).to_be_hidden()
    _press(page, "n", "u", "Enter")
    expect(_question(page)).to_contain_text("Save the corrections anyway?")
    assert not (output / "reviews").exists()
    _press(page, "Tab", "Enter")
    expect(page.locator("#progress")).to_have_text("1 of 2 reviewed")
    assert _review_of(output)["decision"] == "corrected"


def test_a_recording_that_was_played_is_confirmed_without_a_question_even_after_a_reload(
    page: Page, output: Path
) -> None:
    _open_card(page)
    _press(page, "Enter", "Enter")  # the question's first answer is to play
    expect(_question(page)).to_be_hidden()
    expect(page.locator("#clock")).not_to_contain_text("0:00.0 /")
    _press(page, " ")
    expect(page.locator("#play")).to_contain_text("Play")
    page.reload()
    _open_card(page)
    _press(page, "Enter")
    expect(page.locator("#progress")).to_have_text("1 of 2 reviewed")
    assert _review_of(output)["decision"] == "confirmed"


def test_a_change_of_the_reviewer_or_of_the_output_forgets_what_was_played(page: Page) -> None:
    remembered = page.evaluate(
        """async () => {
          const { Played } = await import("/static/kept.js");
          new Played("out", "anna", "call", "first").keep();
          return [["anna", "first"], ["ben", "first"], ["anna", "second"]]
            .map(([name, identity]) => new Played("out", name, "call", identity).is);
        }"""
    )
    assert remembered == [True, False, False]


def test_enter_that_is_held_down_neither_confirms_nor_answers(page: Page, output: Path) -> None:
    _open_card(page)
    page.keyboard.down("Enter")
    for _ in range(5):
        page.keyboard.down("Enter")  # repeats
    page.keyboard.up("Enter")
    expect(_question(page)).to_be_visible()
    _press(page, "Tab", "Tab")
    page.keyboard.down("Enter")
    page.keyboard.down("Enter")
    expect(_question(page)).to_be_hidden()
    page.keyboard.up("Enter")
    assert not (output / "reviews").exists()


def test_a_key_on_a_finding_of_the_list_is_about_that_finding(page: Page) -> None:
    _open_card(page)
    _press(page, "m", "ArrowRight", "m")
    findings = page.locator(".finding")
    expect(findings).to_have_count(2)
    muted = page.locator(".finding", has_text="credit_card_number")
    muted.focus()
    _press(page, "u")
    expect(muted).to_contain_text("false positive")
    expect(findings).to_have_count(2)
    expect(muted).to_be_focused()
    _press(page, "ArrowUp" if muted.evaluate("one => one.parentElement.previousElementSibling") else "ArrowDown")
    expect(page.locator(".finding", has_text="your mark")).to_be_focused()
    _press(page, "Delete")
    expect(findings).to_have_count(1)


def test_a_decision_is_there_when_the_page_is_opened_again(page: Page, served: Served) -> None:
    _open_card(page)
    _entry(page, "transfer").click()
    expect(page.locator("#error")).to_contain_text("no audio to play")
    _press(page, "Enter")
    expect(page.locator("#progress")).to_have_text("1 of 2 reviewed")
    page.reload()
    expect(page.locator("#progress")).to_have_text("1 of 2 reviewed")
    _is_open(page, "card")
    page.get_by_label("not reviewed yet").check()
    expect(page.locator("#recordings button")).to_have_count(1)


def test_a_mark_is_where_it_was_set_though_the_audio_arrives_later(page: Page, output: Path) -> None:
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/audio", hold)
    page.reload()
    _open_card(page)
    _press(page, "n", "m", "ArrowRight")
    for route in waiting:
        route.continue_()
    page.wait_for_timeout(300)
    _press(page, "m")
    (first, *_) = _saved(page, output)["missed"]
    assert first["end_s"] - first["start_s"] == pytest.approx(2.0, abs=0.002)


def test_a_mark_is_one_span_over_all_channels(page: Page, output: Path) -> None:
    _open_card(page)
    _press(page, "m", "ArrowRight", "m")
    drawn = page.locator("#waveform [part~=missed]")
    expect(drawn).to_have_count(2)
    expect(page.locator(".finding", has_text="your mark")).to_contain_text("all channels")
    _press(page, "Delete")
    expect(drawn).to_have_count(0)
    expect(page.locator("#save")).to_contain_text("Confirm")


def test_escape_cancels_a_mark_that_is_under_way(page: Page, output: Path) -> None:
    _open_card(page)
    _press(page, "m", "ArrowRight")
    expect(page.locator("#mark")).to_contain_text("End the mark here")
    _press(page, "Enter")
    expect(page.locator("#said")).to_contain_text("A mark is under way")
    _press(page, "Escape")
    expect(page.locator("#mark")).to_contain_text("Mark speech to mute")
    expect(page.locator(".finding")).to_have_count(1)
    assert _saved(page, output)["decision"] == "confirmed"


def test_every_change_is_undone_and_done_again(page: Page, output: Path) -> None:
    _open_card(page)
    decision = page.locator(".finding .decision").first
    expect(page.locator("#undo")).to_be_disabled()
    _press(page, "n", "u")
    expect(decision).to_have_text("false positive")
    _press(page, "u", "p", "m", "ArrowRight", "m")
    expect(page.locator(".finding")).to_have_count(2)
    _press(page, "Control+z")
    expect(page.locator(".finding")).to_have_count(1)
    expect(decision).to_have_text("moved")
    _press(page, "Control+z", "Control+z")
    expect(decision).to_have_text("false positive")
    _press(page, "Control+Shift+Z")
    expect(decision).to_have_text("muted")
    _press(page, "Control+y", "Control+y")
    expect(page.locator(".finding")).to_have_count(2)
    for _ in range(4):
        page.locator("#undo").click()
    expect(page.locator("#undo")).to_be_disabled()
    expect(page.locator("#unsaved")).to_be_hidden()
    assert _saved(page, output)["decision"] == "confirmed"


def test_unsaved_changes_survive_a_reload_and_hold_no_text(page: Page, output: Path) -> None:
    _open_card(page)
    text = page.locator("#transcript").inner_text()
    _press(page, "n", "u", "m", "ArrowRight", "m")
    expect(page.locator(".finding")).to_have_count(2)
    words = {word for word in re.findall(r"[a-z]{4,}", text.lower()) if word not in {"mark", "muted", "name"}}
    assert words
    (draft,) = _drafts(page)
    assert not words & set(re.findall(r"[a-z]+", draft.lower()))
    page.reload()
    _open_card(page)
    expect(_entry(page, "card")).to_contain_text("unsaved changes")
    expect(page.locator(".finding")).to_have_count(2)
    expect(page.locator("#unsaved")).to_be_visible()
    review = _saved(page, output)
    assert (len(review["missed"]), len(review["false_positives"])) == (2, 1), "the mark is in both channels"
    assert _drafts(page) == []
    expect(_entry(page, "card")).not_to_contain_text("unsaved changes")


def test_unsaved_changes_can_be_taken_back_after_a_reload(page: Page) -> None:
    _open_card(page)
    _press(page, "n", "u")
    expect(page.locator("#unsaved")).to_be_visible()
    page.reload()
    _open_card(page)
    _press(page, "Control+z")
    expect(page.locator("#unsaved")).to_be_hidden()
    assert _drafts(page) == []


def test_a_mute_is_moved_and_made_shorter_with_the_keyboard(page: Page, served: Served, output: Path) -> None:
    ((channel, start_s, end_s),) = json.loads(served.ask("/api/recordings/card")[1])["muted"]
    _open_card(page)
    _press(page, "n", "Shift+ArrowRight", "Shift+ArrowRight", "q", "o", "o", "o")
    expect(page.locator("#consequence")).to_contain_text("no run of this output kept a store")
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
    page.reload()
    _open_card(page)
    expect(page.locator(".finding .decision")).to_have_text(["moved"])


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
    expect(page.locator("#consequence")).not_to_contain_text("to restore")
    review = _saved(page, output)
    assert review["false_positives"] == []
    assert review["missed"][0]["start_s"] < start_s - 0.1
    assert review["missed"][0]["end_s"] == pytest.approx(end_s, abs=0.002)


def test_what_was_moved_is_taken_back(page: Page) -> None:
    _open_card(page)
    _press(page, "n", "p", "p")
    expect(page.locator("#save")).to_contain_text("Save corrections")
    _press(page, "Delete")
    expect(page.locator("#save")).to_contain_text("Confirm")
    _press(page, "Delete")
    expect(page.locator("#remove")).to_contain_text("Take the change back")
    expect(page.locator("#save")).to_contain_text("Save corrections")


@pytest.mark.parametrize("key", ["u", "Delete", "Backspace"])
def test_a_mark_is_removed_with_the_key_that_the_button_shows_or_with_delete(page: Page, key: str) -> None:
    _open_card(page)
    _press(page, "m", "ArrowRight", "m")
    expect(page.locator("#remove")).to_contain_text("Remove the mark")
    _press(page, key)
    expect(page.locator("#remove")).to_be_disabled()


def test_a_marks_policy_is_changed_after_it_was_set(page: Page, output: Path) -> None:
    _open_card(page)
    _press(page, "m", "ArrowRight", "m")
    page.locator("#policy").select_option("occupation")
    expect(page.locator(".finding", has_text="your mark")).to_contain_text("occupation")
    page.locator("#policy").blur()
    assert [span["policy"] for span in _saved(page, output)["missed"]] == ["occupation", "occupation"]


def test_each_span_shows_policy_score_and_decision(page: Page, served: Served) -> None:
    (finding,) = json.loads(served.ask("/api/recordings/card")[1])["findings"]
    _open_card(page)
    shown = page.locator(".finding")
    expect(shown).to_contain_text("credit_card_number")
    expect(shown).to_contain_text(f"score {finding['score']:.2f}")
    expect(shown).to_contain_text("muted")
    expect(page.locator("#waveform [part~=region]")).to_have_attribute(
        "data-label", f"credit_card_number {finding['score']:.2f}"
    )


def test_transcript_list_and_waveform_select_the_same_span(page: Page) -> None:
    _open_card(page)
    selected = page.locator("#selected")
    for clicked in (".word.redacted", ".finding", "#waveform [part~=region]"):
        _press(page, "Escape")
        expect(selected).to_have_text("No span selected")
        page.locator(clicked).first.click()
        expect(selected).to_contain_text("credit_card_number")
        expect(page.locator(".finding").first).to_have_attribute("aria-current", "true")
        expect(page.locator("#waveform [part~=selected]")).to_have_count(1)
        expect(page.locator(".word.chosen").first).to_be_visible()


def test_after_a_place_to_which_the_browser_cannot_seek_the_recording_still_plays(page: Page) -> None:
    _open_card(page)
    box = page.locator("#waveform").bounding_box()
    assert box
    for share in (0.93, 0.95, 0.97):  # shortly before the end of a FLAC file
        page.mouse.click(box["x"] + share * box["width"], box["y"] + 20)
        page.wait_for_timeout(300)
    _press(page, "N")
    start = page.locator("#clock").inner_text()
    _press(page, " ")
    expect(page.locator("#clock")).not_to_have_text(start)
    _press(page, " ")
    expect(page.locator("#error")).to_be_hidden()
    _press(page, "Enter")
    expect(page.locator("#progress")).to_have_text("1 of 2 reviewed")  # it was played, so nothing is asked


def _record_plays(page: Page) -> None:
    """Keeps where the audio began and stopped: tests must not depend on when they look."""
    page.evaluate(
        """() => {
          const record = (name) => function (...args) {
            window.places = [...(window.places ?? []), [name, this.currentTime]];
            return HTMLMediaElement.prototype[`its_${name}`].apply(this, args);
          };
          for (const name of ["play", "pause"]) {
            HTMLMediaElement.prototype[`its_${name}`] = HTMLMediaElement.prototype[name];
            HTMLMediaElement.prototype[name] = record(name);
          }
        }"""
    )


def test_a_span_is_played_from_a_second_before_to_a_second_after_it(page: Page, served: Served) -> None:
    ((_, start_s, end_s),) = json.loads(served.ask("/api/recordings/card")[1])["muted"]
    _open_card(page)
    _record_plays(page)
    page.locator("#rate").select_option("2")
    page.locator("#rate").blur()
    _press(page, "n", "a")
    expect(page.locator("#play")).to_contain_text("Pause")
    expect(page.locator("#play")).to_contain_text("Play", timeout=30_000)
    places = page.evaluate("window.places")
    (begin,) = (place for name, place in places if name == "play")
    end = [place for name, place in places if name == "pause"][-1]
    assert begin == pytest.approx(max(start_s - 1, 0.0), abs=0.05)
    assert end >= min(end_s + 1, 10.0) - 0.05


def test_a_span_is_played_again_and_again_until_the_loop_is_left(page: Page) -> None:
    _open_card(page)
    _press(page, "n", "l")
    expect(page.locator("#loop")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#play")).to_contain_text("Pause")
    _press(page, "l")
    expect(page.locator("#loop")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#play")).to_contain_text("Play", timeout=30_000)


def test_the_button_says_play_or_pause_as_it_is(page: Page) -> None:
    _open_card(page)
    _press(page, " ")
    expect(page.locator("#play")).to_contain_text("Pause")
    _press(page, " ")
    expect(page.locator("#play")).to_contain_text("Play")


def test_speed_and_skipping_silence_are_kept_from_one_recording_to_the_next(page: Page) -> None:
    _open_card(page)
    _press(page, ".", ".", "x")
    expect(page.locator("#rate")).to_have_value("1.5")
    _entry(page, "transfer").click()
    _is_open(page, "transfer")
    _entry(page, "card").click()
    _open_card(page)
    expect(page.locator("#rate")).to_have_value("1.5")
    expect(page.locator("#silence")).to_have_attribute("aria-pressed", "true")


def test_the_volume_is_changed_with_keys_and_with_its_slider_and_kept(page: Page) -> None:
    played = "window.players.at(-1).volume"
    page.add_init_script(
        """window.players = [];
        const audio = window.Audio;
        window.Audio = function () { window.players.push(new audio()); return window.players.at(-1); };"""
    )
    page.reload()
    _open_card(page)
    slider = page.get_by_role("slider", name="Volume")
    assert page.evaluate(played) == 1
    _press(page, "V", "v", "v")
    expect(slider).to_have_value("80")
    expect(page.locator("#said")).to_have_text("Volume 80 %")
    assert page.evaluate(played) == pytest.approx(0.8)
    place = page.locator("#clock").inner_text()
    slider.focus()
    _press(page, "ArrowRight", "ArrowLeft", "ArrowLeft")  # its own keys: the place in the recording stays
    expect(slider).to_have_value("75")
    expect(page.locator("#clock")).to_have_text(place)
    _press(page, "n")  # letters are still keys of the page
    expect(page.locator("#selected")).to_contain_text("credit_card_number")
    _press(page, "End", "v", "V")
    expect(slider).to_have_value("100")
    _press(page, "Home", "v")
    expect(slider).to_have_value("0")
    _entry(page, "transfer").click()
    _is_open(page, "transfer")
    _entry(page, "card").click()
    _open_card(page)
    expect(slider).to_have_value("0")
    assert page.evaluate(played) == 0


def test_silence_is_where_no_channel_has_speech(page: Page) -> None:
    parts = page.evaluate(
        """async () => {
          const { quietParts } = await import("/static/silence.js");
          const talk = (from, to) => Array.from({ length: 500 }, (_, i) => (i >= from && i < to ? 0.3 : 0.001));
          const noise = Array.from({ length: 500 }, () => 0.05);
          return [
            quietParts({ points_each_second: 50, peaks: [talk(0, 100), talk(300, 500)] }),
            quietParts({ points_each_second: 50, peaks: [talk(0, 100), noise] }),
          ];
        }"""
    )
    assert parts == [[[pytest.approx(2.3), 6]], []]


def test_the_waveform_is_zoomed_and_keeps_the_span_in_view(page: Page) -> None:
    _open_card(page)
    width = "document.querySelector('#waveform > div').shadowRoot.querySelector('.wrapper').scrollWidth"
    whole = page.evaluate(width)
    _press(page, "n", "z")
    zoomed = page.evaluate(width)
    assert zoomed > whole * 1.2
    expect(page.locator("#waveform [part~=selected]")).to_be_in_viewport()
    _press(page, "+")
    assert page.evaluate(width) > zoomed
    _press(page, "0")
    assert page.evaluate(width) == whole
    expect(page.locator("#minimap canvas").first).to_be_attached()
    expect(page.locator("#waveform [part~=timeline]")).to_be_attached()


_CUT_LABELS = """() => {
  const root = document.querySelector("#waveform > div").shadowRoot;
  const scroll = root.querySelector(".scroll");
  const edge = scroll.getBoundingClientRect().right;
  const cut = [], shown = [];
  const look = () => {
    for (const tick of root.querySelectorAll("[part~=timeline-notch]")) {
      const range = document.createRange();
      range.selectNodeContents(tick);
      const { width, right } = range.getBoundingClientRect();
      if (width) (right > edge ? cut : shown).push(tick.textContent);
    }
  };
  return new Promise((resolve) => {
    let left = 0;
    const step = () => {
      look();
      left += 7;
      scroll.scrollLeft = left;
      if (left < 700) requestAnimationFrame(() => requestAnimationFrame(step));
      else resolve([cut, new Set(shown).size]);
    };
    step();
  });
}"""


def test_the_edge_of_the_waveform_cuts_no_label_of_the_time_axis(page: Page) -> None:
    _open_card(page)
    for _ in range(3):
        _press(page, "+")
        cut, shown = page.evaluate(_CUT_LABELS)
        assert cut == []
        assert shown > 0


def test_the_waveform_shows_the_whole_ring_of_its_focus(page: Page) -> None:
    _open_card(page)
    _press(page, "+", "+")
    page.locator("#open-only").focus()
    for _ in range(page.locator("#recordings button").count() + 1):
        _press(page, "Tab")
    ring = page.evaluate(
        """() => {
          const { outlineColor, outlineOffset } = getComputedStyle(document.activeElement.shadowRoot.activeElement);
          return [outlineColor, outlineOffset];
        }"""
    )
    accent = page.locator("#save").evaluate("one => getComputedStyle(one).backgroundColor")
    assert ring == [accent, "2px"], "outside of it: the names of the channels would cover it"


def test_the_sheet_of_keys_opens_and_closes_with_the_keyboard(page: Page) -> None:
    _open_card(page)
    _press(page, "?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    _press(page, "u", "m")
    _press(page, "Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    expect(page.locator("#save")).to_contain_text("Confirm")


def test_a_search_takes_letters_and_not_the_keys_of_the_page(page: Page) -> None:
    _open_card(page)
    _press(page, "/")
    page.keyboard.type("trans")
    expect(page.locator("#recordings button")).to_have_count(1)
    expect(page.locator("#mark")).to_contain_text("Mark speech to mute")


def test_the_page_asks_once_for_the_reviewers_name(page: Page, output: Path, tmp_path: Path) -> None:
    for start in range(2):
        with Served(output, tmp_path / "peaks", reviewer=None) as served:
            page.goto(served.address)
            if start == 0:
                dialog = page.get_by_role("dialog", name="Who reviews?")
                expect(dialog).to_be_visible()
                page.get_by_label("Name").fill("<ben>")
                _press(page, "Enter")
                expect(page.get_by_role("alert").first).to_contain_text("Letters, digits")
                page.get_by_label("Name").fill("Ben O'Neill")
                _press(page, "Enter")
                expect(dialog).to_be_hidden()
            expect(page.locator("#reviewer")).to_have_text("Reviewer: Ben O'Neill")
            _open_card(page)
            if start == 0:
                _decide_unplayed(page)
            expect(page.locator("#progress")).to_have_text("1 of 2 reviewed")
            page.goto("about:blank")
    (review,) = (json.loads(path.read_text()) for path in (output / "reviews").iterdir())
    assert (review["reviewer"], review["decision"]) == ("Ben O'Neill", "confirmed")


def test_two_reviewers_are_kept_apart_and_their_disagreements_are_listed(
    page: Page, output: Path, served: Served, tmp_path: Path
) -> None:
    with Served(output, tmp_path / "peaks", reviewer="ben") as other:
        page.goto(other.address)
        _open_card(page)
        _press(page, "n", "u", "m", "ArrowRight", "m")
        _decide_unplayed(page)
        expect(page.locator("#progress")).to_have_text("1 of 2 reviewed")
        page.goto("about:blank")
    page.goto(served.address)
    _open_card(page)
    expect(page.locator("#others")).to_be_hidden()  # before a decision, nobody is influenced
    expect(page.locator("#progress")).to_have_text("0 of 2 reviewed")
    _decide_unplayed(page)
    expect(_entry(page, "card")).to_contain_text("2 disagreements")
    _entry(page, "card").click()
    _open_card(page)
    expect(page.locator("#others")).to_contain_text("Also reviewed by ben (corrected")
    expect(page.locator("#others")).to_contain_text("marked by ben only. It is muted.")
    expect(page.locator("#others")).to_contain_text("false positive for ben only. It stays muted.")
    expect(_entry(page, "card")).to_contain_text("marks not muted yet")
    assert _review_of(output)["decision"] == "confirmed"
    assert _review_of(output, reviewer="ben")["decision"] == "corrected"
    page.get_by_label("reviewers disagree").check()
    expect(page.locator("#recordings button")).to_have_count(1)


def test_two_pages_of_one_browser_do_not_shut_each_other_out(
    page: Page, output: Path, served: Served, tmp_path: Path
) -> None:
    _open_card(page)
    with Served(output, tmp_path / "peaks", reviewer="ben") as other:
        second = page.context.new_page()
        second.goto(other.address)
        _open_card(second)
        page.reload()
        _open_card(page)
        second.reload()
        _open_card(second)
        second.close()


def _list_twelve_more(page: Page) -> None:
    """Lists the call twelve more times, as other recordings."""

    def with_more(route: Route) -> None:
        answer = route.fetch()
        listed = answer.json()
        card = next(one for one in listed["recordings"] if one["recording_id"] == "card")
        listed["recordings"] += [card | {"recording_id": f"more-{number}"} for number in range(12)]
        route.fulfill(response=answer, json=listed)

    page.route(re.compile(r"/api/recordings(\?|$)"), with_more)
    of_card = re.compile(r"/api/recordings/more-\d+")
    page.route(of_card, lambda route: route.continue_(url=of_card.sub("/api/recordings/card", route.request.url)))
    page.reload()


def test_on_a_phone_every_entry_of_the_list_can_be_opened_after_a_correction(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    _list_twelve_more(page)
    entries = page.locator("#recordings button")
    expect(entries).to_have_count(14)
    expect(page.locator("#save")).to_be_enabled()
    show = page.get_by_role("button", name="Recordings")
    for step, number in enumerate((0, 13, *range(14))):
        show.click()
        entry = entries.nth(number)
        entry.click()  # scrolls to it, and waits until nothing covers it
        expect(entry).to_be_hidden()  # the list gives way to the recording
        expect(entry).to_have_attribute("aria-current", "true")
        _is_open(page, str(entry.get_attribute("data-id")))
        if step == 1:
            expect(page.locator("#waveform [part~=muted]").first).to_be_attached()
            _press(page, "n", "u", "m", "ArrowRight", "m")
            _decide_unplayed(page)
            expect(page.locator("#progress")).to_have_text("1 of 14 reviewed")
    show.click()
    expect(page.locator("#to-do")).to_contain_text("Corrected but not rendered yet: 1")
    assert not is_wider_than_its_window(page)


def test_the_page_shows_keys_only_where_there_may_be_a_keyboard(page: Page, served: Served) -> None:
    _open_card(page)
    expect(page.locator("#help")).to_be_visible()
    expect(page.locator("#remove kbd")).to_have_text("u")
    browser = page.context.browser
    assert browser
    touched = browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844}).new_page()
    touched.goto(served.address)
    expect(touched.locator("#save")).to_be_enabled()
    expect(touched.locator("#help")).to_be_hidden()
    expect(touched.locator("#save kbd")).to_be_hidden()


def test_a_place_is_chosen_on_the_minimap(page: Page) -> None:
    _open_card(page)
    _press(page, "+", "+")
    minimap = page.locator("#minimap")
    box = minimap.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    shown = page.locator("#clock")
    expect(shown).not_to_contain_text("0:00.0 /")
    place_s, whole_s = (float(part.split(":")[1]) for part in shown.inner_text().split(" / "))
    assert place_s == pytest.approx(whole_s / 2, abs=1.0)
    _press(page, "m")
    expect(page.locator("#said")).to_contain_text(f"The mark begins at 0:{place_s:04.1f}")


def _card_on_a_phone(page: Page, served: Served) -> Page:
    browser = page.context.browser
    assert browser
    phone = browser.new_context(has_touch=True, is_mobile=True, viewport=PHONE).new_page()
    phone.goto(served.address)
    expect(phone.locator("#save")).to_be_enabled()
    phone.get_by_role("button", name="Recordings").tap()
    _entry(phone, "card").tap()
    _open_card(phone)
    return phone


def test_with_a_finger_spans_are_selected_and_played_speech_is_marked_and_the_decision_saved(
    page: Page, served: Served, output: Path
) -> None:
    phone = _card_on_a_phone(page, served)
    selected = phone.locator("#selected")
    phone.locator("#waveform [part~=region]").first.tap()
    expect(selected).to_contain_text("credit_card_number")
    phone.get_by_role("button", name="Mark speech to mute").tap()
    expect(phone.locator("#said")).not_to_contain_text("Esc")  # there are no keys
    box = phone.locator("#waveform").bounding_box()
    assert box
    phone.touchscreen.tap(box["x"] + box["width"] - 20, box["y"] + 20)
    phone.get_by_role("button", name="End the mark here").tap()
    expect(selected).to_contain_text("person_name your mark")
    phone.locator(".finding", has_text="credit_card_number").tap()
    phone.get_by_role("button", name="False positive").tap()
    phone.get_by_role("button", name="Save corrections and continue").tap()
    expect(_question(phone)).to_be_visible()
    assert not is_wider_than_its_window(phone)
    phone.get_by_role("button", name=re.compile("^Back")).tap()
    phone.locator(".word.redacted").first.tap()
    before = phone.locator("#clock").inner_text()
    phone.get_by_role("button", name="Play around").tap()
    expect(phone.locator("#clock")).not_to_have_text(before)
    phone.get_by_role("button", name="Pause").tap()
    expect(phone.locator("#play")).to_contain_text("Play")
    plain = phone.locator("#redo").evaluate("one => getComputedStyle(one).backgroundColor")
    around = phone.locator("#around").evaluate("one => getComputedStyle(one).backgroundColor")
    assert around == plain, "not as if something hovered over it"
    phone.get_by_role("button", name="Save corrections and continue").tap()
    expect(phone.locator("#progress")).to_have_text("1 of 2 reviewed")
    review = _review_of(output)
    assert (len(review["missed"]), len(review["false_positives"])) == (2, 1), "the mark is in both channels"


def _touch(page: Page, *paths: tuple[tuple[float, float], tuple[float, float]], wait_s: float = 0.0) -> None:
    """Moves one finger along each path, from one point to another, after they lay still for a while."""
    fingers = page.context.new_cdp_session(page)
    for step in range(11):
        points = [
            {"x": x + (to_x - x) * step / 10, "y": y + (to_y - y) * step / 10, "id": number}
            for number, ((x, y), (to_x, to_y)) in enumerate(paths)
        ]
        fingers.send("Input.dispatchTouchEvent", {"type": "touchMove" if step else "touchStart", "touchPoints": points})
        page.wait_for_timeout(20 if step else wait_s * 1000)
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(100)


def test_fingers_zoom_and_scroll_the_waveform_and_move_no_span_but_the_selected_one(
    page: Page, served: Served, output: Path
) -> None:
    ((_, start_s, end_s),) = json.loads(served.ask("/api/recordings/card")[1])["muted"]
    phone = _card_on_a_phone(page, served)
    span = phone.locator("#waveform [part~=muted]").first
    box = span.bounding_box()
    assert box
    left, right, y = box["x"], box["x"] + box["width"], box["y"] + box["height"] / 2
    unsaved = phone.locator("#undo")

    _touch(phone, ((right - 2, y), (right + 40, y)), wait_s=0.2)
    expect(unsaved).to_be_disabled()
    span.tap()
    expect(phone.locator("#selected")).to_contain_text("credit_card_number")
    # One finger lies on the edge of the span, the other one outside of it.
    _touch(phone, ((right - 2, y), (right + 20, y)), ((left - 20, y), (left - 60, y)), wait_s=0.2)
    expect(unsaved).to_be_disabled()
    zoomed = span.bounding_box()
    assert zoomed
    assert zoomed["width"] > box["width"] * 1.2
    phone.get_by_role("button", name="Whole recording").tap()
    _touch(phone, ((right - 2, y), (right + 40, y)), wait_s=0.2)
    expect(unsaved).to_be_enabled()
    phone.get_by_role("button", name="Save corrections and continue").tap()
    expect(_question(phone)).to_be_visible()
    phone.locator("#unplayed-save").tap()
    expect(phone.locator("#progress")).to_have_text("1 of 2 reviewed")
    (moved,) = _review_of(output)["missed"]
    assert moved["start_s"] == pytest.approx(start_s, abs=0.002)
    assert moved["end_s"] > end_s + 0.1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_wrong(page: Page, served: Served, scheme: Any, size: Any) -> None:
    browser = page.context.browser
    assert browser
    # axe sets inline styles, which the page's policy refuses.
    page = browser.new_context(bypass_csp=True, color_scheme=scheme, viewport=size).new_page()
    page.goto(served.address)
    expect(page.locator("#save")).to_be_enabled()
    if size == PHONE:
        page.get_by_role("button", name="Recordings").click()
        assert violations(page) == []
        _entry(page, "card").click()
    _open_card(page)
    _press(page, "n", "u", "m", "ArrowRight", "m", "m")
    assert violations(page) == []
    _press(page, "Escape", "Enter")
    expect(_question(page)).to_be_visible()
    assert violations(page) == []
    _press(page, "Tab", "Enter")
    expect(page.locator("#progress")).to_have_text("1 of 2 reviewed")
    assert violations(page) == []
    if size == DESK:
        _press(page, "?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        assert violations(page) == []
    assert not is_wider_than_its_window(page)


@pytest.fixture
def copy(output: Path, tmp_path: Path) -> Path:
    """A copy of the output, which may be rendered."""
    copy = tmp_path / "out"
    shutil.copytree(output, copy)
    for status in copy.glob("status/*.json"):
        status.write_text(status.read_text().replace(str(output), str(copy)))
    return copy


def _rendered(output: Path) -> str:
    terminal = io.StringIO()
    arguments = ["--output", str(output), "--corrections", "--verify", "off"]
    assert rerender(arguments, Console(file=terminal, width=200)) == 0
    return terminal.getvalue()


def test_the_page_says_how_corrections_are_rendered_and_shows_them(page: Page, copy: Path, tmp_path: Path) -> None:
    with Served(copy, tmp_path / "other-peaks") as served:
        page.goto(served.address)
        _open_card(page)
        _press(page, "m", "ArrowRight", "m")
        _decide_unplayed(page)
        expect(page.locator("#to-do-title")).to_have_text("Corrected but not rendered yet: 1")
        expect(page.locator("#to-do code")).to_have_text(f"hushbeam rerender --output {copy} --corrections")
        assert "1 completed" in _rendered(copy)
        page.reload()
        expect(_entry(page, "card")).to_contain_text("rendered")
        expect(page.locator("#to-do")).to_be_hidden()
        _entry(page, "card").click()
        _is_open(page, "card")
        expect(page.locator(".word.redacted.marked").first).to_be_visible()
        expect(page.locator("#error")).to_be_hidden()
        # The badge, the list of spans, the footer and the number of findings tell the same.
        expect(page.locator(".finding", has_text="your mark, rendered")).to_have_count(1)
        expect(page.locator("#consequence")).to_be_empty()
        expect(_entry(page, "card")).to_contain_text(f"{_rows_of(copy, 'findings')} findings")
        before = _review_of(copy)
        with page.expect_response("**/review?*"):
            _decide_unplayed(page)  # nothing was changed: the same corrections, which are rendered
        expect(page.locator("#to-do")).to_be_hidden()
        expect(_entry(page, "card")).to_contain_text("rendered")
        after = _review_of(copy)
        assert after["reviewed_at"] > before["reviewed_at"]
        for part in ("missed", "false_positives"):
            assert after[part] == before[part]
        assert after["reviewed"]["found"] == before["reviewed"]["found"], "not what the reviewer added"
        page.goto("about:blank")  # the server goes before the page does


def test_a_false_positive_that_another_one_confirmed_is_muted_in_every_place_of_the_page(
    page: Page, copy: Path, tmp_path: Path
) -> None:
    def opened(reviewer: str, *keys: str) -> None:
        """Opens the call, reviews it if there are keys to press, and opens it again."""
        page.goto("about:blank")
        with Served(copy, tmp_path / "other-peaks", reviewer=reviewer) as served:
            page.goto(served.address)
            _open_card(page)
            if keys:
                _press(page, *keys)
                with page.expect_response("**/review?*"):
                    _decide_unplayed(page)
                page.reload()
                _open_card(page)
            shown.append((page.locator(".finding").all_inner_texts(), _entry(page, "card").inner_text()))
            page.goto("about:blank")

    shown: list[tuple[list[str], str]] = []
    opened("anna", "n", "u", "m", "ArrowRight", "m")
    assert "1 completed" in _rendered(copy)
    opened("ben", "ArrowRight")
    opened("anna")
    spans, entry = shown[-1]
    assert len(spans) == 2, spans
    assert not any("restored" in span for span in spans)
    assert sum("false positive" in span for span in spans) == 1
    assert "rendered" in entry
    assert "not muted yet" not in entry


def test_a_mark_that_is_taken_back_stays_for_a_reviewer_who_saw_it_muted(
    page: Page, copy: Path, tmp_path: Path
) -> None:
    def reviewed(reviewer: str, *keys: str, chosen: int | None = None) -> str:
        """Presses keys on a span of the call, and gives what is said of others after the decision."""
        with Served(copy, tmp_path / "other-peaks", reviewer=reviewer) as served:
            page.goto(served.address)
            _open_card(page)
            if chosen is not None:
                page.locator(".finding").nth(chosen).click()
            _press(page, *keys)
            with page.expect_response("**/review?*"):
                _decide_unplayed(page)
            page.reload()
            _open_card(page)
            said = page.locator("#others").text_content() or ""
            state = _entry(page, "card").inner_text()
            page.goto("about:blank")
        return said + state

    reviewed("anna", "m", "ArrowRight", "m")
    assert "1 completed" in _rendered(copy)
    reviewed("ben")
    said = reviewed("anna", "u", chosen=0)
    assert "is marked by nobody any more. It stays muted until it is a false positive for ben too." in said
    assert "not restored yet" not in said
    both = [reviewed("ben", "u", chosen=number) for number in (0, 1)]
    assert "not restored yet" in both[-1], both


def test_the_page_names_no_command_that_would_not_restore_a_false_positive(
    page: Page, copy: Path, tmp_path: Path
) -> None:
    with Served(copy, tmp_path / "other-peaks") as served:
        page.goto(served.address)
        _open_card(page)
        _press(page, "n", "u")
        _decide_unplayed(page)
        expect(_entry(page, "card")).to_contain_text("not restored yet")
        lines = page.locator("#to-do-lines")
        expect(lines).to_contain_text("rerender cannot: no run of this output kept a store")
        expect(page.locator("#to-do code")).to_have_text("hushbeam redact")
        assert "0 completed" in _rendered(copy), "as the page says"
        (copy / "runs" / "private-roots.json").write_text('["--store"]')
        page.reload()
        expect(page.locator("#to-do code")).to_have_text(
            f"hushbeam rerender --output {copy} --corrections --store STORE --store_key KEY"
        )
        page.goto("about:blank")
