"""The job as a transform in a pipeline of somebody else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.util import assert_that

import hushbeam
from hushbeam.pipelines.audit import run as audit
from hushbeam.transforms.archive.run_lock import PipelineHold, RunLock, RunLockedError, RunLockLostError
from hushbeam.transforms.archive.runs.private_roots import recorded_private_roots
from hushbeam.transforms.begin_run import BeginRun, EndRun
from tests.output_tables import current
from tests.pipelines.conftest import SPOKEN, calls

__all__ = ["calls"]

FAST: dict[str, Any] = {"model": "tiny.en", "verify": "off", "language_code": "en"}


Kept = dict[str, list[Any]]
"""What a pipeline gave, by the name of the output."""

KEPT: Kept = {}
"""Beam pickles what keeps the outputs, so they are kept here: a local run is in this process."""


def redacted(output: Path, records: Sequence[Any], beam_arguments: Sequence[str] = (), **options: Any) -> Kept:
    """Runs a pipeline of somebody else's on records."""
    KEPT.clear()
    arguments = PipelineOptions(["--runner=FnApiRunner", *beam_arguments])
    with beam.Pipeline(options=arguments) as pipeline:
        outputs = pipeline | beam.Create(list(records)) | hushbeam.RedactRecordings(output, **{**FAST, **options})
        for name, values in outputs._asdict().items():
            assert_that(values, _Keep(name), label=f"keep {name}")
    return dict(KEPT)


class _Keep:
    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, found: Any) -> None:
        KEPT[self._name] = list(found)


def rows(output: Path, table: str) -> list[dict[str, Any]]:
    return current(output, table)


@pytest.fixture(scope="module")
def done(calls: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Kept]]:
    """A run on each kind of record, valid and not."""
    output = tmp_path_factory.mktemp("library") / "out"
    records = [
        str(calls / "card.flac"),
        {"recording_id": "phone", "audio_url": str(calls / "phone.wav"), "redact_pii_policies": ["phone_number"]},
        hushbeam.Recording("transfer", str(calls / "transfer.flac"), ("default",), metadata={"team": "blue"}),
        {"recording_id": "again", "audio_url": str(calls / "phone.wav"), "redact_pii": False},
        {"recording_id": "typo", "audio_url": str(calls / "phone.wav"), "redact_pii_polices": ["Daniel Whitfield"]},
        {"recording_id": "gone", "audio_url": str(calls / "gone.wav")},
        4539148803436467,
        ["Daniel Whitfield"],
    ]
    yield output, redacted(output, records, substitution="entity_name")


def test_urls_mappings_and_recordings_are_published_with_rows_statuses_and_audio(done: tuple[Path, Kept]) -> None:
    output, kept = done
    published = {one.recording_id: one for one in kept["published"]}
    card = next(name for name in published if name.startswith("card-"))
    assert published.keys() == {card, "phone", "transfer"}
    assert {json.loads(path.read_text())["recording_id"] for path in output.glob("status/*.json")} == published.keys()
    assert {row["recording_id"] for row in rows(output, "transcripts")} == published.keys()
    assert "[CREDIT_CARD_NUMBER]" in published[card].text
    assert {one.policy for one in published["phone"].findings} == {"phone_number"}
    assert published["transfer"].metadata == {"team": "blue"}
    assert published["transfer"].policies
    assert all(Path(str(one.redacted_audio_url)).stat().st_size > 1000 for one in published.values())
    assert len(rows(output, "findings")) == sum(len(one.findings) for one in published.values())


def test_what_fails_is_told_by_id_and_has_no_output_and_no_values(done: tuple[Path, Kept]) -> None:
    output, kept = done
    failures = {one.recording_id: one for one in kept["failures"]}
    assert failures.keys() == {"again", "typo", "gone", None}
    assert {one.error_class for one in failures.values()} >= {"UnknownKeyError", "MissingFileError"}
    assert {row["recording_id"] for row in rows(output, "errors")} == failures.keys()
    summary = json.loads(kept["summary"][0])
    assert len(kept["failures"]) == 5
    assert summary["recordings"]["failed"] == 5, "records without an id are not one"
    assert sum(cause["count"] for cause in summary["failures"]) == 5
    told = json.dumps([one.to_row("2026-11-29T02:00:00+00:00") for one in failures.values()])
    assert "Whitfield" not in told
    assert "4539" not in told
    assert not list(output.glob("status/typo*")) + list(output.glob("audio/again*"))


def test_nothing_that_was_said_comes_out(done: tuple[Path, Kept]) -> None:
    _, kept = done
    card = next(one for one in kept["published"] if one.recording_id.startswith("card-"))
    assert not any(said in repr(card.utterances) + card.text for said in SPOKEN)
    assert "4539" not in repr(card)


def test_the_run_is_closed_and_its_lock_given_back_and_an_audit_finds_nothing(done: tuple[Path, Kept]) -> None:
    output, kept = done
    (summary,) = kept["summary"]
    assert json.loads(summary)["recordings"]["completed"] == 3
    (run,) = [path for path in output.glob("runs/*") if path.is_dir()]
    assert json.loads((run / "summary.json").read_text()) == json.loads(summary)
    assert not list(output.glob("runs/LOCK*"))
    assert audit(["--output", str(output)]) == 0


def test_what_is_done_is_skipped_and_the_command_and_the_transform_know_each_other(calls: Path, tmp_path: Path) -> None:
    record = {"recording_id": "phone", "audio_url": str(calls / "phone.wav")}
    assert [one.recording_id for one in redacted(tmp_path / "out", [record])["published"]] == ["phone"]
    again = redacted(tmp_path / "out", [record])
    assert (again["published"], again["failures"], again["skipped"]) == ([], [], ["phone"])
    (tmp_path / "calls.jsonl").write_text(json.dumps(record))
    by_command = hushbeam.redact_files(tmp_path / "calls.jsonl", tmp_path / "out", progress=False, **FAST)
    assert by_command.skipped == {"phone"}


@pytest.mark.parametrize(
    "beam_arguments",
    [
        # That threads change no output is tested with the command.
        pytest.param(["--direct_num_workers=2", "--direct_running_mode=multi_threading"], marks=pytest.mark.long),
        ["--direct_runner_bundle_repeat=1"],
    ],
    ids=["threads", "repeated bundles"],
)
def test_threads_and_repeated_bundles_change_nothing(calls: Path, tmp_path: Path, beam_arguments: list[str]) -> None:
    record = {"recording_id": "phone", "audio_url": str(calls / "phone.wav")}
    kept = redacted(tmp_path / "out", [record], beam_arguments)
    assert kept["failures"] == []
    assert len(rows(tmp_path / "out", "transcripts")) == 1
    assert not list((tmp_path / "out").glob("runs/LOCK*"))


def test_of_records_with_one_id_one_is_redacted_and_the_others_fail(calls: Path, tmp_path: Path) -> None:
    names = ("phone.wav", "card.flac", "gone.wav")
    kept = redacted(tmp_path / "out", [{"recording_id": "one", "audio_url": str(calls / name)} for name in names])
    assert [one.recording_id for one in kept["published"]] == ["one"]
    told = "recording_id: another record has the same id; ids must be unique within a run"
    assert [(one.error_class, one.message) for one in kept["failures"]] == [("DuplicateRecordingIdError", told)] * 2
    assert json.loads(kept["summary"][0])["recordings"]["failed"] == 2


def test_ids_and_urls_of_failures_are_pseudonyms_where_they_are_asked_for(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITIES", "0123456789abcdef")
    records = [
        {"recording_id": "maria-lopez", "audio_url": str(calls / "phone.wav")},
        {"recording_id": "daniel-whitfield", "audio_url": str(calls / "phone.wav"), "polices": 1},
    ]
    kept = redacted(tmp_path / "out", records, hash_identities="env:IDENTITIES")
    told = [one.recording_id for one in (*kept["published"], *kept["failures"])]
    assert len(told) == 2
    assert all(name.startswith("id-") for name in told)
    assert kept["published"][0].audio_url.startswith("url-")


def test_relative_urls_are_relative_to_where_the_pipeline_is_built(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(calls.parent)
    kept = redacted(tmp_path / "out", [f"{calls.name}/phone.wav"])
    assert [one.audio_url for one in kept["published"]] == [str(calls / "phone.wav")]


def test_an_output_that_a_run_holds_is_left_alone(calls: Path, tmp_path: Path) -> None:
    with RunLock(str(tmp_path / "out"), "another"), pytest.raises(Exception, match="run another is writing there"):
        redacted(tmp_path / "out", [str(calls / "phone.wav")])
    assert not list((tmp_path / "out").glob("status/*"))
    assert not list((tmp_path / "out").glob("runs/*"))


def test_a_pipeline_that_loses_its_output_publishes_nothing_more(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PipelineHold, "is_mine", lambda hold: False)  # another run took over after the first stage
    with pytest.raises(Exception, match="lost the output to another run"):
        redacted(tmp_path / "out", [str(calls / "phone.wav")])
    assert not list((tmp_path / "out").glob("status/*"))


def test_a_hold_is_taken_once_kept_alive_and_given_back(tmp_path: Path) -> None:
    hold = PipelineHold(str(tmp_path), "run-1", "token-1", by_process=True)
    assert hold.take()
    assert not hold.take(), "a repeated bundle"
    hold.check()
    other = replace(hold, run_id="run-2", token="token-2")
    with pytest.raises(
        RunLockedError, match=r"run run-1 is writing there, in this process.*delete runs/LOCK"
    ) as caught:
        other.take()
    assert "--wait_for_lock" not in str(caught.value), "the library does not have it"
    hold.give_back()
    assert list(tmp_path.glob("runs/*")) == []
    assert other.take()
    with pytest.raises(RunLockLostError):
        hold.check()
    hold.give_back()
    other.check()


def test_a_repeated_first_bundle_does_what_a_lost_worker_left_undone(tmp_path: Path) -> None:
    hold = PipelineHold(str(tmp_path), "run-1", "token-1", by_process=False)
    assert hold.take()  # and then the worker is lost
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        _ = pipeline | BeginRun(hold, ["--store"], certificate_key=None, hash_identities=None)
    assert recorded_private_roots(str(tmp_path)) == {"--store"}


def test_a_hold_on_a_cluster_outlives_the_worker_that_took_it(tmp_path: Path) -> None:
    hold = PipelineHold(str(tmp_path), "run-1", "token-1", by_process=False)
    assert hold.take()
    owner = json.loads((tmp_path / "runs" / "LOCK").read_text())
    assert owner["machine"] is None
    (tmp_path / "runs" / "LOCK").write_text(json.dumps(owner | {"process": "1 1"}))  # it has ended
    with pytest.raises(RunLockedError, match="is writing there"), RunLock(str(tmp_path), "run-2"):
        pass


@pytest.mark.parametrize(
    ("earlier", "content", "told"),
    [
        (
            "runs/file-lists.json",
            '{"version": 1, "runs": {}, "signature": {"value": "x"}}',
            "--certificate_key: earlier",
        ),
        (f"status/id-{'0' * 32}.json", "", "--hash_identities: earlier"),
    ],
)
def test_a_pipeline_that_begins_after_the_first_run_uses_the_keys_that_it_used(
    tmp_path: Path, earlier: str, content: str, told: str
) -> None:
    """It was built before that run ended, so that its own checks found nothing."""
    (tmp_path / earlier).parent.mkdir()
    (tmp_path / earlier).write_text(content)
    hold = PipelineHold(str(tmp_path), "run-2", "token-2", by_process=True)
    with (
        pytest.raises(Exception, match=told),
        beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline,
    ):
        _ = pipeline | BeginRun(hold, ["--store"], certificate_key=None, hash_identities=None)
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()] == [earlier]


def test_a_pipeline_with_another_key_of_identities_publishes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin(run_id: str, key: str) -> None:
        monkeypatch.setenv("IDENTITIES", key)
        hold = PipelineHold(str(tmp_path), run_id, f"token-{run_id}", by_process=True)
        with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
            begun = pipeline | BeginRun(hold, [], certificate_key=None, hash_identities="env:IDENTITIES")
            _ = begun | EndRun(hold)

    begin("run-1", "0123456789abcdef")
    begin("run-2", "0123456789abcdef")
    with pytest.raises(Exception, match="--hash_identities: earlier runs of this output used another key"):
        begin("run-3", "fedcba9876543210")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["identity-key.json"]


def test_a_name_of_an_earlier_run_is_refused_and_the_lock_given_back(calls: Path, tmp_path: Path) -> None:
    redacted(tmp_path / "out", [str(calls / "phone.wav")], run_id="night")
    with pytest.raises(Exception, match="--run_id: an earlier run"):
        redacted(tmp_path / "out", [str(calls / "phone.wav")], run_id="night")
    assert not list((tmp_path / "out").glob("runs/LOCK*"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"polices": ["pci"]}, "unknown option polices; did you mean policies"),
        ({"policies": ["pci", "person_nmae"]}, "--policies: Unknown policy 'person_nmae'"),
        ({"model": "nowhere"}, "'nowhere' is not a folder"),
        ({"verify": "alles"}, "--verify: expected all, off"),
        ({"longest_minutes": -1}, "--longest_minutes: expected"),
        ({"webhook_signing_secrets": ["whsec_secret"]}, "--webhook_signing_secrets: give a reference"),
        ({"webhook_url": "notaurl"}, "--webhook_url: "),
        ({"language_code": "xx"}, "--language_code: "),
        ({"fail_above": 0}, "--fail_above: only the command has this option"),
        ({"runner": "FlinkRunner"}, "--runner: only the command has this option"),
        ({"canaries": True}, "--canaries: only the command has this option"),
        ({"metrics_file": "run.prom"}, "--metrics_file: only the command has this option"),
        ({"worker_types": "core:12:0.04"}, "--worker_types: only the command has this option"),
        ({"store": "gs://private/store"}, "--store_key: --store needs a key"),
    ],
)
def test_a_wrong_option_is_named_before_anything_runs(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(hushbeam.ConfigurationError, match=message):
        beam.Pipeline() | beam.Create(["a.wav"]) | hushbeam.RedactRecordings(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_an_input_without_an_end_is_refused(tmp_path: Path) -> None:
    recordings = beam.Pipeline() | beam.Create(["a.wav"])
    recordings.is_bounded = False
    with pytest.raises(hushbeam.ConfigurationError, match="must be bounded"):
        recordings | hushbeam.RedactRecordings(tmp_path / "out")


def test_samples_of_elements_on_dataflow_are_refused(tmp_path: Path) -> None:
    options = PipelineOptions(["--runner=DataflowRunner", "--experiments=enable_data_sampling"])
    # With another runner in fact: Dataflow's asks for projects, buckets and credentials first.
    recordings = beam.Pipeline("FnApiRunner", options) | beam.Create(["a.wav"])
    with pytest.raises(hushbeam.ConfigurationError, match="enable_data_sampling"):
        recordings | hushbeam.RedactRecordings(tmp_path / "out")
