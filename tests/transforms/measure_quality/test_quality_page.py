"""The quality page: its first sentence, its advice, and its look."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

import pytest

from hushbeam.transforms.archive.reviews import Review
from hushbeam.transforms.measure_quality import Figures, measure
from hushbeam.transforms.measure_quality.advice import Reviewing, advice_for, more_recordings
from hushbeam.transforms.measure_quality.agreement import Agreement, Counts, agreements
from hushbeam.transforms.measure_quality.figures import Share
from hushbeam.transforms.measure_quality.page import render
from tests.accessibility import PHONE, chromium, is_wider_than_its_window, violations
from tests.transforms.measure_quality.test_agreement import finding, review, span

_COLOURS: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MARK = span(30, 31, policy="person_name")


def reviewing(reviewed: int, wanted: int | None = None, **others: Any) -> Reviewing:
    wanted = reviewed if wanted is None else wanted
    values: dict[str, Any] = {"sample": wanted, "seed": 3, "reviewers": ("Ann", "Bo"), **others}
    return Reviewing("out/", 100, wanted=wanted, reviewed=reviewed, **values)


def advice(reviewing: Reviewing, figures: Figures, agreed: Sequence[Agreement] = ()) -> str:
    return "\n".join(f"{one.text} {one.command}" for one in advice_for(reviewing, figures, agreed))


def page_of(reviewing: Reviewing, reviews: Sequence[Review], agreed: Sequence[Agreement] = ()) -> str:
    return render(reviewing, measure(reviews), agreed, "1.0")


@pytest.mark.parametrize(
    ("state", "level", "said"),
    [
        (reviewing(0, 50), "open", "Nothing is measured yet"),
        (reviewing(2, 50), "open", "2 of 50 recordings of the sample were reviewed"),
        (reviewing(2, sample=None), "open", "not drawn at random"),
        (reviewing(2), "plain", "for all 100 published recordings"),
    ],
)
def test_only_a_sample_that_was_reviewed_speaks_for_the_output(state: Reviewing, level: str, said: str) -> None:
    reviews = [review("Ann", finding(1)), review("Ann", finding(1), missed=(MARK,))][: state.reviewed]
    page = page_of(state, reviews)
    assert re.findall(r'class="verdict (\w+)"', page) == [level]
    assert said in page
    if state.reviewed:
        assert "2 were redacted: a recall of 66.7 %" in page


def test_reviews_without_personal_data_leave_recall_unknown() -> None:
    page = page_of(reviewing(2), [review("Ann"), review("Ann")])
    assert "Recall is unknown" in page
    assert "verdict open" in page


def test_a_sample_of_several_configurations_is_no_measurement_of_one() -> None:
    page = page_of(reviewing(2), [review("Ann", finding(1)), review("Ann", finding(1), configuration_id="other")])
    assert "verdict open" in page
    assert "Redact all with one" in page


def test_what_to_do_next_follows_from_the_figures() -> None:
    assert "--sample 50 --seed 3" in advice(reviewing(0, 50), measure([]))
    rest = advice(reviewing(2, 50), measure([review("Ann", finding(1))] * 2))
    assert "Review the rest of the sample: 48 recordings" in rest
    missed = advice(reviewing(20, waiting=20), measure([review("Ann", finding(1), missed=(MARK,))] * 20))
    assert "20 missed values can be heard until the marks are applied" in missed
    assert "hushbeam rerender --output out/ --corrections" in missed
    assert "Recall is below 95 % for person_name." in missed
    assert "Too few values to judge date" in missed
    alone = advice(reviewing(2, reviewers=("Ann",)), measure([review("Ann", finding(1))] * 2))
    assert "second person" in alone
    perfect = advice(reviewing(400), measure([review("Ann", *(finding(float(at)) for at in range(1, 50, 5)))] * 400))
    assert perfect.startswith("Nothing stands out")


def test_marks_that_were_rendered_are_not_said_to_be_audible() -> None:
    marked = measure([review("Ann", finding(1), missed=(MARK,))] * 20)
    assert "rerender" not in advice(reviewing(20), marked)
    assert "3 missed values can be heard" in advice(reviewing(20, waiting=3), marked)


def test_where_everything_was_reviewed_no_sample_is_asked_for() -> None:
    reviews = [review("Ann", finding(1)), review("Ann", finding(1), missed=(MARK,))]
    everything = Reviewing("out/", 2, None, 0, 2, 2, ("Ann", "Bo"))
    page = page_of(everything, reviews)
    assert "verdict plain" in page
    assert "Every published recording was reviewed." in page
    assert "--sample" not in page
    assert "say nothing about the others" not in page
    assert ">--sample</span> 3" in page_of(Reviewing("out/", 3, None, 0, 3, 2, ("Ann", "Bo")), reviews)


def test_reviews_of_different_versions_are_said_not_to_be_compared() -> None:
    reviews = [review("Ann", finding(1)), review("Bo", finding(1), output="later")]
    assert agreements({"call": reviews}) == ()
    assert "reviews of different versions are not compared" in page_of(reviewing(1, reviewed_by_several=1), reviews[:1])
    assert "Nobody reviewed what another one reviewed" in page_of(reviewing(1), reviews[:1])


def test_on_a_phone_names_of_policies_break_after_underscores_only() -> None:
    long = finding(1).model_copy(update={"policy": "organization_medical_facility"})
    with chromium() as browser:
        page = browser.new_page(viewport=PHONE)
        page.set_content(page_of(reviewing(20), [review("Ann", long)] * 20))
        assert not is_wider_than_its_window(page)
        name = page.get_by_role("rowheader", name="organization").first
        lines = name.evaluate("""one => { const lines = []; let last = null;
            for (const node of one.childNodes) for (const at of [...(node.textContent ?? "")].keys()) {
              const range = document.createRange(); range.setStart(node, at); range.setEnd(node, at + 1);
              const top = Math.round(range.getBoundingClientRect().top);
              if (top === last) lines[lines.length - 1] += range; else lines.push(`${range}`);
              last = top;
            } return lines; }""")
        assert "".join(lines) == "organization_medical_facility"
        assert all(line.endswith("_") for line in lines[:-1]), lines


def test_reviewers_who_disagree_are_sent_to_talk() -> None:
    figures = measure([review("Ann", finding(1))])
    apart = Agreement(("Ann", "Bo"), 5, Counts(5, 1, 4, 4), Counts())
    assert "Ann and Bo often disagree" in advice(reviewing(1), figures, (apart,))
    alike = Agreement(("Ann", "Bo"), 5, Counts(9, 9, 1, 0), Counts(both=4))
    assert "disagree" not in advice(reviewing(1), figures, (alike,))


def test_caution_is_weighed_where_many_other_words_went() -> None:
    """A false positive of 5 words and low score, beside a value of a high score."""
    doubtful = finding(5).model_copy(update={"score": 0.3, "words": 20})
    reviews = [review("Ann", finding(1), doubtful, wrong=(5.0,))] * 3
    said = advice(reviewing(3), measure(reviews))
    assert "`--caution low` would keep about 60 of these words" in said
    assert "from 100 % to about 100 %" in said


def test_the_number_of_recordings_that_are_missing_shrinks_with_what_is_known() -> None:
    few, many = Share(9, 10), Share(900, 1000)
    assert more_recordings(few, 10) > more_recordings(Share(90, 100), 100) >= more_recordings(many, 1000) == 0
    assert more_recordings(Share(0, 0), 10) == 0
    assert more_recordings(Share(10, 10), 10) > 0, "ten of ten is not certainty"


def test_the_page_is_accessible_and_fits_phones() -> None:
    doubtful = finding(5).model_copy(update={"score": 0.3, "words": 20})
    names = ("Ann", "Bo")
    pairs = {
        str(at): tuple(
            review(name, finding(1), doubtful, wrong=(5.0,) if name == "Ann" else (), missed=(MARK,)) for name in names
        )
        for at in range(12)
    }
    full = page_of(reviewing(12), [own[0] for own in pairs.values()], agreements(pairs))
    assert "Ann and Bo" in full
    assert "<script" not in full
    with chromium() as browser:
        for colours in _COLOURS:
            page = browser.new_page(viewport=PHONE, color_scheme=colours)
            for content in (full, page_of(reviewing(0, 50), [])):
                page.set_content(content)
                assert violations(page) == []
                assert not is_wider_than_its_window(page)


_BROKEN = """() => {
  const broken = [];
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    if (texts.currentNode.parentElement.closest("svg")) continue;
    for (const found of texts.currentNode.data.matchAll(/--[\\w-]+/g)) {
      const range = document.createRange();
      range.setStart(texts.currentNode, found.index);
      range.setEnd(texts.currentNode, found.index + found[0].length);
      if (new Set([...range.getClientRects()].map((line) => line.top)).size > 1) broken.push(found[0]);
    }
  }
  return broken;
}"""


def test_no_line_of_the_page_ends_within_an_option() -> None:
    reviews = [review("Ann", finding(1), missed=(MARK,))] * 20
    page_text = page_of(reviewing(20, 50, waiting=20), reviews)
    assert {"--rules", "--caution", "--corrections", "--sample"} <= set(re.findall(r"--\w+", page_text))
    with chromium() as browser:
        page = browser.new_page()
        page.set_content(page_text)
        for width in range(320, 900, 12):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(_BROKEN) == [], width
