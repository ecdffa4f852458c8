"""The quality of a real run's output, from what a reviewer decided on the page."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from evaluation.score import score_run, summarise
from evaluation.truth import read_truth
from hushbeam.pipelines import evaluate
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE, EXIT_USAGE
from tests.pipelines.conftest import SPOKEN, FinishedRuns, Run
from tests.pipelines.review_page import Served

LINES = [
    {"recording_id": name.split(".")[0], "audio_url": name} for name in ("card.flac", "phone.wav", "transfer.flac")
]


@pytest.fixture
def kept(finished: FinishedRuns, key: str) -> tuple[Run, tuple[str, ...]]:
    """Three calls, and where what was said in them is."""
    run = finished(*LINES, options=("--store", "{root}/store", "--store_key", key, "--substitution", "entity_name"))
    return run, ("--store", str(run.output.parent / "store"), "--store_key", key)


def measured(output: Path, *options: str) -> tuple[int, str]:
    terminal = io.StringIO()
    status = evaluate.run(["--output", str(output), *options], Console(file=terminal, width=200))
    return status, terminal.getvalue()


def test_a_sample_is_drawn_reviewed_and_measured(
    kept: tuple[Run, tuple[str, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = kept[0].output
    status, said = measured(output)
    review = f"No recording is reviewed yet. To review: hushbeam review --output {output}; for figures"
    assert (status, said.startswith(review)) == (EXIT_INCOMPLETE, True), said
    status, said = measured(output, "--sample", "2", "--seed", "7")
    assert status == EXIT_INCOMPLETE
    assert f"hushbeam review --output {output} --sample 2 --seed 7" in said
    (tmp_path / "calls of May").symlink_to(output)
    _, said = measured(tmp_path / "calls of May", "--sample", "2", "--seed", "7")
    assert f"hushbeam review --output '{tmp_path}/calls of May' --sample 2" in said

    with Served(output, tmp_path / "peaks", sample=2, seed=7) as page:
        shown = [one["recording_id"] for one in json.loads(page.ask("/api/recordings")[1])["recordings"]]
        assert len(shown) == 2
        detail = json.loads(page.ask(f"/api/recordings/{shown[0]}")[1])
        (channel, start_s, end_s), *_ = detail["muted"]
        false_positives = [{"channel": channel, "start_s": start_s, "end_s": end_s}]
        missed = [
            {"channel": 0, "start_s": 0.2, "end_s": 0.6, "policy": "person_name"},
            {"channel": 0, "start_s": 0.7, "end_s": 0.9, "policy": "occupation"},
        ]
        corrected = {"decision": "corrected", "missed": missed, "false_positives": false_positives}
        assert page.ask(f"/api/recordings/{shown[0]}/review", body=corrected)[0] == 200
        assert page.ask(f"/api/recordings/{shown[1]}/review", body={"decision": "confirmed"})[0] == 200

    assert measured(output, "--sample", "2", "--seed", "7", "--json")[0] == EXIT_COMPLETED
    figures = json.loads(capsys.readouterr().out)
    assert figures["published"] == 3
    assert figures["unreviewed"] == []
    recall = figures["overall"]["recall"]
    assert (recall["part"], recall["whole"]) == (1, 2)
    assert figures["policies"]["person_name"]["recall"]["value"] == 0.0
    assert figures["left_out_marks"] == {"occupation": 1}, "no recording requested it"
    assert figures["overall"]["false_positives"]["part"] == 1
    (row,) = (row for row in kept[0].rows("transcripts") if row["recording_id"] == shown[0])
    redacted = [word["redacted"] for utterance in row["utterances"] for word in utterance["words"]]
    assert figures["over_redacted_words"]["part"] == sum(redacted) > 1, "words that became one label count each"
    written = tmp_path / "quality.html"
    status, said = measured(output, "--sample", "2", "--seed", "7", "--html", str(written))
    assert "person_name" in said
    assert "50.0%" in said
    told = "Left out: 1 mark under policies that were not requested: occupation 1"
    assert f"{told}; --all_marks counts them\n" in said
    assert told in written.read_text()
    assert f"Page: {written}" in said
    assert "Of 2 values that were found or marked, 1 was redacted: a recall of 50.0 %." in written.read_text()
    said = measured(output, "--sample", "2", "--seed", "7", "--all_marks")[1]
    assert ("Left out" in said, "33.3%" in said) == (False, True)
    assert measured(output, "--sample", "3", "--html", str(written))[0] == EXIT_INCOMPLETE
    assert "Not final: 2 of 3 recordings of the sample were reviewed." in written.read_text()
    assert not [said for said in SPOKEN if said in written.read_text()]


def test_reviews_become_labels_that_the_evaluation_scores(kept: tuple[Run, tuple[str, ...]], tmp_path: Path) -> None:
    run, store = kept
    with Served(run.output, tmp_path / "peaks") as page:
        for line in LINES:
            confirmed = {"decision": "confirmed"}
            assert page.ask(f"/api/recordings/{line['recording_id']}/review", body=confirmed)[0] == 200
    assert measured(run.output, "--labels", str(tmp_path / "labels"), *store)[0] == EXIT_COMPLETED
    labelled = {one.recording_id: one for one in read_truth(tmp_path / "labels")}
    assert len(labelled) == 3
    (card,) = labelled["card"].entities
    assert card.policy == "credit_card_number"
    assert sum(sign.isdigit() for sign in card.said) >= 12
    assert len(labelled["card"].words) > 10
    figures = summarise(score_run(tmp_path / "labels", run.output))
    assert figures["covered_0.9"] == 1.0
    assert figures["text_leaks"] == 0

    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "labels").iterdir()} == {0o600}
    assert (tmp_path / "labels").stat().st_mode & 0o777 == 0o700
    (tmp_path / "shared").mkdir(mode=0o755)
    for shared in (str(tmp_path / "shared"), "memory://labels"):
        status, said = measured(run.output, "--labels", shared, *store)
        assert (status, "--labels" in said) == (EXIT_USAGE, True), "they hold what was said"
    assert not list((tmp_path / "shared").iterdir())

    assert measured(run.output, "--labels", str(tmp_path / "timed"))[0] == EXIT_COMPLETED
    (timed,) = next(one for one in read_truth(tmp_path / "timed") if one.recording_id == "card").entities
    assert (timed.said, timed.start_s, timed.end_s) == ("", card.start_s, card.end_s), "no words without the store"


@pytest.mark.parametrize(
    "options",
    [("--labels", "out/labels"), ("--store", "kept"), ("--sample", "0"), ("--html", "out/page.html"), ("--html", ".")],
)
def test_what_cannot_be_done_is_refused(
    kept: tuple[Run, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, options: tuple[str, str]
) -> None:
    output = kept[0].output
    monkeypatch.chdir(output.parent)
    try:
        status = measured(output, *options)[0]
    except SystemExit as ended:
        status = int(ended.code or 0)
    assert status == EXIT_USAGE
