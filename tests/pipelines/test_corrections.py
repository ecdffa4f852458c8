"""Reviewers' corrections: the job's own code renders them, later runs keep them, and no source is uncovered."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from rich.console import Console

from hushbeam.pipelines import audit, erase, expire, rerender
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE, EXIT_USAGE
from hushbeam.transforms.detect_pii.detector import Detector
from hushbeam.transforms.transcribe.engine import SpeechEngine
from tests.pipelines.conftest import LABELLED, FinishedRuns, Line, Redact, Run, cut
from tests.pipelines.review_page import Served

Kept = Callable[..., tuple[Run, tuple[str, ...]]]
Span = dict[str, Any]

CARD = {"recording_id": "card", "audio_url": "card.flac"}
PHONE = {"recording_id": "phone", "audio_url": "phone.wav"}
CAPTIONS = ("--captions",)

_FADE_S = 0.006
"""Certificates count the fades of a mute in, and round to a millisecond."""


@pytest.fixture
def kept(finished: FinishedRuns, key: str) -> Kept:
    """Gives a finished run with a store, and the options that name the store."""

    def kept(*lines: Line) -> tuple[Run, tuple[str, ...]]:
        run = finished(*lines, options=("--store", "{root}/store", "--store_key", key))
        return run, ("--store", str(run.output.parent / "store"), "--store_key", key)

    return kept


def quiet() -> Console:
    return Console(file=io.StringIO(), width=500)


def render(output: Path, *options: str) -> tuple[int, str]:
    terminal = io.StringIO()
    arguments = ["--output", str(output), "--verify", "off", "--fail_above", "0", "--corrections", *options]
    return rerender.run(arguments, Console(file=terminal, width=500)), terminal.getvalue()


def audited(output: Path) -> int:
    return audit.run(["--output", str(output), "--sample", "0"], quiet())


def review(
    output: Path, recording_id: str, missed: list[Span], false_positives: list[Span], reviewer: str = "anna"
) -> None:
    """As the page does."""
    decision = "corrected" if missed or false_positives else "confirmed"
    body = {"decision": decision, "missed": missed, "false_positives": false_positives}
    with Served(output, output.parent / "peaks", reviewer=reviewer) as page:
        status, answer = page.ask(f"/api/recordings/{recording_id}/review", body=body)
    assert status == 200, answer


def row_of(run: Run, recording_id: str) -> dict[str, Any]:
    (row,) = (row for row in run.rows("transcripts") if row["recording_id"] == recording_id)
    return row


def readable_words(run: Run, recording_id: str) -> Iterator[tuple[str, Span]]:
    """Words of the published transcript that stand for nothing else, and where they were said."""
    for utterance in row_of(run, recording_id)["utterances"]:
        for word in utterance["words"]:
            if not word["redacted"] and len(word["text"].strip(" .,?")) > 3 and word["end_s"] - word["start_s"] > 0.2:
                place = {"channel": utterance["channel"], "start_s": word["start_s"], "end_s": word["end_s"]}
                yield word["text"].strip(" .,?"), place


def status_of(output: Path, recording_id: str) -> dict[str, Any]:
    status: dict[str, Any] = json.loads((output / "status" / f"{recording_id}.json").read_text())
    return status


def muted_of(output: Path, recording_id: str) -> list[Span]:
    muted = status_of(output, recording_id)["certificate"]["audio"]["muted"]
    return [{"channel": channel, "start_s": start_s, "end_s": end_s} for channel, start_s, end_s in muted]


def samples(path: Path | str) -> tuple[np.ndarray, int]:
    """(frames, channels)"""
    decoded, rate = soundfile.read(path, dtype="int16", always_2d=True)
    return decoded, rate


def within(path: Path | str, span: Span, inset_s: float = 0.0) -> np.ndarray:
    decoded, rate = samples(path)
    part: np.ndarray = decoded[
        int((span["start_s"] + inset_s) * rate) : int((span["end_s"] - inset_s) * rate), span["channel"]
    ]
    return part


def deafen(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("nothing is heard or detected again")

    monkeypatch.setattr(SpeechEngine, "submit", refuse)
    monkeypatch.setattr(Detector, "load", refuse)


def test_what_is_marked_is_muted_without_a_store_and_stays_so(
    finished: FinishedRuns, redact: Redact, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished(CARD, PHONE)
    before, before_path = samples(run.audio()["card"]), run.audio()["card"]
    other = run.audio()["phone"].read_bytes()
    earlier = muted_of(run.output, "card")
    findings = len(run.rows("findings"))
    word, place = next(readable_words(run, "card"))
    review(run.output, "card", [place | {"policy": "occupation"}], [])
    assert np.any(within(before_path, place))

    with monkeypatch.context() as context:
        deafen(context)
        context.setattr("hushbeam.transforms.archive.findings_store.FindingsStore.read", None)
        status, terminal = render(run.output)
    assert (status, "1 completed" in terminal) == (0, True), terminal
    assert not before_path.exists(), "what said it is gone"
    after = run.audio()["card"]
    assert not np.any(within(after, place))
    for span in earlier:
        assert not np.any(within(after, span, _FADE_S))
    changed = samples(after)[0] != before[0]
    for span in (place, *earlier):
        start, end = (int(time_s * before[1]) for time_s in (span["start_s"] - 0.01, span["end_s"] + 0.01))
        changed[max(start, 0) : end, span["channel"]] = False
    assert not changed.any(), "nothing else changed"
    assert run.audio()["phone"].read_bytes() == other
    assert word not in row_of(run, "card")["text"]
    (marked,) = (row for row in run.rows("findings") if row["detector"] == "reviewer")
    assert marked["policy"] == "occupation"
    assert row_of(run, "card")["text"][marked["text_start"] : marked["text_end"]] == "#" * len(word)
    assert len(run.rows("findings")) == findings + 1
    said = status_of(run.output, "card")["certificate"]["corrections"]
    assert (said["missed"], said["false_positives"], said["of_published"]) == (1, 0, True)
    assert audited(run.output) == EXIT_COMPLETED
    assert "0 completed" in render(run.output)[1], "once"

    again = redact(CARD, PHONE, output=run.output)
    assert "1 skipped" in again.terminal, "the source is heard again, with what was marked"
    assert not np.any(within(again.audio()["card"], place))
    assert word not in row_of(again, "card")["text"]
    assert audited(run.output) == EXIT_COMPLETED
    assert "2 skipped" in redact(CARD, PHONE, output=run.output).terminal


def test_what_need_not_be_muted_comes_back_from_source_and_store_alone(
    kept: Kept, redact: Redact, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soundfile.write(calls / "payment.flac", *cut("card-payment.mp3", 3.0, 25.0))
    payment = {"recording_id": "card", "audio_url": "payment.flac"}
    run, store = kept(payment)
    first, *others = muted_of(run.output, "card")
    published = run.audio()["card"].read_bytes()
    review(run.output, "card", [], [first])
    said = render(run.output)[1]
    assert "0 completed" in said, "without the store there is nothing to do"
    assert "No recording was to be redacted again; without --store, what reviewers marked is muted, but" in said
    assert run.audio()["card"].read_bytes() == published

    with monkeypatch.context() as context:
        deafen(context)
        status, terminal = render(run.output, *store)
    assert (status, "1 completed" in terminal) == (0, True), terminal
    after = run.audio()["card"]
    np.testing.assert_array_equal(within(after, first), within(calls / "payment.flac", first))
    assert others
    for span in others:
        assert not np.any(within(after, span, _FADE_S))
    assert audited(run.output) == EXIT_COMPLETED

    after_bytes = after.read_bytes()
    assert "1 skipped" in redact(payment, options=store, output=run.output).terminal, "a run finds it up to date"
    forced = redact(payment, options=(*store, "--force"), output=run.output)
    assert forced.audio()["card"].read_bytes() == after_bytes, "and makes the same of it"
    said = render(run.output, *store)[1]
    assert "0 completed" in said
    assert said.endswith("No recording was to be redacted again\n")

    review(run.output, "card", [], [])  # on second thoughts
    assert "1 completed" in render(run.output, *store)[1]
    assert run.audio()["card"].read_bytes() == published


def test_a_moved_mute_is_muted_where_it_is_now(kept: Kept) -> None:
    run, store = kept(CARD)
    before = muted_of(run.output, "card")[0]
    narrowed = before | {"start_s": before["start_s"] + 0.3}
    review(run.output, "card", [narrowed | {"policy": "credit_card_number"}], [before])
    assert render(run.output, *store)[0] == 0
    assert np.any(within(run.audio()["card"], before | {"end_s": narrowed["start_s"] - 0.01}))
    assert not np.any(within(run.audio()["card"], narrowed))


def test_a_rendering_that_fails_leaves_what_was_published(kept: Kept, calls: Path) -> None:
    run, store = kept(CARD)
    published = run.audio()["card"]
    before, status_before = published.read_bytes(), status_of(run.output, "card")
    review(run.output, "card", [], [muted_of(run.output, "card")[0]])
    source = calls / "card.flac"
    source.rename(calls / "elsewhere.flac")
    try:
        status, _ = render(run.output, *store)
    finally:
        (calls / "elsewhere.flac").rename(source)
    assert status == EXIT_INCOMPLETE
    assert [row["error_class"] for row in run.rows("errors")] == ["MissingFileError"]
    assert (run.audio()["card"].read_bytes(), status_of(run.output, "card")) == (before, status_before)


def test_what_was_put_in_the_place_of_a_published_recording_is_not_rendered(
    finished: FinishedRuns, calls: Path
) -> None:
    run = finished(CARD, options=CAPTIONS)
    _, place = next(readable_words(run, "card"))
    review(run.output, "card", [place | {"policy": "occupation"}], [])
    shutil.copy(calls / "transfer.flac", run.audio()["card"])
    assert render(run.output)[0] == EXIT_INCOMPLETE
    assert [row["error_class"] for row in run.rows("errors")] == ["PublishedOutputError"]
    assert len(list((run.output / "audio").iterdir())) == 1


def test_words_of_an_earlier_run_are_not_published_again(redact: Redact) -> None:
    run = redact(CARD | {"redact_pii_policies": ["occupation"]})
    of_first = set((run.output / "transcripts").rglob("*.parquet"))
    redact(CARD, output=run.output)
    (newest,) = set((run.output / "transcripts").rglob("*.parquet")) - of_first
    review(run.output, "card", [{"channel": 0, "start_s": 0.2, "end_s": 0.6, "policy": "occupation"}], [])
    newest.write_bytes(b"damaged")
    assert render(run.output)[0] == EXIT_INCOMPLETE
    assert "not those of its certificate" in run.rows("errors")[-1]["message"]


def test_a_review_that_cannot_be_read_quarantines_its_recording_alone(finished: FinishedRuns, redact: Redact) -> None:
    run = finished(CARD, PHONE)
    published = run.audio()["card"].read_bytes()
    (run.output / "reviews").mkdir()
    (run.output / "reviews" / "card@anna.json").write_text('{"decision": "corrected"}')
    again = redact(CARD, PHONE, options=("--force",), output=run.output)
    assert again.status == EXIT_INCOMPLETE
    assert [(row["recording_id"], row["status"]) for row in again.rows("errors")] == [("card", "quarantined")]
    assert run.audio()["card"].read_bytes() == published
    assert render(run.output)[0] == EXIT_INCOMPLETE


def test_corrections_of_other_sound_are_not_applied(finished: FinishedRuns, redact: Redact, tmp_path: Path) -> None:
    run = finished(CARD, options=CAPTIONS)
    _, place = next(readable_words(run, "card"))
    review(run.output, "card", [place | {"policy": "occupation"}], [muted_of(run.output, "card")[0]])
    replaced = redact({"recording_id": "card", "audio_url": "transfer.flac"}, output=run.output)
    fresh = redact({"recording_id": "card", "audio_url": "transfer.flac"}, output=tmp_path / "fresh")
    assert replaced.audio()["card"].read_bytes() == fresh.audio()["card"].read_bytes()
    said = status_of(run.output, "card")["certificate"]["corrections"]
    assert (said["missed"], said["false_positives"]) == (0, 0)


def test_captions_that_say_what_was_marked_are_gone(finished: FinishedRuns) -> None:
    run = finished(CARD, options=CAPTIONS)
    word, place = next(readable_words(run, "card"))
    review(run.output, "card", [place | {"policy": "occupation"}], [])
    assert render(run.output)[0] == 0
    assert not any(word in path.read_text() for path in run.output.glob("captions/*"))
    assert "--captions" in status_of(run.output, "card")["certificate"]["configuration"], "of the run, as its id"
    assert audited(run.output) == EXIT_COMPLETED


def test_erasing_takes_reviews_along_and_expiring_keeps_corrections(finished: FinishedRuns, redact: Redact) -> None:
    run = finished(CARD, PHONE)
    _, place = next(readable_words(run, "card"))
    review(run.output, "card", [place | {"policy": "occupation"}], [])
    review(run.output, "phone", [], [])
    review(run.output, "card", [], [], reviewer="Zoë B.")
    assert render(run.output)[0] == 0
    assert expire.run(["--output", str(run.output), "--older_than", "0m"], quiet()) == 0
    assert {path.name.partition("@")[0] for path in (run.output / "reviews").iterdir()} == {"card"}
    assert len(list((run.output / "reviews").iterdir())) == 2, "of both reviewers"
    assert audited(run.output) == EXIT_COMPLETED
    assert "0 completed" in render(run.output)[1], "what has expired is not brought back"
    forced = redact(CARD, options=("--force",), output=run.output)
    assert not np.any(within(forced.audio()["card"], place)), "nor without its corrections"
    assert erase.run(["--output", str(run.output), "--recording_id", "card"], quiet()) == 0
    assert not list((run.output / "reviews").iterdir())
    assert audited(run.output) == EXIT_COMPLETED


@pytest.mark.parametrize("option", [("--policies", "date"), ("--caution", "low"), ("--muting", "tone")])
def test_more_than_muting_further_needs_the_store(finished: FinishedRuns, option: tuple[str, str]) -> None:
    run = finished(CARD, options=CAPTIONS)
    status, terminal = render(run.output, *option)
    assert status == EXIT_USAGE
    assert f"{option[0]}: needs --store" in terminal


def test_the_second_recogniser_listens_for_what_was_marked(redact: Redact) -> None:
    run = redact(CARD, options=("--verify", "all"))
    before = status_of(run.output, "card")["certificate"]["verification"]
    assert before["outcome"] == "passed"
    _word, place = next(readable_words(run, "card"))
    review(run.output, "card", [place | {"policy": "occupation"}], [])
    status, terminal = render(run.output, "--verify", "all")
    assert (status, "1 completed" in terminal) == (0, True), terminal
    after = status_of(run.output, "card")["certificate"]["verification"]
    assert (after["outcome"], after["values"]) == ("passed", 1)
    assert after["recogniser"] == before["recogniser"]


def test_a_mark_is_for_all_channels_of_a_mix_and_codecs_that_lose_something(redact: Redact, calls: Path) -> None:
    shutil.copy(LABELLED / "card-payment.mp3", calls / "mixed.mp3")
    run = redact({"recording_id": "mixed", "audio_url": "mixed.mp3", "multichannel": False})
    _word, place = next(readable_words(run, "mixed"))
    review(run.output, "mixed", [place | {"policy": "occupation", "channel": 1}], [])
    status, terminal = render(run.output)
    assert (status, "1 completed" in terminal) == (0, True), terminal
    for channel in (0, 1):
        assert any(
            span["channel"] == channel and span["start_s"] <= place["start_s"] and place["end_s"] <= span["end_s"]
            for span in muted_of(run.output, "mixed")
        )
    assert audited(run.output) == EXIT_COMPLETED


def test_a_mark_that_its_reviewer_takes_back_stays_muted_for_another_who_saw_it_muted(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, store = kept(CARD)
    _, place = next(readable_words(run, "card"))
    review(run.output, "card", [place | {"policy": "occupation"}], [])
    with monkeypatch.context() as context:
        deafen(context)
        assert render(run.output, *store)[0] == 0
    review(run.output, "card", [], [], reviewer="ben")
    review(run.output, "card", [], [])
    for reviewer in ("ben", "carl"):  # saving again is no decision about it, and a third reviewer sees it muted too
        review(run.output, "card", [], [], reviewer=reviewer)
    assert render(run.output, *store)[0] == 0
    assert not np.any(within(run.audio()["card"], place))

    review(run.output, "card", [], [place], reviewer="ben")
    assert render(run.output, *store)[0] == 0
    assert not np.any(within(run.audio()["card"], place)), "carl has left it muted"
    review(run.output, "card", [], [place], reviewer="carl")
    assert render(run.output, *store)[0] == 0
    assert np.any(within(run.audio()["card"], place))
    assert audited(run.output) == EXIT_COMPLETED


def test_where_two_reviewers_disagree_nothing_is_restored_and_every_mark_is_muted(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, store = kept(CARD)
    (span, *_) = muted_of(run.output, "card")
    _, place = next(readable_words(run, "card"))
    review(run.output, "card", [], [span], reviewer="anna")
    review(run.output, "card", [place | {"policy": "occupation"}], [], reviewer="ben")
    with monkeypatch.context() as context:
        deafen(context)
        assert render(run.output, *store)[0] == 0
    after = run.audio()["card"]
    assert not np.any(within(after, place))
    assert not np.any(within(after, span, _FADE_S))
    assert audited(run.output) == EXIT_COMPLETED
    review(run.output, "card", [place | {"policy": "occupation"}], [span], reviewer="ben")
    assert render(run.output, *store)[0] == 0
    assert np.any(within(run.audio()["card"], span, _FADE_S)), "now both call it a false positive"
